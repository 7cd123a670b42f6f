"""What a server tells of itself: while its store doesn't answer, of its answers, and of what waits."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import Event
from serving import health
from serving.app import make_app
from stream.engine import Engine
from tests.integration.running import running


class Hanging(MemoryStore):
    """A store that answers nobody for as long as it is told not to."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()
        self.answers.set()

    @contextmanager
    def read(self) -> Iterator[MemoryStore]:
        self.answers.wait(60)
        with super().read() as tx:
            yield tx


def test_figures_and_readiness_come_in_time_and_recover(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_STORE_SECONDS", 0.2)
    store = Hanging()
    with (
        running(make_app(Engine(store, load_rules()))) as url,
        httpx.Client(base_url=url, timeout=9) as client,
    ):

        def told() -> tuple[int, bool, Any]:
            ready, metrics = client.get("/readyz"), client.get("/metrics")
            assert "onefold_waiting_bytes 0" in metrics.text
            return ready.status_code, "onefold_feed_position 0" in metrics.text, ready.json().get("type")

        assert told() == (200, True, None)
        store.answers.clear()
        for _ in range(12):
            assert told() == (503, False, "urn:onefold:problem:store-unavailable")
        store.answers.set()
        assert told() == (200, True, None)


def test_every_answer_counts_by_its_route(monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(Engine(MemoryStore(), load_rules()))

    def trips() -> None:
        raise ZeroDivisionError

    with running(app) as url, httpx.Client(base_url=url, timeout=9) as client:
        for path in ("/console/persons/per_x", "/console/queue", "/v1/persons/per_x", "/nothing"):
            client.get(path)
        monkeypatch.setattr(app.state.service.engine, "agree", trips)
        assert client.get("/readyz").status_code == 500
        told = httpx.get(f"{url}/metrics").text
    counted = {line.partition("{")[2] for line in told.splitlines() if "http_requests_total{" in line}
    assert counted == {
        'route="/console/persons/{person_id}",status="404"} 1',
        'route="/console/queue",status="200"} 1',
        'route="/readyz",status="500"} 1',
        'route="/v1/persons/{person_id}",status="404"} 1',
        'route="none",status="404"} 1',
    }


class Slow:
    """A Kafka that has nothing until it is told to."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()

    async def send(self, events: Sequence[Event]) -> None:
        await asyncio.to_thread(self.goes_on.wait, 20)

    async def reach(self) -> None: ...

    async def stop(self) -> None: ...


def test_what_waits_for_kafka_weighs_too() -> None:
    slow = Slow()
    with running(make_app(Engine(MemoryStore(), load_rules()), sender=slow)) as url:

        def waiting() -> int:
            told = httpx.get(f"{url}/metrics").text
            return next(
                int(line.split()[1])
                for line in told.splitlines()
                if line.startswith("onefold_waiting_bytes ")
            )

        body = {"userId": "u-1", "traits": {"plan": "x" * 5_000}}
        sending = threading.Thread(
            target=httpx.post, args=[f"{url}/v1/identify"], kwargs={"json": body, "auth": ("web", "")}
        )
        sending.start()
        until = time.monotonic() + 9
        while not (weight := waiting()) and time.monotonic() < until:
            time.sleep(0.02)
        slow.goes_on.set()
        sending.join()
        assert weight > 5_000
        assert waiting() == 0
