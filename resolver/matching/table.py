"""Many pairs at once: every distinct pair of values is compared once, by the same functions as a single
pair."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import TypeAlias

import numpy as np

from resolver.matching.blocking import Ints
from resolver.matching.quick import ASK, Quick
from resolver.matching.values import Value

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

    def numbered(self, part: Callable[[Value], str]) -> Ints:
        """A part of each content's first value under numbers, equal for equal ones; -1 where none is."""
        known: dict[str, int] = {}
        numbers = [known.setdefault(part(cell[0]), len(known)) for cell in self.distinct]
        return np.array([*numbers, -1])[self.of]

    def pairs(self, left: Ints, right: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """The places of the pairs of contents where no cell is empty; the numbers of the cells of each
        distinct pair of cells among them, the smaller first; and which of these each is."""
        one, two = self.of[left], self.of[right]
        filled = np.flatnonzero((one >= 0) & (two >= 0))
        among = max(1, len(self.distinct))
        code = np.minimum(one[filled], two[filled]) * among + np.maximum(one[filled], two[filled])
        codes, where = np.unique(code, return_inverse=True)
        return filled, codes // among, codes % among, where

    def levels(
        self, left: Ints, right: Ints, level_of: Callable[[Value, Value], int], quick: Quick | None = None
    ) -> Ints:
        """The level of each pair of contents, the best of several values; -1 where one is empty. ``quick``
        tells levels of many pairs at once."""
        levels = np.full(len(left), -1, np.int64)
        filled, one, two, where = self.pairs(left, right)
        values, cells = [cell[0] for cell in self.distinct], self.distinct
        told = quick(values, one, two) if quick and len(one) else np.full(len(one), ASK, np.int64)
        decided, firsts, seconds = told.tolist(), one.tolist(), two.tolist()
        for place in np.flatnonzero(told == ASK).tolist():
            decided[place] = level_of(values[firsts[place]], values[seconds[place]])
        several = np.array([len(cell) > 1 for cell in cells], np.bool_)
        for place in np.flatnonzero(several[one] | several[two]).tolist():
            both = product(cells[firsts[place]], cells[seconds[place]])
            decided[place] = min((n for pair in both if (n := level_of(*pair)) >= 0), default=-1)
        levels[filled] = np.array(decided, np.int64)[where]
        return levels


def share_alike(numbers: Ints) -> float:
    """The share of pairs that have one number, of those where both have any; -1 is none."""
    sizes = np.bincount(numbers[numbers >= 0])
    return float((sizes * (sizes - 1.0)).sum() / max(1.0, sizes.sum() * (sizes.sum() - 1.0)))
