"""The services that tests find or start by themselves talk, fail when told to, and leave nothing behind."""

import asyncio
import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import neo4j
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from neo4j.exceptions import ServiceUnavailable

from tests.services import Service, Services, Unavailable, kafka_topics
from tests.services.neo4j_graph import driver, wipe
from tests.services.offers import OFFERS

REPOSITORY = Path(__file__).resolve().parents[2]
ANSWER_SECONDS = 60.0


async def produce(service: Service, topic: str, *values: bytes) -> None:
    """Send and wait until the broker has it."""
    async with AIOKafkaProducer(bootstrap_servers=service.address, enable_idempotence=True) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=value)


async def consume(service: Service, topic: str, count: int) -> list[bytes]:
    """The first `count` values of a topic."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=service.address, auto_offset_reset="earliest")
    async with asyncio.timeout(ANSWER_SECONDS), consumer:
        return [(await consumer.getone()).value for _ in range(count)]


@contextmanager
def started(
    *command: str, log: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process in the repository that is gone at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=REPOSITORY,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **(environment or {})},
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(pattern: str, log: Path) -> re.Match[str]:
    """The first match of `pattern` in a log that is being written."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        if found := re.search(pattern, log.read_text()):
            return found
        time.sleep(0.1)
    pytest.fail(f"no {pattern} in:\n{log.read_text()[-3000:]}")


@pytest.mark.neo4j
def test_neo4j_runs_a_query_by_both_schemes(neo4j_service: Service) -> None:
    for scheme in ("bolt://", "neo4j://"):
        address = neo4j_service.address.replace("bolt://", scheme)
        with neo4j.GraphDatabase.driver(address, auth=neo4j_service.auth) as driver:
            assert driver.execute_query("RETURN 1 AS one").records[0]["one"] == 1


@pytest.mark.neo4j
def test_wiping_leaves_neither_rows_nor_schema(neo4j_graph: Service) -> None:
    with driver(neo4j_graph) as graph:
        graph.execute_query("CREATE CONSTRAINT key FOR (n:Thing) REQUIRE n.key IS UNIQUE")
        graph.execute_query("CREATE INDEX name FOR (n:Thing) ON (n.name)")
        graph.execute_query(
            "UNWIND range(1, 25000) AS k CREATE (:Thing {key: k})-[:NEXT]->(:Thing {key: -k})"
        )
        wipe(neo4j_graph)
        assert graph.execute_query("MATCH (n) RETURN count(n) AS rows").records[0]["rows"] == 0
        assert graph.execute_query("SHOW CONSTRAINTS").records == []
        assert graph.execute_query("SHOW INDEXES WHERE type <> 'LOOKUP'").records == []


@pytest.mark.slow
@pytest.mark.neo4j
def test_neo4j_keeps_port_and_data_over_a_kill(neo4j_graph: Service) -> None:
    require_ours(neo4j_graph)
    with driver(neo4j_graph) as graph:
        graph.execute_query("CREATE (:Thing {key: 1})")
    neo4j_graph.kill9()
    with driver(neo4j_graph) as graph, pytest.raises(ServiceUnavailable):
        graph.verify_connectivity()
    neo4j_graph.restart()
    with driver(neo4j_graph) as graph:
        assert graph.execute_query("MATCH (n:Thing) RETURN n.key AS key").records[0]["key"] == 1
    neo4j_graph.renew()
    with driver(neo4j_graph) as graph:
        assert graph.execute_query("MATCH (n) RETURN n").records == []


@pytest.mark.kafka
def test_kafka_gives_back_what_it_took(kafka_broker: Service) -> None:
    async def round_trip() -> list[bytes]:
        topic = kafka_topics.unique("round-trip")
        await kafka_topics.create(kafka_broker, {topic: 1}, {"cleanup.policy": "compact"})
        await produce(kafka_broker, topic, b"one", b"two")
        taken = await consume(kafka_broker, topic, 2)
        await kafka_topics.delete(kafka_broker, topic)
        async with kafka_topics.admin(kafka_broker) as admin:
            assert topic not in await admin.list_topics()
        return taken

    assert asyncio.run(round_trip()) == [b"one", b"two"]


@pytest.mark.slow
@pytest.mark.kafka
def test_kafka_keeps_port_and_messages_over_a_kill_and_a_restart(kafka_alone: Service) -> None:
    require_ours(kafka_alone)
    topic = kafka_topics.unique("kept")
    asyncio.run(kafka_topics.create(kafka_alone, {topic: 1}))
    asyncio.run(produce(kafka_alone, topic, b"before"))
    kafka_alone.kill9()
    kafka_alone.start()
    asyncio.run(produce(kafka_alone, topic, b"between"))
    kafka_alone.restart()
    assert asyncio.run(consume(kafka_alone, topic, 2)) == [b"before", b"between"]


