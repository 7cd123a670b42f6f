"""Where a worker goes on after a rebalance: no message is passed over, whatever Faust had fetched before."""

import asyncio
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver

from graph_schema.errors import StoreUnavailable
from stream import faust_app, worker
from stream.consuming import Figures
from stream.kafka import Kafka

ONE, OTHER, THIRD = (TopicPartition("events", number) for number in range(3))


class Thread:
    """What a consumer's thread is asked for."""

    def __init__(self, committed: dict[TopicPartition, int | None], *short: TopicPartition) -> None:
        self.committed, self.short = committed, short
        self.sought: dict[TopicPartition, int] = {}

    def assignment(self) -> set[TopicPartition]:
        return set(self.committed)

    async def seek_to_committed(self) -> dict[TopicPartition, int | None]:
        return self.committed

    async def call_thread(self, asked: Any, *by: Any) -> Any:
        return await asked(*by)

    async def beyond(self, places: dict[TopicPartition, int]) -> list[TopicPartition]:
        return [one for one in self.short if one in places]

    async def seek_wait(self, partitions: dict[TopicPartition, int]) -> None:
        self.sought |= partitions


def test_where_kafka_remembers_nothing_it_begins_at_the_beginning() -> None:
    """Aiokafka seeks nowhere then: what an earlier generation fetched was lost when partitions came new."""
    consumer: Any = faust_app._Consumer.__new__(faust_app._Consumer)
    consumer._thread = thread = Thread({ONE: None, OTHER: 50, THIRD: 50})
    consuming = SimpleNamespace(positions=lambda topic: {0: 7, 1: 60, 2: 40})
    consumer.app = SimpleNamespace(consuming=consuming)
    assert asyncio.run(consumer.seek_to_committed()) == {ONE: 0, OTHER: 50, THIRD: 40}
    assert thread.sought == {ONE: 0, THIRD: 40}


def test_where_a_partition_ends_before_its_place_it_begins_at_the_beginning() -> None:
    """Faust passed over all that was sent until the partition was as long as it had been."""
    consumer: Any = faust_app._Consumer.__new__(faust_app._Consumer)
    consumer._thread = thread = Thread({ONE: 60, OTHER: 50}, ONE)
    consumer.app = SimpleNamespace(consuming=SimpleNamespace(positions=lambda topic: {0: 60, 1: 50}))
    assert asyncio.run(consumer.seek_to_committed()) == {ONE: 0, OTHER: 50}
    assert thread.sought == {ONE: 0}


def test_a_partition_without_a_leader_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faust_app, "_LOOK_SECONDS", 0.05)

    async def end_offsets(asked: list[TopicPartition]) -> dict[TopicPartition, int]:
        await asyncio.sleep(60 if asked == [OTHER] else 0)
        return dict.fromkeys(asked, 50)

    thread: Any = faust_app._ConsumerThread.__new__(faust_app._ConsumerThread)
    thread._consumer = SimpleNamespace(end_offsets=end_offsets)
    assert asyncio.run(thread.beyond({ONE: 60, OTHER: 60, THIRD: 50})) == [ONE]


def test_nothing_is_asked_of_a_partition_without_a_leader_and_its_lag_stays() -> None:
    """Two such questions kept the thread that fetches busy: nothing came of partitions with a leader."""

    async def offsets(asked: list[TopicPartition]) -> dict[TopicPartition, int]:
        await asyncio.sleep(60 if OTHER in asked or THIRD in asked else 0)
        return dict.fromkeys(asked, 50)

    leaders = SimpleNamespace(leader_for_partition={ONE: 1, OTHER: -1}.get)
    thread: Any = faust_app._ConsumerThread.__new__(faust_app._ConsumerThread)
    client = SimpleNamespace(cluster=leaders)
    thread._consumer = SimpleNamespace(beginning_offsets=offsets, end_offsets=offsets, _client=client)
    held = asyncio.run(thread.holds([ONE, OTHER, THIRD]))
    assert held == {ONE: range(50, 50), OTHER: None, THIRD: None}
    assert worker._lag({0: range(2, 9), 1: None, 2: None}, {0: 5}, {0: 1, 1: 7}) == {0: 4, 1: 7, 2: 0}


