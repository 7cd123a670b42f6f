"""Persons, stewardship, feed and health over HTTP, by the contract of DESIGN section 9."""

import json
import uuid
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.integration.serving_process import Serving


def send(client: httpx.Client, *messages: dict[str, Any]) -> None:
    whole = [{"type": "track", "event": "Seen", "messageId": uuid.uuid4().hex, **one} for one in messages]
    taken = client.post("/v1/batch", json={"batch": whole})
    assert taken.json() == {"success": True}


def id_of(client: httpx.Client, identifier: str) -> str:
    found = client.get("/v1/persons", params={"identifier": identifier})
    assert found.status_code == 200, found.text
    return str(found.json()["person_id"])


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    return answer.status_code, body["type"].rpartition(":")[2]


def customer(name: str, day: int, **more: Any) -> dict[str, Any]:
    """An identify of one customer, with an e-mail."""
    return {
        "type": "identify",
        "userId": f"u-{name}",
        "traits": {"email": f"{name}@shop.example", "firstName": name},
        "timestamp": f"2026-03-{day:02}T09:00:00Z",
        **more,
    }


def test_one_profile_is_found_by_every_identifier_and_id(client: httpx.Client, name: str) -> None:
    card = {"externalIds": [{"type": "loyalty_card", "id": f"LC{name}"}]}
    send(client, {"anonymousId": f"a-{name}", "userId": f"u-{name}", "timestamp": "2026-03-01T09:00:00Z"})
    send(client, customer(name, 2, userId=f"w-{name}", context={"recordId": "7", **card}))
    before = id_of(client, f"email:{name}@shop.example")
    assert before != id_of(client, f"user_id:u-{name}")
    send(client, customer(name, 3, userId=None, context=card), {"userId": f"w-{name}"})
    profile = client.get(f"/v1/persons/{before}").json()
    ways = [f"email:{name.upper()}@shop.example", f"user_id:w-{name}", f"loyalty_card:lc {name}", before]
    for way in (*ways, *profile["aliases"]):
        assert client.get("/v1/persons", params={"identifier": way}).json()["person_id"] == before
    assert client.get("/v1/persons/" + before.lower().replace("per_", "per_")).json()["person_id"] == before
    assert profile["attributes"]["firstName"]["value"] == name


@pytest.mark.parametrize("part", ["", "/timeline", "/records", "/export", "/how"])
def test_an_identifier_with_slashes_is_one_step_of_the_path(
    client: httpx.Client, name: str, part: str
) -> None:
    """Keys of other systems, receipts and tokens have them; a server hands on %2F as one."""
    send(
        client, customer(name, 1, context={"externalIds": [{"type": "payment_token", "id": f"{name}/how/7"}]})
    )
    found = client.get(f"/v1/persons/payment_token%3A{name}%2Fhow%2F7{part}")
    assert found.json()["person_id"] == id_of(client, f"user_id:u-{name}")


@pytest.mark.parametrize(
    "end", ["/how", "/timeline", "/records", "/export", "/export/how", "%2Fhow", "%252F"]
)
def test_what_a_value_ends_by_is_no_word_of_ours(client: httpx.Client, name: str, end: str) -> None:
    send(client, customer(name, 1, userId=name), customer(f"{name}-2", 2, userId=f"{name}{end}"))
    path = f"/v1/persons/user_id:{quote(name + end, safe='')}"
    found = client.get(path).json()
    assert [one["value"] for one in found["identifiers"] if one["namespace"] == "user_id"] == [name + end]
    for part in ("how", "timeline", "records", "export"):
        assert client.get(f"{path}/{part}").json()["person_id"] == found["person_id"]
    assert client.delete(path).json() == {"person_id": found["person_id"], "erased": True}
    assert client.get(f"/v1/persons/user_id:{name}").status_code == 200


def test_who_is_named_by_an_identifier_with_slashes_can_be_erased(client: httpx.Client, name: str) -> None:
    send(client, customer(name, 1, userId=f"{name}/1"))
    before = id_of(client, f"user_id:{name}/1")
    assert client.delete(f"/v1/persons/user_id:{name}%2F1").json() == {"person_id": before, "erased": True}
    assert problem(client.get(f"/v1/persons/user_id:{name}%2F1")) == (410, "erased")


