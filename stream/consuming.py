"""What a worker does with messages that came off a topic: type them, and take them in until that is durable.

It knows of no Kafka. Nothing is given up: where the store is away it waits and tries again, and a message
at which the engine itself fails becomes a dead letter, so that those behind it are not held up.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from graph_schema.errors import Conflict, OnefoldError, StoreUnavailable
from graph_schema.messages import is_batch
from graph_schema.vocabulary import DeadLetter, Event
from stream.batch import Counts
from stream.engine import Engine

_log: Final = logging.getLogger("onefold")
_POSITION: Final = "position/kafka/"
"""Operational state: the offset after the last message that was taken of a partition."""
_PATIENCE_SECONDS: Final = 5.0
_ATTEMPTS: Final = 3
BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
"""Bounds of the histogram of delays, in seconds."""


class Arrived(NamedTuple):
    """A message as a topic holds it. ``at`` is its own time in microseconds, ``source`` that of its header,
    where it has one."""

    topic: str
    partition: int
    offset: int
    at: int | None
    value: bytes
    source: str | None = None

    @property
    def position(self) -> str:
        """Where it stands, in a word."""
        return f"{self.topic}/{self.partition}:{self.offset}"


@dataclass
class Figures:
    """How a worker does: for its metrics. Written by one thread, read by others."""

    totals: Counts = field(default_factory=Counts)
    messages: int = 0
    batches: int = 0
    seconds: float = 0.0
    failures: int = 0
    waiting: int = 0
    published: int = 0
    delays: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    delay_seconds: float = 0.0
    lag: Mapping[int, int] = field(default_factory=dict)
    store_answers: bool = True
    broker_answers: bool = False
    assigned: bool = False


class Stopped(Exception):
    """The worker is to end, and the batch at hand is not taken."""


class Consuming:
    """Takes batches of messages into one engine. ``also`` gives state that each transaction is to write."""

    def __init__(
        self, engine: Engine, figures: Figures, also: Callable[[], Mapping[str, Any]] = dict
    ) -> None:
        self._engine = engine
        self._figures = figures
        self._also = also
        self._stopping = threading.Event()

    def stop(self) -> None:
        """No longer waits for a store that is away."""
        self._stopping.set()

    def positions(self, topic: str) -> dict[int, int]:
        """The offset after the last message that was taken, by partition."""
        prefix = f"{_POSITION}{topic}/"
        with self._engine.store.read() as tx:
            return {int(name.removeprefix(prefix)): at for name, at in tx.scan(prefix).items()}

    def take(self, messages: Sequence[Arrived]) -> None:
        """Returns when all messages are durable, as events or dead letters.

        Raises ``Stopped``, and what no waiting mends, such as ``RulesMismatch``.
        """
        started = time.perf_counter()
        now = self._engine.clock()
        items: list[Event | DeadLetter] = []
        positions: list[str | None] = []
        for message in messages:
            made = self._typed(message, now)
            items += made
            positions += [message.position] * len(made)
        state = {f"{_POSITION}{one.topic}/{one.partition}": one.offset + 1 for one in messages}
        self._insist(items, positions, state)
        figures = self._figures
        figures.messages += len(messages)
        figures.batches += 1
        figures.seconds += time.perf_counter() - started
        self._note_delays(messages)

    def _typed(self, message: Arrived, now: int) -> list[Event | DeadLetter]:
        raw, intake = message.value, self._engine.intake
        if is_batch(raw):
            return intake.take_batch(raw, now, message.source, message.at, message.position)
        return [intake.take(raw, now, message.source, message.at, message.position)]

    def _insist(
        self, items: Sequence[Event | DeadLetter], positions: Sequence[str | None], state: dict[str, Any]
    ) -> None:
        wait, failed = 0.05, 0
        while True:
            try:
                self._ingest(items, positions, state)
                self._figures.store_answers = True
                return
            except (StoreUnavailable, Conflict) as error:
                self._figures.store_answers = isinstance(error, Conflict)
            except OnefoldError:
                raise
            except Exception as error:  # noqa: BLE001
                # Whatever the engine trips over must neither end the worker nor be passed over in silence.
                failed += 1
                _log.error("a batch could not be written", exc_info=error)
                if failed == _ATTEMPTS:
                    self._one_by_one(items, positions, state)
                    return
            self._figures.failures += 1
            if self._stopping.wait(wait):
                raise Stopped
            wait = min(2 * wait, _PATIENCE_SECONDS)

    def _one_by_one(
        self, items: Sequence[Event | DeadLetter], positions: Sequence[str | None], state: dict[str, Any]
    ) -> None:
        for item, position in zip(items, positions, strict=True):
            try:
                self._ingest([item], [position], {})
            except OnefoldError:
                self._insist([item], [position], {})
            except Exception as error:  # noqa: BLE001 - it becomes a dead letter
                _log.error("a message could not be worked in", exc_info=error)
                self._insist([_unworkable(item, error)], [position], {})
        self._insist([], [], state)

    def _ingest(
        self, items: Sequence[Event | DeadLetter], positions: Sequence[str | None], state: Mapping[str, Any]
    ) -> None:
        self._figures.totals.add(self._engine.ingest(items, {**state, **self._also()}, positions))

    def _note_delays(self, messages: Sequence[Arrived]) -> None:
        done = self._engine.clock()
        for message in messages:
            if message.at is not None:
                seconds = max(0.0, (done - message.at) / 1e6)
                self._figures.delay_seconds += seconds
                self._figures.delays[sum(seconds > bound for bound in BUCKETS)] += 1


def _unworkable(item: Event | DeadLetter, error: Exception) -> DeadLetter:
    if isinstance(item, DeadLetter):
        raise error
    reason = f"The engine failed at it ({type(error).__name__}); replay it once that is mended."
    return DeadLetter(item.key.source, item.key.message_id, "message", reason, item.content, item.received)
