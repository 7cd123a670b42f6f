"""Who sends the feeds to Kafka goes on behind whoever sent last, whatever others still write."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from aiokafka.errors import IllegalOperation, MessageSizeTooLargeError, ProducerFenced

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import Event
from resolver.founding import DEFAULT_ID_KEY
from stream import outbox
from stream.consuming import Figures
from stream.engine import Engine
from stream.feed import SENT, sent
from stream.kafka import Kafka

TOPIC: list[int] = []
LETTERS: list[bytes] = []
MOST = 1_000
"""Bytes of a dead letter that its topic takes."""


class Producer:
    """Keeps the numbers of what is sent, in their order; of dead letters all of it, once committed."""

    def __init__(self, **_: object) -> None:
        self._letters: list[bytes] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield
        LETTERS.extend(self._letters)
        self._letters.clear()

    async def send(self, topic: str, value: bytes, key: bytes) -> asyncio.Future[None]:
        sent = asyncio.get_running_loop().create_future()
        if "letters" not in topic:
            TOPIC.append(orjson.loads(value)["seq"])
        elif len(value) > MOST:
            sent.set_exception(MessageSizeTooLargeError())
            return sent
        else:
            self._letters.append(value)
        sent.set_result(None)
        return sent


def lead(engine: Engine, entries: int) -> outbox.Outbox:
    """One that led until it had sent so many entries, and no batch wrote how far it got."""
    figures = Figures()
    sender = outbox.Outbox(engine, Kafka("localhost:9092"), figures, lambda: figures.published < entries)
    asyncio.run(sender._lead())
    return sender


def test_what_a_former_sender_still_writes_moves_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch under way when the lead passed on writes how far that one got while another sends some of it
    again: whoever came next would go on behind both, and old words of a person stood last."""
    monkeypatch.setattr(outbox, "AIOKafkaProducer", Producer)
    monkeypatch.setattr(outbox, "_KEEP_SECONDS", 1e9)
    monkeypatch.setattr(outbox, "_PAGE", 1)
    TOPIC.clear()
    engine = Engine(MemoryStore(), load_rules(), DEFAULT_ID_KEY, clock=lambda: 0)
    for number in range(3):
        made = engine.intake.take(
            {"type": "identify", "source": "web", "messageId": f"m-{number}", "userId": "u-1"}, received=0
        )
        assert isinstance(made, Event)
        engine.ingest([made])
    first = lead(engine, 3)
    lead(engine, 1)
    engine.put(first.state())
    last = lead(engine, 3)
    assert TOPIC == [1, 2, 3, 1, 1, 2, 3]
    engine.put(last.state())
    with engine.store.read() as tx:
        assert sent(tx).numbers[Kafka("localhost:9092").changes] == 3
        assert {name.split("/")[2] for name in tx.scan(SENT)} == {"3"}


@pytest.mark.parametrize("waiting", [0, 1])
def test_how_far_it_got_is_left_to_the_batches_that_wait(
    waiting: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "AIOKafkaProducer", Producer)
    monkeypatch.setattr(outbox, "_KEEP_SECONDS", 0)
    engine = Engine(MemoryStore(), load_rules(), DEFAULT_ID_KEY, clock=lambda: 0)
    engine.ingest([engine.intake.take(b"not JSON", 1)])
    figures = Figures(waiting=waiting)
    kafka = Kafka("localhost:9092")
    sender = outbox.Outbox(engine, kafka, figures, lambda: figures.published < 1)
    asyncio.run(sender._lead())
    with engine.store.read() as tx:
        assert sent(tx).numbers[kafka.dead_letters] == (0 if waiting else 1)


def test_a_letter_that_its_topic_refuses_is_cut_and_counts_once_it_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "AIOKafkaProducer", Producer)
    monkeypatch.setattr(outbox, "_AGAIN_SECONDS", 0)
    LETTERS.clear()
    engine = Engine(MemoryStore(), load_rules(), DEFAULT_ID_KEY, clock=lambda: 0)
    engine.ingest([engine.intake.take(b"not JSON" * 1_000, 1), engine.intake.take(b"neither", 1)])
    figures = Figures()
    sender = outbox.Outbox(engine, Kafka("localhost:9092"), figures, lambda: figures.published < 2)
    with pytest.raises(MessageSizeTooLargeError):
        asyncio.run(sender._lead())
    assert figures.published == 0
    assert LETTERS == []

    async def run() -> None:
        running = asyncio.create_task(sender.run())
        while figures.published < 2:
            await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(asyncio.wait_for(run(), 10))
    assert figures.unpublished > 0
    long, short = map(orjson.loads, LETTERS)
    assert long["payload_bytes"] == 8_000
    assert b"not JSON" in long["payload"].encode() in b"not JSON" * 1_000
    assert short["payload"] == "neither"
    assert figures.published == 2


def test_who_is_shut_out_in_the_middle_of_sending_leads_no_more_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it sent before that is refused one by one, and each is asked; what it sends then is no operation
    of a transaction. It took the whole worker along."""

    class ShutOut(Producer):
        async def send(self, topic: str, value: bytes, key: bytes) -> asyncio.Future[None]:
            if under_way:
                raise IllegalOperation("Can't send messages while not in transaction")
            under_way.append(asyncio.get_running_loop().create_future())
            under_way[0].set_exception(ProducerFenced())
            return under_way[0]

    async def run() -> None:
        running = asyncio.create_task(sender.run())
        await asyncio.sleep(0.1)
        assert not running.done()
        running.cancel()

    under_way: list[asyncio.Future[None]] = []
    monkeypatch.setattr(outbox, "AIOKafkaProducer", ShutOut)
    engine = Engine(MemoryStore(), load_rules(), DEFAULT_ID_KEY, clock=lambda: 0)
    engine.ingest([engine.intake.take(b"not JSON", 1), engine.intake.take(b"neither", 1)])
    figures = Figures()
    sender = outbox.Outbox(engine, Kafka("localhost:9092"), figures, lambda: figures.published < 2)
    with pytest.raises(ProducerFenced):
        asyncio.run(sender._lead())
    under_way.clear()
    asyncio.run(run())
    assert figures.published == 0
