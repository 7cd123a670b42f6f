"""Decisions, audiences and claims over HTTP, by the contract of DESIGN section 9."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.integration.serving_process import Serving

NOW = datetime.now(UTC)
FINE = {"identifier": "email:a@b.example", "campaign": "newsletter"}


def ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def send(client: httpx.Client, *messages: dict[str, Any]) -> None:
    whole = [{"messageId": uuid.uuid4().hex, **one} for one in messages]
    assert client.post("/v1/batch", json={"batch": whole}).json() == {"success": True}


def track(user: str, event: str, days: float, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "userId": user, "timestamp": ago(days), "properties": properties}


def shopper(client: httpx.Client, name: str) -> str:
    """A shopper with an article in the cart, who may be written to."""
    user, email = f"u-{name}", f"{name}@shop.example"
    send(
        client,
        {"type": "identify", "userId": user, "traits": {"email": email}, "timestamp": ago(9)},
        track(user, "Consent Granted", 8, purpose="marketing"),
        track(user, "Consent Granted", 8, purpose="advertising"),
        track(user, "Product Added", 2, product_id=f"p-{name}", price=19.9, quantity=1),
    )
    return f"email:{email}"


def issue(client: httpx.Client, name: str, **more: Any) -> str:
    shopper(client, name)
    code = f"R-{name}"
    send(client, track(f"u-{name}", "Reward Issued", 3, reward_code=code, amount=10, currency="USD", **more))
    return code


def buy(client: httpx.Client, name: str) -> None:
    lines = [{"product_id": f"p-{name}", "price": 19.9, "quantity": 1}]
    user = f"u-{name}"
    send(client, track(user, "Order Completed", 1, order_id=f"o-{name}", total=19.9, products=lines))


def test_a_cart_reminder_goes_out_until_the_purchase(client: httpx.Client, name: str) -> None:
    who = shopper(client, name)
    asked = {"identifier": who, "campaign": "abandoned_cart"}
    before = client.post("/v1/decisions", json=asked).json()
    assert before == {
        "outcome": "send",
        "reasons": [],
        "channel": "email",
        "missing": [],
        "question": "channel",
    }
    buy(client, name)
    after = client.post("/v1/decisions", json=asked).json()
    assert (after["outcome"], after["reasons"]) == ("suppress", ["cart_converted"])


def test_many_are_decided_in_the_order_asked(client: httpx.Client, name: str) -> None:
    who = shopper(client, name)
    one = {"identifier": who, "campaign": "abandoned_cart"}
    nobody = {**one, "identifier": "email:nobody@shop.example"}
    offer = {"price": 99.99, "reference_price": 100.32}
    trivial = {"identifier": who, "campaign": "loyalty_offer", "offer": offer}
    listed = client.post("/v1/decisions", json=[one, nobody, trivial]).json()
    assert [each["outcome"] for each in listed] == ["send", "suppress", "suppress"]
    assert listed[1]["reasons"] == ["unknown_person"]
    assert "not_eligible" in listed[2]["reasons"]
    wrapped = client.post("/v1/decisions", json={"requests": [one, nobody, trivial]}).json()
    assert wrapped == {"decisions": listed}
    assert len(client.post("/v1/decisions", json=[one] * 1_000).json()) == 1_000


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"identifier": "email:a@b.example", "campaign": "abandonned_cart"}, "campaign"),
        ({"campaign": "newsletter"}, "identifier"),
        ({**FINE, "at": "yesterday"}, "at"),
        ([{**FINE, "colour": 1}], "0.colour"),
        (
            {
                "identifier": "email:a@b.example",
                "campaign": "promotion",
                "offer": {"price": -1, "reference_price": 9},
            },
            "offer.price",
        ),
        ({"identifier": "nonsense", "campaign": "newsletter"}, "identifier"),
        ([FINE, {**FINE, "identifier": "nonsense"}], "1.identifier"),
        ([FINE, {**FINE, "campaign": "nonsense"}], "1.campaign"),
        ({"requests": [FINE, {**FINE, "at": "yesterday"}]}, "1.at"),
        ({"requests": [FINE], "at": "2026-03-02T09:00:00Z"}, "at"),
        ([FINE] * 1_001, "requests"),
    ],
)
def test_what_cannot_be_decided_is_named(client: httpx.Client, body: Any, field: str) -> None:
    found = client.post("/v1/decisions", json=body)
    assert (found.status_code, found.json()["field"]) == (400, field)


@pytest.mark.parametrize("path", ["/v1/decisions", "/v1/persons:batchGet", "/v1/judgements"])
@pytest.mark.parametrize(
    ("body", "kind", "way_out"),
    [
        (b"{", "application/json", "not JSON"),
        ('{"why": "é"}'.encode("latin-1"), "application/json", "in UTF-8"),
        (b'{"why": %s}' % (b"9" * 5_000), "application/json", "not JSON"),
        (b"{}", "text/plain", "Content-Type: application/json"),
    ],
)
def test_a_body_that_is_no_json_is_told_so(
    client: httpx.Client, path: str, body: bytes, kind: str, way_out: str
) -> None:
    found = client.post(path, content=body, headers={"Content-Type": kind})
    assert (found.status_code, found.json()["field"]) == (400, "body")
    assert way_out in found.json()["reason"]


def test_a_purchase_moves_the_buyer_between_audiences(client: httpx.Client, name: str) -> None:
    who = shopper(client, name)
    person = client.get("/v1/persons", params={"identifier": who}).json()["person_id"]
    cart = "/v1/audiences/retarget_abandoned_cart"

    def members(path: str, **query: Any) -> list[str]:
        return [one["person_id"] for one in client.get(path, params=query).json()["members"]]

    assert person in members(f"{cart}/members")
    at = client.get(f"{cart}/deltas").json()["next"]
    buy(client, name)
    assert person not in members(f"{cart}/members")
    found = client.get(f"{cart}/deltas", params={"after": at}).json()
    moves = [(one["op"], one["person_id"]) for one in found["deltas"]]
    assert moves == [("remove", person)]
    assert client.get(f"{cart}/deltas", params={"after": found["next"]}).json()["deltas"] == []
    assert members("/v1/audiences/suppress_buyers/members", product=f"p-{name}") == [person]
    assert members("/v1/audiences/suppress_buyers/members", product="never sold") == []
    client.delete(f"/v1/persons/{person}")
    assert members("/v1/audiences/suppress_buyers/members", product=f"p-{name}") == []


def test_members_come_in_pages(client: httpx.Client, name: str) -> None:
    for number in range(3):
        shopper(client, f"{name}{number}")
        buy(client, f"{name}{number}")
    path = "/v1/audiences/suppress_buyers/members"
    everybody = [tuple(one.values()) for one in client.get(path).json()["members"]]
    paged: list[tuple[str, ...]] = []
    after: dict[str, Any] = {}
    while True:
        page = client.get(path, params={"limit": 1, **after}).json()
        paged += [tuple(one.values()) for one in page["members"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert paged == everybody
    assert client.get("/v1/audiences/nobody/members").status_code == 404
    assert client.get(path, params={"after": "?"}).status_code == 400


def test_of_fifty_claims_at_once_exactly_one_wins(server: Serving, client: httpx.Client, name: str) -> None:
    code = issue(client, name)

    def claim(number: int) -> httpx.Response:
        with server.client() as own:
            return own.post(
                f"/v1/rewards/{code}/claim",
                json={"channel": "store" if number % 2 else "web", "order_id": f"o-{number}"},
                headers={"Idempotency-Key": f"{name}-{number}"},
            )

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(claim, range(50)))
    won = [number for number, one in enumerate(answers) if one.status_code == 200]
    assert len(won) == 1
    assert {one.status_code for one in answers} == {200, 409}
    winner = answers[won[0]].json()
    assert (winner["state"], winner["order_id"]) == ("redeemed", f"o-{won[0]}")
    lost = next(one.json() for one in answers if one.status_code == 409)
    told = ("redeemed_at", "channel", "order_id")
    assert [lost[each] for each in told] == [winner[each] for each in told]
    again = claim(won[0])
    assert (again.status_code, again.json()) == (200, winner)
    rewards = client.get("/v1/persons", params={"identifier": f"user_id:u-{name}"}).json()["rewards"]
    assert [(one["code"], one["state"], one["channel"]) for one in rewards] == [
        (code, "redeemed", winner["channel"])
    ]
    assert rewards[0]["conflict"] is None


def test_a_claim_says_who_and_what_cannot_be_claimed_is_told_apart(client: httpx.Client, name: str) -> None:
    code = issue(client, name)
    expired = issue(client, f"x/{name}", expires_at=ago(1))
    who = f"email:{name}@shop.example"
    person = client.get("/v1/persons", params={"identifier": who}).json()["person_id"]
    body = {"channel": "store", "identifier": person}
    assert client.post(f"/v1/rewards/{code}/claim", json=body).status_code == 200
    records = client.get(f"/v1/persons/{person}/records").json()["records"]
    assert "claims" in {one["source"] for one in records}
    assert client.post(f"/v1/rewards/{code}/claim", json=body).status_code == 409
    assert client.post("/v1/rewards/never-issued/claim", json=body).status_code == 404
    assert client.post(f"/v1/rewards/{expired}/claim", json=body).status_code == 410
    assert client.post(f"/v1/rewards/{code}/claim", json={}).status_code == 400
