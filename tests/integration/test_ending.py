"""A process that was told to end ends in time, though its store never answers."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from stream.kafka import Kafka
from tests.integration.working import ID_KEY, Worker
from tests.services import Service, kafka_topics
from tests.services.engines import free_port

IMPATIENT = "import time\nfrom stream import ending\nending._PATIENCE_SECONDS = 1.0\n"
TOLD = "this ends without waiting for it"


@pytest.mark.kafka
@pytest.mark.slow
def test_a_worker(kafka_broker: Service, tmp_path: Path) -> None:
    stuck = "from stream.consuming import Consuming\nConsuming.settle = lambda _: time.sleep(600)"
    kafka = Kafka(kafka_broker.address, prefix=kafka_topics.unique("ending"))
    worker = Worker(kafka, f"sqlite:///{tmp_path}/graph.db", tmp_path, first=IMPATIENT + stuck)
    try:
        worker.wait_until_ready()
        assert worker.stop() == 3
        assert TOLD in worker.log.read_text()
    finally:
        worker.kill()
        asyncio.run(kafka_topics.delete(kafka_broker, kafka.events, kafka.changes, kafka.dead_letters))


def test_a_server(tmp_path: Path) -> None:
    stuck = "from stream.engine import Engine\nEngine.ingest = lambda *_: time.sleep(600)\n"
    command = f"{IMPATIENT}{stuck}from serving.cli import main; main()"
    port, log = free_port(), tmp_path / "log.txt"
    with log.open("wb") as told:
        arguments = ["serve", "--store", f"sqlite:///{tmp_path}/graph.db", "--port", str(port)]
        environment = {**os.environ, "ONEFOLD_ID_KEY": ID_KEY}
        process = subprocess.Popen(
            [sys.executable, "-c", command, *arguments], env=environment, stdout=told, stderr=told
        )
    try:
        until_it_waits_for_its_store(f"http://127.0.0.1:{port}")
        process.terminate()
        assert process.wait(30) == 3
        assert TOLD in log.read_text()
    finally:
        process.kill()
        process.wait()


def until_it_waits_for_its_store(url: str) -> None:
    """Returns once a server has got a message that it can't write."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.post(f"{url}/v1/identify", json={"userId": "ana"}, auth=("web", ""), timeout=2)
        except httpx.ReadTimeout:
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("it never came to wait")
