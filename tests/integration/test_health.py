"""What a server tells of itself: while its store doesn't answer, of its answers, and of what waits."""

import asyncio
import re
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from graph_schema.errors import StoreUnavailable
from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.store import View
from graph_schema.vocabulary import Event
from serving import health
from serving.app import _READ_THREADS, make_app
from serving.guard import Guard
from serving.service import Settings
from stream.engine import Engine
from tests.integration.running import running


class Hanging(MemoryStore):
    """A store that answers nobody for as long as it is told not to."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()
        self.answers.set()

    @contextmanager
    def read(self, view: View = "loose") -> Iterator[MemoryStore]:
        self.answers.wait(60)
        with super().read(view) as tx:
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


def test_who_waits_to_write_keeps_nobody_from_reading() -> None:
    app, goes_on = make_app(Engine(MemoryStore(), load_rules())), threading.Event()
    with running(app) as url, ThreadPoolExecutor(20) as others:
        others.submit(app.state.service.commits.run, lambda: goes_on.wait(30))
        ask = partial(httpx.post, f"{url}/v1/rewards/none/claim", json={"channel": "web"}, timeout=60)
        claims = [others.submit(ask) for _ in range(2 * _READ_THREADS)]
        # There is no telling from outside that they wait by now.
        time.sleep(0.5)
        try:
            for path, status in (("/v1/persons/per_x", 404), ("/readyz", 200), ("/metrics", 200)):
                assert httpx.get(f"{url}{path}", timeout=5).status_code == status, path
            assert not any(one.done() for one in claims)
        finally:
            goes_on.set()
        assert {one.result().status_code for one in claims} == {404}


def test_health_is_told_while_every_thread_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_STORE_SECONDS", 0.2)
    store = Hanging()
    with running(make_app(Engine(store, load_rules()))) as url, ThreadPoolExecutor(20) as others:
        store.answers.clear()
        asked = [
            others.submit(httpx.get, f"{url}/v1/persons/per_x", timeout=60) for _ in range(_READ_THREADS)
        ]
        time.sleep(0.5)
        try:
            assert httpx.get(f"{url}/readyz", timeout=5).status_code == 503
            assert httpx.get(f"{url}/metrics", timeout=5).status_code == 200
            assert not any(one.done() for one in asked)
        finally:
            store.answers.set()
        assert {one.result().status_code for one in asked} == {404}


def test_messages_reach_kafka_while_every_reader_waits_for_the_store() -> None:
    store, sender = Hanging(), Slow()
    sender.goes_on = True
    with (
        running(make_app(Engine(store, load_rules()), sender=sender)) as url,
        ThreadPoolExecutor(20) as others,
    ):
        store.answers.clear()
        asked = [
            others.submit(httpx.get, f"{url}/v1/persons/per_x", timeout=60) for _ in range(_READ_THREADS)
        ]
        time.sleep(0.5)
        try:
            message = {"userId": "u-1", "event": "Looked"}
            told = httpx.post(f"{url}/v1/track", json=message, auth=("web", ""), timeout=5)
            assert told.status_code == 200
            assert not any(one.done() for one in asked)
        finally:
            store.answers.set()
        assert {one.result().status_code for one in asked} == {404}


@pytest.mark.parametrize(
    "path", ["/v1/persons/per_0000000000000000", "/console/persons/per_0000000000000000"]
)
def test_who_asks_while_the_store_is_away_is_told_when_to_come_again(path: str) -> None:
    def is_away(_view: View = "loose") -> None:
        raise StoreUnavailable("it is away")

    app = make_app(Engine(MemoryStore(), load_rules()))
    with running(app) as url, pytest.MonkeyPatch.context() as patched:
        patched.setattr(app.state.service.engine.store, "read", is_away)
        told = httpx.get(f"{url}{path}", timeout=9)
        assert (told.status_code, told.headers.get("retry-after")) == (503, "1")


def test_a_line_of_the_feed_ends_in_order_where_the_store_is_away(caplog: pytest.LogCaptureFixture) -> None:
    def is_away(_view: View = "loose") -> None:
        raise StoreUnavailable("it is away")

    app = make_app(Engine(MemoryStore(), load_rules()), Settings(feed_seconds=0.05))
    with running(app) as url, pytest.MonkeyPatch.context() as patched:
        accept = {"Accept": "text/event-stream"}
        with httpx.stream("GET", f"{url}/v1/changes", headers=accept, timeout=9) as following:
            lines = following.iter_lines()
            assert next(lines) == "retry: 1000"
            patched.setattr(app.state.service.engine.store, "read", is_away)
            assert list(lines) == [""]
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


def test_every_answer_counts_by_its_route(monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(Engine(MemoryStore(), load_rules()))

    def trips() -> None:
        raise ZeroDivisionError

    with running(app) as url, httpx.Client(base_url=url, timeout=9) as client:
        for path in ("/console/persons/per_x", "/console/queue", "/v1/persons/per_x", "/nothing"):
            client.get(path)
        head, whole = client.head("/healthz"), client.get("/healthz")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == whole.headers["content-length"]
        monkeypatch.setattr(app.state.service.engine, "agree", trips)
        assert client.get("/readyz").status_code == 500
        told = httpx.get(f"{url}/metrics").text
    counted = {line.partition("{")[2] for line in told.splitlines() if "http_requests_total{" in line}
    assert counted == {
        'route="/console/persons/{person_id}",status="404"} 1',
        'route="/console/queue",status="200"} 1',
        'route="/healthz",status="200"} 2',
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


def test_what_is_broken_off_once_it_is_being_answered_is_not_answered_twice() -> None:
    sent: list[Message] = []

    async def answers(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise asyncio.CancelledError

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    guard = Guard(answers, make_app(Engine(MemoryStore(), load_rules())).state.service)
    asked = {"type": "http", "method": "GET", "path": "/docs", "headers": [(b"host", b"localhost")]}
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(guard(asked, receive, send))
    assert [one["type"] for one in sent] == ["http.response.start"]