def test_several_are_fetched_in_the_order_asked(client: httpx.Client, name: str) -> None:
    send(client, customer(name, 1))
    wanted = [f"user_id:no-{name}", f"user_id:u-{name}", "nonsense", f"email:{name}@shop.example"]
    persons = client.post("/v1/persons:batchGet", json={"identifiers": wanted}).json()["persons"]
    known = id_of(client, wanted[1])
    assert [person and person["person_id"] for person in persons] == [None, known, None, known]


def test_the_clock_can_be_set(client: httpx.Client, name: str) -> None:
    send(client, customer(name, 1))
    asked = {"identifier": f"user_id:u-{name}", "at": "2030-01-01T00:00:00Z"}
    assert client.get("/v1/persons", params=asked).json()["as_of"] == "2030-01-01T00:00:00Z"
    wrong = client.get("/v1/persons", params={**asked, "at": "tomorrow"})
    assert (problem(wrong), wrong.json()["field"]) == ((400, "invalid"), "at")
    assert "tomorrow" not in wrong.text
    both = client.get("/v1/persons", params={**asked, "as_of": "2030-01-01T00:00:00Z"})
    assert problem(both) == (400, "invalid")


def test_a_plus_may_stand_in_a_query_as_it_is(client: httpx.Client, name: str) -> None:
    number = f"+3361{int(name, 16) % 10_000_000:07}"
    send(client, customer(name, 1, traits={"phone": number}))
    found = client.get(f"/v1/persons?identifier=phone:{number}&at=2030-01-01T01:00:00+01:00").json()
    assert (found["person_id"], found["as_of"]) == (
        id_of(client, f"user_id:u-{name}"),
        "2030-01-01T00:00:00Z",
    )


def test_the_evidence_of_then_answers_by_receipt_or_by_event(client: httpx.Client, name: str) -> None:
    send(client, customer(name, 1), customer(name, 9, traits={"firstName": "later"}))
    asked = {"identifier": f"user_id:u-{name}", "as_of": "2026-03-05T00:00:00Z"}
    assert problem(client.get("/v1/persons", params=asked)) == (404, "unknown-person")
    then = client.get("/v1/persons", params={**asked, "as_of_by": "event"}).json()
    assert then["attributes"]["firstName"]["value"] == name
    assert then["as_of"] == asked["as_of"]
    now = client.get("/v1/persons", params={**asked, "as_of": "2100-01-01T00:00:00Z"}).json()
    assert (now["person_id"], now["attributes"]["firstName"]["value"]) == (then["person_id"], "later")
    assert problem(client.get("/v1/persons", params={**asked, "as_of_by": "x"})) == (400, "invalid")
    alone = client.get("/v1/persons", params={"identifier": asked["identifier"], "as_of_by": "event"})
    assert (problem(alone), alone.json()["field"]) == ((400, "invalid"), "as_of_by")


def test_whoever_is_not_known_or_not_one_person_is_a_problem(client: httpx.Client, name: str) -> None:
    shared = {"externalIds": [{"type": "loyalty_card", "id": name}]}
    send(client, *({"userId": f"{one}-{name}", "context": shared} for one in "ab"))
    ambiguous = client.get("/v1/persons", params={"identifier": f"loyalty_card:{name}"})
    assert problem(ambiguous) == (409, "ambiguous-identifier")
    assert ambiguous.json()["persons"] == sorted(id_of(client, f"user_id:{one}-{name}") for one in "ab")
    for unknown in ("per_0000000000000000", "per_0", "nobody"):
        for path in (f"/v1/persons/{unknown}", f"/v1/persons/{unknown}/timeline"):
            assert problem(client.get(path)) == (404, "unknown-person")
    nobody = client.get("/v1/persons", params={"identifier": f"email:no-{name}@shop.example"})
    assert problem(nobody) == (404, "unknown-person")
    assert name not in nobody.text
    for answer in (client.get("/v1/persons"), client.post("/v1/persons:batchGet", json={"identifiers": 1})):
        assert (problem(answer), answer.json()["field"]) == (
            (400, "invalid"),
            "identifier" + "s" * (answer.request.method == "POST"),
        )
    for path in ("/v1/changes", "/v1/audiences/lapsed/deltas"):
        beyond = client.get(path, params={"after": 1 << 63})
        assert (problem(beyond), beyond.json()["field"]) == ((400, "invalid"), "after")
    assert [problem(client.get("/v1/no"))[0], problem(client.put("/v1/cases"))[0]] == [404, 405]


