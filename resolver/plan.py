"""The order of the steps in which records become persons, read off the rules once.

It decides nothing about any record. The steps are DESIGN's: the namespaces from the strongest to the weakest,
a unique one twice, and the passes over claimed values after the last people-joining one.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import log2
from typing import Literal, NamedTuple

from graph_schema.errors import RulesError
from graph_schema.rules import Rules
from resolver.matching.model import BEYOND, BIT, Model, from_dict


class Space(NamedTuple):
    """A namespace as the resolution rule sees it. ``lease`` is in microseconds, ``None`` for ever; ``hashes``
    the namespace of whose values its own are hashes."""

    name: str
    people: bool
    unique: bool = False
    generic_above: int = 10
    max_records: int = 10_000
    lease: int | None = None
    contested: Literal["apart", "latest", "earliest"] = "apart"
    hashes: str | None = None


class Step(NamedTuple):
    """One step: which namespace's values tie, among which groups, and which conflicts forbid to join.

    ``single``: only groups that hold one value of the (unique) namespace take part. ``claims``: claimed
    holders tie as well. ``anonymous``: two known groups never join. ``uniques``: positions of the unique
    namespaces of which two values must not meet. ``matching``: likeness joins instead, after ``namespace``.
    """

    namespace: int
    single: bool
    claims: bool
    anonymous: bool
    uniques: tuple[int, ...]
    matching: bool = False


class Matching(NamedTuple):
    """The step of matching: after which namespace, by which model.

    ``identifiers`` are the places of comparisons of what is an identifier as well: a person has several
    addresses and numbers, so two of them never speak against her where something else ties her records.
    """

    after: int
    model: Model
    identifiers: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Plan:
    """The namespaces, strongest first, with the place of matching among them, and what follows from it."""

    spaces: tuple[Space, ...]
    matching: Matching | None = None

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
                    rules.hashes.get(space.name),
                )
                for space in rules.namespaces
            ),
            _matching(rules),
        )

    @cached_property
    def position(self) -> dict[str, int]:
        """Where each declared namespace stands, 0 being the strongest."""
        return {space.name: place for place, space in enumerate(self.spaces)}

    @cached_property
    def opposed(self) -> dict[tuple[int, int], bool]:
        """Which pairs of contents, the smaller first, speak against one person, as far as it was asked for:
        it follows from the model and what they say."""
        return {}

    @cached_property
    def people(self) -> frozenset[int]:
        """Positions of the people-joining namespaces."""
        return frozenset(place for place, space in enumerate(self.spaces) if space.people)

    @cached_property
    def counted(self) -> frozenset[int]:
        """Positions of those whose values count when it is asked whether another value is generic.

        Hashes don't: they are the address once more, and not another one.
        """
        return frozenset(place for place in self.people if self.spaces[place].hashes is None)

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
            if self.matching is not None and self.matching.after == place:
                steps.append(Step(place, False, False, False, uniques, matching=True))
            if place == last_people:
                steps += [Step(claimed, False, True, True, uniques) for claimed in sorted(self.people)]
        return tuple(steps)

    def step_name(self, step: Step | None) -> str:
        """What a step is called: its namespace, "matching", or "judgement"."""
        if step is None:
            return "judgement"
        return MATCHING if step.matching else self.spaces[step.namespace].name


MATCHING = "matching"
"""What the step of matching is called, where others are called by their namespace."""


def _matching(rules: Rules) -> Matching | None:
    """The step that the rules declare. Raises ``RulesError`` where their model can't be used."""
    said = rules.matching
    if said is None or not rules.model:
        return None
    try:
        model = from_dict(rules.model)
    except (ValueError, TypeError) as error:
        raise RulesError(
            f"the model can't be used: {error}",
            where="matching.model",
            way_out="Train one with this version: onefold train --out",
        ) from error
    merge = model.merge if said.merge is None else _weight(said.merge)
    review = min(merge, model.review if said.review is None else _weight(said.review))
    veto = model.veto if said.veto is None else round(said.veto * BIT)
    after = [space.name for space in rules.namespaces].index(said.after)
    identifiers = frozenset(
        place for place, one in enumerate(model.comparisons) if rules.by_name.keys() >= set(one.traits)
    )
    # What lies in the review band must be found as well; but no search goes over what speaks against.
    floor = min(model.floor, merge, max(0, review))
    # What is asked for must be within reach.
    clip = max(model.clip, merge)
    chosen = replace(model, merge=merge, review=review, veto=veto, floor=floor, clip=clip)
    return Matching(after, chosen, identifiers)


def _weight(probability: float) -> int:
    """A probability of one person as a weight; 0 and 1 as what no evidence reaches."""
    if probability in (0.0, 1.0):
        return round((probability - 0.5) * 2 * BEYOND)
    return round(BIT * log2(probability / (1 - probability)))
