"""The Segment wire format over HTTP: what is answered is durable, what is refused is told and kept."""

import gzip
import json
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.serving_process import Serving

RULES = """
extends = "retail"
[source.web]
write_key = "key-of-web"
[source.app]
write_key = "key-of-app"
"""
KINDS: dict[str, dict[str, Any]] = {
    "identify": {"traits": {"firstName": "Ana"}},
    "track": {"event": "Product Viewed", "properties": {"product_id": "p"}},
    "page": {"name": "Home"},
    "screen": {"name": "Home"},
    "group": {"groupId": "g", "traits": {}},
    "alias": {"previousId": "before"},
}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("keyed")
    rules = folder / "rules.toml"
    rules.write_text(RULES)
    with Serving(folder / "store.db", str(rules)) as serving:
        yield serving


def person(serving: Serving, identifier: str) -> httpx.Response:
    with serving.client() as client:
        return client.get("/v1/persons", params={"identifier": identifier})


def named() -> str:
    return uuid.uuid4().hex


def stored(serving: Serving, message_id: str) -> dict[str, Any]:
    [event] = [event for event in serving.events() if event.key.message_id == message_id]
    return {"source": event.key.source, **json.loads(event.content)}


@pytest.mark.parametrize("kind", KINDS)
def test_each_type_is_taken_and_named_by_its_path(server: Serving, kind: str) -> None:
    message = {"userId": named(), "messageId": named(), **KINDS[kind]}
    with server.client("shop") as client:
        taken = client.post(f"/v1/{kind}", json=message)
    assert (taken.status_code, taken.json()) == (200, {"success": True})
    assert stored(server, message["messageId"]) == {"source": "shop", "type": kind, **message}


def test_a_gzip_batch_with_the_key_in_its_body_and_plain_text_is_taken(server: Serving) -> None:
    ids = [named() for _ in range(3)]
    batch = [
        {"type": "track", "event": "Seen", "anonymousId": "g-1", "messageId": one, "writeKey": "secret"}
        for one in ids
    ]
    body = gzip.compress(json.dumps({"batch": batch, "writeKey": "mobile", "sentAt": "x"}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
    with server.client(None) as client:
        taken = client.post("/v1/b", content=body, headers=headers)
    assert (taken.status_code, taken.json()) == (200, {"success": True})
    assert {stored(server, one)["source"] for one in ids} == {"mobile"}
    assert "writeKey" not in stored(server, ids[0])


def test_a_message_without_a_time_gets_that_of_its_receipt(server: Serving) -> None:
    message_id = named()
    with server.client() as client:
        client.post("/v1/identify", json={"userId": "t-1", "messageId": message_id})
        [moment] = client.get("/v1/persons/user_id:t-1/timeline").json()["events"]
    assert moment["at"] == moment["received_at"]
    assert "timestamp" not in moment["message"]


def test_what_is_wrong_in_a_batch_is_a_dead_letter_and_the_rest_is_taken(server: Serving) -> None:
    good, late, nobody = named(), named(), named()
    batch = [
        {"type": "identify", "userId": "b-1", "messageId": good},
        {"type": "identify", "userId": "b-1", "messageId": late, "timestamp": "9999-01-01T00:00:00Z"},
        {"type": "track", "event": "Seen", "messageId": nobody},
        "not a message",
    ]
    with server.client() as client:
        taken = client.post("/v1/batch", json={"batch": batch})
    assert taken.status_code == 200
    told = taken.json()
    fields = [(one["index"], one["messageId"], one["field"]) for one in told["rejected"]]
    assert (told["success"], fields) == (
        True,
        [(1, late, "timestamp"), (2, nobody, "identifiers"), (3, None, "message")],
    )
    assert stored(server, good)["userId"] == "b-1"
    kept = {letter.message_id: letter for letter in server.dead_letters()}
    assert (kept[late].field, kept[nobody].field) == ("timestamp", "identifiers")
    assert json.loads(kept[late].raw)["userId"] == "b-1"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("track", b'{"event": "Seen"}', "identifiers"),
        ("track", b"{broken", "message"),
        ("batch", b"{broken batch", "message"),
        ("batch", b'{"messages": []}', "batch"),
        ("identify", b'["a list"]', "message"),
        ("identify", json.dumps({"userId": "u", "traits": {"long": "x" * 2_000_000}}).encode(), "traits"),
        ("identify", b'{"userId": "u", "traits": {"name": "a\\u0000b"}}', "traits.name"),
    ],
)
def test_a_refusal_names_the_field_and_is_kept(server: Serving, path: str, body: bytes, field: str) -> None:
    before = len(server.dead_letters())
    with server.client() as client:
        refused = client.post(f"/v1/{path}", content=body)
    problem = refused.json()
    assert refused.headers["content-type"] == "application/problem+json"
    assert (refused.status_code, problem["status"], problem["field"]) == (400, 400, field)
    [letter] = server.dead_letters()[before:]
    assert (letter.source, letter.field, letter.reason) == ("web", field, problem["reason"])


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"{}", mtime=0)[:-9]])
def test_a_broken_gzip_body_is_refused_and_kept(server: Serving, body: bytes) -> None:
    before = len(server.dead_letters())
    with server.client() as client:
        refused = client.post("/v1/batch", content=body, headers={"Content-Encoding": "gzip"})
    assert (refused.status_code, refused.json()["field"]) == (400, "message")
    assert [letter.raw for letter in server.dead_letters()[before:]] == [body]


