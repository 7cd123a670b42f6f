"""What the commands do with Kafka: handing over, looking at it, putting back, and refusing to start."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from serving import diagnosis
from serving.diagnosis import Finding
from serving.stores import open_store
from stream.kafka import Kafka, look, make_topics
from tests.integration.command import Ended, Onefold
from tests.integration.working import ID_KEY, Sent, Worker, Workers, send
from tests.services import Service, kafka_topics
from tests.services.engines import free_port

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

ANA: dict[str, Any] = {"type": "identify", "userId": "ana", "messageId": "m1", "traits": {"plan": "gold"}}


@pytest.fixture
def kafka(kafka_broker: Service) -> Iterator[Kafka]:
    """A cluster without our topics, but a prefix that nobody else has."""
    found = Kafka(kafka_broker.address, prefix=kafka_topics.unique("commands"))
    yield found
    asyncio.run(kafka_topics.delete(kafka_broker, found.events, found.changes, found.dead_letters))


@pytest.fixture
def onefold(
    kafka: Kafka, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Onefold:
    """The command line, with our prefix."""
    monkeypatch.setenv("ONEFOLD_KAFKA_PREFIX", kafka.prefix)
    monkeypatch.setenv("ONEFOLD_STORE", f"sqlite:///{tmp_path}/graph.db")
    monkeypatch.setenv("ONEFOLD_ID_KEY", ID_KEY)
    return Onefold(tmp_path, capsys)


@contextmanager
def served(kafka: Kafka, folder: Path) -> Iterator[httpx.Client]:
    """`onefold serve --kafka`, and a client that sends to it."""
    port = free_port()
    command = [sys.executable, "-c", "from serving.cli import main; main()", "serve", "--port", str(port)]
    store = f"sqlite:///{folder}/graph.db"
    environment = {**os.environ, "ONEFOLD_KAFKA_PREFIX": kafka.prefix, "ONEFOLD_ID_KEY": ID_KEY}
    with (
        (folder / "serve.txt").open("wb") as log,
        subprocess.Popen(
            [*command, "--kafka", kafka.servers, "--store", store], env=environment, stderr=log
        ) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=("web", ""), timeout=30) as client,
    ):
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    client.get("/healthz")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield client
        finally:
            process.terminate()


async def events_of(kafka: Kafka) -> list[tuple[bytes | None, dict[str, Any], int]]:
    """(key, message, timestamp in milliseconds) of all that is on the topic."""
    partitions = [
        TopicPartition(kafka.events, one) for one in range((await look(kafka)).partitions[kafka.events])
    ]
    found = []
    async with AIOKafkaConsumer(**kafka.client(), auto_offset_reset="earliest") as consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += [(one.key, orjson.loads(one.value), one.timestamp) for one in records]
    return found


def test_what_is_answered_is_on_the_topic_and_a_worker_takes_it(kafka: Kafka, tmp_path: Path) -> None:
    with served(kafka, tmp_path) as client:
        before = time.time_ns() // 1_000_000
        assert client.post("/v1/identify", json=ANA).json() == {"success": True}
        members = [{"type": "page", "userId": "ana", "messageId": f"p{one}"} for one in range(3)]
        wrong = {"type": "page", "userId": "ana", "messageId": "p9", "timestamp": "yesterday"}
        told = client.post("/v1/batch", json={"batch": [*members, wrong]}).json()
        assert [(one["messageId"], one["field"]) for one in told["rejected"]] == [("p9", "timestamp")]
        assert client.post("/v1/track", content=b"not JSON").status_code == 400
        sent = asyncio.run(events_of(kafka))
        assert sorted(message["messageId"] for _, message, _ in sent) == ["m1", "p0", "p1", "p2"]
        assert {message["source"] for _, message, _ in sent} == {"web"}
        assert len({key for key, _, _ in sent}) == 1
        assert all(key is not None and b"ana" not in key for key, _, _ in sent)
        assert all(before <= at <= time.time_ns() // 1_000_000 for _, _, at in sent)
        assert "onefold_handed_over_total 4" in client.get("/metrics").text
        assert client.get("/v1/persons", params={"identifier": "user_id:ana"}).status_code == 404
        with Workers(kafka, f"sqlite:///{tmp_path}/graph.db", tmp_path, 1) as workers:
            workers.wait_until_done()
            ana = client.get("/v1/persons", params={"identifier": "user_id:ana"}).json()
            assert ana["attributes"]["plan"]["value"] == "gold"
    with closing(open_store(f"sqlite:///{tmp_path}/graph.db")) as store, store.read() as tx:
        assert sorted(letter.field for _, letter in tx.dead_letters(0, 9)) == ["message", "timestamp"]
        assert all(event.stamped for event in tx.all_events())


def test_without_a_broker_senders_are_told_to_come_again(kafka_alone: Service, tmp_path: Path) -> None:
    if not kafka_alone.can_fail:
        pytest.skip("NOT TESTED: the broker in the environment is not ours to end")
    kafka = Kafka(kafka_alone.address, prefix=kafka_topics.unique("commands"))
    with served(kafka, tmp_path) as client:
        assert client.post("/v1/identify", json=ANA).status_code == 200
        assert client.get("/readyz").status_code == 200
        kafka_alone.stop()
        away = client.get("/readyz")
        assert (away.status_code, away.json()["type"]) == (503, "urn:onefold:problem:broker-unavailable")
        refused = client.post("/v1/identify", json={**ANA, "messageId": "m2"})
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert refused.json()["type"] == "urn:onefold:problem:broker-unavailable"
        kafka_alone.start()
        assert client.get("/readyz").status_code == 200
        assert client.post("/v1/identify", json={**ANA, "messageId": "m2"}).status_code == 200
        assert {message["messageId"] for _, message, _ in asyncio.run(events_of(kafka))} == {"m1", "m2"}


def test_what_a_topic_refuses_for_its_length_holds_up_nothing_behind_it(
    kafka: Kafka, kafka_broker: Service, tmp_path: Path
) -> None:
    asyncio.run(kafka_topics.create(kafka_broker, {kafka.events: 1}, {"max.message.bytes": "60000"}))

    def told(message_id: str, size: int = 1_000) -> dict[str, Any]:
        return {**ANA, "type": "identify", "messageId": message_id, "traits": {"note": "x" * size}}

    with served(kafka, tmp_path) as client:
        assert client.post("/v1/identify", json=told("first")).status_code == 200
        refused = client.post("/v1/identify", json=told("long", 100_000))
        assert (refused.status_code, "MessageSizeTooLargeError" in refused.text) == (503, True)
        assert client.post("/v1/identify", json=told("behind")).status_code == 200
        # More than the topic takes at once, though it takes each: senders send it again.
        batch = {"batch": [told(f"b{one}") for one in range(100)]}
        assert 200 in {client.post("/v1/batch", json=batch).status_code for _ in range(3)}
    sent = {message["messageId"] for _, message, _ in asyncio.run(events_of(kafka))}
    assert sent == {"first", "behind", *(f"b{one}" for one in range(100))}


def test_the_doctor_looks_at_topics_and_lag(kafka: Kafka, onefold: Onefold) -> None:
    onefold("ingest", onefold.lines("a.jsonl", {**ANA, "source": "crm"}))
    missing = onefold("doctor", "--kafka", kafka.servers)
    assert missing.code == 1
    assert f"{kafka.events} missing" in missing.out
    asyncio.run(make_topics(kafka, 3))
    asyncio.run(send(kafka, [Sent(2, b"{}")] * 5))
    there = onefold("doctor", "--kafka", kafka.servers)
    assert there.code == 1
    assert f"{kafka.events} 3" in there.out
    assert "5 messages wait to be taken (partition 2: 5)" in there.out
    assert "No worker reads partition 2;" in there.out
    assert f"0 of 1 changes are on {kafka.changes}" in there.out

    async def while_somebody_reads() -> Finding:
        async with AIOKafkaConsumer(kafka.events, **kafka.client(), group_id=kafka.prefix) as reading:
            while not reading.assignment():
                await asyncio.sleep(0.1)
            return (await asyncio.to_thread(diagnosis.kafka, kafka.servers, os.environ))[-1]

    read = asyncio.run(while_somebody_reads())
    assert (read.told.startswith("5 messages wait"), read.well) == (True, True)


def test_the_doctor_names_topics_that_are_cleaned_up_in_another_way(
    kafka: Kafka, kafka_broker: Service, onefold: Onefold
) -> None:
    onefold("ingest", onefold.lines("a.jsonl", {**ANA, "source": "crm"}))
    for topic, policy in ((kafka.events, "compact"), (kafka.changes, "delete")):
        asyncio.run(kafka_topics.create(kafka_broker, {topic: 1}, {"cleanup.policy": policy}))
    asyncio.run(make_topics(kafka, 1))
    told = onefold("doctor", "--kafka", kafka.servers)
    assert told.code == 1
    assert f"{kafka.events} has another cleanup.policy than delete" in told.out
    assert f"{kafka.changes} has another cleanup.policy than compact" in told.out
    assert f"{kafka.dead_letters} has another" not in told.out


def test_dead_letters_go_back_on_the_topic_by_choice(kafka: Kafka, onefold: Onefold) -> None:
    asyncio.run(make_topics(kafka, 1))
    nameless, late = orjson.dumps(ANA), orjson.dumps({**ANA, "source": "crm", "timestamp": "soon"})
    asyncio.run(send(kafka, [Sent(0, nameless), Sent(0, late), Sent(0, b"not JSON")]))
    store = f"sqlite:///{onefold.folder}/graph.db"
    with Workers(kafka, store, onefold.folder, 1) as workers:
        workers.wait_until_done()
        none = onefold("replay", "--kafka", kafka.servers, "--field", "time")
        assert "0 dead letters put back" in none.err
        back = onefold("replay", "--kafka", kafka.servers, "--field", "timestamp")
        assert "1 dead letter put back" in back.err
        workers.wait_until_done()
        by_reason = onefold("replay", "--kafka", kafka.servers, "--reason", "JSON")
        assert "put back" in by_reason.err
        workers.wait_until_done()
    with closing(open_store(store)) as opened, opened.read() as tx:
        letters = [letter for _, letter in tx.dead_letters(0, 99)]
    assert sorted(letter.field for letter in letters) == [
        "message",
        "message",
        "source",
        "timestamp",
        "timestamp",
    ]
    assert {letter.position for letter in letters} == {f"{kafka.events}/0:{one}" for one in range(5)}


def test_a_worker_refuses_to_start_without_a_key_a_broker_or_an_address(
    kafka: Kafka, onefold: Onefold, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusal(*arguments: str) -> Ended:
        return onefold("worker", "--port", "0", *arguments)

    away = refusal("--kafka", "127.0.0.1:1")
    assert (away.code, "Kafka at 127.0.0.1:1 can't be reached" in away.err) == (3, True)
    assert refusal("--kafka", "nowhere").code == 2
    none = refusal("--kafka", kafka.servers, "--store", "sqlite:////nowhere/at/all.db")
    assert none.code == 3
    onefold("ingest", onefold.lines("a.jsonl", {**ANA, "source": "crm"}))
    monkeypatch.setenv("ONEFOLD_ID_KEY", "another key")
    other = refusal("--kafka", "127.0.0.1:1")
    assert (other.code, "built with another key of person ids" in other.err) == (3, True)
    monkeypatch.setenv("ONEFOLD_KAFKA_SECURITY_PROTOCOL", "SSSL")
    wrong = refusal("--kafka", kafka.servers)
    assert (wrong.code, "PLAINTEXT, SSL" in wrong.err) == (2, True)
    monkeypatch.delenv("ONEFOLD_ID_KEY")
    keyless = refusal("--kafka", kafka.servers)
    assert (keyless.code, "ONEFOLD_ID_KEY" in keyless.err) == (2, True)


def test_a_restored_store_takes_what_it_lacks_again(kafka: Kafka, tmp_path: Path) -> None:
    asyncio.run(make_topics(kafka, 2))
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    asyncio.run(
        send(
            kafka,
            [
                Sent(one % 2, orjson.dumps({**ANA, "source": "crm", "messageId": f"m{one}"}))
                for one in range(20)
            ],
        )
    )
    for folder in (first, second):
        # The second store is empty, though the group has taken all of the topic.
        with Workers(kafka, f"sqlite:///{folder}/graph.db", folder, 1) as workers:
            deadline = time.monotonic() + 60
            while 'fate="taken"} 20' not in told(workers.running[0]) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert 'fate="taken"} 20' in told(workers.running[0])
            workers.wait_until_done()


def told(worker: Worker) -> str:
    """A worker's figures, nothing while it has none."""
    try:
        return worker.get("/metrics").text
    except httpx.TransportError:
        return ""
