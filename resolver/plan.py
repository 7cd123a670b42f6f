"""The order of the steps in which records become persons, read off the rules once.

It decides nothing about any record. The steps are DESIGN's: the namespaces from the strongest to the weakest,
a unique one twice, and the passes over claimed values after the last people-joining one.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from graph_schema.rules import Rules


class Space(NamedTuple):
    """A namespace as the resolution rule sees it. ``lease`` is in microseconds, ``None`` for ever."""

    name: str
    people: bool
    unique: bool = False
    generic_above: int = 10
    max_records: int = 10_000
    lease: int | None = None
    contested: Literal["apart", "latest", "earliest"] = "apart"


class Step(NamedTuple):
    """One step: which namespace's values tie, among which groups, and which conflicts forbid to join.

    ``single``: only groups that hold one value of the (unique) namespace take part. ``claims``: claimed
    holders tie as well. ``anonymous``: two known groups never join. ``uniques``: positions of the unique
    namespaces of which two values must not meet.
    """

    namespace: int
    single: bool
    claims: bool
    anonymous: bool
    uniques: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """The namespaces, strongest first, and what follows from their order."""

    spaces: tuple[Space, ...]

    @classmethod
    def of(cls, rules: Rules) -> "Plan":
        """The plan of a rules file."""
        return cls(
            tuple(
                Space(
                    space.name,
                    space.joins == "people",
                    space.unique,
                    space.generic_above,
                    space.max_records,
                    space.lease_us,
                    space.contested,
                )
                for space in rules.namespaces
            )
        )

    @cached_property
    def position(self) -> dict[str, int]:
        """Where each declared namespace stands, 0 being the strongest."""
        return {space.name: place for place, space in enumerate(self.spaces)}

    @cached_property
    def people(self) -> frozenset[int]:
        """Positions of the people-joining namespaces."""
        return frozenset(place for place, space in enumerate(self.spaces) if space.people)

    @cached_property
    def uniques(self) -> frozenset[int]:
        """Positions of the unique namespaces."""
        return frozenset(place for place, space in enumerate(self.spaces) if space.unique)

    @cached_property
    def people_first(self) -> bool:
        """Whether every people-joining namespace is stronger than every anonymous one.

        Only then is a known person final before the anonymous steps begin, and so a border that the
        neighbourhood of a change need not cross.
        """
        return self.people == frozenset(range(len(self.people)))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """All steps in their order."""
        last_people = max(self.people, default=-1)
        steps: list[Step] = []
        for place, space in enumerate(self.spaces):
            uniques = tuple(sorted(other for other in self.uniques if other <= place))
            if space.unique:
                steps.append(Step(place, True, False, False, uniques))
            steps.append(Step(place, False, False, not space.people, uniques))
            if place == last_people:
                steps += [Step(claimed, False, True, True, uniques) for claimed in sorted(self.people)]
        return tuple(steps)
