"""Puts events on the topic instead of writing them: a worker does that. What is sent is acknowledged by all
replicas that are in step, or the sender is told that it may not be."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, MessageSizeTooLargeError

from graph_schema.vocabulary import BLOCKED, DeadLetter, Event, Held
from stream.kafka import Kafka, reached

_LINGER_MS: Final = 3
_BATCH_BYTES: Final = 1 << 17


class Sender:
    """Sends to one cluster. ``position`` is that of each declared namespace, the strongest first."""

    def __init__(self, kafka: Kafka, position: Mapping[str, int]) -> None:
        self._kafka = kafka
        self._position = position
        self._starting = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None
        self._batch_bytes = _BATCH_BYTES
        self._leaving = set[asyncio.Task[None]]()

    async def send(self, events: Sequence[Event]) -> None:
        """Returns when the broker has all events.

        Raises ``BrokerUnavailable`` where that is not sure in time: some may be there, and count once when
        they are sent again.
        """
        async with reached(self._kafka):
            producer = await self._started()
            try:
                await self._put(producer, events)
            except KafkaError as error:
                if producer is self._producer:
                    self._leave(producer)
                    if isinstance(error, MessageSizeTooLargeError):
                        self._lighten(max(len(one.content) for one in events))
                raise

    async def reach(self) -> None:
        """Raises ``BrokerUnavailable`` where Kafka doesn't answer now."""
        async with reached(self._kafka):
            if not await (await self._started()).client.force_metadata_update():
                raise KafkaConnectionError

    async def stop(self) -> None:
        """Ends when what was sent is acknowledged."""
        if self._producer is not None:
            await self._producer.stop()

    async def _put(self, producer: AIOKafkaProducer, events: Sequence[Event]) -> None:
        topic = self._kafka.events
        waiting = [
            await producer.send(topic, body_of(one), self._key(one), timestamp_ms=one.received // 1000)
            for one in events
        ]
        # Not gathered: who gives up waiting must not cancel what is under way for others too.
        done, _ = await asyncio.wait(waiting)
        for failed in [error for one in done if (error := one.exception())]:
            raise failed

    def _leave(self, producer: AIOKafkaProducer) -> None:
        """The next message is for another producer. This one numbered what was refused: whatever came behind
        it would be refused for the number that is missing, for ever."""
        self._producer = None
        leaving = asyncio.create_task(producer.stop())
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    def _lighten(self, longest: int) -> None:
        """A topic may take each message, and not so many at once. What is longer than that went alone."""
        if longest < self._batch_bytes:
            self._batch_bytes //= 2

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._kafka.client(),
                    acks="all",
                    enable_idempotence=True,
                    linger_ms=_LINGER_MS,
                    max_batch_size=self._batch_bytes,
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
        return self._producer

    def _rank(self, held: Held) -> int:
        return self._position.get(held.namespace, len(self._position))

    def _key(self, event: Event) -> bytes | None:
        """The strongest identifier that the event names, as a hash: an address is no key for all to read."""
        live = [one for one in event.held if not one.flags & BLOCKED]
        named: Held | None = min(live, key=self._rank, default=None)
        if named is None:
            return None
        return hashlib.blake2b(f"{named.namespace}:{named.value}".encode(), digest_size=12).digest()


def body_of(event: Event) -> bytes:
    """The message as a topic holds it: its content with its source. A time of receipt is not part of it, but
    the topic's own."""
    return b'{"source":' + orjson.dumps(event.key.source) + b"," + event.content[1:]


def putting_back(kafka: Kafka) -> Callable[[Sequence[DeadLetter]], None]:
    """Sends what could not be taken once more, as it came, with the source that it had; raises
    ``BrokerUnavailable``."""

    async def send(letters: Sequence[DeadLetter]) -> None:
        async with reached(kafka), AIOKafkaProducer(**kafka.client(), acks="all") as producer:
            waiting = []
            for letter in letters:
                headers = [("source", letter.source.encode())] if letter.source else []
                at = letter.at // 1000
                waiting.append(
                    await producer.send(kafka.events, letter.raw, timestamp_ms=at, headers=headers)
                )
            await asyncio.gather(*waiting)

    return lambda letters: asyncio.run(send(letters))
