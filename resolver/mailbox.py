"""E-mail addresses: which two of them are one mailbox, and which are none.

Validated by email-validator, without asking the network; reserved domains (example.com, shop.test, localhost)
pass.
"""

import re
import unicodedata

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

_LONGEST = 254
_SPECIAL = frozenset(SPECIAL_USE_DOMAIN_NAMES) - {"test"}
GMAIL = frozenset({"gmail.com", "googlemail.com"})
_ATOM = r"[a-z0-9_!#$%&'*+\-/=?^`{|}~]+"
# No label with two hyphens in third place: it may be Punycode, which has to be looked into.
_LABEL = r"(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PLAIN = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+(?!..--)(?:[a-z0-9][a-z0-9-]{{0,61}})?[a-z])")


def mailbox(value: str) -> str | None:
    """The match form of an address as it was given, None where it is no address.

    Trimmed, case-folded, the domain in its ASCII form, without +tag; at Gmail without dots and as gmail.com.
    """
    address = value.strip()
    if len(address) > _LONGEST:
        return None
    if address.isascii():
        plain = _PLAIN.fullmatch(address.lower())
        if plain is not None and plain[2].rpartition(".")[2] not in _SPECIAL:
            return _one_mailbox(plain[1], plain[2])
    form = mailbox_by_validator(address)
    # Folding can lengthen an address, or bring it to a form that is none: such a one has no match form.
    return form if form is None or mailbox_by_validator(form) == form else None


def mailbox_by_validator(address: str) -> str | None:
    """The same as `mailbox` for any trimmed address, at the price of asking the validator."""
    domain = address.rpartition("@")[2].lower()
    # The validator refuses special-use domains, but for those under .test: there they say nothing special.
    special = domain.rpartition(".")[2] in _SPECIAL
    try:
        valid = validate_email(
            f"{address}.test" if special else address, check_deliverability=False, test_environment=True
        )
    except EmailNotValidError:
        return None
    domain = valid.ascii_domain.lower()
    return _one_mailbox(_folded(valid.local_part), domain.removesuffix(".test") if special else domain)


def _one_mailbox(local: str, domain: str) -> str:
    tag = local.find("+", 1)
    if tag > 0:
        local = local[:tag].rstrip(".")
    if domain in GMAIL:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
