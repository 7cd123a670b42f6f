"""What the values of an unknown trait look like."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from resolver.matching.contacts import read_email, without_extension
from resolver.matching.dates import read as read_date
from resolver.matching.nicknames import is_common
from resolver.matching.text import digits, fold, unfloat

_MIN_VALUES = 20
_ENOUGH = 2_000
_MARKED = 0.3
"""Of telephone numbers at least so many are written with marks; of codes that are as long hardly any."""

_LETTERS = re.compile(r"[^\W\d_]{4}")


class Look(NamedTuple):
    """The kind of comparison that suits some values, and why; None where none does.

    ``letters``: they are words of letters alone. ``given``: the share whose first word is a common given
    name; ``full``: the share of several words. ``distinct``: distinct values. ``births``: dates of birth, it
    seems.
    """

    kind: str | None
    why: str
    letters: bool = False
    given: float = 0.0
    full: float = 0.0
    distinct: int = 0
    births: bool = False


def look(values: Sequence[str]) -> Look:
    """What some values of one trait are, judged by their look alone."""
    folded = [fold(unfloat(value)) for value in values]
    counts = Counter(folded)
    total, distinct = len(folded), len(counts)
    if total < _MIN_VALUES:
        return Look(None, "too few values to judge")
    again = sum(count * (count - 1) for count in counts.values()) / (total * (total - 1))
    if distinct > 0.999 * total and total > 1000:
        return Look(None, "every record has its own value: it can tell nothing of two")
    if (share := _share(values, _is_email)) > 0.8:
        return Look("email", f"{share:.0%} look like e-mail addresses")
    if (share := _share(values, _is_date)) > 0.8:
        return Look("date", f"{share:.0%} read as dates", births=_are_births(values))
    if distinct <= 12 or again > 0.15 or (distinct <= 100 and sum(map(len, folded)) < 1.5 * total):
        return Look("exact", f"{distinct} distinct values: a category")
    if (share := _share(values, _is_decimal)) > 0.5:
        return Look("number", f"{share:.0%} are decimal numbers")
    if (share := _share(values, _is_phone)) > 0.8 and _share(values, _is_marked) > _MARKED:
        return Look("phone", f"{share:.0%} look like telephone numbers")
    if (share := _share(folded, _is_line)) > 0.6:
        return Look("street", f"{share:.0%} are words with a number, as addresses are")
    if (share := _share(folded, _is_code)) > 0.6:
        if again > 0.001:
            return Look("place code", f"{share:.0%} are codes, {distinct} distinct ones, which many share")
        return Look("code", f"{share:.0%} are codes, which few share")
    return _words(folded, again, distinct)


def _words(folded: Sequence[str], again: float, distinct: int) -> Look:
    length = sum(map(len, folded)) / len(folded)
    if length > 80:
        return Look(None, f"long text, {length:.0f} letters in the mean")
    letters = _share(folded, lambda text: text.replace(" ", "").isalpha()) > 0.9
    given = _share(folded, lambda text: any(is_common(word) for word in text.split()[:2]))
    full = _share(folded, lambda text: " " in text)
    if full < 0.4 and again < 0.01:
        return Look("name", "mostly single words, rarely the same", letters, given, full, distinct)
    return Look("text", "words", letters, given, full, distinct)


def _share(values: Sequence[str], holds: Callable[[str], bool]) -> float:
    some = values[:: -(-len(values) // _ENOUGH)]
    return sum(map(holds, some)) / len(some)


def _is_email(value: str) -> bool:
    return "@" in value and bool(read_email(value))


def _is_date(value: str) -> bool:
    found = read_date(value.strip())
    # Without marks between, a number is a date only of times that people live in.
    if not found or not ("1850" if value.strip().isdigit() else "1000") <= found[0] <= "2100":
        return False
    return not found[1] or (
        found[1] <= "31" and found[2] <= "31" and min(found[1], found[2] or found[1]) <= "12"
    )


def _are_births(values: Sequence[str]) -> bool:
    """Whether dates spread over a lifetime, as births do, and orders don't."""
    years = sorted(int(found[0]) for value in values if (found := read_date(value.strip())))
    middle, apart = years[len(years) // 2], years[len(years) * 9 // 10] - years[len(years) // 10]
    return middle <= 2010 and apart >= 15


def _is_marked(value: str) -> bool:
    """Whether a number has the marks of a telephone's: a plus, a leading nought, or groups."""
    return value.strip()[:1] in ("+", "0", "(") or any(mark in value.strip()[2:-2] for mark in " -/.")


def _is_phone(value: str) -> bool:
    """A number as long as a telephone's, maybe in groups, maybe with an extension."""
    number = without_extension(value)
    return 8 <= len(digits(number)) <= 15 and all(mark in "+()-./ " or mark.isdigit() for mark in number)


def _is_decimal(value: str) -> bool:
    whole, point, part = unfloat(value).replace(",", ".").partition(".")
    return bool(point) and whole.lstrip("-").isdigit() and part.isdigit()


def _is_code(folded: str) -> bool:
    """Mostly digits, or digits with no more than three letters in a row: a postcode, a number of a paper."""
    count = len(digits(folded))
    return 2 * count >= len(folded.replace(" ", "")) > 0 or (count > 0 and not _LETTERS.search(folded))


def _is_line(folded: str) -> bool:
    words = folded.split()
    numbers = sum(word[0].isdigit() for word in words)
    return 0 < numbers < len(words) and sum(word.isalpha() and len(word) > 2 for word in words) > 0
