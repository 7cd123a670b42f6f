"""The raw material of made-up people and goods, from ``words.toml``: all of it constant."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final


@dataclass(frozen=True, slots=True)
class Country:
    """How people of one country are named, live and are called.

    `stems` and `endings` compose rarer surnames, so that a large town is not made of thirty families.
    `postal` is the pattern of a postal code ("#": a digit, "@": a letter). A mobile number is `calling` +
    `mobile` + `digits` digits; written locally it begins with `trunk` instead of the calling code.
    """

    code: str
    given: list[str]
    surnames: list[str]
    stems: list[str]
    endings: list[str]
    streets: list[str]
    number_first: bool
    cities: list[str]
    postal: str
    calling: str
    mobile: str
    digits: int
    trunk: str


_SAID: Final = tomllib.loads(files("stream.simulation").joinpath("words.toml").read_text(encoding="utf-8"))
_BY_CODE: Final = {said["code"]: Country(**said) for said in _SAID["country"]}
COUNTRIES: Final = tuple(_BY_CODE[code] for code in _SAID["drawn"])
GOODS: Final[dict[str, list[str]]] = _SAID["goods"]
DOMAINS: Final[list[str]] = _SAID["domains"]
DOMAIN_SLIPS: Final[dict[str, str]] = _SAID["domain_slips"]
STREET_SLIPS: Final[dict[str, str]] = _SAID["street_slips"]
SDKS: Final[dict[str, dict[str, str]]] = _SAID["sdks"]
JUNK_USER_IDS: Final[list[str]] = _SAID["junk_user_ids"]
JUNK_PHONE: Final[str] = _SAID["junk_phone"]
TEST_EMAIL: Final[str] = _SAID["test_email"]
CAMPAIGNS: Final[list[str]] = _SAID["campaigns"]

UNACCENTED: Final = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "ı": "i", "æ": "ae", "œ": "oe"})
"""Letters that no Unicode decomposition takes apart."""
