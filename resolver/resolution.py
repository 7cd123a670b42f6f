"""What a resolution gives: persons as sets of records, and everything that was refused or left open."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from resolver.matching.model import Weight
from resolver.plan import Step


@dataclass(frozen=True, slots=True)
class Contest:
    """A component that could not be one person: who stayed apart (a record of each anchor), why, by which
    values.

    ``rivals`` are the anchors that a unique namespace keeps apart, ``vetoed`` those that what they say keeps
    apart; of either none where judgements do so as well. ``parts`` are the rest: (records, anchors tied to,
    anchor joined or None). ``step`` is None for judgements.
    """

    step: Step | None
    anchors: tuple[int, ...]
    rivals: tuple[int, ...]
    vetoed: tuple[int, ...]
    kinds: frozenset[str]
    values: tuple[int, ...]
    parts: tuple[tuple[tuple[int, ...], tuple[int, ...], int | None], ...]


class Kept(NamedTuple):
    """Persons kept apart by something that stewards should see: a record of each, and by which values."""

    kind: Literal["unique", "veto", "review"]
    step: Step
    rivals: tuple[int, ...]
    values: tuple[int, ...]
    weight: Weight | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """One step of how a person came to be: the groups (each its records) that became one, and by which
    values, or with which weight."""

    step: Step | None
    groups: tuple[tuple[int, ...], ...]
    values: tuple[int, ...]
    weight: Weight | None = None


MATCHED = -2
"""Where an ambiguity names no namespace because likeness ties the part to its anchors; -1: judgements do."""


class Ambiguity(NamedTuple):
    """Evidence that belongs to one of several persons: a record of the part, records of each anchor."""

    part: int
    anchors: tuple[int, ...]
    namespace: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """The persons as sets of record ids, and everything that was refused or left open on the way.

    ``known``, ``two_values`` (of a unique namespace) and ``unattributed`` (some record is) name groups.
    """

    group_of: Mapping[int, int]
    groups: Mapping[int, list[int]]
    known: Set[int]
    two_values: Set[int]
    unattributed: Set[int]
    contests: Sequence[Contest]
    ambiguities: Sequence[Ambiguity]
    likely: Sequence[Kept] = ()
    joins: Sequence[Join] = field(default_factory=list)

    def cases(self) -> Iterator[Kept]:
        """What stewards should see: those kept apart in a people-joining step who are persons of their
        own."""
        for kept in [*self._contested(), *self.likely]:
            if len({self.group_of[one] for one in kept.rivals}) > 1:
                yield kept

    def _contested(self) -> Iterator[Kept]:
        for contest in self.contests:
            if contest.step is not None and not contest.step.anonymous:
                yield Kept("unique", contest.step, contest.rivals, contest.values)
                yield Kept("veto", contest.step, contest.vetoed, contest.values)
