"""Tells Kafka what the store's feeds hold: every change, every dead letter, at least once, in order.

The feeds are the outbox: they were written in the transactions that they tell of. One process at a time
sends, by a transactional producer, so that one that takes over shuts out whoever had it before; how far it
got is kept in the store. Where one is killed in between, the same is sent again.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from graph_schema.errors import Conflict, StoreUnavailable
from graph_schema.vocabulary import Change, DeadLetter
from profiles.moments import iso
from stream.consuming import Figures
from stream.engine import Engine
from stream.feed import SENT, sent_name, shown
from stream.kafka import Kafka

_log: Final = logging.getLogger("onefold")
_PAGE: Final = 1_000
_PAUSE_SECONDS: Final = 0.25
"""Between looks for something to send: each look is a question or two to the store."""
_KEEP_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 5.0


class _Entry(NamedTuple):
    """An entry of a feed as messages: their topic, and the key of each."""

    number: int
    topic: str
    keys: tuple[str, ...]
    value: Mapping[str, Any]


class Outbox:
    """Sends for one store. ``leading`` says whether this process is the one that is to send now."""

    def __init__(self, engine: Engine, kafka: Kafka, figures: Figures, leading: Callable[[], bool]) -> None:
        self._engine = engine
        self._kafka = kafka
        self._figures = figures
        self._leading = leading
        self._sent: dict[str, int] = {}
        self._kept: dict[str, int] = {}
        self._kept_at = 0.0
        self._reading = ThreadPoolExecutor(1, "onefold-outbox")

    def state(self) -> Mapping[str, int]:
        """How far it got, where the store doesn't know that yet: to be written along with something else."""
        new = {name: at for name, at in self._sent.items() if self._kept.get(name) != at}
        self._kept = {**self._kept, **new}
        self._kept_at = time.monotonic()
        return new

    async def run(self) -> None:
        """Sends until it is cancelled."""
        try:
            while True:
                if not self._leading():
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
                try:
                    await self._lead()
                except (KafkaError, OSError, StoreUnavailable, Conflict) as error:
                    _log.warning("changes can't be published now: %s", type(error).__name__)
                    await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            self._reading.shutdown(wait=False)

    async def _lead(self) -> None:
        """Sends for as long as this process is to."""
        producer = AIOKafkaProducer(
            **self._kafka.client(), transactional_id=f"{self._kafka.prefix}-outbox", max_batch_size=1 << 17
        )
        try:
            # From here on nobody who sent before can.
            await producer.start()
            self._sent = self._kept = await self._read(self._positions)
            while self._leading():
                entries = await self._read(self._page)
                if entries:
                    await self._send(producer, entries)
                elif self._sent == self._kept:
                    await asyncio.sleep(_PAUSE_SECONDS)
                if self._sent != self._kept and time.monotonic() - self._kept_at > _KEEP_SECONDS:
                    await self._keep()
        finally:
            # A batch of this process must not write how far it got while another sends some of that again:
            # whoever came next would go on behind it, and old words would be the last.
            self._sent = {}
            # Where Kafka is away it would wait for it for ever.
            with suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await producer.stop()

    async def _send(self, producer: AIOKafkaProducer, entries: Sequence[_Entry]) -> None:
        async with producer.transaction():
            for entry in entries:
                value = orjson.dumps(entry.value)
                for key in entry.keys:
                    await producer.send(entry.topic, value, key.encode())
        # A new one each time: the thread that writes batches reads it meanwhile.
        self._sent = {**self._sent, **{sent_name(entry.topic): entry.number for entry in entries}}
        self._figures.published += len(entries)

    async def _keep(self) -> None:
        """Writes down how far it got, where no batch did so for a while."""
        new = dict(self._sent)
        await self._read(lambda: self._engine.put(new))
        self._kept, self._kept_at = {**self._kept, **new}, time.monotonic()

    async def _read(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the work gives
        return await asyncio.get_running_loop().run_in_executor(self._reading, work)

    def _positions(self) -> dict[str, int]:
        with self._engine.store.read() as tx:
            return dict(tx.scan(SENT))

    def _page(self) -> list[_Entry]:
        kafka, sent = self._kafka, self._sent
        with self._engine.store.read() as tx:
            changes = tx.changes(sent.get(sent_name(kafka.changes), 0), _PAGE)
            letters = tx.dead_letters(sent.get(sent_name(kafka.dead_letters), 0), _PAGE)
        return [
            *(_Entry(one.seq, kafka.changes, tuple(_keys(one)), shown(one)) for one in changes),
            *(
                _Entry(number, kafka.dead_letters, (letter.position or str(number),), told(number, letter))
                for number, letter in letters
            ),
        ]


def _keys(change: Change) -> Iterator[str]:
    """The person whom a change is of, and those who ended by it: the last word of their keys is then where
    they went."""
    yield change.person_id
    if change.kind == "merged":
        yield from change.came_from


def told(number: int, letter: DeadLetter) -> dict[str, Any]:
    """A dead letter as JSON. What came is kept in ``payload``, and only there: as text, else as bytes in
    hexadecimal."""
    place, _, offset = (letter.position or "").rpartition(":")
    topic, slash, partition = place.rpartition("/")
    from_topic = bool(slash) and partition.isdecimal() and offset.isdecimal()
    try:
        payload = {"payload": letter.raw.decode()}
    except UnicodeDecodeError:
        payload = {"payload_hex": letter.raw.hex()}
    return {
        "number": number,
        "source": letter.source,
        "field": letter.field,
        "reason": letter.reason,
        "at": iso(letter.at),
        "topic": topic if from_topic else None,
        "partition": int(partition) if from_topic else None,
        "offset": int(offset) if from_topic else None,
        "position": letter.position,
        **payload,
    }
