"""A sound message to change, and its two fates."""

from typing import Any

import orjson

from graph_schema.messages import Message, Rejected, read_message

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
