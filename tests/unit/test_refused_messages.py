"""What is said of a message that can't be taken: the field, the reason, and never the value."""

import json
from typing import Any

import orjson
import pytest

from graph_schema.json_limits import MAX_BYTES, MAX_DEPTH
from graph_schema.messages import Message, Rejected, read_batch
from tests.unit.fates import ORDER, changed, nested, refused, taken


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


@pytest.mark.parametrize("kind", ["group", "page", "screen"])
def test_only_an_identify_has_traits_of_its_own(kind: str) -> None:
    said = {"type": kind, "groupId": "g-1", "traits": {"email": "office@example.com"}}
    assert refused(said).field == "identifiers"
    assert taken({**said, "context": {"traits": {"email": "ana@example.com"}}})


@pytest.mark.parametrize(
    ("named", "field"),
    [
        ({"userId": "u"}, "previousId"),
        ({"userId": "u", "previousId": " "}, "previousId"),
        ({"userId": "", "previousId": "p"}, "userId"),
        ({"anonymousId": "c"}, "identifiers"),
    ],
)
def test_an_alias_needs_both_sides_and_names_the_one_it_lacks(named: dict[str, Any], field: str) -> None:
    assert refused({"type": "alias", **named}).field == field


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
        ("", "bell\x07", "message"),
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
        ("Reward Issued", {"expires_at": "9999-12-31T23:59:59-05:00"}, "expires_at"),
        ("Reward Issued", {"expires_at": "0001-01-01T00:00:00+05:00"}, "expires_at"),
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


@pytest.mark.parametrize("raw", [b"", b"{", b"nope", b'"text"', b"[]", b"3", b"null", b"\xff{}", b"[" * 5000])
def test_what_is_no_json_object_is_refused_whole(raw: bytes) -> None:
    assert refused(raw) == Rejected("web", None, "message", refused(raw).reason, raw)


def test_a_number_that_json_does_not_know_is_refused_by_its_path() -> None:
    raw = b'{"type":"page","userId":"u","messageId":"m-9","properties":{"score":NaN}}'
    assert refused(raw)[:3] == ("web", "m-9", "properties.score")
    assert b"NaN" in refused(json.loads(raw)).raw


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