@pytest.mark.kafka
def test_a_faust_app_answers(kafka_broker: Service, tmp_path: Path) -> None:
    source, answers = kafka_topics.unique("source"), kafka_topics.unique("answers")
    asyncio.run(kafka_topics.create(kafka_broker, {source: 4, answers: 1}))
    asyncio.run(produce(kafka_broker, source, b"ana", b"bob"))
    worker = Path(__file__).with_name("echo_worker.py")
    log = tmp_path / "worker.txt"
    arguments = [kafka_broker.address, source, answers, str(tmp_path / "data")]
    with started(str(worker), *arguments, log=log) as process:
        assert sorted(asyncio.run(consume(kafka_broker, answers, 2))) == [b"ANA", b"BOB"], log.read_text()
        process.send_signal(signal.SIGTERM)
        process.wait(ANSWER_SECONDS)
    asyncio.run(kafka_topics.delete(kafka_broker, source, answers))


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_however_the_user_of_a_service_ends(
    kafka_service: Service, tmp_path: Path, request: pytest.FixtureRequest, how: signal.Signals
) -> None:
    require_ours(kafka_service)
    # A run of its own, in a temporary directory of its own: a short one, for a socket's path must be short.
    temporary = Path(tempfile.mkdtemp(prefix="of-"))
    request.addfinalizer(lambda: shutil.rmtree(temporary, ignore_errors=True))
    log = tmp_path / "log.txt"
    environment = {"TMPDIR": str(temporary), "PYTEST_XDIST_TESTRUNUID": ""}
    with started("-m", "tests.services", "--kafka", log=log, environment=environment) as process:
        found = wait_for(r"ONEFOLD_TEST_KAFKA=127.0.0.1:(\d+) .*\n(?:.*\n)*Ctrl-C", log)
        process.send_signal(how)
        process.wait(ANSWER_SECONDS)
    if how == signal.SIGKILL:
        # Nobody could wait for the end of the others.
        deadline = time.monotonic() + ANSWER_SECONDS
        while processes_of(temporary) and time.monotonic() < deadline:
            time.sleep(0.1)
    assert processes_of(temporary) == []
    assert list(temporary.rglob("keeper-*")) == []
    assert how == signal.SIGKILL or list(temporary.iterdir()) == []
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", int(found.group(1)))) == errno.ECONNREFUSED


@pytest.mark.kafka
def test_processes_of_one_run_share_one_broker_until_the_last_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", kafka_topics.unique("r"))
    with Services() as late:
        with Services() as early:
            require_ours(early.kafka())
            shared = late.kafka()
            assert shared.address == early.kafka().address
        topic = kafka_topics.unique("after")
        asyncio.run(kafka_topics.create(shared, {topic: 1}))
    with pytest.raises(KafkaConnectionError):
        asyncio.run(kafka_topics.delete(shared, topic))


def processes_of(directory: Path) -> list[str]:
    """The ids of the processes that name this directory in their command lines."""
    found = subprocess.run(["pgrep", "-f", str(directory)], capture_output=True, text=True, check=False)
    return found.stdout.split()


def test_an_address_in_the_environment_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEFOLD_TEST_NEO4J", "bolt://ana:p%40ss@graph.example:7687")
    monkeypatch.setenv("ONEFOLD_TEST_KAFKA", "broker.example:9092")
    with Services() as services:
        graph, broker = services.neo4j(), services.kafka()
    assert (graph.address, graph.auth) == ("bolt://graph.example:7687", ("ana", "p@ss"))
    assert (broker.address, broker.auth) == ("broker.example:9092", None)
    assert not graph.can_fail


def test_without_any_way_each_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", "")
    assert set(OFFERS) == {"neo4j", "kafka"}
    with Services() as services:
        with pytest.raises(
            Unavailable, match=r"ONEFOLD_TEST_NEO4J is not set; no Docker engine answers; no `java`"
        ):
            services.neo4j()
        with pytest.raises(
            Unavailable, match=r"ONEFOLD_TEST_KAFKA is not set; no Docker engine answers; no `java`"
        ):
            services.kafka()


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
def test_a_missing_service_is_skipped_by_hand_and_an_error_in_ci(
    tmp_path: Path, ci: str, outcome: str
) -> None:
    (tmp_path / "conftest.py").write_text("from tests.services.fixtures import neo4j_service, services\n")
    (tmp_path / "test_it.py").write_text("def test_it(neo4j_service): raise AssertionError\n")
    log = tmp_path / "log.txt"
    environment = {"CI": ci, "PATH": str(tmp_path), "PYTEST_XDIST_TESTRUNUID": "", "PYTEST_ADDOPTS": ""}
    arguments = ["-m", "pytest", "-c", "/dev/null", "-p", "no:cacheprovider", "-rs", str(tmp_path)]
    with started(*arguments, log=log, environment=environment) as process:
        process.wait(ANSWER_SECONDS)
    assert outcome in log.read_text()
    assert "NOT TESTED, no neo4j: ONEFOLD_TEST_NEO4J is not set; no Docker engine answers" in log.read_text()


def require_ours(service: Service) -> None:
    """Skip what needs a service that we may end."""
    if not service.can_fail:
        pytest.skip(f"NOT TESTED: the {service.name} in the environment is not ours to end")
