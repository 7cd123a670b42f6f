"""Group commit: requests wait together for one transaction, so that durable answers cost one write for many.

One thread writes. While it does, what comes in gathers in the next group; a request is answered when its
group is durable. What waits is bounded: beyond that a sender is told to come again.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from graph_schema.errors import OnefoldError
from graph_schema.vocabulary import DeadLetter, Event
from serving.problems import Busy, WriteFailed
from stream.batch import Counts
from stream.engine import Engine

Item = Event | DeadLetter
T = TypeVar("T")

_log: Final = logging.getLogger("onefold")
_ITEM_BYTES: Final = 1024


@dataclass
class _Group:
    items: list[Item] = field(default_factory=list)
    requests: int = 0
    weight: int = 0
    done: Future[Counts] = field(default_factory=Future)


class GroupCommit:
    """The one writer of a server. ``most_bytes`` is the weight that may wait, ``group_events`` the items that
    one transaction takes (more only where a single request brings more)."""

    def __init__(self, engine: Engine, most_bytes: int, group_events: int) -> None:
        self._engine = engine
        self._most = most_bytes
        self._group_events = group_events
        self._lock = threading.Lock()
        self._writer = ThreadPoolExecutor(1, "onefold-writer")
        self._open: _Group | None = None
        self.waiting = 0
        self.groups = 0
        self.seconds = 0.0
        self.totals = Counts()

    async def take(self, items: Sequence[Item], size: int) -> None:
        """Returns when all items are durable. ``size`` is that of their request, in bytes.

        Raises ``Busy`` where too much is waiting already, and what the store raises when it can't write.
        """
        if not items:
            return
        group = self._join(items, size)
        if (error := await _outcome(group.done)) is None:
            return
        if group.requests > 1 and not isinstance(error, OnefoldError):
            # One request's items must not fail another's: each tries again alone.
            error = await _outcome(self._writer.submit(self._ingest, items))
        if isinstance(error, OnefoldError):
            raise error
        if error is not None:
            _log.error("messages could not be written", exc_info=error)
            raise WriteFailed("this could not be written", way_out="The server's log tells more") from error

    async def done(self, work: Callable[[], T]) -> T:
        """Does a write of another kind in the writer's turn, so that what it read before still stands."""
        return await asyncio.wrap_future(self._writer.submit(work))

    def run(self, work: Callable[[], T]) -> T:
        """The same for who waits in a thread. There are few of them, and who reads needs one too."""
        return self._writer.submit(work).result()

    def check_room(self, weight: int = 1) -> None:
        """Raises ``Busy`` where no more may wait now. What is larger than all that may wait is taken when
        nothing else does."""
        if self.waiting and self.waiting + weight > self._most:
            raise Busy("too much waits to be written", way_out="Send it again a little later")

    def close(self) -> None:
        """Writes what waits, then ends."""
        self._writer.shutdown(wait=True)

    def _join(self, items: Sequence[Item], size: int) -> _Group:
        weight = size + _ITEM_BYTES * len(items)
        with self._lock:
            self.check_room(weight)
            group = self._open
            if group is None or len(group.items) + len(items) > self._group_events:
                group = self._open = _Group()
                group.done = self._writer.submit(self._write, group)
            group.items += items
            group.requests += 1
            group.weight += weight
            self.waiting += weight
            return group

    def _write(self, group: _Group) -> Counts:
        with self._lock:
            if self._open is group:
                self._open = None
        started = time.perf_counter()
        try:
            return self._ingest(group.items)
        finally:
            with self._lock:
                self.waiting -= group.weight
                self.groups += 1
                self.seconds += time.perf_counter() - started

    def _ingest(self, items: Sequence[Item]) -> Counts:
        counts = self._engine.ingest(items)
        self.totals.add(counts)
        return counts


async def _outcome(done: Future[Counts]) -> BaseException | None:
    """What a write came to. Whoever is cancelled must not cancel what others wait for: it only waits."""
    waiting = asyncio.wrap_future(done)
    await asyncio.wait([waiting])
    return waiting.exception()
