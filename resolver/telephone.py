"""Telephone numbers: the E.164 form of what was given, by libphonenumber.

A call of libphonenumber takes 50 to 100 µs. Nearly all numbers are written in one of two plain ways, for
which a few facts of its tables decide the same: `e164` looks there first, and asks where they leave a doubt.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberParseException,
    PhoneMetadata,
    PhoneNumberFormat,
    format_number,
    is_possible_number,
    parse,
)

_INTERNATIONAL = re.compile(r"\+[1-9][0-9]{6,14}")
_NATIONAL = re.compile(r"[0-9]{6,15}")
_PUNCTUATION = str.maketrans("", "", " .-()")
_NEVER = re.compile(r"(?!)")


class _Numbering(NamedTuple):
    """What libphonenumber's tables say of a region: enough to know what it would make of a plain number."""

    code: str
    abroad: re.Pattern[str]
    prefix: re.Pattern[str]
    trunk: str
    number: re.Pattern[str]
    lengths: frozenset[int]


def e164(value: str, region: str | None) -> str | None:
    """The number in E.164, None where it can't be one; `region` says how a number without + is dialled.

    Numbers that are possible (of a right length) pass, whether they are in service or not.
    """
    plain = value.translate(_PUNCTUATION)
    form: str | None = None
    if _INTERNATIONAL.fullmatch(plain) and value[0] == "+":
        form = _international(plain)
    elif region is not None and _NATIONAL.fullmatch(plain):
        form = _national(plain, region)
    return form or e164_by_library(value, region)


def e164_by_library(value: str, region: str | None) -> str | None:
    """The same as `e164` for any value, at the price of asking libphonenumber."""
    form = _parsed(value, region)
    # A form with two trunk zeros loses them one by one: the match form is what stays.
    while form is not None and (again := _parsed(form, None)) != form:
        form = again
    return form


def _parsed(value: str, region: str | None) -> str | None:
    try:
        number = parse(value, region)
    except NumberParseException:
        return None
    return format_number(number, PhoneNumberFormat.E164) if is_possible_number(number) else None


def _international(plain: str) -> str | None:
    """A number with its country code, where it is plain that libphonenumber leaves it as it is."""
    country = _country(plain[1:4])
    if country is None:
        return None
    number = plain[1 + len(country.code) :]
    if number[0] == "0" or len(number) not in country.lengths or country.prefix.match(number):
        return None
    return plain


def _national(plain: str, region: str) -> str | None:
    """A number as it is dialled at home, where libphonenumber takes off no more than the trunk digit."""
    home = _home(region)
    if home is None or plain.startswith(home.code) or home.abroad.match(plain):
        return None
    if home.trunk and plain.startswith(home.trunk):
        number = plain[len(home.trunk) :]
        if home.number.fullmatch(number) is None:
            return None
    elif home.prefix.match(plain) is None:
        number = plain
    else:
        return None
    if number[0] == "0" or len(number) not in home.lengths:
        return None
    return _international(f"+{home.code}{number}")


@lru_cache(maxsize=1024)
def _country(digits: str) -> _Numbering | None:
    """The country whose code the first digits after a + begin with: no code begins another."""
    for end in (1, 2, 3):
        code = int(digits[:end])
        if code in COUNTRY_CODE_TO_REGION_CODE:
            return _numbering(code, COUNTRY_CODE_TO_REGION_CODE[code][0])
    return None


@lru_cache(maxsize=512)
def _home(region: str) -> _Numbering | None:
    metadata = PhoneMetadata.metadata_for_region(region, None)
    return None if metadata is None else _numbering(metadata.country_code, region)


@lru_cache(maxsize=512)
def _numbering(code: int, region: str) -> _Numbering | None:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if metadata is None or metadata.general_desc is None:
        return None
    prefix = metadata.national_prefix_for_parsing
    return _Numbering(
        code=str(code),
        abroad=_pattern(metadata.international_prefix),
        prefix=_pattern(prefix),
        trunk=prefix if prefix and prefix.isdigit() and not metadata.national_prefix_transform_rule else "",
        number=_pattern(metadata.general_desc.national_number_pattern),
        lengths=frozenset(metadata.general_desc.possible_length),
    )


def _pattern(written: str | None) -> re.Pattern[str]:
    return re.compile(written) if written else _NEVER
