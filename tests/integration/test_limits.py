"""Who asks too often, who guesses, and who asks for another host than this one."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from graph_schema.access import Access, AccessKey
from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from serving import service
from serving.access import digest
from serving.app import make_app
from serving.limits import Rate, TooMany
from serving.service import Settings
from stream.engine import Engine
from tests.integration.running import running

MIA = {"Authorization": "Bearer key-of-mia"}


@contextlib.contextmanager
def served(is_open: bool = False, often: int = 0) -> Iterator[httpx.Client]:
    key = {} if is_open else {"mia": AccessKey(role="steward", sha256=digest("key-of-mia"))}
    rules = load_rules().model_copy(update={"access": Access(key=key)})
    app = make_app(Engine(MemoryStore(), rules), Settings(requests_per_second=often))
    with running(app) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def test_one_key_may_so_much_and_another_has_its_own() -> None:
    # So few that the test is done before there is room again.
    with served(often=1) as client:
        message = {"userId": "u-1", "event": "Seen"}
        for name in ("web", "app"):
            sent = [client.post("/v1/track", json=message, auth=(name, "")) for _ in range(4)]
            assert [one.status_code for one in sent[:2]] == [200, 200]
            assert sent[3].status_code == 429
            assert int(sent[3].headers["retry-after"]) >= 1
            assert sent[3].json()["type"] == "urn:onefold:problem:too-many"
        asked = [client.get("/v1/cases", headers=MIA) for _ in range(4)]
        assert [one.status_code for one in asked[:2]] == [200, 200]
        assert asked[3].status_code == 429
        assert client.get("/readyz").status_code == 200


def test_a_bucket_fills_again_and_forgets_who_came_once() -> None:
    now = [0.0]
    rate = Rate(2, 4, clock=lambda: now[0])
    for _ in range(4):
        rate.take("a")
    rate.take("b")
    with pytest.raises(TooMany) as told:
        rate.take("a")
    assert told.value.after == 1
    now[0] += 0.5
    rate.take("a")
    with pytest.raises(TooMany):
        rate.check("a")
    for number in range(30_000):
        now[0] += 0.001
        rate.take(str(number))
    assert len(rate._full_at) <= 10_000


def test_whoever_guesses_a_key_is_slowed_down_and_who_has_one_is_not() -> None:
    with served() as client:
        wrong = {"Authorization": "Bearer guessed"}
        answers = [client.get("/v1/cases", headers=wrong).status_code for _ in range(12)]
        assert answers == [401] * 10 + [429] * 2
        assert client.get("/v1/cases", headers=MIA).status_code == 200
        assert client.get("/v1/cases").status_code == 401


def test_signing_in_is_tried_ten_times_then_slowly() -> None:
    with served() as client:
        page = client.get("/console/sign-in").text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        answers = [
            client.post("/console/sign-in", data={"key": f"guess-{one}", "csrf": csrf}) for one in range(11)
        ]
        assert [one.status_code for one in answers] == [401] * 10 + [429]
        assert int(answers[-1].headers["retry-after"]) in range(1, 7)
        assert "too many" in answers[-1].text.lower()


@pytest.mark.parametrize(
    "path", ["/v1/cases", "/console/queue", "/console/sign-in", "/v1/identify", "/metrics", "/"]
)
def test_where_nobody_signs_in_a_name_from_elsewhere_is_not_answered(path: str) -> None:
    with served(is_open=True) as client:
        port = client.base_url.port
        for host in ("evil.example", f"evil.example:{port}", "localhost.evil.example", "10.0.0.1", "[", ""):
            refused = client.get(path, headers={"Host": host})
            assert (host, refused.status_code) == (host, 421)
            assert refused.json()["type"] == "urn:onefold:problem:another-host"
        for host in (
            "localhost",
            f"localhost:{port}",
            f"127.0.0.1:{port}",
            f"[::1]:{port}",
            "shop.localhost",
        ):
            assert client.get(path, headers={"Host": host}).status_code not in (400, 421)


def test_a_server_with_keys_may_have_any_name() -> None:
    with served() as client:
        host = {"Host": "crm.shop.example"}
        assert client.get("/v1/cases", headers={**MIA, **host}).status_code == 200
        assert client.get("/console/sign-in", headers=host).status_code == 200


def test_questions_about_the_past_leave_threads_to_everybody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go_on = threading.Semaphore(0), threading.Event()

    def slowly(*_: object) -> dict[str, str]:
        asked.release()
        go_on.wait(30)
        return {}

    monkeypatch.setattr(service, "as_of", slowly)
    with served(is_open=True) as client, ThreadPoolExecutor(2) as pool:
        past = "/v1/persons/per_1?as_of=2026-01-01"
        waiting = [pool.submit(client.get, past) for _ in range(2)]
        for _ in waiting:
            assert asked.acquire(timeout=30)
        try:
            refused = client.get(past)
            assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
            assert client.post("/v1/track", json={"userId": "u", "event": "Seen"}).status_code in (200, 401)
            assert client.get("/healthz").status_code == 200
        finally:
            go_on.set()
        assert [one.result().status_code for one in waiting] == [200, 200]


def test_a_sender_who_hangs_up_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with served(is_open=True) as client:
        for _ in range(3):
            with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as line:
                line.sendall(b"POST /v1/identify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\n{")
        deadline = time.monotonic() + 10
        while 'status="400"' not in client.get("/metrics").text and time.monotonic() < deadline:
            time.sleep(0.05)
    assert caplog.records == []
