"""What a worker does with messages that came off a topic: type them, and take them in until that is durable.

It knows of no Kafka. Nothing is given up: where the store is away it waits and tries again, and a message
at which the engine itself fails becomes a dead letter, so that those behind it are not held up.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from graph_schema.errors import Conflict, Lost, OnefoldError, StoreUnavailable
from graph_schema.store import Behindhand
from graph_schema.vocabulary import DeadLetter, Event
from stream.arrived import Arrived, Typing
from stream.batch import Counts
from stream.engine import Engine
from stream.intake import Items

_log: Final = logging.getLogger("onefold")
_POSITION: Final = "position/kafka/"
"""Operational state: the offset after the last message that was taken of a partition."""
_PATIENCE_SECONDS: Final = 5.0
_ATTEMPTS: Final = 3
BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
"""Bounds of the histogram of delays, in seconds."""


class _Batch(NamedTuple):
    """Messages as the engine takes them, each with where it stood, and the state to be written with them."""

    items: Sequence[Event | DeadLetter]
    positions: Sequence[str | None]
    state: Mapping[str, Any]
    messages: Sequence[Arrived]


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
    unpublished: int = 0
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
        self._engine, self._figures, self._also = engine, figures, also
        self._stopping = threading.Event()
        self._handed_in: tuple[_Batch, Counts] | None = None
        self._waits_for = ""
        self.typing = Typing(engine.intake, engine.id_key, engine.clock)

    def stop(self) -> None:
        """No longer waits for a store that is away."""
        self._stopping.set()

    def positions(self, topic: str) -> dict[int, int]:
        """The offset after the last message that was taken, by partition."""
        prefix = f"{_POSITION}{topic}/"
        with self._engine.store.read() as tx:
            return {int(name.removeprefix(prefix)): at for name, at in tx.scan(prefix).items()}

    def take(self, messages: Sequence[Arrived]) -> None:
        """Takes messages, as events or dead letters; returns when those taken before are durable.

        Raises ``Stopped``, and what no waiting mends, such as ``RulesMismatch``.
        """
        started = time.perf_counter()
        items: Items = []
        positions: list[str | None] = []
        for message, made in zip(messages, self.typing.read(messages), strict=True):
            items += made
            positions += [message.position] * len(made)
        state = {f"{_POSITION}{one.topic}/{one.partition}": one.offset + 1 for one in messages}
        self._insist(_Batch(items, positions, state, messages))
        figures = self._figures
        figures.messages += len(messages)
        figures.batches += 1
        figures.seconds += time.perf_counter() - started

    def settle(self) -> None:
        """Returns when all that was taken is durable; raises as ``take``."""
        self._insist()

    def _insist(self, *batches: "_Batch") -> None:
        """Hands batches in; without any, waits until all that was handed in is durable."""
        todo, wait, failed = list(batches), 0.05, 0
        while True:
            try:
                while todo:
                    self._hand_in(todo[0])
                    del todo[0]
                if not batches:
                    self._settle()
                self._figures.store_answers = True
                self._tell("")
                return
            except (StoreUnavailable, Conflict) as error:
                self._figures.store_answers = isinstance(error, Conflict)
                self._tell(_why(error))
                if isinstance(error, Lost):
                    todo = [*self._lost(), *todo]
            except OnefoldError:
                raise
            except Exception as error:  # noqa: BLE001
                # Whatever the engine trips over must neither end the worker nor be passed over in silence.
                failed += 1
                _log.error("a batch could not be written", exc_info=error)
                if failed == _ATTEMPTS:
                    self._one_by_one(todo.pop(0))
                    failed = 0
                    continue
            self._figures.failures += 1
            if self._stopping.wait(wait):
                raise Stopped
            wait = min(2 * wait, _PATIENCE_SECONDS)

    def _tell(self, why: str) -> None:
        """Logs what a batch waits for: a store that can be read needn't take anything."""
        if why != self._waits_for:
            _log.warning(f"a batch waits: {why}" if why else "batches are taken again")
            self._waits_for = why

    def _one_by_one(self, batch: "_Batch") -> None:
        for item, position in zip(batch.items, batch.positions, strict=True):
            one = _Batch([item], [position], {}, ())
            try:
                self._hand_in(one)
            except OnefoldError:
                self._insist(one)
            except Exception as error:  # noqa: BLE001 - it becomes a dead letter
                _log.error("a message could not be worked in", exc_info=error)
                self._insist(one._replace(items=[_unworkable(item, error)]))
        self._insist(batch._replace(items=[], positions=[]))

    def _hand_in(self, batch: "_Batch") -> None:
        state = {**batch.state, **self._also()}
        counts = self._engine.ingest(batch.items, state, batch.positions, soon=True)
        # Else it would not have been taken.
        self._is_durable()
        self._handed_in = batch, counts

    def _settle(self) -> None:
        if isinstance(self._engine.store, Behindhand):
            self._engine.store.settle()
        self._is_durable()

    def _lost(self) -> list["_Batch"]:
        """What was handed in and has to be once more."""
        with suppress(Lost):
            self._settle()
        lost, self._handed_in = self._handed_in, None
        return [] if lost is None else [lost[0]]

    def _is_durable(self) -> None:
        """Notes that what was handed in before is."""
        if self._handed_in is None:
            return
        (batch, counts), self._handed_in = self._handed_in, None
        self._figures.totals.add(counts)
        done = self._engine.clock()
        for message in batch.messages:
            if message.at is not None:
                seconds = max(0.0, (done - message.at) / 1e6)
                self._figures.delay_seconds += seconds
                self._figures.delays[sum(seconds > bound for bound in BUCKETS)] += 1


def _why(error: OnefoldError) -> str:
    """What is wrong: with the batch that was lost, where this one has to wait for that."""
    cause = error.__cause__
    return str(cause if isinstance(error, Lost) and isinstance(cause, OnefoldError) else error)


def _unworkable(item: Event | DeadLetter, error: Exception) -> DeadLetter:
    if isinstance(item, DeadLetter):
        raise error
    reason = f"The engine failed at it ({type(error).__name__}); replay it once that is mended."
    at = item.at if item.stamped and item.at is not None else item.received
    return DeadLetter(item.key.source, item.key.message_id, "message", reason, item.content, at)