def test_a_refusal_names_the_field_that_is_wrong(client: httpx.Client, name: str) -> None:
    send(client, customer(name, 1))
    known, end = f"user_id:u-{name}", "9999-12-31T23:59:59-01:00"
    word = {"kind": "same", "a": [known], "b": [known, "nonsense"]}
    for answer, field in (
        (client.get("/v1/why", params={"a": "nonsense", "b": known}), "a"),
        (client.get("/v1/why", params={"a": known, "b": "nonsense"}), "b"),
        (client.post("/v1/judgements", json=word), "b.1"),
        (client.post("/v1/persons:batchGet", json={"identifiers": [known], "at": "2026-03-02"}), "at"),
        (client.get("/v1/persons", params={"identifier": [known, known]}), "identifier"),
        (client.get("/v1/changes", params={"after": [0, 1]}), "after"),
        (client.get("/v1/persons", params={"identifier": known, "at": end}), "at"),
        (client.get("/v1/persons", params={"identifier": known, "as_of": end}), "as_of"),
    ):
        assert (problem(answer), answer.json()["field"]) == ((400, "invalid"), field)


def test_a_timeline_is_in_the_order_of_time_and_comes_in_pages(client: httpx.Client, name: str) -> None:
    send(client, *(customer(name, day, event=str(day)) for day in (5, 3, 4, 1, 2)))
    path, days, after = f"/v1/persons/user_id:u-{name}/timeline", [], None
    while True:
        page = client.get(path, params={"limit": 2, **({"after": after} if after else {})}).json()
        days += [event["at"][8:10] for event in page["events"]]
        after = page["next"]
        if after is None:
            break
    assert days == ["01", "02", "03", "04", "05"]
    assert problem(client.get(path, params={"after": "bm8="})) == (400, "invalid")


def test_records_how_why_and_export_tell_of_one_person(client: httpx.Client, name: str) -> None:
    send(client, customer(name, 1), customer(name, 2, context={"recordId": name}))
    person = id_of(client, f"user_id:u-{name}")
    records = client.get(f"/v1/persons/{person}/records").json()["records"]
    assert {held["namespace"] for record in records for held in record["identifiers"]} == {"user_id", "email"}
    assert person in [record["founds"] for record in records]
    export = client.get(f"/v1/persons/{person}/export").json()
    assert (export["profile"]["person_id"], export["records"], len(export["events"])) == (person, records, 2)
    assert client.get(f"/v1/persons/{person}/how").json()["person_id"] == person
    why = client.get("/v1/why", params={"a": f"web/{name}", "b": f"email:{name}@shop.example"})
    assert why.json()["person_ids"] == [person, person]


