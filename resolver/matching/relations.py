"""How the traits of different people go together: what a household shares, what places say of each other."""

from collections.abc import Mapping, Sequence

import numpy as np

from resolver.matching.blocking import Bools, Ints
from resolver.matching.draws import alike, draw

_PAIRS = 20_000
_MIN_PAIRS = 20


class Relations:
    """Pairs of records that agree in one trait, and in what else they do.

    ``columns``: per trait the number of each record's (folded) value, -1 for none. ``own``: traits of which
    two people rarely have the same (given names, dates): pairs that are unlike in these are of two people.
    """

    def __init__(self, columns: Mapping[str, Ints], own: Sequence[str]) -> None:
        self._columns = columns
        self._own = [columns[name] for name in own if name in columns]
        records = len(next(iter(columns.values()), ()))
        self._random = draw(5, _PAIRS, records), draw(6, _PAIRS, records)
        self._agreeing: dict[str, tuple[Ints, Ints]] = {}

    def shared(self, trait: str) -> float | None:
        """Of records that agree in a trait, how many are of two people; None where that can't be told."""
        left, right = self._pairs(trait)
        apart, known = self._apart(left, right)
        return float(apart.sum() / known.sum()) if known.sum() >= _MIN_PAIRS else None

    def together(self, trait: str, other: str) -> tuple[float, float]:
        """How often two people agree in ``other`` who agree in ``trait``, and how often any two do."""
        left, right = self._pairs(trait)
        apart, _ = self._apart(left, right)
        near = self._same(other, left[apart], right[apart])
        anyhow = self._same(other, *self._random)
        return near, anyhow

    def _same(self, trait: str, left: Ints, right: Ints) -> float:
        one, two = self._columns[trait][left], self._columns[trait][right]
        filled = (one >= 0) & (two >= 0) & (left != right)
        if int(filled.sum()) < _MIN_PAIRS:
            return 0.0
        return float(((one == two) & filled).sum() / filled.sum())

    def _pairs(self, trait: str) -> tuple[Ints, Ints]:
        """Random pairs that agree in a trait."""
        if trait not in self._agreeing:
            self._agreeing[trait] = alike(self._columns[trait], 7, _PAIRS)
        return self._agreeing[trait]

    def _apart(self, left: Ints, right: Ints) -> tuple[Bools, Bools]:
        """Which pairs are of two people, by most of their own traits; and of which that can be told."""
        unlike, filled = np.zeros(len(left)), np.zeros(len(left))
        for column in self._own:
            one, two = column[left], column[right]
            both = (one >= 0) & (two >= 0)
            filled += both
            unlike += both & (one != two)
        known = filled >= min(2, len(self._own))
        return (unlike > 0.6 * filled) & known & (filled > 0), known & (filled > 0)
