"""Which contents are worth comparing: those that share a key which few hold. Whole tables at once, by
sorting."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def pairs_of_blocks(keys: Ints, owners: Ints, cap: int, among: int) -> Ints:
    """All pairs of owners (numbers below ``among``) that share a key which at most ``cap`` hold.

    ``keys[i]`` is held by ``owners[i]``, each at most once. A pair (a, b), a < b, comes as a * among + b,
    once for each key that it shares.
    """
    order = np.argsort(keys, kind="stable")
    keys, owners = keys[order], owners[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))[: len(keys)])
    sizes = np.diff(np.append(starts, len(keys)))
    found = []
    for size in range(2, cap + 1):
        blocks = starts[sizes == size]
        if not len(blocks):
            continue
        members = owners[blocks[:, None] + np.arange(size)]
        left, right = np.triu_indices(size, 1)
        one, two = members[:, left].ravel(), members[:, right].ravel()
        found.append(np.minimum(one, two) * among + np.maximum(one, two))
    return np.concatenate(found) if found else np.zeros(0, np.int64)