def test_a_body_of_many_packed_members_costs_no_more_than_its_size(server: Serving) -> None:
    one = gzip.compress(b"")
    with server.client() as client:
        headers = {"Content-Encoding": "gzip"}
        refused = client.post("/v1/batch", content=one * (5_000_000 // len(one)), headers=headers)
        assert (refused.status_code, refused.json()["field"]) == (400, "message")
        parted = b"".join(gzip.compress(part) for part in (b'{"user', b'Id": "parted"', b"}"))
        assert client.post("/v1/identify", content=parted, headers=headers).status_code == 200


@pytest.mark.parametrize("packed", [False, True])
def test_a_body_that_is_too_large_is_refused_packed_or_not(server: Serving, packed: bool) -> None:
    body = b'{"batch": [' + b" " * 6_000_000 + b"]}"
    headers = {"Content-Encoding": "gzip"} if packed else {}
    with server.client() as client:
        refused = client.post("/v1/batch", content=gzip.compress(body) if packed else body, headers=headers)
    assert (refused.status_code, refused.json()["title"]) == (413, "Content Too Large")


@pytest.mark.parametrize("path", ["persons:batchGet", "decisions", "judgements", "rewards/R-1/claim"])
def test_no_question_is_read_without_end(server: Serving, path: str) -> None:
    with server.client() as client:
        refused = client.post(f"/v1/{path}", json={"identifiers": ["x" * 6_000_000]})
    assert (refused.status_code, refused.json()["type"]) == (413, "urn:onefold:problem:too-large")


def test_declared_write_keys_name_their_source_and_no_other_is_taken(keyed: Serving) -> None:
    message_id = named()
    with keyed.client("key-of-app") as client:
        assert client.post("/v1/page", json={"userId": "k", "messageId": message_id}).status_code == 200
    assert stored(keyed, message_id)["source"] == "app"
    for key in ("web", "", None):
        with keyed.client(key) as client:
            refused = client.post("/v1/page", json={"userId": "k"})
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic")
    assert len(keyed.events()) == 1


@pytest.mark.parametrize("authorization", ["Basic %%%", "Basic /w==", "Bearer token"])
def test_an_authorization_that_cannot_be_read_is_refused(server: Serving, authorization: str) -> None:
    with server.client(None) as client:
        refused = client.post("/v1/page", json={"userId": "k"}, headers={"Authorization": authorization})
    assert refused.status_code == 401


def test_a_key_that_is_no_name_for_a_source_is_refused(server: Serving) -> None:
    with server.client("a/b") as client:
        assert client.post("/v1/page", json={"userId": "k"}).json()["field"] == "writeKey"


@pytest.mark.parametrize("path", ["/v1/import", "/v1/import/", "/v1/batch/"])
def test_a_path_may_end_by_a_slash(server: Serving, path: str, name: str) -> None:
    with server.client(name) as client:
        sent = client.post(path, json={"batch": [{"type": "page", "userId": "k"}]})
    assert (sent.status_code, sent.json()) == (200, {"success": True})


def test_browsers_may_send_from_other_sites_and_read_nothing(server: Serving) -> None:
    origin = {"Origin": "https://shop.example"}
    asked = {
        **origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    with server.client() as client:
        for path in ("/v1/track", "/v1/t", "/v1/batch", "/v1/import/"):
            allowed = client.options(path, headers=asked)
            assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "*")
        sent = client.post("/v1/track", json={}, headers=origin)
        assert sent.headers["access-control-allow-origin"] == "*"
        closed = [client.options("/v1/judgements", headers=asked), client.get("/v1/changes", headers=origin)]
    assert [answer.headers.get("access-control-allow-origin") for answer in closed] == [None, None]


def test_what_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    with Serving(tmp_path / "store.db") as serving:
        stop = threading.Event()

        def send(number: int) -> None:
            with serving.client() as client:
                while not stop.is_set():
                    ids = [named() for _ in range(5)]
                    batch = [
                        {"type": "track", "event": "Seen", "userId": f"u{number}", "messageId": one}
                        for one in ids
                    ]
                    try:
                        taken = client.post("/v1/batch", json={"batch": batch})
                    except httpx.TransportError:
                        return
                    assert taken.status_code == 200
                    acknowledged.update(ids)

        threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        # So many that they are of several transactions, on a busy machine too.
        until = time.monotonic() + 30
        while len(acknowledged) < 200 and time.monotonic() < until:
            time.sleep(0.02)
        serving.kill()
        stop.set()
        for thread in threads:
            thread.join()
    assert len(acknowledged) >= 100
    assert acknowledged <= {event.key.message_id for event in serving.events()}
    with Serving(tmp_path / "store.db") as again:
        assert person(again, "user_id:u3").status_code == 200
