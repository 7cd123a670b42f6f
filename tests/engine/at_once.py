"""Matching of a whole set at once: what a stream of it must come to, in any order."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

import numpy as np

from resolver.matching.blocking import Ints, pairs_of_blocks
from resolver.matching.components import Graph, Group, Key
from resolver.matching.linking import Linkage, Review
from resolver.matching.model import BIT, Comparison, Model, Prepared, Scale, Weight
from resolver.matching.scoring import GAINS, best
from resolver.matching.table import Cell, Column

_AT_ONCE = 1 << 20
_GAINS = np.array([*GAINS, 0], np.int64)


class Linked(NamedTuple):
    """Which groups are one person: each a sorted tuple of group keys, all sorted; and what is left to
    stewards."""

    persons: tuple[tuple[Key, ...], ...]
    reviews: tuple[Review, ...]


def candidate_pairs(keys: Sequence[Sequence[int]], cap: int) -> tuple[Ints, Ints]:
    """The candidates among contents numbered by their place, each given by its keys: two arrays of places."""
    among = len(keys)
    counts = np.fromiter((len(one) for one in keys), np.int64, among)
    flat = np.fromiter((key for one in keys for key in one), np.int64, int(counts.sum()))
    owners = np.repeat(np.arange(among, dtype=np.int64), counts)
    pairs = np.unique(pairs_of_blocks(flat, owners, cap, max(among, 1)))
    return pairs // max(among, 1), pairs % max(among, 1)


def judge(scale: Scale, comparison: Comparison) -> Callable[[Cell, Cell], tuple[int, Weight]]:
    """Level and rarity of two cells of one comparison."""
    level_of, alone = scale.level, scale._replace(place=0)

    def said(cell: Cell) -> Prepared:
        rare = tuple(comparison.rarity(value) or 0 for value in cell)
        return Prepared(0, (cell,), (rare,), (), 0, 0)

    def decide(mine: Cell, theirs: Cell) -> tuple[int, Weight]:
        if len(mine) == 1 == len(theirs):
            level = level_of(mine[0], theirs[0])
            if level and level not in scale.slips:
                return level, 0
        return best(alone, said(mine), said(theirs))

    return decide


def odds_added(one: Ints, two: Ints) -> Ints:
    """The weights of the sums of two odds: ``scoring.odds_added`` for many."""
    sums: Ints = np.maximum(one, two) + _GAINS[np.minimum(np.abs(one - two), len(GAINS))]
    return sums


def outcomes(
    column: Column, left: Ints, right: Ints, decide: Callable[[Cell, Cell], tuple[int, Weight]]
) -> tuple[Ints, Ints]:
    """Level and rarity by ``decide`` for the cells of each pair of contents; -1 where one is empty."""
    levels, rarities = np.full(len(left), -1, np.int64), np.zeros(len(left), np.int64)
    filled, firsts, seconds, where = column.pairs(left, right)
    cells = column.distinct
    if len(filled):
        decided = np.array(
            [decide(cells[a], cells[b]) for a, b in zip(firsts, seconds, strict=True)], np.int64
        )
        levels[filled], rarities[filled] = decided[where, 0], decided[where, 1]
    return levels, rarities


def weigh(contents: Sequence[Prepared], left: Ints, right: Ints, model: Model) -> Ints:
    """The weight of each pair (places in ``contents``): what ``compare`` gives, for all at once."""
    match = np.full(len(left), model.prior, np.int64)
    others = [np.full(len(left), prior, np.int64) for _, prior in model.explanations]
    for scale, comparison in zip(model.scales, model.comparisons, strict=True):
        column = Column([content.fields[scale.place] for content in contents])
        levels, rarities = outcomes(column, left, right, judge(scale, comparison))
        says = levels >= 0
        level, rarity = levels[says], rarities[says]
        match[says] += np.asarray(scale.match, np.int64)[level] + rarity
        for which, weights, shares in scale.others:
            others[which][says] += np.asarray(weights, np.int64)[level] + (rarity if shares else 0)
    several = np.zeros(len(left), np.int64)
    for other in others:
        several = odds_added(several, other)
    clipped: Ints = np.clip(match - several, -model.clip, model.clip)
    return clipped


def component(graph: Graph, start: Key, model: Model) -> tuple[frozenset[Key], Weight]:
    """The groups that must be looked at together with this one, and the floor that holds among them.

    Edges of at least the floor connect. Where more than ``component_cap`` groups would be, the floor rises
    by a bit and the search begins again; above the largest weight the group is alone. All members of the
    answer have the same answer, so it does not matter where one starts. The search stops at the cap.
    """
    floor = model.floor
    while floor <= model.clip:
        found = _reach(graph, start, floor, model.component_cap)
        if found is not None:
            return frozenset(found), floor
        floor += BIT
    return frozenset((start,)), floor


def _reach(graph: Graph, start: Key, floor: Weight, cap: int) -> set[Key] | None:
    found, waiting = {start}, [start]
    while waiting:
        for other, _, _, weight in graph.around(waiting.pop()):
            if weight >= floor and other not in found:
                if len(found) == cap:
                    return None
                found.add(other)
                waiting.append(other)
    return found


def components(graph: Graph, starts: Iterable[Key], model: Model) -> Iterator[tuple[Sequence[Key], Weight]]:
    """The components of these groups, each once, its keys sorted, with its floor."""
    seen: set[Key] = set()
    for start in sorted(starts):
        if start not in seen:
            found, floor = component(graph, start, model)
            seen |= found
            yield sorted(found), floor


def link(graph: Graph, model: Model, apart: Mapping[Key, Set[Key]] | None = None) -> Linked:
    """Joins groups by their contents' weights: DESIGN section 6, a function of the set.

    ``apart``: group keys that a ``different`` (or a veto) keeps apart, both ways round.
    """
    persons: list[tuple[Key, ...]] = []
    reviews: list[Review] = []
    for keys, _ in components(graph, graph.groups, model):
        if len(keys) == 1:
            persons.append((keys[0],))
            continue
        linkage = Linkage(graph, keys, model, apart or {})
        linkage.run()
        persons += map(tuple, linkage.members.values())
        reviews += linkage.reviews()
    return Linked(tuple(sorted(persons)), tuple(sorted(reviews)))


def edges_of(contents: Mapping[int, Prepared], model: Model) -> dict[int, dict[int, Weight]]:
    """All edges among distinct contents: candidates whose weight is at least ``min(floor, review)``."""
    numbers = sorted(number for number, content in contents.items() if content.votes)
    ordered = [contents[number] for number in numbers]
    left, right = candidate_pairs([content.keys for content in ordered], model.block_cap)
    edges: dict[int, dict[int, Weight]] = {number: {} for number in numbers}
    least = min(model.floor, model.review)
    for start in range(0, len(left), _AT_ONCE):
        one, two = left[start : start + _AT_ONCE], right[start : start + _AT_ONCE]
        weights = weigh(ordered, one, two, model)
        kept = np.flatnonzero(weights >= least)
        rows = zip(one[kept].tolist(), two[kept].tolist(), weights[kept].tolist(), strict=True)
        for here, there, weight in rows:
            edges[numbers[here]][numbers[there]] = weight
            edges[numbers[there]][numbers[here]] = weight
    return edges


def match_all(
    prepared: Mapping[Key, Prepared],
    model: Model,
    unique: Mapping[Key, Set[tuple[str, str]]] | None = None,
    apart: Mapping[Key, Set[Key]] | None = None,
) -> Linked:
    """The persons among records, each a group of its own so far: what a stream of them ends with in any
    order.

    ``unique``: (namespace, value) per record; ``apart``: records that judgements keep apart, both ways round.
    """
    contents = {content.content: content for content in prepared.values()}
    groups = {
        key: Group(
            key,
            frozenset((content.content,) if content.votes else ()),
            frozenset((unique or {}).get(key, ())),
        )
        for key, content in prepared.items()
    }
    return link(Graph(groups, edges_of(contents, model), contents), model, apart)
