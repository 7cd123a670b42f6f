"""New ids, taken from the graph's counters in blocks: each process has its own, and waits for nobody."""

import threading
from collections.abc import Callable
from typing import Final

from graph_schema.store import Kind

_LARGEST: Final = 16_384

Reserve = Callable[[str, int], int]
"""Raises a counter by so much, durably, and gives its new end."""


class Ids:
    """The ids that a process may give out. Blocks grow with the need, so that a short visit wastes few."""

    def __init__(self, reserve: Reserve) -> None:
        self._reserve = reserve
        self._lock = threading.Lock()
        self._blocks: dict[tuple[Kind, int], tuple[int, int]] = {}
        self._sizes: dict[Kind, int] = {}

    def allocate(self, kind: Kind, graph: int) -> int:
        """A new id of a kind within a graph."""
        with self._lock:
            one, end = self._blocks.get((kind, graph), (1, 0))
            if one > end:
                size = self._sizes[kind] = min(_LARGEST, 4 * self._sizes.get(kind, 4))
                end = self._reserve(f"{graph}/{kind}", size)
                one = end - size + 1
            self._blocks[kind, graph] = one + 1, end
            return one
