"""What /openapi.json tells, by the contract of DESIGN section 9, and that answers are what it tells."""

import json
import re
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from profiles.schema import golden_schema

CONTRACT = {
    *(f"/v1/{kind}" for kind in ("identify", "track", "page", "screen", "alias", "group", "batch")),
    *(
        "/v1/persons",
        "/v1/persons/{person_id}",
        "/v1/persons:batchGet",
        "/v1/why",
        "/v1/changes",
        "/v1/cases",
    ),
    *(f"/v1/persons/{{person_id}}/{part}" for part in ("timeline", "how", "records", "export")),
    *("/v1/decisions", "/v1/audiences/{name}/members", "/v1/audiences/{name}/deltas"),
    "/v1/rewards/{code}/claim",
    *("/v1/judgements", "/v1/judgements/{judgement_id}", "/healthz", "/readyz", "/metrics"),
}


def test_the_contract_is_told_as_openapi(client: httpx.Client) -> None:
    told = client.get("/openapi.json").json()
    assert told["paths"].keys() >= CONTRACT
    assert {"GoldenProfile", "Problem", "Changes", "NewJudgement"} <= told["components"]["schemas"].keys()
    assert client.get("/v1/schemas/golden-profile").json() == golden_schema()
    page = client.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert all(path in page.text for path in CONTRACT)
    assert "<script" not in page.text


def test_what_a_path_does_not_take_is_answered_with_all_that_it_takes(client: httpx.Client) -> None:
    told = client.get("/openapi.json").json()["paths"]
    answers = {path: client.patch(re.sub(r"\{\w+\}", "one", path)) for path in told}
    assert {answer.status_code for answer in answers.values()} == {405}
    allowed = {path: set(answer.headers["allow"].lower().split(", ")) for path, answer in answers.items()}
    assert allowed == {path: set(methods) for path, methods in told.items()}


def test_the_contract_tells_what_generators_of_clients_go_by(client: httpx.Client) -> None:
    told = client.get("/openapi.json").json()
    operations = [
        (path, operation) for path, methods in told["paths"].items() for operation in methods.values()
    ]
    refused = client.post("/v1/track", json={"userId": "u"}, auth=("web", ""))
    for path, operation in operations:
        for status in ("4XX", "5XX"):
            if status in operation["responses"]:
                content = operation["responses"][status]["content"]
                assert list(content) == [refused.headers["content-type"]], path
    keys = {path: list(operation["security"][0]) for path, operation in operations if operation["security"]}
    assert (keys["/v1/track"], keys["/v1/decisions"]) == (["writeKey"], ["accessKey"])
    assert told["components"]["securitySchemes"].keys() == {"writeKey", "accessKey"}
    assert {"/healthz", "/readyz", "/metrics"}.isdisjoint(keys)
    taken = told["paths"]["/v1/track"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {"required": ["event"]} in taken["allOf"]
    shapes = told["components"]["schemas"]
    assert {"userId", "anonymousId", "context", "properties"} <= shapes["Message"]["properties"].keys()
    assert {"identifier", "campaign", "order_id"} <= shapes["DecisionRequest"]["properties"].keys()
    called = [operation["operationId"] for _, operation in operations]
    assert {"track", "by_identifier", "decisions", "judge"} < set(called)
    assert len(called) == len(set(called))
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(told)))
    assert named <= shapes.keys()


def test_answers_are_what_is_told(client: httpx.Client) -> None:
    order = {"order_id": "o-told", "total": 9.5, "currency": "EUR", "products": [{"product_id": "p"}]}
    said = [
        {
            "type": "identify",
            "userId": "told-1",
            "traits": {"email": "told@shop.example", "firstName": "Eve"},
        },
        {"type": "track", "event": "Order Completed", "userId": "told-1", "properties": order},
        {"type": "identify", "userId": "told-2", "traits": {"email": "told@shop.example"}},
        {"type": "track", "userId": "told-1"},
    ]
    assert client.post("/v1/batch", json={"batch": said}).json()["rejected"]
    told = client.get("/openapi.json").json()
    person = client.get("/v1/persons", params={"identifier": "user_id:told-1"}).json()["person_id"]
    named = {"person_id": person, "name": "suppress_always"}
    asked = {"identifier": "user_id:told-1", "a": "user_id:told-1", "b": "user_id:told-2"}
    looked = 0
    for path, methods in told["paths"].items():
        if "get" not in methods or not path.startswith("/v1/"):
            continue
        answer = client.get(path.format_map(named), params=asked if path.endswith(("persons", "why")) else {})
        assert answer.status_code == 200, (path, answer.text)
        schema = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        check(answer.json(), schema, told)
        looked += 1
    assert looked > 10
    check(client.get("/v1/persons/nobody").json(), {"$ref": "#/components/schemas/Problem"}, told)


def check(answer: Any, schema: dict[str, Any], told: dict[str, Any]) -> None:
    """Fails where an answer is not of the shape that the document tells."""
    whole = {**schema, "components": told["components"]}
    assert not [error.message for error in Draft202012Validator(whole).iter_errors(answer)]