def test_judgements_split_and_join_and_are_taken_back(client: httpx.Client, name: str) -> None:
    send(client, customer(name, 1), customer(name, 2, context={"recordId": name}))
    send(client, {"userId": f"z-{name}", "context": {"recordId": f"z-{name}"}})
    whole = id_of(client, f"user_id:u-{name}")
    said = {"kind": "different", "a": [f"web/{name}"], "why": "two of one name", "by": "mia"}
    split = client.post("/v1/judgements", json=said)
    assert split.status_code == 201
    assert split.json() | {"judgement_id": 0, "at": 0, "b": 0} == {
        "judgement_id": 0,
        "kind": "different",
        "a": [f"web/{name}"],
        "b": 0,
        "at": 0,
        "by": "mia",
        "why": "two of one name",
        "retracted_at": None,
    }
    answer = client.get("/v1/persons", params={"identifier": f"user_id:u-{name}"})
    assert problem(answer) == (409, "ambiguous-identifier")
    taken_back = f"/v1/judgements/{split.json()['judgement_id']}"
    assert client.delete(taken_back).json()["retracted_at"] is not None
    assert client.delete(taken_back).status_code == 200
    assert id_of(client, f"user_id:u-{name}") == whole
    assert problem(client.delete("/v1/judgements/none")) == (404, "unknown-judgement")
    joined = {"kind": "same", "a": [whole], "b": [f"user_id:z-{name}"]}
    assert client.post("/v1/judgements", json=joined).status_code == 201
    assert id_of(client, f"user_id:z-{name}") == whole
    assert len(client.get("/v1/judgements").json()["judgements"]) >= 2


def test_a_word_that_is_sent_again_is_one_word(client: httpx.Client, name: str) -> None:
    send(client, {"userId": f"a-{name}"}, {"userId": f"b-{name}"})
    said = {"kind": "same", "a": [f"user_id:a-{name}"], "b": [f"user_id:b-{name}"], "by": "mia"}
    sent = [
        client.post("/v1/judgements", json=said, headers={"Idempotency-Key": key}).json()
        for key in (f"1-{name}", f"1-{name}", f"2-{name}")
    ]
    assert sent[0] == sent[1] != sent[2]
    for one in sent[1:]:
        assert id_of(client, f"user_id:a-{name}") == id_of(client, f"user_id:b-{name}")
        assert client.delete(f"/v1/judgements/{one['judgement_id']}").is_success
    assert id_of(client, f"user_id:a-{name}") != id_of(client, f"user_id:b-{name}")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"kind": "same", "a": ["user_id:u-{n}"], "b": ["email:{n}@shop.example"]}, (400, "invalid")),
        ({"kind": "same", "a": ["web/{n}"]}, (400, "invalid")),
        ({"kind": "different", "a": ["user_id:u-{n}"]}, (400, "invalid")),
        ({"kind": "maybe", "a": ["user_id:u-{n}"]}, (400, "invalid")),
        ({"kind": "same", "a": [], "b": ["user_id:u-{n}"]}, (400, "invalid")),
        ({"kind": "same", "a": ["nonsense"], "b": ["user_id:u-{n}"]}, (400, "invalid")),
        ({"kind": "same", "a": ["web/none"], "b": ["user_id:u-{n}"]}, (404, "unknown-person")),
        ({"kind": "same", "a": ["email:{n}@no.example"], "b": ["web/{n}"]}, (404, "unknown-person")),
        ({"kind": "same", "a": ["phone:+33612345678"], "b": ["web/{n}"]}, (409, "ambiguous-identifier")),
    ],
)
def test_a_judgement_that_says_nothing_sound_is_refused(
    client: httpx.Client, name: str, said: dict[str, Any], expected: tuple[int, str]
) -> None:
    phone = {"traits": {"phone": "+33612345678"}}
    send(client, customer(name, 1), customer(name, 2, context={"recordId": name}))
    send(client, *({"type": "identify", "userId": one, **phone} for one in ("x-1", "x-2")))
    known = client.get("/v1/judgements").json()
    refused = client.post("/v1/judgements", json=json.loads(json.dumps(said).replace("{n}", name)))
    assert problem(refused) == expected
    assert client.get("/v1/judgements").json() == known


def cases_of(client: httpx.Client, persons: list[str]) -> list[str]:
    return [one["kind"] for one in client.get("/v1/cases").json()["cases"] if one["persons"] == persons]


