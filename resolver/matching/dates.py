"""Dates: read from many notations, compared by how people mistype them."""

import re
from datetime import date
from functools import lru_cache

from rapidfuzz.distance import OSA

from graph_schema.bundled_files import bundled_lines
from resolver.matching.text import fold, plain_digits, unfloat
from resolver.matching.values import Atoms, Value

DATE_LEVELS = (
    "same", "same year, 1 January as placeholder", "day and month swapped", "one digit wrong",
    "two of year, month and day", "same year, or within a month", "two digits wrong",
    "within ten years", "unlike",
)  # fmt: skip

_MARK = r"(?:[-/.／．－] ?| )"
_YEAR_FIRST = re.compile(rf"^(\d{{4}}){_MARK}(\d{{1,2}})(?:{_MARK}(\d{{1,2}})\.?)?(?:[T ].*)?$")
_EASTERN = re.compile(r"^(\d{4}) *[年년] *(\d{1,2}) *[月월](?: *(\d{1,2}) *[日일号號])?$")
_YEAR_LAST = re.compile(rf"^(\d{{1,2}}){_MARK}(\d{{1,2}}){_MARK}(\d{{4}})\.?(?:[T ].*)?$")
_SHORT_YEAR = re.compile(r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{2})$")
_WORDS = re.compile(
    r"^(\d{1,2})(?:st|nd|rd|th|er|\.|º)?[\s/-]*(?:de )?([^\W\d_]{3,})\.?[,\s/-]*(?:de )?(\d{4}|\d{2})$"
    r"|^([^\W\d_]{3,})\.?\s+(?:(\d{1,2})(?:st|nd|rd|th)?,?\s+|de )?(\d{4})$"
)
_MONTHS = {word: month for month, line in enumerate(bundled_lines("months.txt"), 1) for word in line.split()}
"""By how it begins, folded."""


@lru_cache(maxsize=1 << 15)
def read(text: str) -> Value:
    """(year, month, day), each of digits or empty; () where it is no date. The date need not exist: 31
    February may be a slip. 03/04/1980 is read day first unless that can't be."""
    text = plain_digits(unfloat(text))
    if text.isdigit():
        if len(text) == 8 and text[:2] not in ("18", "19", "20"):
            return (text[4:], text[2:4], text[:2])
        if len(text) in (7, 8):
            return (text[:4], text[4:6], text[6:].zfill(2))
        return (text, "", "") if len(text) == 4 else ()
    if found := _YEAR_FIRST.match(text) or _EASTERN.match(text):
        year, month, day = found.groups()
        return _ordered(year, month, day or "")
    if found := _YEAR_LAST.match(text):
        day, month, year = found.groups()
        return _ordered(year, month, day)
    if found := _SHORT_YEAR.match(text):
        day, month, year = found.groups()
        return _ordered(_whole_year(year), month, day)
    if found := _WORDS.match(text):
        day, word, year = found.group(1, 2, 3) if found.group(1) else found.group(5, 4, 6)
        month = _MONTHS.get(fold(word)[:4]) or _MONTHS.get(fold(word)[:3])
        return (_whole_year(year), f"{month:02d}", day.zfill(2) if day else "") if month else ()
    return ()


def _whole_year(year: str) -> str:
    return year if len(year) == 4 else ("20" if year < "20" else "19") + year


def _ordered(year: str, month: str, day: str) -> Value:
    if len(day) and int(month) > 12 >= int(day):
        month, day = day, month
    return (year, month.zfill(2), day.zfill(2) if day else "")


@lru_cache(maxsize=1 << 16)
def _ordinal(value: Value) -> int:
    try:
        return date(int(value[0]), int(value[1]), int(value[2])).toordinal()
    except ValueError:
        return -1


def _years_apart(one: Value, two: Value) -> int:
    # What an earlier version put into a store may have the digits of another script, or raised ones.
    return abs(int(plain_digits(one[0])) - int(plain_digits(two[0])))


def date_level(one: Value, two: Value) -> int:
    """Compares dates.

    - same
    - same year, 1 January as placeholder: the year is the same, and one of them is 1 January, which often
      means that only the year was known
    - day and month swapped: 3 April and 4 March of one year
    - one digit wrong: one digit, or two neighbours changed round
    - two of year, month and day: two of the three are the same
    - same year, or within a month
    - two digits wrong
    - within ten years
    - unlike: none of these

    That a value is much more frequent than others (1900-01-01) is for the value frequencies to tell.
    """
    if one == two:
        return 0
    (year, month, day), (year2, month2, day2) = one, two
    if not (day and day2):
        return _partial(one, two)
    if year == year2:
        if (month == day == "01") or (month2 == day2 == "01"):
            return 1
        if month == day2 and day == month2:
            return 2
    mine, other = year + month + day, year2 + month2 + day2
    edits = OSA.distance(mine, other, score_cutoff=2)
    if edits == 1:
        return 3
    if (year == year2) + (month == month2) + (day == day2) == 2:
        return 4
    if year == year2:
        return 5
    apart = _years_apart(one, two)
    if apart <= 1:
        first, second = _ordinal(one), _ordinal(two)
        if first > 0 and second > 0 and abs(first - second) <= 31:
            return 5
    if edits == 2:
        return 6
    return 7 if apart <= 10 else 8


def are_two(one: Value, two: Value) -> bool:
    """Whether two dates differ in what both say, and not by the order of day and month alone, nor by a
    1 January that stands for the year."""
    if one[2] and two[2]:
        return date_level(one, two) > DATE_LEVELS.index("day and month swapped")
    return any(mine and other and mine != other for mine, other in zip(one, two, strict=True))


def _partial(one: Value, two: Value) -> int:
    """Dates of which one has no day, or no month either: what both say."""
    if one[0] != two[0]:
        return 7 if _years_apart(one, two) <= 10 else 8
    return 4 if one[1] and one[1] == two[1] else 5


def date_atoms(value: Value) -> Atoms:
    """The date whole, year and month, month and day in either order, year and day, the year."""
    year, month, day = value
    if not day:
        return (("year", year),)
    return (
        ("whole", year + month + day),
        ("year month", year + month),
        ("month day", min(month, day) + max(month, day)),
        ("year day", year + day),
        ("year", year),
    )
