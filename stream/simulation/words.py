"""The raw material of made-up people and goods, from ``words.toml``: all of it constant."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Country:
    """How people of one country are named, live and are called.

    `stems` and `endings` compose rarer surnames, so that a large town is not made of thirty families.
    `postal` is the pattern of a postal code ("#": a digit, "@": a letter). A mobile number is `calling` +
    `mobile` + `digits` digits; written locally it begins with `trunk` instead of the calling code.
    """

    code: str
    given: tuple[str, ...]
    surnames: tuple[str, ...]
    stems: tuple[str, ...]
    endings: tuple[str, ...]
    streets: tuple[str, ...]
    number_first: bool
    cities: tuple[str, ...]
    postal: str
    calling: str
    mobile: str
    digits: int
    trunk: str


_LISTS: Final = ("given", "surnames", "stems", "endings", "streets", "cities")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


def _country(said: dict[str, Any]) -> Country:
    return Country(**{**said, **{name: _words(said[name]) for name in _LISTS}})


_SAID: Final = tomllib.loads(files("stream.simulation").joinpath("words.toml").read_text(encoding="utf-8"))
_BY_CODE: Final = {said["code"]: _country(said) for said in _SAID["country"]}
COUNTRIES: Final = tuple(_BY_CODE[code] for code in _words(_SAID["drawn"]))
GOODS: Final[dict[str, str]] = _SAID["goods"]
DOMAINS: Final = _words(_SAID["domains"])
DOMAIN_SLIPS: Final[dict[str, str]] = _SAID["domain_slips"]
STREET_SLIPS: Final[dict[str, str]] = _SAID["street_slips"]
SDKS: Final[dict[str, dict[str, str]]] = _SAID["sdks"]
JUNK_USER_IDS: Final[tuple[str, ...]] = tuple(_SAID["junk_user_ids"])
JUNK_PHONE: Final[str] = _SAID["junk_phone"]
TEST_EMAIL: Final[str] = _SAID["test_email"]
CAMPAIGNS: Final[tuple[str, ...]] = tuple(_SAID["campaigns"])

UNACCENTED: Final = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "ı": "i", "æ": "ae", "œ": "oe"})
"""Letters that no Unicode decomposition takes apart."""
