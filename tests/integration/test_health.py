"""What a server tells of itself: while its store doesn't answer, of its answers, and of what waits."""

import asyncio
import re
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
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
        self.goes_on = False

    async def send(self, events: Sequence[Event]) -> None:
        while not self.goes_on:
            await asyncio.sleep(0.01)

    async def reach(self) -> None: ...

    async def stop(self) -> None: ...


@contextmanager
def sending(url: str) -> Iterator["Future[httpx.Response]"]:
    """A message that is sent there, and waits by now."""
    body = {"userId": "u-1", "traits": {"plan": "x" * 5_000}}
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.post, f"{url}/v1/identify", json=body, auth=("web", ""), timeout=20)
        until = time.monotonic() + 9
        while not waiting(url) and time.monotonic() < until:
            time.sleep(0.02)
        yield answer


def waiting(url: str) -> int:
    found = re.search(r"^onefold_waiting_bytes (\d+)$", httpx.get(f"{url}/metrics").text, re.MULTILINE)
    assert found
    return int(found[1])


def test_what_waits_for_kafka_weighs_too() -> None:
    slow = Slow()
    with running(make_app(Engine(MemoryStore(), load_rules()), sender=slow)) as url:
        with sending(url) as answer:
            assert waiting(url) > 5_000
            slow.goes_on = True
            assert answer.result().json() == {"success": True}
        assert waiting(url) == 0


def test_what_a_server_has_no_time_for_at_its_end_is_to_come_again() -> None:
    app = make_app(Engine(MemoryStore(), load_rules()), sender=Slow())
    with ExitStack() as server, sending(server.enter_context(running(app))) as answer:
        server.close()
        told = answer.result()
    assert (told.status_code, told.headers["retry-after"]) == (503, "1")
    assert told.headers["content-type"] == "application/problem+json"
