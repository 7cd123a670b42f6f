"""A matching model: all that turns two records into a weight, frozen. Part of the rules, never changed in
place."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeAlias

from resolver.matching.explanations import BY_NAME
from resolver.matching.kinds import KINDS
from resolver.matching.values import Value

BIT = 1024
"""One bit of evidence as the whole number that weights are kept in."""

Weight: TypeAlias = int
"""Evidence in 1/1024 bit: log2 of how much more likely one person is than several."""

FORMAT = 1
"""Version of the model file."""


@dataclass(frozen=True)
class Comparison:
    """One trait, or some that are one thing, and how it is compared.

    ``match``: weight of each level for one person against two at random; ``others`` the same for each
    explanation of the model, empty where it says nothing here. ``m`` and ``u`` are the probabilities
    behind, kept to be shown. ``rare``: what a value adds (or takes) where two records agree in it, by its
    text, None where it stands for no value; ``rare_other`` is for values that it doesn't list. ``slips``: a
    level of mistyped values, what it adds there that both values are listed (two names, it seems, each borne
    by many), and that one is not.
    """

    name: str
    kind: str
    traits: tuple[str, ...]
    match: tuple[Weight, ...] = ()
    others: tuple[tuple[Weight, ...], ...] = ()
    rare: Mapping[str, Weight | None] = field(default_factory=dict)
    rare_other: Weight = 0
    m: tuple[float, ...] = ()
    u: tuple[float, ...] = ()
    slips: tuple[tuple[int, Weight, Weight], ...] = ()

    def rarity(self, value: Value) -> Weight | None:
        """What agreeing in this value adds to the level's weight; None where it stands for none."""
        return self.rare.get(rarity_text(self.kind, value), self.rare_other) if self.rare else self.rare_other

    @property
    def most(self) -> Weight:
        """The most that any outcome weighs, the rarity of values included; 0 where that is less."""
        slips = [self.match[level] + max(added) for level, *added in self.slips]
        rare = [weight for weight in self.rare.values() if weight is not None]
        same = [weight + max((self.rare_other, *rare)) for weight in self.match[:1]]
        return max((0, *self.match, *same, *slips))


def rarity_text(kind: str, value: Value) -> str:
    """The part of a value whose frequency counts, as one text; a hash where the value could name one
    person."""
    text = " ".join(value[KINDS[kind].whole])
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest() if KINDS[kind].private else text


class Scale(NamedTuple):
    """What scoring reads of a comparison.

    ``others``: for each explanation that says something here its place, its weights, and whether it makes
    people agree in one value, so that the value's rarity counts for it too. ``most``: the most that it can
    add for one person.
    """

    place: int
    level: Callable[[Value, Value], int]
    match: tuple[Weight, ...]
    others: tuple[tuple[int, tuple[Weight, ...], bool], ...]
    shared_at_home: bool
    most: Weight
    slips: Mapping[int, tuple[Weight, Weight]]
    unlisted: Weight

    def rarity(self, level: int, one: Weight, two: Weight) -> Weight:
        """What the frequencies of two values, by what agreeing in each adds, add to their level's weight."""
        if level == 0:
            return min(one, two)
        slip = self.slips.get(level)
        return 0 if slip is None else slip[max(one, two) >= self.unlisted]


@dataclass(frozen=True)
class Model:
    """m, u, value frequencies, prior odds, thresholds, blocking keys: trained once, then only read.

    ``prior``: log2 odds of one person against two at random; ``explanations``: the name and log2 odds of
    each other way to look alike. ``merge`` and
    ``review`` are mean weights; ``veto`` a weight without the prior; ``missing`` what a pair without an edge
    counts; ``floor`` the least weight of an edge; ``clip`` the largest weight of a pair, either way.
    ``blocking``: key types, each one or two of "comparison: part". ``about`` says from what it was made.
    """

    comparisons: tuple[Comparison, ...]
    blocking: tuple[tuple[str, ...], ...]
    prior: Weight
    explanations: tuple[tuple[str, Weight], ...]
    merge: Weight = 0
    review: Weight = -2 * BIT
    veto: Weight = -4 * BIT
    floor: Weight = 0
    missing: Weight = -3 * BIT
    clip: Weight = 12 * BIT
    block_cap: int = 20
    component_cap: int = 300
    about: Mapping[str, str | int | float] = field(default_factory=dict)

    @cached_property
    def scales(self) -> tuple[Scale, ...]:
        """The comparisons as scoring reads them."""
        explained = [BY_NAME[name] for name, _ in self.explanations]
        return tuple(
            Scale(
                place,
                KINDS[comparison.kind].level,
                comparison.match,
                tuple(
                    (which, weights, explained[which].has_in_common(KINDS[comparison.kind]))
                    for which, weights in enumerate(comparison.others)
                    if any(weights)
                ),
                bool(KINDS[comparison.kind].household) and not KINDS[comparison.kind].own,
                comparison.most,
                {level: (both, either) for level, both, either in comparison.slips},
                comparison.rare_other,
            )
            for place, comparison in enumerate(self.comparisons)
        )

    @cached_property
    def telling(self) -> tuple[Scale, ...]:
        """The same, those first whose outcome says most: a pair of two people is soon seen to be one."""
        return tuple(sorted(self.scales, key=lambda scale: (-scale.most, scale.place)))

    @cached_property
    def most(self) -> Weight:
        """The most that two contents could weigh for one person."""
        return self.prior + sum(scale.most for scale in self.scales)

    @cached_property
    def hash(self) -> str:
        """Names this model by its content, ``about`` included: 16 hexadecimal digits."""
        text = json.dumps(to_dict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def to_dict(model: Model) -> dict[str, object]:
    """The model as dictionaries, tuples, texts and numbers, for a JSON file. ``from_dict`` undoes it."""
    return {"format": FORMAT, **asdict(model)}


def from_dict(plain: Mapping[str, object]) -> Model:
    """A model out of what a file holds.

    Raises ``ValueError`` that names the field where it is no model of this format, or a kind is unknown.
    """
    if plain.get("format") != FORMAT:
        raise ValueError(f"format: {plain.get('format')!r}, where this version reads {FORMAT}")
    fields = {name: _frozen(plain[name]) for name in Model.__dataclass_fields__ if name in plain}
    missing = {"comparisons", "blocking", "prior", "explanations"} - fields.keys()
    if missing:
        raise ValueError(f"{min(missing)}: missing from the model")
    comparisons = plain["comparisons"]
    if not isinstance(comparisons, list | tuple):
        raise ValueError("comparisons: not a list")
    fields["comparisons"] = tuple(_comparison(one) for one in comparisons)
    return Model(**fields)  # type: ignore[arg-type]  # checked by name above, and by use


def _comparison(plain: Mapping[str, object]) -> Comparison:
    known = {name: _frozen(plain[name]) for name in Comparison.__dataclass_fields__ if name in plain}
    if known.get("kind") not in KINDS:
        raise ValueError(f"comparisons.kind: {known.get('kind')!r} is none of {', '.join(sorted(KINDS))}")
    return Comparison(**known)  # type: ignore[arg-type]


def _frozen(value: object) -> object:
    if isinstance(value, list):
        return tuple(_frozen(one) for one in value)
    return dict(value) if isinstance(value, Mapping) else value
