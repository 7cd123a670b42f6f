"""How much an agreed value says by being rare: value frequencies, the duplicates themselves taken off."""

from collections import Counter

import numpy as np

from resolver.matching.blocking import Bools, Floats, Ints
from resolver.matching.model import rarity_text
from resolver.matching.table import Column

_MOST = 8.0
"""Bits that rarity may add, or take, at most... a value is rarer than chance shows it."""

_LISTED = 2.5
"""Values that this many people share, and more, are listed in the model."""


class Frequencies:
    """How many records hold each value of a comparison, and what agreeing in it is worth.

    ``bits``: per listed text what agreement adds; ``other``: for all other values. ``same``: the chance
    that two people at random agree, by these frequencies.
    """

    def __init__(self, kind: str, column: Column, left: Ints, right: Ints, weights: Floats) -> None:
        """``weights``: for pairs of records that agree, how many pairs of one person each stands for."""
        texts = [tuple(sorted({rarity_text(kind, value) for value in cell})) for cell in column.distinct]
        self._texts, self._of = texts, column.of
        sizes = np.bincount(column.of + 1, minlength=len(texts) + 1)[1:].tolist()
        counts: Counter[str] = Counter()
        for some, size in zip(texts, sizes, strict=True):
            counts.update(dict.fromkeys(some, size))
        filled = sum(sizes)
        pairs = max(1.0, filled * (filled - 1.0))
        matched: dict[str, float] = {}
        cells = (column.of[left].tolist(), column.of[right].tolist())
        for one, two, weight in zip(*cells, weights.tolist(), strict=True):
            for text in texts[one]:
                if text in texts[two]:
                    matched[text] = matched.get(text, 0.0) + weight
        apart = {text: count * (count - 1.0) - 2.0 * matched.get(text, 0.0) for text, count in counts.items()}
        self.same = max(sum(apart.values()), 0.5) / pairs
        least = min(self.same, 1.0 / max(1, filled))
        self.other = float(np.clip(np.log2(self.same / least), 0.0, _MOST))
        self.bits: dict[str, float] = {}
        for text, both in apart.items():
            share = (max(both, 0.0) / pairs) ** 0.5
            if share * filled >= _LISTED:
                self.bits[text] = float(np.clip(np.log2(self.same / max(share, least)), -_MOST, _MOST))

    def listed(self) -> Bools:
        """Of which records every value is listed; of those that have none as well."""
        listed = [all(self.bits.get(text, self.other) < self.other for text in some) for some in self._texts]
        return np.array([*listed, True])[self._of]

    def of_records(self) -> Floats:
        """What agreeing in a record's value adds, the largest of several; 0 where it has none."""
        worth = [max(self.bits.get(text, self.other) for text in some) for some in self._texts]
        return np.array([*worth, 0.0])[self._of]
