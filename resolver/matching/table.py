"""Many pairs at once: every distinct pair of values is compared once, by the same functions as a single
pair."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from resolver.matching.blocking import Ints
from resolver.matching.content import Prepared
from resolver.matching.model import Comparison, Model, Scale, Weight
from resolver.matching.scoring import GAINS, best
from resolver.matching.values import Value

Floats = NDArray[np.float64]
Cell: TypeAlias = tuple[Value, ...]

_GAINS = np.array([*GAINS, 0], np.int64)


class Column:
    """The values of one comparison for many contents, each distinct cell under a number; -1 is an empty
    one."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        numbers: dict[Cell, int] = {(): -1}
        self.of: Ints = np.fromiter(
            (numbers.setdefault(cell, len(numbers) - 1) for cell in cells), np.int64, len(cells)
        )
        self.distinct: list[Cell] = list(numbers)[1:]

    def outcomes(
        self, left: Ints, right: Ints, decide: Callable[[Cell, Cell], tuple[int, Weight]]
    ) -> tuple[Ints, Ints]:
        """Level and rarity that ``decide`` gives for the cells of each pair of contents; -1 where one is
        empty."""
        levels, rarities = np.full(len(left), -1, np.int64), np.zeros(len(left), np.int64)
        one, two = self.of[left], self.of[right]
        filled = np.flatnonzero((one >= 0) & (two >= 0))
        if not len(filled):
            return levels, rarities
        among, cells = len(self.distinct), self.distinct
        code = np.minimum(one[filled], two[filled]) * among + np.maximum(one[filled], two[filled])
        codes, where = np.unique(code, return_inverse=True)
        firsts, seconds = (codes // among).tolist(), (codes % among).tolist()
        decided = np.array(
            [decide(cells[a], cells[b]) for a, b in zip(firsts, seconds, strict=True)], np.int64
        )
        levels[filled], rarities[filled] = decided[where, 0], decided[where, 1]
        return levels, rarities


def judge(scale: Scale, comparison: Comparison) -> Callable[[Cell, Cell], tuple[int, Weight]]:
    """Level and rarity of two cells of one comparison."""
    level_of = scale.level

    def decide(mine: Cell, theirs: Cell) -> tuple[int, Weight]:
        if len(mine) == 1 == len(theirs):
            level = level_of(mine[0], theirs[0])
            if level:
                return level, 0
        rarities = tuple(map(comparison.rarity, mine)), tuple(map(comparison.rarity, theirs))
        return best(scale, mine, theirs, rarities)

    return decide


def odds_added(one: Ints, two: Ints) -> Ints:
    """The weights of the sums of two odds: ``scoring.odds_added`` for many."""
    sums: Ints = np.maximum(one, two) + _GAINS[np.minimum(np.abs(one - two), len(GAINS))]
    return sums


def weigh(contents: Sequence[Prepared], left: Ints, right: Ints, model: Model) -> Ints:
    """The weight of each pair (places in ``contents``): what ``compare`` gives, for all at once."""
    match = np.full(len(left), model.prior, np.int64)
    others = [np.full(len(left), prior, np.int64) for _, prior in model.explanations]
    for scale, comparison in zip(model.scales, model.comparisons, strict=True):
        column = Column([content.fields[scale.place] for content in contents])
        levels, rarities = column.outcomes(left, right, judge(scale, comparison))
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
