"""How well persons agree with the truth, where it is known: pair by pair, and record by record."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

RecordT = TypeVar("RecordT", bound=Hashable)


class Rates(NamedTuple):
    """Precision: of what is joined, how much is right. Recall: of what should be joined, how much is."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-12)


class Pairs(NamedTuple):
    """Pairs of records over whole persons: right ones, wrong ones (two people as one), missed ones."""

    right: int
    wrong: int
    missed: int

    @property
    def rates(self) -> Rates:
        """Pairwise precision and recall; 1 where there is nothing to be wrong about."""
        return Rates(_share(self.right, self.wrong), _share(self.right, self.missed))


Mixed = tuple[tuple[tuple[Any, ...], ...], ...]
"""Groups that should not be one, each as its parts, each as its records."""


class Evaluation(NamedTuple):
    """What a comparison with the truth finds.

    ``b_cubed``: precision and recall in the mean over records. ``overlinked``: persons that hold records of
    several people, ``underlinked``: people whose records are several persons; each as those people (persons)
    with their records, the largest part first, and those with most wrong (missed) pairs first.
    """

    records: int
    people: int
    persons: int
    pairs: Pairs
    b_cubed: Rates
    overlinked: Mixed
    underlinked: Mixed


def evaluate(found: Mapping[RecordT, Hashable], truth: Mapping[RecordT, Hashable]) -> Evaluation:
    """Compares the person of each record with the truth, over the records that both know."""
    both = [record for record in truth if record in found]
    persons = _grouped((found[record], record) for record in both)
    people = _grouped((truth[record], record) for record in both)
    cells = Counter((found[record], truth[record]) for record in both)
    right = sum(map(_pairs, cells.values()))
    pairs = Pairs(
        right,
        sum(_pairs(len(members)) for members in persons.values()) - right,
        sum(_pairs(len(members)) for members in people.values()) - right,
    )
    each = max(1, len(both))
    precision = sum(n * n / len(persons[person]) for (person, _), n in cells.items()) / each
    recall = sum(n * n / len(people[human]) for (_, human), n in cells.items()) / each
    return Evaluation(
        len(both),
        len(people),
        len(persons),
        pairs,
        Rates(precision, recall) if both else Rates(1.0, 1.0),
        _mixed(persons, truth),
        _mixed(people, found),
    )


def _share(right: int, other: int) -> float:
    return right / (right + other) if right + other else 1.0


def _pairs(many: int) -> int:
    return many * (many - 1) // 2


def _grouped(members: Iterable[tuple[Hashable, RecordT]]) -> dict[Hashable, list[RecordT]]:
    found: defaultdict[Hashable, list[RecordT]] = defaultdict(list)
    for group, member in members:
        found[group].append(member)
    return found


def _mixed(groups: Mapping[Hashable, list[RecordT]], other: Mapping[RecordT, Hashable]) -> Mixed:
    mixed = []
    for members in groups.values():
        parts = _grouped((other[member], member) for member in members)
        if len(parts) > 1:
            lost = _pairs(len(members)) - sum(_pairs(len(part)) for part in parts.values())
            ordered = sorted((tuple(sorted(part, key=repr)) for part in parts.values()), key=_by_size)
            mixed.append((-lost, repr(ordered[0]), tuple(ordered)))
    return tuple(parts for _, _, parts in sorted(mixed, key=lambda one: one[:2]))


def _by_size(part: tuple[Any, ...]) -> tuple[int, str]:
    return -len(part), repr(part)
