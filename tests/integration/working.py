"""Kafka workers in processes of their own on one store, what is sent to them, and what they made of it."""

import asyncio
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import httpx
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from graph_schema.errors import BrokerUnavailable
from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.store import Store
from graph_schema.vocabulary import EventKey
from serving.stores import open_store
from stream.arrived import Arrived
from stream.consuming import Consuming, Figures
from stream.engine import Engine
from stream.exporting import persons
from stream.feed import sent
from stream.intake import Intake
from stream.kafka import Kafka, look
from stream.reader import Reader
from tests.engine.kept import differences, picture
from tests.services.engines import free_port

ID_KEY = "a key of the tests"
CLOCK = 1_800_000_000_000_000
EVENTS = int(os.environ.get("ONEFOLD_TEST_EVENTS", "4000"))
PATIENCE_SECONDS = 240.0 + EVENTS / 50
_ASKING = httpx.Client(timeout=10)
"""One for all: each of its own would read every certificate first, 30 ms of a core that workers share."""


class Sent(NamedTuple):
    """A message and the partition that it goes to."""

    partition: int
    value: bytes


class Worker:
    """One `onefold worker`. ``first`` is done before it in its process."""

    def __init__(self, kafka: Kafka, store: str, folder: Path, *options: str, first: str = "") -> None:
        self.port = free_port()
        self.log = folder / f"worker-{self.port}.txt"
        arguments = ["worker", "--kafka", kafka.servers, "--store", store, "--port", str(self.port), *options]
        # Who is killed leaves temporary files behind: with those of the test.
        own = {"ONEFOLD_ID_KEY": ID_KEY, "ONEFOLD_KAFKA_PREFIX": kafka.prefix, "TMPDIR": str(folder)}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", f"{first}\nfrom serving.cli import main; main()", *arguments],
                env={**os.environ, **own},
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Asks it to end, and waits until it has; gives its exit code."""
        self.process.terminate()
        return self.process.wait(60)

    def get(self, path: str) -> httpx.Response:
        """Asks it how it is."""
        return _ASKING.get(f"http://127.0.0.1:{self.port}{path}")

    def wait_until_ready(self) -> None:
        """Returns when it has said that it can work."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if self.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"never ready: {self.log.read_text()}")


class Workers:
    """Several on one store, each replaced by another when it is killed."""

    def __init__(self, kafka: Kafka, store: str, folder: Path, number: int) -> None:
        self.kafka, self.store, self.folder = kafka, store, folder
        self.running = [self._another() for _ in range(number)]

    def _another(self) -> Worker:
        return Worker(self.kafka, self.store, self.folder, "--partitions", "4")

    def _tend(self) -> None:
        """Starts another for each that could not reach Kafka or the store, as a supervisor would."""
        for place, one in enumerate(self.running):
            ended = one.process.poll()
            assert ended in (None, 3), self.said()
            if ended is not None:
                self.running[place] = self._another()

    def replace(self, place: int) -> None:
        """Kills one, and starts another."""
        self.running[place].kill()
        self.running[place] = self._another()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        for one in self.running:
            one.kill()

    def wait_until_done(self) -> None:
        """Returns when nothing waits to be taken, and every entry of the feeds was sent."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            self._tend()
            if self._is_done():
                return
            time.sleep(0.5)
        raise AssertionError(f"not done in time: {self.said()}")

    def _is_done(self) -> bool:
        try:
            lag = asyncio.run(look(self.kafka)).lag
        except BrokerUnavailable:
            return False
        if not lag or any(lag.values()):
            return False
        with closing(open_store(self.store)) as store, store.read() as tx:
            numbers = sent(tx).numbers
            letters = tx.dead_letters(numbers.get(self.kafka.dead_letters, 0), 1)
            return bool(numbers.get(self.kafka.changes, 0) == tx.last_change() and not letters)

    def said(self) -> str:
        """What all of them logged."""
        return "\n".join(path.read_text()[-3000:] for path in sorted(self.folder.glob("worker-*.txt")))


async def send(kafka: Kafka, messages: Iterable[Sent], pause: float = 0.0) -> None:
    """Sends messages, each acknowledged at the end."""
    producer = AIOKafkaProducer(**kafka.client(), enable_idempotence=True, linger_ms=5)
    async with producer:
        waiting = []
        for message in messages:
            waiting.append(await producer.send(kafka.events, message.value, partition=message.partition))
            if pause and len(waiting) % 50 == 0:
                await asyncio.sleep(pause)
        await asyncio.gather(*waiting)


async def received(kafka: Kafka, topic: str) -> list[tuple[str, dict[str, Any]]]:
    """All committed messages of a topic as (key, value), of each partition in its order."""
    consumer = AIOKafkaConsumer(
        **kafka.client(), isolation_level="read_committed", auto_offset_reset="earliest"
    )
    found: list[tuple[str, dict[str, Any]]] = []
    partitions = [TopicPartition(topic, one) for one in range((await look(kafka)).partitions[topic])]
    async with consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += [(one.key.decode(), orjson.loads(one.value)) for one in records]
    return found


def expected(messages: Sequence[Sent]) -> Store:
    """The memory model, after the same messages one after the other."""
    store = MemoryStore()
    consuming = Consuming(Engine(store, load_rules(), ID_KEY.encode(), lambda: CLOCK), Figures())
    for start in range(0, len(messages), 500):
        consuming.take(
            [
                Arrived("model", one.partition, place, CLOCK, one.value)
                for place, one in enumerate(messages[start : start + 500], start)
            ]
        )
    return store


def assert_the_same(kept: Store, model: Store) -> None:
    """Persons, ids, profiles, events and dead letters are those of the model, byte for byte."""
    assert differences(picture(kept), picture(model)) == []
    ours, theirs = _told(kept), _told(model)
    assert ours["events"] == theirs["events"]
    assert ours["letters"] == theirs["letters"]
    assert ours["profiles"] == theirs["profiles"]


def _told(store: Store) -> dict[str, Any]:
    with store.read() as tx:
        reader = Reader(tx, Intake(load_rules()), ID_KEY.encode())
        # A version counts how often a store looked; all else is the same.
        profiles = {one: {**orjson.loads(text), "version": 0} for one, text in persons(reader, CLOCK)}
        keys: list[EventKey] = sorted(event.key for event in tx.all_events())
        letters = sorted(
            (letter.source or "", letter.field, letter.raw) for _, letter in tx.dead_letters(0, 1 << 20)
        )
    return {"profiles": profiles, "events": keys, "letters": letters}


def assert_all_was_told(store: Store, changes: list[tuple[str, dict[str, Any]]]) -> None:
    """Every entry of the feed is on the topic, and of each person in order where it first comes."""
    with store.read() as tx:
        feed = {one.seq: one for one in tx.changes(0, 1 << 30)}
    assert {value["seq"] for _, value in changes} == feed.keys()
    of: dict[str, list[int]] = defaultdict(list)
    for key, value in changes:
        if value["seq"] not in of[key]:
            of[key].append(value["seq"])
        # Where entries come again, what stands at the end is the last of them all the same.
        of[key + " last"] = [value["seq"]]
    for key, seqs in of.items():
        assert seqs == sorted(seqs)
        if not key.endswith(" last"):
            assert of[key + " last"] == [seqs[-1]]
