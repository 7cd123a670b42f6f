"""Tells Kafka what the store's feeds hold: every change, every dead letter, at least once, in order.

The feeds are the outbox: they were written in the transactions that they tell of. One process at a time
sends, by a transactional producer, so that one that takes over shuts out whoever had it before; how far
each got is kept in the store. Where one is killed in between, the same is sent again.
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
from aiokafka.errors import IllegalOperation, KafkaError, MessageSizeTooLargeError

from graph_schema.errors import Conflict, StoreUnavailable
from graph_schema.vocabulary import Change, DeadLetter
from profiles.moments import iso
from stream.batch import Batch
from stream.consuming import Figures
from stream.engine import Engine
from stream.feed import SENT, Sent, sent, shown
from stream.kafka import Kafka

_log: Final = logging.getLogger("onefold")
_PAGE: Final = 1_000
_PAUSE_SECONDS: Final = 0.1
"""Between looks for something to send."""
_KEEP_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 5.0
_SHOWN: Final = 1 << 17
"""More of a dead letter is not sent: as JSON it is up to six times as long, and a topic takes 1 MiB."""


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
        self._sent = self._kept = Sent(0, {})
        self._kept_at = 0.0
        self._batch_bytes = 1 << 17
        self._shown = _SHOWN
        self._reading = ThreadPoolExecutor(1, "onefold-outbox")

    def state(self) -> Mapping[str, int]:
        """How far it got, where the store doesn't know that yet: to be written along with something else."""
        new = {} if self._sent == self._kept else self._sent.state()
        self._kept, self._kept_at = self._sent, time.monotonic()
        return new

    async def run(self) -> None:
        """Sends until it is cancelled."""
        try:
            while True:
                try:
                    if self._leading():
                        await self._lead()
                except (KafkaError, OSError, StoreUnavailable, Conflict) as error:
                    self._figures.unpublished += 1
                    _log.warning("changes can't be published now: %s", type(error).__name__)
                    await asyncio.sleep(_AGAIN_SECONDS)
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self._reading.shutdown(wait=False)

    async def _lead(self) -> None:
        """Sends for as long as this process is to."""
        producer = AIOKafkaProducer(
            **self._kafka.client(),
            transactional_id=f"{self._kafka.prefix}-outbox",
            max_batch_size=self._batch_bytes,
        )
        try:
            # From here on nobody who sent before can.
            await producer.start()
            self._sent = self._kept = await self._read(lambda: self._engine.carry_out(self._take_over))
            while self._leading():
                entries = await self._read(self._page)
                if entries:
                    await self._send(producer, entries)
                if len(entries) < _PAGE:
                    await asyncio.sleep(_PAUSE_SECONDS)
                if self._sent != self._kept and self._is_quiet():
                    await self._read(lambda: self._engine.put(self.state()))
        finally:
            # Where Kafka is away it would wait for it for ever.
            with suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await producer.stop()

    def _is_quiet(self) -> bool:
        """Whether no batch wrote how far it got for a while, and none is about to: one that waits would wait
        for that transaction as well, and so the more of them the further behind it is."""
        return not self._figures.waiting and time.monotonic() - self._kept_at > _KEEP_SECONDS

    async def _send(self, producer: AIOKafkaProducer, entries: Sequence[_Entry]) -> None:
        async with producer.transaction():
            under_way, failed = await _put(producer, entries)
            if under_way:
                await asyncio.wait([one for _, one in under_way])
            # Each is asked: what a topic refuses, a transaction is committed without.
            refused = [(topic, error) for topic, one in under_way if (error := one.exception())]
            if refused:
                topic, error = refused[0]
                if isinstance(error, MessageSizeTooLargeError):
                    self._lighten(topic)
                raise error
            if failed is not None:
                raise failed
        # A new one each time: the thread that writes batches reads it meanwhile.
        new = {entry.topic: entry.number for entry in entries}
        self._sent = Sent(self._sent.sender, self._sent.numbers | new)
        self._figures.published += len(entries)

    def _lighten(self, topic: str) -> None:
        """After a topic refused something for its length each goes alone, and then letters ever shorter."""
        if self._batch_bytes == 1 and topic == self._kafka.dead_letters and self._shown:
            self._shown //= 4
        elif self._batch_bytes == 1:
            _log.error("%s refuses a message for its length: raise its max.message.bytes", topic)
        self._batch_bytes = 1

    async def _read(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the work gives
        return await asyncio.get_running_loop().run_in_executor(self._reading, work)

    def _take_over(self, batch: Batch) -> Sent:
        """From where to go on. Who sent before may have sent more, and still writes that down beside it: if
        others went on behind what it wrote, what was sent again here would be the last word."""
        last, of = sent(batch.tx), self._kafka
        new = Sent(last.sender + 1, {of.changes: 0, of.dead_letters: 0} | last.numbers)
        batch.ws.writes.state |= {**dict.fromkeys(batch.tx.scan(SENT)), **new.state()}
        return new

    def _page(self) -> list[_Entry]:
        kafka, numbers, most = self._kafka, self._sent.numbers, self._shown
        with self._engine.store.read() as tx:
            changes = tx.changes(numbers[kafka.changes], _PAGE)
            letters = tx.dead_letters(numbers[kafka.dead_letters], _PAGE)
        return [
            *(_Entry(one.seq, kafka.changes, tuple(_keys(one)), shown(one)) for one in changes),
            *(
                _Entry(one, kafka.dead_letters, (letter.position or str(one),), told(one, letter, most))
                for one, letter in letters
            ),
        ]


async def _put(
    producer: AIOKafkaProducer, entries: Sequence[_Entry]
) -> tuple[list[tuple[str, "asyncio.Future[Any]"]], KafkaError | None]:
    """Hands messages to a transaction: what is under way, each with its topic, and why the rest is not."""
    under_way: list[tuple[str, asyncio.Future[Any]]] = []
    try:
        for entry in entries:
            value = orjson.dumps(entry.value)
            for key in entry.keys:
                under_way.append((entry.topic, await producer.send(entry.topic, value, key.encode())))
    except KafkaError as error:
        return under_way, error
    except (IllegalOperation, AssertionError):
        # So aiokafka says that the transaction has failed meanwhile: what is under way may tell by what.
        return under_way, KafkaError("the transaction has failed")
    return under_way, None


def _keys(change: Change) -> Iterator[str]:
    """The person whom a change is of, and those who ended by it: the last word of their keys is then where
    they went."""
    yield change.person_id
    if change.kind == "merged":
        yield from change.came_from


def told(number: int, letter: DeadLetter, most: int = _SHOWN) -> dict[str, Any]:
    """A dead letter as JSON. What came is kept in ``payload``, and only there: as text, else as bytes in
    hexadecimal; of what is very long the beginning: ``payload_bytes`` is how long the whole is."""
    place, _, offset = (letter.position or "").rpartition(":")
    topic, slash, partition = place.rpartition("/")
    from_topic = bool(slash) and partition.isdecimal() and offset.isdecimal()
    try:
        payload = {"payload": letter.raw.decode()[:most]}
    except UnicodeDecodeError:
        payload = {"payload_hex": letter.raw[:most].hex()}
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
        "payload_bytes": len(letter.raw),
        **payload,
    }
