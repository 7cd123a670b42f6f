"""The form in which each platform wants an address before it is hashed. Each is its own: none is shared with
another platform's, nor with the match form, so that a change of one changes no other.

All return "" for what has no such form. Where the platforms' pages contradict each other or their own
examples, docs/destinations.md says what was taken.
"""

import base64
import hashlib
import re
import unicodedata
from datetime import date
from typing import Final

from resolver.mailbox import GMAIL

_SPACE: Final = re.compile(r"\s+")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_E164: Final = re.compile(r"\+[1-9][0-9]{4,14}")
_DAY: Final = re.compile(r"(?:(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{4})(\d\d)(\d\d))(?!\d)")
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}")
_TITLES: Final = frozenset("mr mrs ms miss mx dr prof sir madam mme mlle herr frau".split())
_SUFFIXES: Final = frozenset("jr sr ii iii iv phd md esq".split())
_GENDERS: Final = {"f": "f", "female": "f", "woman": "f", "m": "m", "male": "m", "man": "m"}
_POSTAL_CODE: Final = re.compile(r"[^\W_]+([ -][^\W_]+)*")
_US_ZIP: Final = re.compile(r"(\d{5})(?:-?(\d{4}))?")


def hex_digest(form: str) -> str:
    """SHA-256 in lower-case hexadecimal; "" for no form."""
    return hashlib.sha256(form.encode()).hexdigest() if form else ""


def base64_digest(form: str) -> str:
    """SHA-256, its 32 bytes in Base64; "" for no form."""
    return base64_of(hex_digest(form))


def base64_of(digest: str) -> str:
    """The same hash, from hexadecimal to Base64: of its bytes, not of its text."""
    return base64.b64encode(bytes.fromhex(digest)).decode()


def is_digest(value: str) -> bool:
    """Whether a whole value, not a part of it, is a SHA-256 in hexadecimal."""
    return _DIGEST.fullmatch(value) is not None


def _parts(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    return (local, domain) if local and domain else ("", "")


def _letters(text: str) -> str:
    """Lower case, without punctuation and symbols, letters of every script kept."""
    folded = unicodedata.normalize("NFC", text).lower()
    return "".join(one for one in folded if unicodedata.category(one)[0] not in "PSC")


def e164(number: str) -> str:
    """Google's, TikTok's and UID2's telephone: E.164 with its plus. What isn't in it already has no form
    here, for its country is unknown."""
    return number if _E164.fullmatch(number) else ""


def digits(number: str) -> str:
    """Meta's telephone, and TikTok's where its older page is followed: the digits with the country's code,
    without plus and leading zeros."""
    return e164(number).removeprefix("+")


def device(identifier: str) -> str:
    """Meta's and TikTok's advertising id: lower case, hyphens kept. TikTok wants it hashed."""
    return identifier.strip().lower()


def google_email(address: str) -> str:
    """All whitespace out, lower case; at Gmail every dot before the @ out, the tag kept."""
    local, domain = _parts(_SPACE.sub("", address).lower())
    if domain in GMAIL:
        local = local.replace(".", "")
    return f"{local}@{domain}" if local else ""


def google_given_name(name: str) -> str:
    """Trimmed, lower case, no title before it; punctuation kept."""
    words = unicodedata.normalize("NFC", name).lower().split()
    while len(words) > 1 and words[0].rstrip(".") in _TITLES:
        del words[0]
    return " ".join(words)


def google_family_name(name: str) -> str:
    """Trimmed, lower case, no suffix behind it; punctuation kept."""
    words = unicodedata.normalize("NFC", name).lower().split()
    while len(words) > 1 and words[-1].rstrip(".") in _SUFFIXES:
        del words[-1]
        words[-1] = words[-1].rstrip(",")
    return " ".join(words)


def google_region(country: str) -> str:
    """Two capitals; not hashed."""
    text = country.strip()
    return text.upper() if _COUNTRY.fullmatch(text) else ""


def google_postal_code(code: str, country: str) -> str:
    """Trimmed; in the United States five digits, or five and four; not hashed. "" for what is none."""
    text = code.strip()
    if google_region(country) != "US":
        return text if _POSTAL_CODE.fullmatch(text) else ""
    found = _US_ZIP.fullmatch(text)
    return "" if found is None else "-".join(part for part in found.groups() if part)


def meta_email(address: str) -> str:
    """Trimmed, lower case; dots and tag kept."""
    text = address.strip().lower()
    return text if all(_parts(text)) else ""


def meta_name(name: str) -> str:
    """Lower case, no punctuation; other scripts and accents kept."""
    return " ".join(_letters(name).split())


def meta_place(name: str) -> str:
    """A city or a state: as a name, and without spaces."""
    return meta_name(name).replace(" ", "")


def meta_state(state: str, country: str) -> str:
    """As a place; in the United States its two letters, "" for what is written otherwise."""
    form = meta_place(state)
    return "" if meta_country(country) == "us" and not _COUNTRY.fullmatch(form) else form


def meta_birthday(birthday: str) -> tuple[str, str, str]:
    """Year, month and day, of four and two digits; all "" for what is no day."""
    found = _DAY.match(birthday.strip())
    try:
        born = date(*(int(part) for part in found.groups() if part)) if found else None
    except ValueError:
        born = None
    year, month, day = ("", "", "") if born is None else born.isoformat().split("-")
    return year, month, day


def meta_zip(code: str, country: str) -> str:
    """Lower case, no spaces and dashes; in the United States its first five digits."""
    if country.strip().upper() == "US":
        found = _US_ZIP.fullmatch(code.strip())
        return "" if found is None else str(found[1])
    return _SPACE.sub("", code).replace("-", "").lower()


def meta_country(country: str) -> str:
    """Two small letters; hashed."""
    text = country.strip().lower()
    return text if _COUNTRY.fullmatch(text) else ""


def meta_gender(gender: str) -> str:
    """f or m; what says neither has no form."""
    return _GENDERS.get(gender.strip().lower(), "")


def tiktok_email(address: str, keep_tag: bool = True) -> str:
    """Spaces out, lower case; the tag out where the older page is followed."""
    local, domain = _parts(_SPACE.sub("", address).lower())
    if not keep_tag:
        local = local.partition("+")[0]
    return f"{local}@{domain}" if local else ""


def uid2_email(address: str) -> str:
    """Trimmed, lower case; at gmail.com (that domain alone) without dots and tag."""
    local, domain = _parts(address.strip().lower())
    if domain == "gmail.com":
        local = local.partition("+")[0].replace(".", "")
    return f"{local}@{domain}" if local else ""
