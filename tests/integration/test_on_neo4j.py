"""The command line and HTTP on a graph in Neo4j answer what they answer on a file."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.integration.command import Ended, Onefold, process
from tests.services import Service
from tests.services.neo4j_graph import driver, wipe

EVENTS, PEOPLE = 300, 40

pytestmark = [pytest.mark.neo4j]


@pytest.fixture
def onefold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Onefold:
    monkeypatch.chdir(tmp_path)
    return Onefold(tmp_path, capsys)


class Both:
    """Runs a command on a file and on a graph, and shows that they say the same."""

    def __init__(self, onefold: Onefold, url: str) -> None:
        self.onefold = onefold
        self.stores = {"file": "sqlite:///graph.db", "graph": url}

    def each(self, *command: str) -> dict[str, Ended]:
        return {kind: self.onefold(*command, "--store", store) for kind, store in self.stores.items()}

    def __call__(self, *command: str) -> Ended:
        ended = self.each(*command)
        assert ended["graph"].code == ended["file"].code, (command, ended)
        # Times of receipt and the addresses differ, and nothing else.
        told = {kind: re.sub(r'"as_of":"[^"]*"', "", one.out) for kind, one in ended.items()}
        assert told["graph"] == told["file"], command
        return ended["graph"]


def test_every_command_says_on_a_graph_what_it_says_on_a_file(onefold: Onefold, neo4j_url: str) -> None:
    both = Both(onefold, neo4j_url)
    town = ["--people", str(PEOPLE), "--events", str(EVENTS), "--seed", "7", "--out", "town.jsonl"]
    assert onefold("simulate", *town).code == 0
    for kind, ended in both.each("ingest", "town.jsonl", "--batch", "90").items():
        assert ended.code == 0, (kind, ended.err)
    assert both("ingest", "town.jsonl").code == 0  # once more: nothing counts twice
    both("export", "links", "-")
    exported = both("export", "persons", "-").out
    person = orjson.loads(exported.splitlines()[0])
    assert len(exported.splitlines()) > PEOPLE / 2
    at = ("--at", "2026-06-01T00:00:00Z")
    both("person", person["person_id"], *at)
    both("person", f"{person['identifiers'][0]['namespace']}:{person['identifiers'][0]['value']}", *at)
    assert both("person", "user_id:nobody").code == 1
    both("how", person["person_id"])
    first, last = (f"{one['source']}/{one['record_id']}" for one in (person["records"] * 2)[:2])
    both("why", first, last)
    both("audience", "suppress_buyers")
    (onefold.folder / "other.toml").write_text('extends = "retail"\n[source.shop]\nclaims = ["email"]\n')
    both("diff", "other.toml")
    before = both("export", "links", "-").out
    for kind, ended in both.each("rebuild").items():
        assert ended.code == 0, (kind, ended.err)
    assert both("export", "links", "-").out == before
    for kind, ended in both.each("doctor").items():
        assert (ended.code, "All is well" in ended.out) == (0, True), (kind, ended.out)
    assert {ended.code for ended in both.each("doctor", "--rules", "other.toml").values()} == {1}


def test_the_server_takes_in_answers_judges_and_erases(tmp_path: Path, neo4j_url: str) -> None:
    program = process(tmp_path, "serve", "--port", "0", "--store", neo4j_url)
    try:
        assert program.stderr is not None
        lines = iter(program.stderr.readline, b"")
        url = next(found[0] for line in lines if (found := re.findall(r"http://[^\s/]+", line.decode())))
        with httpx.Client(base_url=url, auth=("web", ""), timeout=30) as client:
            _exercise(client)
    finally:
        program.terminate()
        program.communicate(timeout=30)


def _exercise(client: httpx.Client) -> None:
    def send(user: str, email: str) -> None:
        body = {"userId": user, "traits": {"email": email}, "messageId": f"m-{user}"}
        assert client.post("/v1/identify", json=body).status_code == 200

    def person(identifier: str) -> Any:
        return client.get("/v1/persons", params={"identifier": identifier})

    for user in ("u-1", "u-2"):
        send(user, f"{user}@shop.test")
    assert client.get("/readyz").status_code == 200
    one, two = (person(f"user_id:{user}").json()["person_id"] for user in ("u-1", "u-2"))
    assert one != two
    word = {"kind": "same", "a": [one], "b": [two], "why": "one woman"}
    judged = client.post("/v1/judgements", json=word)
    assert judged.is_success, judged.text
    assert person("user_id:u-1").json()["person_id"] == person("user_id:u-2").json()["person_id"]
    assert client.delete(f"/v1/judgements/{judged.json()['judgement_id']}").is_success
    assert person("user_id:u-1").json()["person_id"] != person("user_id:u-2").json()["person_id"]
    assert client.delete(f"/v1/persons/{two}").is_success
    assert client.get(f"/v1/persons/{two}").status_code == 410
    kinds = [change["kind"] for change in client.get("/v1/changes", params={"after": 0}).json()["changes"]]
    # The one who came apart again is told as created once more.
    assert [kinds.count(kind) for kind in ("created", "merged", "erased")] == [3, 1, 1]
    for path in (f"/v1/persons/{one}/{part}" for part in ("timeline", "how", "records")):
        assert client.get(path).status_code == 200


@pytest.fixture
def spoilt(neo4j_graph: Service) -> Iterator[Service]:
    """A database that the test may leave in any state."""
    yield neo4j_graph
    wipe(neo4j_graph)


def test_the_doctor_tells_of_a_graph_that_drifted(onefold: Onefold, spoilt: Service) -> None:
    store = ("--store", spoilt.url)
    page = onefold.lines("a.jsonl", {"source": "a", "type": "page", "userId": "u"})
    assert onefold("ingest", page, *store).code == 0
    with driver(spoilt) as database:
        database.execute_query("DROP INDEX event_key")
        told = onefold("doctor", *store)
        assert told.code == 1
        assert "index or constraint event_key is missing" in told.out
        database.execute_query("MATCH (m:Migration {number: 2}) SET m.checksum = 'another'")
        told = onefold("doctor", *store)
        assert (told.code, "migration 2 is not the one" in told.out) == (1, True)
        assert onefold("person", "user_id:u", *store).code == 3


def test_what_does_not_answer_is_named_in_time_and_without_a_password(onefold: Onefold) -> None:
    for host in ("127.0.0.1:1", "192.0.2.1:7687", "nowhere.invalid:7687"):
        started = time.monotonic()
        told = onefold("doctor", "--store", f"neo4j://ana:secret@{host}")
        assert time.monotonic() - started < 16
        assert told.code == 1
        assert "docker compose up neo4j" in told.out or "no answer within" in told.out
        assert "secret" not in told.out + told.err
