"""What becomes of a sound message: typed as section 3 of the design says."""

import json
from typing import Any

import orjson
import pytest
from segment.analytics.client import Client

from graph_schema.json_limits import MAX_DEPTH
from graph_schema.messages import Message, Rejected, named_identifiers, read_batch, read_message
from tests.unit.fates import NINE, ORDER, changed, nested, taken


def test_a_message_is_typed_and_named() -> None:
    message = taken(ORDER)
    assert message[:6] == ("web", "m-1", "track", "Order Completed", NINE, False)
    assert message.body == ORDER
    assert message.content == orjson.dumps(ORDER, option=orjson.OPT_SORT_KEYS)


@pytest.mark.parametrize(
    ("kind", "extra", "name"),
    [
        ("page", {"name": "Home"}, "Home"),
        ("screen", {"name": "Cart", "category": "shop"}, "Cart"),
        ("page", {"name": None}, None),
        ("page", {}, None),
        ("identify", {"name": "no name of an identify"}, None),
        ("group", {"groupId": 7}, None),
        ("alias", {"previousId": "c-1"}, None),
    ],
)
def test_every_type_is_taken(kind: str, extra: dict[str, Any], name: str | None) -> None:
    message = taken({"type": kind, "userId": "u-1", **extra})
    assert (message.type, message.name) == (kind, name)


def test_messages_of_the_python_sdk_are_taken() -> None:
    client = Client("key", send=False)
    sent = [
        client.identify("u-1", {"email": "ana@example.com"}),
        client.track(42, "Product Added", {"product_id": "vit-c", "price": 19.9, "quantity": 1}),
        client.page(anonymous_id="c-1", name="Home", properties={"url": "https://shop.example"}),
        client.screen("u-1", "app", "Cart"),
        client.alias("c-1", "u-1"),
        client.group("u-1", "g-1", {"name": "Family"}),
    ]
    fates = read_batch(
        json.dumps({"batch": [m for _, m in sent], "sentAt": "2026-03-02", "writeKey": "k"}).encode(), "web"
    )
    assert [fate.type for fate in fates if isinstance(fate, Message)] == [m["type"] for _, m in sent]
    assert [fate.message_id for fate in fates] == [m["messageId"] for _, m in sent]
    assert isinstance(fates[1], Message)
    assert fates[1].body["userId"] == "42"


def test_a_batch_of_the_node_sdk_is_taken_without_what_only_tells_of_its_transport() -> None:
    event = {
        "timestamp": "2026-03-02T09:00:00.123Z",
        "integrations": {},
        "type": "track",
        "event": "Product Viewed",
        "userId": "u-1",
        "properties": {"product_id": "vit-c"},
        "messageId": "node-next-1772442000123-4a5b8d1c",
        "context": {"library": {"name": "@segment/analytics-node", "version": "2.3.0"}},
        "_metadata": {"nodeVersion": "20.11.0", "jsRuntime": "node"},
    }
    (first,) = read_batch({"batch": [event], "sentAt": "2026-03-02T09:00:01Z", "writeKey": "k"}, "web")
    (again,) = read_batch({"batch": [{**event, "_metadata": {"nodeVersion": "22.1.0"}}]}, "web")
    assert isinstance(first, Message)
    assert isinstance(again, Message)
    assert first.at == NINE + 123_000
    assert first.content == again.content


def test_how_a_message_travelled_is_no_part_of_its_content() -> None:
    travelled = {
        **ORDER,
        "sentAt": "2026-03-02T10:00:00Z",
        "receivedAt": "2026-03-02T10:00:01Z",
        "originalTimestamp": "2026-03-02T09:00:00Z",
        "writeKey": "k",
        "_metadata": {},
        "source": "elsewhere",
    }
    assert taken(travelled) == taken(ORDER)


def test_a_message_without_an_id_gets_one_from_source_and_content() -> None:
    body = {"type": "page", "anonymousId": "c-1"}
    message = taken(body)
    assert message.message_id.startswith("sha256:")
    assert len(message.message_id) == 71
    for blank in ("", None, " ", "\u00a0"):
        assert taken({**body, "messageId": blank}) == message
    assert taken(body, "app").message_id != message.message_id
    assert taken({**body, "name": "Home"}).message_id != message.message_id


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-03-02T09:00:00Z", NINE),
        ("2026-03-02T09:00:00.5z", NINE + 500_000),
        ("2026-03-02t10:00:00+01:00", NINE),
        ("2026-03-02T09:00", NINE),
        ("2026-03-02 09:00:00.1234567", NINE + 123_456),
        ("2026-03-02", NINE - 9 * 3_600_000_000),
        ("1969-12-31T23:59:59Z", -1_000_000),
        (None, None),
    ],
)
def test_times_are_microseconds_utc(written: str | None, at: int | None) -> None:
    assert taken(changed("timestamp", written)).at == at


def test_a_stamp_is_the_time_of_a_message_without_one_and_not_its_content() -> None:
    body = {"type": "page", "anonymousId": "c-1"}
    stamped = taken(body, stamp=NINE)
    assert (stamped.at, stamped.stamped) == (NINE, True)
    assert stamped.content == taken(body).content == taken({**body, "timestamp": None}).content
    dated = taken(ORDER, stamp=5)
    assert (dated.at, dated.stamped) == (NINE, False)


def test_whole_numbers_as_identifiers_become_text() -> None:
    body = {
        "type": "track",
        "event": "Order Completed",
        "userId": 42,
        "anonymousId": 0,
        "context": {"externalIds": [{"type": "loyalty_card", "id": 7}], "sessionId": 9, "recordId": 4711},
        "properties": {"order_id": 12, "total": "19.90"},
    }
    read = taken(body).body
    assert (read["userId"], read["anonymousId"]) == ("42", "0")
    assert read["context"] == {
        "externalIds": [{"type": "loyalty_card", "id": "7"}],
        "sessionId": "9",
        "recordId": "4711",
    }
    assert read["properties"] == {"order_id": "12", "total": "19.90"}


