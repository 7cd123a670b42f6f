"""Samples without a random generator: numbers that look drawn, but follow from a seed and a position."""

import numpy as np

from resolver.matching.blocking import Ints


def draw(seed: int, many: int, below: int) -> Ints:
    """So many whole numbers below ``below``, spread evenly: SplitMix64 over the positions from ``seed`` on.

    Another seed, another sample; the same seed, the same one on every machine. Neighbouring seeds share no
    numbers within a million draws.
    """
    start = np.uint64(seed % (1 << 40)) * np.uint64(1 << 20)
    mixed = (start + np.arange(1, many + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    drawn: Ints = ((mixed >> np.uint64(1)) % np.uint64(max(below, 1))).astype(np.int64)
    return drawn


def alike(column: Ints, seed: int, many: int) -> tuple[Ints, Ints]:
    """So many random pairs of places in a column that hold the same number; none of where it is -1."""
    filled = np.flatnonzero(column >= 0)
    ordered = filled[np.argsort(column[filled], kind="stable")]
    values = column[ordered]
    starts, ends = np.searchsorted(values, values, "left"), np.searchsorted(values, values, "right")
    several = np.flatnonzero(ends - starts > 1)
    if not len(several):
        return several, several
    one = several[draw(seed, many, len(several))]
    size = ends[one] - starts[one]
    two = starts[one] + (one - starts[one] + 1 + draw(seed + 1, many, 1 << 40) % (size - 1)) % size
    return ordered[one], ordered[two]
