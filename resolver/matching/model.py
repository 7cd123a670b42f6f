"""A matching model: all that turns two records into a weight, frozen. Part of the rules, never changed in
place."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Annotated, NamedTuple, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from resolver.matching.explanations import BY_NAME
from resolver.matching.kinds import KINDS
from resolver.matching.values import Value

BIT = 1024
"""One bit of evidence as the whole number that weights are kept in."""

BEYOND = 64 * BIT
"""What no evidence reaches: with a ``merge`` of it nobody is joined, and all that is alike can be a case."""

Weight: TypeAlias = Annotated[int, Field(strict=True, ge=-1024 * BIT, le=1024 * BIT)]
"""Evidence in 1/1024 bit: log2 of how much more likely one person is than several."""

_Cap: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=10_000)]
_Share: TypeAlias = Annotated[float, Field(strict=True, ge=0.0, le=1.0)]

FORMAT = 1
"""Version of the model file."""
_NEVER = 1e-9
"""A share of none at all."""


@dataclass(frozen=True)
class Comparison:
    """One trait, or some that are one thing, and how it is compared.

    ``match``: weight of each level for one person against two at random; ``others`` the same for each
    explanation of the model, empty where it says nothing here. ``m`` and ``u`` are the probabilities
    behind, where they are known. ``rare``: what a value adds (or takes) where two records agree in it, by its
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
    m: tuple[_Share, ...] = ()
    u: tuple[_Share, ...] = ()
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

    ``others``: for each explanation that says something here its place, its weights in order, and
    whether it makes people agree in one value, so that the value's rarity counts for it too. ``most``: the
    most that it can add for one person. ``parts``: see ``Kind``.
    """

    place: int
    level: Callable[[Value, Value], int]
    match: tuple[Weight, ...]
    others: tuple[tuple[int, tuple[Weight, ...], bool], ...]
    shared_at_home: bool
    most: Weight
    slips: Mapping[int, tuple[Weight, Weight]]
    unlisted: Weight
    parts: Callable[[Value, Value], bool] | None

    def rarity(self, level: int, one: Weight, two: Weight) -> Weight:
        """What the frequencies of two values, by what agreeing in each adds, add to their level's weight."""
        if level == 0:
            return min(one, two)
        slip = self.slips.get(level)
        return 0 if slip is None else slip[max(one, two) >= self.unlisted]


def _in_order(comparison: Comparison) -> Iterator[tuple[Weight, ...]]:
    """Each explanation's weights, moved where a level that speaks less for one person, against two at random,
    would speak more for her beside that explanation: else a country that is another could make two records
    one person that a home explains.

    Levels out of order get what they say together, each by how often the explanation reaches it: what it
    reaches often hardly moves (pool adjacent violators).
    """
    match, by_chance = comparison.match, comparison.u or (1.0,) * len(comparison.match)
    best = sorted(range(len(match)), key=lambda level: -match[level])
    for weights in comparison.others:
        pools: list[tuple[float, float, list[int]]] = []
        for level in best if weights else ():
            mean, levels = float(match[level] - weights[level]), [level]
            share = by_chance[level] * 2.0 ** min(weights[level] / BIT, 64.0) + _NEVER
            while pools and pools[-1][0] < mean:
                other, more, before = pools.pop()
                mean = (mean * share + other * more) / (share + more)
                share, levels = share + more, before + levels
            pools.append((mean, share, levels))
        moved = {level: match[level] - round(mean) for mean, _, levels in pools for level in levels}
        yield tuple(moved[level] for level in sorted(moved))


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
    blocking: tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...]
    prior: Weight
    explanations: tuple[tuple[str, Weight], ...]
    merge: Weight = 0
    review: Weight = -2 * BIT
    veto: Weight = -4 * BIT
    floor: Weight = 0
    missing: Weight = -3 * BIT
    clip: Weight = 12 * BIT
    block_cap: _Cap = 20
    component_cap: _Cap = 300
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
                    for which, weights in enumerate(_in_order(comparison))
                    if any(weights)
                ),
                bool(KINDS[comparison.kind].household) and not KINDS[comparison.kind].own,
                comparison.most,
                {level: (both, either) for level, both, either in comparison.slips},
                comparison.rare_other,
                KINDS[comparison.kind].parts,
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


class Prepared(NamedTuple):
    """What a record says, normalised under one model.

    ``content`` names it: equal for two records that say the same, after normalising (63 bits of a hash).
    ``fields`` are the values per comparison of the model, ``rarity`` what agreeing in each adds. ``keys``
    are its blocking keys (63-bit hashes). ``own`` is its weight with itself; where that doesn't reach
    ``merge``, or makes no edge where nothing reaches that, the content says too little to be matched: it has
    no votes, and no keys. Else it has as many ``votes`` in a mean as there are pairs of its fields.
    """

    content: int
    fields: tuple[tuple[Value, ...], ...]
    rarity: tuple[tuple[Weight, ...], ...]
    keys: tuple[int, ...] = ()
    own: Weight = 0
    votes: int = 0


def to_dict(model: Model) -> dict[str, object]:
    """The model as dictionaries, tuples, texts and numbers, for a JSON file. ``from_dict`` undoes it."""
    return {"format": FORMAT, **asdict(model)}


def from_dict(plain: Mapping[str, object]) -> Model:
    """A model out of what a file holds.

    Raises ``ValueError`` that names the field where it is no model of this format, or no whole one.
    """
    if plain.get("format") != FORMAT:
        raise ValueError(f"format: {plain.get('format')!r}, where this version reads {FORMAT}")
    absent = [name for name in Model.__dataclass_fields__ if name not in plain]
    if absent:
        raise ValueError(f"{absent[0]}: missing from the model")
    try:
        model = _MODEL.validate_python({name: plain[name] for name in Model.__dataclass_fields__})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        # Deeper than this a path goes by the values themselves.
        raise ValueError(f"{'.'.join(map(str, first['loc'][:3]))}: {first['msg']}") from None
    for flaw in _flaws(model):
        raise ValueError(flaw)
    return model


def _flaws(model: Model) -> Iterator[str]:
    """Where parts that are each right by themselves don't fit."""
    unknown = [name for name, _ in model.explanations if name not in BY_NAME]
    if unknown:
        yield f"explanations: {unknown[0]!r} is none of {', '.join(BY_NAME)}"
    for place, one in enumerate(model.comparisons):
        here = f"comparisons.{place}"
        if one.kind not in KINDS:
            yield f"{here}.kind: {one.kind!r} is none of {', '.join(sorted(KINDS))}"
            return
        levels = len(KINDS[one.kind].levels)
        if len(one.match) != levels:
            yield f"{here}.match: {len(one.match)} weights for {levels} levels"
        if len(one.u) not in (0, levels):
            yield f"{here}.u: {len(one.u)} shares for {levels} levels"
        told = len(model.explanations)
        if len(one.others) != told or any(len(weights) not in (0, levels) for weights in one.others):
            yield f"{here}.others: not {levels} weights, or none, for each of {told} explanations"
        if any(level not in range(levels) for level, *_ in one.slips):
            yield f"{here}.slips: there are {levels} levels"


_MODEL = TypeAdapter(Model)