def test_cases_wait_until_a_steward_has_judged(client: httpx.Client, name: str) -> None:
    send(client, customer(name, 1), customer(name, 2, userId=f"v-{name}"))
    send(client, {"userId": f"m-{name}"}, {"userId": f"n-{name}"})
    send(client, {"type": "alias", "userId": f"m-{name}", "previousId": f"n-{name}"})
    unique = sorted(id_of(client, f"user_id:{one}-{name}") for one in "uv")
    alias = sorted(id_of(client, f"user_id:{one}-{name}") for one in "mn")
    assert (cases_of(client, unique), cases_of(client, alias)) == (["unique"], ["alias"])
    for persons in (unique, alias):
        said = {"kind": "different", "a": persons[:1], "b": persons[1:]}
        assert client.post("/v1/judgements", json=said).status_code == 201
    assert (cases_of(client, unique), cases_of(client, alias)) == ([], [])


def test_what_was_erased_answers_so_and_does_not_come_back(client: httpx.Client, name: str) -> None:
    message = customer(name, 1, messageId=name)
    send(client, message, {"userId": f"other-{name}"})
    person = id_of(client, f"user_id:u-{name}")
    assert client.delete(f"/v1/persons/{person}").json() == {"person_id": person, "erased": True}
    send(client, message)
    for path in (person, f"{person}/timeline", f"{person}/export", f"user_id:u-{name}"):
        assert problem(client.get(f"/v1/persons/{path}")) == (410, "erased")
    assert problem(client.delete(f"/v1/persons/{person}")) == (410, "erased")
    assert client.get(f"/v1/persons/user_id:other-{name}").status_code == 200
    send(client, {**message, "messageId": f"later-{name}", "timestamp": None})
    later = id_of(client, f"user_id:u-{name}")
    fed = client.get("/v1/changes", params={"limit": 5_000}).json()["changes"]
    mine = [one for one in fed if {person, later} & {one["person_id"], *one["from"], *one["into"]}]
    assert [(one["kind"], one["person_id"], one["from"]) for one in mine] == [
        ("created", person, []),
        ("erased", person, []),
        ("created", later, []),
    ]


def test_the_feed_comes_in_pages_and_as_it_happens(client: httpx.Client, name: str) -> None:
    start = client.get("/v1/changes", params={"limit": 5000}).json()["next"]
    send(client, customer(name, 1))
    send(client, customer(name, 2))
    first = client.get("/v1/changes", params={"after": start, "limit": 1}).json()
    rest = client.get("/v1/changes", params={"after": first["next"]}).json()
    person = id_of(client, f"user_id:u-{name}")
    [one], [two] = first["changes"], rest["changes"]
    assert [one["kind"], two["kind"], one["person_id"]] == ["created", "updated", person]
    assert client.get("/v1/changes", params={"after": rest["next"]}).json()["changes"] == []
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(one["seq"])}
    with client.stream("GET", "/v1/changes", params={"after": start}, headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        data = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
        assert next(data) == two
        send(client, {"userId": f"late-{name}"})
        assert next(data)["person_id"] == id_of(client, f"user_id:late-{name}")
    assert problem(client.get("/v1/changes", headers={**headers, "Last-Event-ID": "x"})) == (400, "invalid")


def test_health_is_told_without_a_word_on_persons(client: httpx.Client, name: str) -> None:
    send(client, customer(name, 1))
    client.get(f"/v1/persons/user_id:u-{name}")
    assert client.get("/healthz").json() == {"status": "ok"}
    # As some balancers of load ask.
    assert [client.head(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    assert client.get("/readyz").json() == {"status": "ready"}
    metrics = client.get("/metrics").text
    assert 'onefold_http_requests_total{route="/v1/batch",status="200"}' in metrics
    taken = [line for line in metrics.splitlines() if line.startswith('onefold_messages_total{fate="taken"}')]
    assert int(taken[0].split()[-1]) > 0
    assert name not in metrics


def test_a_server_whose_feed_is_followed_ends_when_told(server: Serving, tmp_path: Any) -> None:
    with Serving(tmp_path / "store.db") as serving, serving.client() as client:
        send(client, customer("a", 1))
        headers = {"Accept": "text/event-stream"}
        with client.stream("GET", "/v1/changes", headers=headers) as stream:
            assert next(line for line in stream.iter_lines() if line.startswith("id: ")) == "id: 1"
            serving.stop()
        assert serving.log == []