@pytest.mark.parametrize(
    "named",
    [
        {"userId": "u"},
        {"anonymousId": "c"},
        {"traits": {"email": "ana@example.com"}},
        {"traits": {"phone": 33612345678}},
        {"context": {"traits": {"email": "ana@example.com"}}},
        {"context": {"device": {"advertisingId": "a", "type": "ios"}}},
        {"context": {"sessionId": 1}},
        {"context": {"recordId": "4711"}},
        {"context": {"externalIds": [{"type": "loyalty_card", "id": "L"}]}},
        {"properties": {"order_id": "o"}},
        {"properties": {"receipt_id": "o"}},
        {"properties": {"reward_code": "o"}},
        {"properties": {"payment_token": "o"}},
    ],
)
def test_any_one_identifier_is_enough(named: dict[str, Any]) -> None:
    assert taken({"type": "identify", **named})


@pytest.mark.parametrize(
    ("context", "namespace"),
    [
        ({"device": {"type": "ios"}}, "idfa"),
        ({"device": {"type": "android"}, "os": {"name": "iOS"}}, "gaid"),
        ({"os": {"name": "iOS"}}, "idfa"),
        ({"os": {"name": None}}, "gaid"),
        ({"os": "iPadOS"}, "idfa"),
        ({"os": ["iOS", 17]}, "gaid"),
        ({"os": None}, "gaid"),
    ],
)
def test_whose_advertising_id_it_is_tells_the_device_or_its_system(
    context: dict[str, Any], namespace: str
) -> None:
    """Of the system nothing is asked: whatever stands there, the message is taken."""
    device = {"device": {**context.get("device", {}), "advertisingId": "a"}}
    read = taken({"type": "identify", "context": {**context, **device}})
    assert named_identifiers(read.body, read.type) == [(namespace, "a")]


@pytest.mark.parametrize(
    ("event", "properties"),
    [
        (
            "Reward Issued",
            {"reward_code": "r", "amount": "10", "media": ["email", "paper"], "expires_at": "2026-04-01"},
        ),
        ("Reward Expired", {"reward_code": "r", "media": "paper", "expires_at": "9999-12-31T00:00:00Z"}),
        ("Consent Granted", {"purpose": "marketing", "channel": "phone"}),
        ("Consent Withdrawn", {"purpose": "advertising"}),
        ("Account Opened", {"account_id": 7, "product": "mortgage"}),
        ("Order Refunded", {"order_id": "o", "total": -5, "products": None, "currency": None}),
        ("Order Completed", {"total": " +19.9 ", "products": [{"price": ".5", "quantity": "2."}]}),
    ],
)
def test_properties_as_the_field_writes_them_stay_as_they_are(event: str, properties: dict[str, Any]) -> None:
    body = taken({"type": "track", "event": event, "userId": "u", "properties": properties}).body
    assert body["properties"] == {k: "7" if k == "account_id" else v for k, v in properties.items()}


@pytest.mark.parametrize("version", [1, 1.1, 2, 2.0, "1", "1.1", "2", None])
def test_known_versions_of_the_tracking_api_are_taken(version: object) -> None:
    assert taken(changed("version", version))


def test_text_of_any_script_is_taken_with_tabs_lines_and_a_byte_order_mark() -> None:
    body = {
        "type": "identify",
        "userId": "u",
        "traits": {"bio": "Zoë\t寿司\r\nC:\\bin\\u0000", "deep": nested(5)},
    }
    raw = b"\xef\xbb\xbf" + json.dumps(body).encode()
    assert taken(raw).body == body
    assert taken({"type": "identify", "userId": "u", "traits": nested(MAX_DEPTH - 1)})


def test_the_source_is_the_callers_else_the_messages_own() -> None:
    assert taken({**ORDER, "source": "app"}, None).source == "app"
    assert taken({**ORDER, "source": "app"}, "web").source == "web"
    assert taken({**ORDER, "source": 7}, "web").source == "web"


def test_what_a_batch_says_for_all_is_each_messages_and_each_has_its_own_fate() -> None:
    batch = {
        "context": {"ip": "::1", "locale": "fr"},
        "integrations": {"All": True},
        "batch": [
            {"type": "page", "anonymousId": "c-1"},
            {
                "type": "page",
                "anonymousId": "c-2",
                "context": {"locale": "en"},
                "integrations": {"Ads": False},
            },
            {"type": "page", "messageId": "m-3"},
            "no message",
            {"type": "page", "anonymousId": "c-5", "context": []},
        ],
    }
    first, second, third, fourth, fifth = read_batch(orjson.dumps(batch), "web", NINE)
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert first.body["context"] == {"ip": "::1", "locale": "fr"}
    assert second.body["context"] == {"ip": "::1", "locale": "en"}
    assert second.body["integrations"] == {"All": True, "Ads": False}
    assert (second.at, second.stamped) == (NINE, True)
    rest = [(f.message_id, f.field) for f in (third, fourth, fifth) if isinstance(f, Rejected)]
    assert rest == [("m-3", "identifiers"), (None, "message"), (None, "context")]


def test_the_message_given_is_left_as_it_was() -> None:
    body = {**ORDER, "userId": 42, "sentAt": "x"}
    before = orjson.dumps(body)
    assert isinstance(read_message(body, "web"), Message)
    assert orjson.dumps(body) == before
