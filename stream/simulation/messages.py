"""The shape of what is sent: Segment messages, their times, and the goods that orders hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from stream.simulation.people import Person, one_of
from stream.simulation.words import GOODS, SDKS

Message = dict[str, object]
"""A Segment message as a JSON object, with a top-level `source`."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - in UTC, as all times here


class Simulated(NamedTuple):
    """One message and the truth about it.

    `person` is the truth key of whoever acted or was written to. `repeat` is true where the message was
    delivered before. Messages share parts with each other: they are for reading only.
    """

    message: Message
    person: str
    repeat: bool


def iso(at: int) -> str:
    """Microseconds since 1970 as ISO 8601 in UTC, to the millisecond, as the SDKs write it."""
    return f"{(_EPOCH + timedelta(microseconds=at)).isoformat(timespec='milliseconds')}Z"


@dataclass(slots=True)
class Touch:
    """One person at one source for a while: what every message of it carries.

    `at` moves on with each message (µs).
    """

    person: Person
    source: str
    at: int
    anonymous_id: str | None = None
    user_id: str | None = None
    context: dict[str, object] | None = None


def context_of(source: str, **more: object) -> dict[str, object]:
    """The `context` that a source's own library sends, and `more`."""
    sdk = SDKS.get(source)
    return {"library": sdk, **more} if sdk else more


def message_of(
    touch: Touch, kind: str, message_id: str, name: str | None, body: Mapping[str, object] | None
) -> Message:
    """One message.

    `body` is the traits of an `identify`, else the properties; `name` an event's, a page's or a screen's.
    """
    message: Message = {
        "source": touch.source,
        "type": kind,
        "messageId": message_id,
        "timestamp": iso(touch.at),
    }
    if name is not None:
        message["event" if kind == "track" else "name"] = name
    if touch.anonymous_id is not None:
        message["anonymousId"] = touch.anonymous_id
    if touch.user_id is not None:
        message["userId"] = touch.user_id
    if kind == "alias":
        message["previousId"] = touch.anonymous_id
    if touch.context:
        message["context"] = touch.context
    if body is not None:
        message["traits" if kind == "identify" else "properties"] = body
    return message


Product = dict[str, Any]


def catalogue(rng: Random) -> list[list[Product]]:
    """All goods, by category in the order of `GOODS`.

    A product holds everything of an order line but the quantity.
    """
    return [
        [
            _product(rng, category, article, edition)
            for article in articles
            for edition in ("small", "standard", "large")
        ]
        for category, articles in GOODS.items()
    ]


def _product(rng: Random, category: str, article: str, edition: str) -> Product:
    product_id = f"{article.lower().replace(' ', '-').replace(chr(39), '')}-{edition[0]}"
    product: Product = {
        "product_id": product_id,
        "sku": f"{category[:3].upper()}-{int(rng.random() * 90000) + 10000}",
        "name": f"{article}, {edition}",
        "category": category,
        "price": round(4 + rng.random() ** 2 * 95, 2),
    }
    if category == "vitamins":
        product["supply_days"] = one_of(rng, (30, 60, 90))
    return product


def order_of(order_id: str, lines: list[Product], gift: bool) -> dict[str, object]:
    """The properties of an order over these lines (products with a quantity)."""
    total = sum(line["price"] * line["quantity"] for line in lines)
    order: dict[str, object] = {
        "order_id": order_id,
        "total": round(total, 2),
        "currency": "EUR",
        "products": lines,
    }
    if gift:
        order["gift"] = True
    return order