def test_what_faust_would_pass_over_is_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetched(*_: object) -> dict[TopicPartition, list[SimpleNamespace]]:
        return {one: [SimpleNamespace(offset=5), SimpleNamespace(offset=6)] for one in (ONE, OTHER, THIRD)}

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetched)
    sought: dict[TopicPartition, int] = {}
    consumer = SimpleNamespace(assignment=lambda: {ONE, OTHER}, seek=sought.__setitem__)
    thread: Any = faust_app._ConsumerThread.__new__(faust_app._ConsumerThread)
    asyncio.run(thread._fetch_records(consumer, {ONE}))
    assert sought == {OTHER: 5}


def test_what_waits_holds_no_rebalance_up(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[str] = []

    async def wait_empty(consumer: Any) -> None:
        left.extend(consumer._unacked_messages)

    monkeypatch.setattr(driver.Consumer, "wait_empty", wait_empty)
    line = SimpleNamespace(drop=lambda generation: [SimpleNamespace(event=SimpleNamespace(message="waits"))])
    consumer: Any = faust_app._Consumer.__new__(faust_app._Consumer)
    consumer.app = SimpleNamespace(line=line, consumer_generation_id=1, ending=False)
    consumer._unacked_messages = {"waits", "being written"}
    asyncio.run(consumer.wait_empty())
    assert left == ["being written"]


def test_a_store_that_is_away_is_not_taken_for_kafka_and_what_waits_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "_WATCH_SECONDS", 0.01)
    working: Any = worker._Worker.__new__(worker._Worker)
    working._figures, working._kafka = Figures(), Kafka("localhost:9092", prefix="")
    kafka, store = {"first": 0, "last": 5}, {"away": False}

    def positions(_: str) -> dict[int, int]:
        if store["away"]:
            raise StoreUnavailable("it is away", way_out="")
        return {0: 5}

    async def holds(_: str) -> dict[int, range]:
        return {0: range(kafka["first"], kafka["last"])}

    app: Any = SimpleNamespace(holds=holds)
    working._consuming = SimpleNamespace(positions=positions)

    async def told() -> tuple[bool, bool, dict[int, int]]:
        await asyncio.sleep(0.1)
        figures = working._figures
        return figures.broker_answers, figures.store_answers, dict(figures.lag)

    async def watched() -> None:
        watching = asyncio.create_task(working._watch(app))
        assert await told() == (True, True, {0: 0})
        store["away"], kafka["last"] = True, 9
        assert await told() == (True, False, {0: 4})
        store["away"] = False
        assert await told() == (True, True, {0: 4})
        # What was removed for its age never waits, or it would for ever.
        kafka["first"] = 8
        assert await told() == (True, True, {0: 1})
        kafka["first"] = 9
        assert await told() == (True, True, {0: 0})
        watching.cancel()

    asyncio.run(watched())


def test_offsets_without_a_message_hold_no_commit_up_however_many() -> None:
    """As the ends of transactions are, and what was compacted or removed."""
    consumer: Any = faust_app._Consumer.__new__(faust_app._Consumer)
    consumer._gap = defaultdict(vars(faust_consumer)["IntervalTree"])
    consumer._committed_offset = {ONE: 1, OTHER: 5}
    far = 2**40
    consumer._acked = {ONE: [5, 6], OTHER: [far]}
    consumer._acked_index = {ONE: {5, 6}, OTHER: {far}}
    # Of a gap behind offset 0 Faust is told nothing: it committed nothing any more.
    asyncio.run(consumer._add_gap(OTHER, 5, far))
    assert [consumer._new_offset(one) for one in (ONE, OTHER)] == [7, far + 1]
    assert [consumer._new_offset(one) for one in (ONE, OTHER)] == [None, None]
    assert not any(consumer._acked_index.values())
