"""How far the outbox got is written with batches: only by whoever sends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import Event
from resolver.founding import DEFAULT_ID_KEY
from stream import outbox
from stream.consuming import Figures
from stream.engine import Engine
from stream.kafka import Kafka


class Producer:
    """Takes what is sent, and leaves it at that."""

    def __init__(self, **_: object) -> None: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield

    async def send(self, *_: object) -> None: ...


def test_who_no_longer_sends_writes_no_more_how_far_it_got(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would write that beside another who sends some of it again; and who leads after that one would
    go on behind both, so that old words of a person stood last."""
    monkeypatch.setattr(outbox, "AIOKafkaProducer", Producer)
    monkeypatch.setattr(outbox, "_KEEP_SECONDS", 1e9)
    engine = Engine(MemoryStore(), load_rules(), DEFAULT_ID_KEY, clock=lambda: 0)
    made = engine.intake.take(
        {"type": "identify", "source": "web", "messageId": "m", "userId": "u-1"}, received=0
    )
    assert isinstance(made, Event)
    engine.ingest([made])
    figures, got = Figures(), list[dict[str, int]]()

    def leads() -> bool:
        got.append(sender._sent)
        return not figures.published

    sender = outbox.Outbox(engine, Kafka("localhost:9092"), figures, leads)
    asyncio.run(sender._lead())
    assert got[-1], "it was to send, and nobody to have written how far it got"
    assert sender.state() == {}
