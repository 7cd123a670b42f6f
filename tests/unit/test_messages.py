"""What becomes of a message: typed as section 3 of the design says, or refused by field and reason."""

import json
from typing import Any

import orjson
import pytest
from segment.analytics.client import Client

from graph_schema.json_limits import MAX_BYTES, MAX_DEPTH
from graph_schema.messages import Message, Rejected, read_batch, read_message

NINE = 1_772_442_000_000_000  # 2026-03-02T09:00:00Z

ORDER: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u-1",
    "messageId": "m-1",
    "timestamp": "2026-03-02T09:00:00Z",
    "context": {"channel": "store"},
    "properties": {
        "order_id": "o-1",
        "total": 19.9,
        "currency": "EUR",
        "products": [{"product_id": "vit-c", "price": "19.90", "quantity": 1}],
    },
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The order with one thing in it replaced."""
    body: dict[str, Any] = orjson.loads(orjson.dumps(ORDER))
    *inner, last = path.split(".")
    at: Any = body
    for name in inner:
        at = at[int(name)] if name.isdigit() else at.setdefault(name, {})
    at[last] = value
    return body


def taken(body: dict[str, Any] | bytes, source: str | None = "web", stamp: int | None = None) -> Message:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    message = read_message(raw, source, stamp)
    assert isinstance(message, Message), message
    return message


def refused(body: dict[str, Any] | bytes, source: str | None = "web") -> Rejected:
    message = read_message(body, source)
    assert isinstance(message, Rejected), message
    return message


def nested(levels: int) -> Any:
    tree: Any = "leaf"
    for _ in range(levels):
        tree = {"in": tree}
    return tree


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
    assert taken({**body, "messageId": ""}) == taken({**body, "messageId": None}) == message
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


@pytest.mark.parametrize(
    "written",
    [
        *("9999-12-31T23:59:59-12:00", "9999-01-01", "1899-12-31T23:59:59Z", "2101-01-01T00:00:00Z"),
        *("0001-01-01T00:00:00+14:00", "soon", "", "1772442000", "20260302", "2026-02-30", "02/03/2026"),
        *(1_772_442_000, 1.5, True, {}, [], "2026-03-02T25:00:00Z"),
    ],
)
def test_what_is_no_time_is_refused(written: object) -> None:
    assert refused(changed("timestamp", written)).field == "timestamp"


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
    "named",
    [
        *({}, {"userId": ""}, {"userId": None, "anonymousId": "  "}, {"traits": {"firstName": "Ana"}}),
        *(
            {"context": {"externalIds": [{"type": "loyalty_card", "id": ""}]}},
            {"context": None, "traits": None},
        ),
        *({"groupId": "g"}, {"previousId": "p"}),
    ],
)
def test_no_identifier_is_refused(named: dict[str, Any]) -> None:
    assert refused({"type": "identify", **named}).field == "identifiers"


@pytest.mark.parametrize("named", [{"userId": "u"}, {"previousId": "p"}, {"userId": "u", "previousId": ""}])
def test_an_alias_needs_both_sides(named: dict[str, Any]) -> None:
    assert refused({"type": "alias", **named}).field == "identifiers"


@pytest.mark.parametrize(
    "name", ["userId", "anonymousId", "properties.order_id", "context.sessionId", "traits.email"]
)
@pytest.mark.parametrize("value", [True, 1.0, {"id": "u"}, ["u"], "u\n1", "u\x7f", "u" * 1025])
def test_what_is_no_identifier_is_refused_by_its_path(name: str, value: object) -> None:
    assert refused(changed(name, value)).field == name


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("type", "Track", "type"),
        ("type", ["track"], "type"),
        ("event", " ", "event"),
        ("event", None, "event"),
        ("event", 3, "event"),
        ("messageId", 3, "messageId"),
        ("messageId", "m" * 257, "messageId"),
        ("messageId", "m\x00", "messageId"),
        ("version", 3, "version"),
        ("version", True, "version"),
        ("version", {}, "version"),
        ("traits", [], "traits"),
        ("properties", "p", "properties"),
        ("context", [], "context"),
        ("integrations", True, "integrations"),
        ("name", 3, "name"),
        ("context.traits", "t", "context.traits"),
        ("context.device", [], "context.device"),
        ("context.device", {"advertisingId": {}}, "context.device.advertisingId"),
        ("context.externalIds", {}, "context.externalIds"),
        ("context.externalIds", ["c"], "context.externalIds[0]"),
        (
            "context.externalIds",
            [{"type": "c", "id": "1"}, {"type": "c", "id": 1.5}],
            "context.externalIds[1].id",
        ),
        ("context.externalIds", [{"id": "1"}], "context.externalIds[0].type"),
        ("context.externalIds", [{"type": "c"}], "context.externalIds[0].id"),
        ("context.recordId", "~1", "context.recordId"),
        ("context.recordId", {}, "context.recordId"),
        ("properties.total", "19,90", "properties.total"),
        ("properties.total", "NaN", "properties.total"),
        ("properties.total", "", "properties.total"),
        ("properties.total", True, "properties.total"),
        ("properties.total", [1], "properties.total"),
        ("properties.total", 1e300, "properties.total"),
        ("properties.total", float("nan"), "properties.total"),
        ("properties.currency", "euro", "properties.currency"),
        ("properties.products", {}, "properties.products"),
        ("properties.products", [1], "properties.products[0]"),
        ("properties.products.0.price", "x", "properties.products[0].price"),
        ("properties.products.0.quantity", {}, "properties.products[0].quantity"),
        ("traits.bio", "bell\x07", "traits.bio"),
        ("traits.deep", {"list": ["a", "nul\x00"]}, "traits.deep.list[1]"),
        ("traits.half", "\ud800", "traits.half"),
        ("traits.big", 2**70, "traits.big"),
        ("traits.far", float("-inf"), "traits.far"),
        ("traits.odd", {1: 2}, "traits.odd"),
        ("traits.odd", {"no\x00name": 2}, "traits.odd"),
        ("traits.set", {1}, "traits.set"),
        ("traits.deep", nested(MAX_DEPTH), "traits"),
        ("traits.deep", nested(300), "traits"),
        ("traits.bio", "x" * 2_000_000, "traits"),
    ],
)
def test_the_field_that_is_wrong_is_named(path: str, value: object, field: str) -> None:
    assert refused(changed(path, value)).field == field


@pytest.mark.parametrize(
    ("event", "properties", "field"),
    [
        ("Reward Issued", {"amount": "ten"}, "amount"),
        ("Reward Issued", {"media": "fax"}, "media"),
        ("Reward Issued", {"media": ["email", "fax"]}, "media"),
        ("Reward Issued", {"expires_at": "soon"}, "expires_at"),
        ("Reward Issued", {"expires_at": 17}, "expires_at"),
        ("Consent Granted", {"purpose": "all"}, "purpose"),
        ("Consent Withdrawn", {"channel": "fax"}, "channel"),
        ("Message Sent", {"channel": "pigeon"}, "channel"),
        ("Account Closed", {"account_id": 1.5}, "account_id"),
        ("Survey Answered", {"question": []}, "question"),
        ("Preference Set", {"channel": {}}, "channel"),
    ],
)
def test_properties_that_profiles_need_are_typed(event: str, properties: dict[str, Any], field: str) -> None:
    body = {"type": "track", "event": event, "userId": "u", "properties": properties}
    assert refused(body).field == f"properties.{field}"
    assert taken({**body, "event": "Something Of Ours"}).body["properties"] == properties


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


@pytest.mark.parametrize("raw", [b"", b"{", b"nope", b'"text"', b"[]", b"3", b"null", b"\xff{}", b"[" * 5000])
def test_what_is_no_json_object_is_refused_whole(raw: bytes) -> None:
    assert refused(raw) == Rejected("web", None, "message", refused(raw).reason, raw)


def test_a_number_that_json_does_not_know_is_refused_by_its_path() -> None:
    raw = b'{"type":"page","userId":"u","messageId":"m-9","properties":{"score":NaN}}'
    assert refused(raw)[:3] == ("web", "m-9", "properties.score")
    assert b"NaN" in refused(json.loads(raw)).raw


def test_text_of_any_script_is_taken_with_tabs_lines_and_a_byte_order_mark() -> None:
    body = {
        "type": "identify",
        "userId": "u",
        "traits": {"bio": "Zoë\t寿司\r\nC:\\bin\\u0000", "deep": nested(5)},
    }
    raw = b"\xef\xbb\xbf" + json.dumps(body).encode()
    assert taken(raw).body == body
    assert taken({"type": "identify", "userId": "u", "traits": nested(MAX_DEPTH - 1)})


def test_a_large_message_of_many_parts_is_taken_up_to_its_limit() -> None:
    products = [{"product_id": f"p-{n}", "price": 1.5, "quantity": 1} for n in range(2000)]
    assert taken(changed("properties.products", products))
    body = changed("properties.products", products * 10)
    assert len(orjson.dumps(body)) > MAX_BYTES
    assert refused(body).field == "properties"


@pytest.mark.parametrize("source", ["", None, "a/b", "a\n", "s" * 129, " ", 7, {}])
def test_what_can_not_name_a_source_is_refused(source: Any) -> None:
    fate = refused({**ORDER, "source": source}, None)
    assert (fate.source, fate.message_id, fate.field) == (None, "m-1", "source")


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


def test_one_number_that_is_none_does_not_take_the_whole_batch_along() -> None:
    raw = b'{"batch":[{"type":"page","userId":"u","traits":{"a":NaN}},{"type":"page","userId":"u"}]}'
    bad, good = read_batch(raw, "web")
    assert isinstance(bad, Rejected)
    assert bad.field == "traits.a"
    assert isinstance(good, Message)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        *((b"{", "message"), (b"[]", "message"), (b"{}", "batch"), (b'{"batch":{}}', "batch")),
        (b'{"batch":[],"context":3}', "context"),
    ],
)
def test_what_is_no_batch_is_refused_once(raw: bytes, field: str) -> None:
    (fate,) = read_batch(raw, "web")
    assert isinstance(fate, Rejected)
    assert (fate.field, fate.raw) == (field, raw)


def test_the_message_given_is_left_as_it_was() -> None:
    body = {**ORDER, "userId": 42, "sentAt": "x"}
    before = orjson.dumps(body)
    assert isinstance(read_message(body, "web"), Message)
    assert orjson.dumps(body) == before
