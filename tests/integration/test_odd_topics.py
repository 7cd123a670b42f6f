"""A worker on topics that are not as it left them, or that others write to in other ways than it expects."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from graph_schema.rules import load_rules
from serving.stores import open_store
from stream.engine import Engine
from stream.kafka import Kafka, look, make_topics
from tests.integration.working import ID_KEY, Sent, Workers, send
from tests.services import Service, kafka_topics

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture
def kafka(kafka_broker: Service) -> Iterator[Kafka]:
    """A cluster with topics of our own, of one partition, and none left."""
    found = Kafka(kafka_broker.address, prefix=kafka_topics.unique("odd"))
    asyncio.run(make_topics(found, 1))
    yield found
    asyncio.run(kafka_topics.delete(kafka_broker, found.events, found.changes, found.dead_letters))


def seen(message_id: str) -> bytes:
    """A message by this id."""
    return orjson.dumps({"type": "page", "userId": "ana", "source": "web", "messageId": message_id})


def ids(url: str) -> set[str]:
    """Of all messages that a store holds."""
    with closing(open_store(url)) as store, store.read() as tx:
        return {event.key.message_id for event in tx.all_events()}


def test_what_a_transaction_took_back_is_never_taken(kafka: Kafka, tmp_path: Path) -> None:
    async def send_in_transactions() -> None:
        async with AIOKafkaProducer(**kafka.client(), transactional_id=f"{kafka.prefix}-shop") as producer:
            async with producer.transaction():
                await producer.send(kafka.events, seen("kept"))
            with suppress(InterruptedError):
                async with producer.transaction():
                    for value in (seen("taken back"), b"taken back, and not JSON"):
                        await producer.send_and_wait(kafka.events, value)
                    raise InterruptedError

    asyncio.run(send_in_transactions())
    # Behind it, so that the last offset is a message's.
    asyncio.run(send(kafka, [Sent(0, seen("last"))]))
    url = f"sqlite:///{tmp_path}/graph.db"
    with Workers(kafka, url, tmp_path, 1) as workers:
        workers.wait_until_done()
    assert ids(url) == {"kept", "last"}
    with closing(open_store(url)) as store, store.read() as tx:
        assert not tx.dead_letters(0, 9)


def test_where_a_topic_lost_what_was_taken_what_comes_then_is_taken(kafka: Kafka, tmp_path: Path) -> None:
    """A broker lost its disk, say, and the group's offsets, which others have, outlived it."""

    async def remember(place: int) -> None:
        partition = TopicPartition(kafka.events, 0)
        async with AIOKafkaConsumer(**kafka.client(), group_id=kafka.prefix) as consumer:
            consumer.assign([partition])
            await consumer.commit({partition: place})

    asyncio.run(remember(500))
    url = f"sqlite:///{tmp_path}/graph.db"
    with closing(open_store(url)) as store:
        Engine(store, load_rules(), ID_KEY.encode()).put({f"position/kafka/{kafka.events}/0": 500})
    asyncio.run(send(kafka, [Sent(0, seen("first")), Sent(0, seen("second"))]))
    assert asyncio.run(look(kafka)).lag == {0: 2}
    with Workers(kafka, url, tmp_path, 1) as workers:
        workers.wait_until_done()
    assert ids(url) == {"first", "second"}
