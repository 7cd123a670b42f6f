"""Where a worker goes on after a rebalance: no message is passed over, whatever Faust had fetched before."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from faust.transport.drivers import aiokafka as driver

from stream import worker

ONE, OTHER, THIRD = (TopicPartition("events", number) for number in range(3))


class Thread:
    """What a consumer's thread is asked for."""

    def __init__(self, committed: dict[TopicPartition, int | None]) -> None:
        self.committed = committed
        self.sought: dict[TopicPartition, int] = {}

    def assignment(self) -> set[TopicPartition]:
        return set(self.committed)

    async def seek_to_committed(self) -> dict[TopicPartition, int | None]:
        return self.committed

    async def seek_wait(self, partitions: dict[TopicPartition, int]) -> None:
        self.sought |= partitions


def test_where_kafka_remembers_nothing_it_begins_at_the_beginning() -> None:
    """Aiokafka seeks nowhere then: what an earlier generation fetched was lost when partitions came new."""
    consumer: Any = worker._Consumer.__new__(worker._Consumer)
    consumer._thread = thread = Thread({ONE: None, OTHER: 50, THIRD: 50})
    consuming = SimpleNamespace(positions=lambda topic: {0: 7, 1: 60, 2: 40})
    consumer.app = SimpleNamespace(consuming=consuming)
    assert asyncio.run(consumer.seek_to_committed()) == {ONE: 0, OTHER: 50, THIRD: 40}
    assert thread.sought == {ONE: 0, THIRD: 40}


def test_what_faust_would_pass_over_is_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetched(*_: object) -> dict[TopicPartition, list[SimpleNamespace]]:
        return {one: [SimpleNamespace(offset=5), SimpleNamespace(offset=6)] for one in (ONE, OTHER, THIRD)}

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetched)
    sought: dict[TopicPartition, int] = {}
    consumer = SimpleNamespace(assignment=lambda: {ONE, OTHER}, seek=sought.__setitem__)
    thread: Any = worker._ConsumerThread.__new__(worker._ConsumerThread)
    asyncio.run(thread._fetch_records(consumer, {ONE}))
    assert sought == {OTHER: 5}
