"""SHA-256 of an address, as those who know no more of it have it: which of their values are of this address?

Each system hashes the address in its own form. An address therefore has several hashes: of the form in
which it was given, of those that the ad platforms ask for, and of the match form.
"""

import base64
import hashlib
import re
from functools import lru_cache

from resolver.mailbox import GMAIL

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{43}=?")


@lru_cache(1 << 12)
def digests(normaliser: str, match: str, shown: str) -> tuple[str, ...]:
    """The hashes (hexadecimal) that an address or number may go by, sorted.

    ``normaliser`` is that of its namespace, "email" or "phone"; ``match`` its match form, ``shown`` the form
    in which it was given.
    """
    # A number goes by its hash with the plus and without.
    forms = {match, match.removeprefix("+")} if normaliser == "phone" else _email_forms(match, shown)
    return tuple(sorted(hashlib.sha256(form.encode()).hexdigest() for form in forms))


def hexadecimal(value: str) -> str:
    """A hash that is written in Base64, in hexadecimal; anything else as it is."""
    if not _BASE64.fullmatch(value):
        return value
    return base64.urlsafe_b64decode(value[:43].replace("+", "-").replace("/", "_") + "=").hex()


def _email_forms(match: str, shown: str) -> set[str]:
    given = shown.strip().lower()
    local, _, domain = given.rpartition("@")
    forms = {match, given}
    if domain in GMAIL:
        # Google takes the dots out and keeps the tag; UID2 takes both out, as the match form does.
        forms.add(f"{local.replace('.', '')}@{domain}")
        forms.add(f"{local.partition('+')[0].replace('.', '')}@{domain}")
    return forms
