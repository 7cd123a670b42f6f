"""Which comparisons suit a table of records: known traits by their names, unknown ones by what their values
look like."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from resolver.matching.contacts import email_values
from resolver.matching.dates import read as read_date
from resolver.matching.text import digits, fold, unfloat
from resolver.matching.values import Traits, is_placeholder

_LOOKED_AT = 20_000
_MIN_FILLED = 0.01
_MIN_RECORDS = 20

KNOWN: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("given name", "given name", ("firstName", "middleName", "name")),
    ("surname", "surname", ("lastName", "name")),
    ("birthday", "birth date", ("birthday",)),
    ("street", "street", ("address.street",)),
    ("city", "text", ("address.city",)),
    ("postcode", "place code", ("address.postalCode",)),
    ("state", "text", ("address.state",)),
    ("country", "text", ("address.country",)),
    ("email", "email", ("email",)),
    ("phone", "phone", ("phone",)),
)
"""Name, kind and traits of the comparisons for traits of which we know what they are."""


class Proposal(NamedTuple):
    """A comparison that the data suggest; ``kind`` is None where the trait is better left out. ``why`` is
    for people."""

    name: str
    kind: str | None
    traits: tuple[str, ...]
    why: str


def propose(records: Sequence[Traits]) -> list[Proposal]:
    """A comparison for each trait that the records hold, or the reason why there is none.

    Decided from at most 20,000 records, by filled cells, distinct values and their look; never by the name
    of a trait that is not among ``KNOWN``.
    """
    looked_at = records[:: max(1, -(-len(records) // _LOOKED_AT))]
    cells: dict[str, list[str]] = {}
    for traits in looked_at:
        for trait, written in traits.items():
            cells.setdefault(trait, []).extend(value for value in written if not is_placeholder(value))
    proposals = []
    for name, kind, traits_of in KNOWN:
        values = [value for trait in traits_of for value in cells.get(trait, ())]
        if values:
            proposals.append(
                _checked(
                    Proposal(name, kind, traits_of, "a trait whose meaning is known"), values, len(looked_at)
                )
            )
    named = {trait for _, _, traits_of in KNOWN for trait in traits_of}
    for trait in sorted(cells.keys() - named):
        kind_of, why = look(cells[trait])
        proposals.append(_checked(Proposal(trait, kind_of, (trait,), why), cells[trait], len(looked_at)))
    return proposals


def _checked(proposal: Proposal, values: list[str], records: int) -> Proposal:
    if len(values) < max(_MIN_RECORDS if records > 10 * _MIN_RECORDS else 1, _MIN_FILLED * records):
        return proposal._replace(kind=None, why=f"only {len(values)} of {records} records have it")
    commonest = Counter(map(fold, values)).most_common(1)[0][1] if values else 0
    if commonest > 0.995 * len(values):
        return proposal._replace(kind=None, why="nearly always the same value")
    return proposal


def look(values: Sequence[str]) -> tuple[str | None, str]:
    """The kind that suits the values of an unknown trait, and why; None where none does."""
    folded = [fold(unfloat(value)) for value in values]
    counts = Counter(folded)
    total, distinct = len(folded), len(counts)
    if total < _MIN_RECORDS:
        return None, "too few values to judge"
    again = sum(count * (count - 1) for count in counts.values()) / (total * (total - 1))
    if distinct > 0.999 * total and total > 1000:
        return None, "every record has its own value: it can tell nothing of two"
    if (share := _share(values, _is_email)) > 0.8:
        return "email", f"{share:.0%} look like e-mail addresses"
    if (share := _share(values, _is_date)) > 0.8:
        return "date", f"{share:.0%} read as dates"
    if distinct <= 12 or again > 0.15:
        return "exact", f"{distinct} distinct values: a category"
    if (share := _share(values, _is_decimal)) > 0.5:
        return "number", f"{share:.0%} are decimal numbers"
    if (share := _share(folded, _is_line)) > 0.6:
        return "street", f"{share:.0%} are words with a number, as addresses are"
    if (share := _share(folded, _is_code)) > 0.6:
        if again > 0.001:
            return "place code", f"{share:.0%} are codes, {distinct} distinct ones, which many share"
        return "code", f"{share:.0%} are codes, which few share"
    length = sum(map(len, folded)) / total
    if length > 80:
        return None, f"long text, {length:.0f} letters in the mean"
    if _share(folded, _is_word) > 0.6 and again < 0.01:
        return "name", "mostly single words, rarely the same"
    return "text", "words"


def _share(values: Sequence[str], holds: Callable[[str], bool]) -> float:
    return sum(map(holds, values)) / len(values)


def _is_email(value: str) -> bool:
    return "@" in value and bool(email_values({"email": (value,)}, ("email",)))


def _is_date(value: str) -> bool:
    found = read_date(value.strip())
    if not found or not "1850" <= found[0] <= "2100":
        return False
    return not found[1] or (
        found[1] <= "31" and found[2] <= "31" and min(found[1], found[2] or found[1]) <= "12"
    )


def _is_decimal(value: str) -> bool:
    whole, point, part = unfloat(value).replace(",", ".").partition(".")
    return bool(point) and whole.lstrip("-").isdigit() and part.isdigit()


def _is_code(folded: str) -> bool:
    return 2 * len(digits(folded)) >= len(folded.replace(" ", "")) > 0


def _is_line(folded: str) -> bool:
    words = folded.split()
    numbers = sum(word[0].isdigit() for word in words)
    return 0 < numbers < len(words) and sum(word.isalpha() and len(word) > 2 for word in words) > 0


def _is_word(folded: str) -> bool:
    return " " not in folded
