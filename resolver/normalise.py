"""Normalisers: when are two values of one namespace the same identifier?

The match form, by which values are compared, is kept apart from the form in which an identifier is shown and
written to, and from the form that each ad platform hashes. A match form is its own match form.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from resolver.mailbox import mailbox
from resolver.telephone import e164

_REMEMBERED = 1 << 12

_UUID = re.compile(r"(?:urn:uuid:)?\{?([0-9a-f]{8})" + r"-?([0-9a-f]{4})" * 3 + r"-?([0-9a-f]{12})\}?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CARD_PUNCTUATION = re.compile(r"[\s.\u2010-\u2015\u2212-]+")


@lru_cache(maxsize=_REMEMBERED)
def normalise(normaliser: str, value: str, region: str | None) -> str | None:
    """The match form of a value; None where it is not valid for a namespace of this normaliser.

    `normaliser` is one of `graph_schema.rules.Normaliser`; `region` (ISO 3166, or None) is the source's, and
    says how telephone numbers without a country code are meant. Raises KeyError for an unknown normaliser.
    """
    return _NORMALISERS[normaliser](value.strip(), region)


def shown(normaliser: str, value: str, region: str | None) -> str:
    """The form in which an identifier is shown and written to: as it was given, but for noise.

    An address keeps its tag, its dots and the case before the @; a number is in E.164 where it can be.
    """
    given = value.strip()
    if normaliser == "email":
        local, at, domain = given.rpartition("@")
        return f"{local}{at}{domain.lower()}"
    if normaliser == "phone":
        return normalise(normaliser, value, region) or given
    return given


def _card(value: str, _: str | None) -> str | None:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).upper())
    return unicodedata.normalize("NFKC", _CARD_PUNCTUATION.sub("", folded)) or None


def _uuid(value: str, _: str | None) -> str | None:
    found = _UUID.fullmatch(value.lower())
    return "-".join(found.groups()) if found else None


def _sha256(value: str, _: str | None) -> str | None:
    lower = value.lower()
    return lower if _SHA256.fullmatch(lower) else None


_NORMALISERS: dict[str, Callable[[str, str | None], str | None]] = {
    "text": lambda value, _: unicodedata.normalize("NFC", value) or None,
    "email": lambda value, _: mailbox(value),
    "phone": e164,
    "card": _card,
    "uuid": _uuid,
    "sha256": _sha256,
}
