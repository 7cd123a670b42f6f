"""What came off a topic and waits for its batch: so much at most, and typed meanwhile."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, NamedTuple

from stream.arrived import Arrived
from stream.consuming import Figures
from stream.kafka import Options

_WAITING_BYTES: Final = 4 << 20
"""Enough for four batches: what is read ahead is kept typed, and reading takes turns with the thread that
writes."""
_BATCH_BYTES: Final = 1 << 20
"""Of messages in one transaction: some two thousand events, however many of them lie in a message."""
_TYPED_BYTES: Final = 1 << 16
"""Of messages that are typed at a time: to take over what was made of more would keep the thread that writes
waiting."""


class Waiting(NamedTuple):
    """A message, what is to be acknowledged once it is durable, and by which sharing out of partitions this
    worker has it."""

    event: Any
    message: Arrived
    generation: int | None = None


class Line:
    """Messages in the order in which they came. ``read`` types some of them, in a thread beside the one that
    writes: so it is done while that one waits for the store. Only one task may ask for batches."""

    def __init__(
        self, options: Options, figures: Figures, read: Callable[[Sequence[Arrived]], object]
    ) -> None:
        self._options, self._figures, self._read = options, figures, read
        self._queue: asyncio.Queue[Waiting | None] = asyncio.Queue()
        self._untyped: SimpleQueue[Arrived | None] = SimpleQueue()
        self._room = asyncio.Event()
        self._weigh(0)
        self._ended = False
        self._dropped = -1
        Thread(target=self._type, name="onefold-typing", daemon=True).start()

    def end(self) -> None:
        """No further batch is given."""
        self._ended = True
        self._untyped.put(None)
        # Wakes whoever waits for a batch.
        self._queue.put_nowait(None)

    def drop(self, generation: int) -> list[Waiting]:
        """Lets go of what waits, which it returns, and of all else that comes of that generation: were that
        taken, what stood before it would count as taken too."""
        if self._ended:
            return []
        self._dropped = generation
        dropped = [one for _ in range(self._queue.qsize()) if (one := self._queue.get_nowait()) is not None]
        self._weigh(self._weight - sum(len(one.message.value) for one in dropped))
        return dropped

    async def put(self, waiting: Waiting) -> bool:
        """Lets a message wait, once there is room; False where it is let go of."""
        await self._room.wait()
        if waiting.generation == self._dropped:
            return False
        self._dropped = -1
        self._weigh(self._weight + len(waiting.message.value))
        self._untyped.put(waiting.message)
        self._queue.put_nowait(waiting)
        return True

    async def batch(self, soon: bool = False) -> list[Waiting] | None:
        """The next batch; None at the end. Where it is wanted ``soon``, an empty one if nothing comes for as
        long as a batch waits for more."""
        queue, options = self._queue, self._options
        batch: list[Waiting] = []
        loop = asyncio.get_running_loop()
        size, until = 0, loop.time() + options.linger if soon else None
        while len(batch) < options.batch and size < _BATCH_BYTES:
            try:
                if queue.empty():
                    async with asyncio.timeout_at(until):
                        waiting = await queue.get()
                else:
                    waiting = queue.get_nowait()
            except TimeoutError:
                break
            if waiting is None or self._ended:
                return None
            if not batch:
                until = loop.time() + options.linger
            batch.append(waiting)
            size += len(waiting.message.value)
        self._weigh(self._weight - size)
        return batch

    def _weigh(self, weight: int) -> None:
        self._weight = self._figures.waiting = weight
        (self._room.set if weight < _WAITING_BYTES else self._room.clear)()

    def _type(self) -> None:
        while (one := self._untyped.get()) is not None:
            some, size = [one], len(one.value)
            while size < _TYPED_BYTES and not self._untyped.empty():
                if (one := self._untyped.get()) is None:
                    # The end, whoever waits: what is still typed nobody asks for.
                    return
                some.append(one)
                size += len(one.value)
            # Whatever is wrong with one, its batch comes upon it.
            with suppress(Exception):
                self._read(some)
