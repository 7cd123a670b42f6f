"""Many pairs at once: every distinct pair of values is compared once, by the same functions as a single
pair."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from resolver.matching.blocking import Ints
from resolver.matching.model import Weight
from resolver.matching.values import Value

Floats = NDArray[np.float64]
Cell: TypeAlias = tuple[Value, ...]


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
