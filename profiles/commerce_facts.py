"""Facts of the Segment Spec's e-commerce events, and of rewards: what was put into a cart, ordered, sent,
used."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

import orjson

from graph_schema.iso_time import read_time
from graph_schema.messages import Message
from graph_schema.vocabulary import Fact, Held, RecordKey

Number = int | float


class Track(NamedTuple):
    """A track, with all that facts are drawn from: its properties, the identifiers that it names, its record,
    and its kept time."""

    message: Message
    properties: Mapping[str, Any]
    held: tuple[Held, ...]
    record: RecordKey
    at: int

    @property
    def channel(self) -> object:
        """The channel of its context, such as "store"."""
        return (self.message.body.get("context") or {}).get("channel")


Drawn = Callable[[Track], Iterator[Fact]]
"""Facts of a person's own."""

TIED: Final = "tied"
"""The kind of a fact by which a receipt is known to be of an order. Every other fact of an order ends with
the key of the receipt that its event named, None for none."""
SPENT: Final = "spent"
"""The kind of a fact by which a receipt is known to be that of a reward's use."""
ALL: Final = -1
"""Quantity of a removal that names none: whatever there is."""
SEEN: Final = 0
ADDED: Final = 1
REMOVED: Final = 2
"""What happened to a product in a cart; of one moment in this order."""


def number(value: object) -> Number | None:
    """An amount or quantity as a number, whole where it is; None where there is none."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = float(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return value if isinstance(value, int) else None


def product_id(product: Mapping[str, Any]) -> str | None:
    """What a product is known by: its id, else its sku, else its name."""
    named = (str(product.get(name) or "").strip() for name in ("product_id", "sku", "name"))
    return next(filter(None, named), None)


def _sku(product: Mapping[str, Any]) -> tuple[str, ...]:
    """The sku of a product that is known by its id: others may name it by that."""
    sku = str(product.get("sku") or "").strip()
    return (sku,) if sku and sku != product_id(product) else ()


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") and not isinstance(value, dict | list) else None


def _products(properties: Mapping[str, Any]) -> Iterator[Fact]:
    """(id, quantity, price, category, days of supply, name) of each product of an order, and its sku where
    that is another name of it."""
    listed = properties.get("products")
    for one in listed if isinstance(listed, list) else ():
        key = product_id(one)
        if key is not None:
            quantity = number(one.get("quantity"))
            yield (
                key,
                1 if quantity is None else quantity,
                number(one.get("price")),
                _text(one.get("category")),
                number(one.get("supply_days")),
                _text(one.get("name")),
                *_sku(one),
            )


def _total(properties: Mapping[str, Any]) -> Number | None:
    amounts = (number(properties.get(name)) for name in ("total", "revenue", "amount"))
    return next((amount for amount in amounts if amount is not None), None)


def _currency(properties: Mapping[str, Any]) -> str | None:
    currency = properties.get("currency")
    return str(currency).upper() if currency else None


def _channel(track: Track) -> str | None:
    return _text(track.properties.get("channel")) or _text(track.channel)


def _order(kind: str, track: Track) -> Fact:
    properties = track.properties
    gift = properties.get("gift")
    return (
        kind,
        _text(properties.get("order_id") or properties.get("receipt_id")),
        _total(properties),
        _currency(properties),
        tuple(_products(properties)),
        "store" if track.channel == "store" else _channel(track),
        None if gift is None else int(str(gift).lower() == "true"),
        _text(properties.get("refund_id")) if kind == "refunded" else None,
    )


def _parcel(kind: str, track: Track) -> Fact:
    return (kind, _text(track.properties.get("carrier")), _text(track.properties.get("tracking_id")))


ORDERS: Final[Mapping[str, Callable[[Track], Fact]]] = {
    "Order Completed": partial(_order, "completed"),
    "Order Updated": partial(_order, "updated"),
    "Order Refunded": partial(_order, "refunded"),
    "Order Cancelled": partial(_parcel, "cancelled"),
    "Order Shipped": partial(_parcel, "shipped"),
    "Order Delivered": partial(_parcel, "delivered"),
}


def _issued(track: Track) -> Fact:
    media = track.properties.get("media") or ()
    return (
        "issued",
        number(track.properties.get("amount")),
        _currency(track.properties),
        (media,) if isinstance(media, str) else tuple(media),
        _expiry(track),
    )


def _expired(track: Track) -> Fact:
    return ("expired", _expiry(track))


def _expiry(track: Track) -> int | None:
    expires = track.properties.get("expires_at")
    return read_time(expires) if expires else None


def _redeemed(track: Track) -> Fact:
    order = track.properties.get("order_id") or track.properties.get("receipt_id")
    return ("redeemed", _channel(track), _text(order), number(track.properties.get("amount")))


REWARDS: Final[Mapping[str, Callable[[Track], Fact]]] = {
    "Reward Issued": _issued,
    "Reward Expired": _expired,
    "Reward Redeemed": _redeemed,
}


def _cart(operation: int, track: Track) -> Iterator[Fact]:
    """Facts of a cart: each (time, product, operation, quantity, JSON of what is shown of the product), and
    its sku where that is another name of it."""
    listed = track.properties.get("products")
    seen: dict[str, Number] = {}
    for one in listed if isinstance(listed, list) else (track.properties,):
        key = product_id(one)
        if key is not None:
            quantity = number(one.get("quantity"))
            if quantity is None:
                quantity = ALL if operation == REMOVED else 1
            elif operation == REMOVED:
                quantity = abs(quantity)
            if operation == SEEN:
                # Two lines of one article tell together how much there is: of one moment the most stands.
                quantity = seen[key] = seen.get(key, 0) + quantity
            shown = {name: one[name] for name in _SHOWN if one.get(name) not in (None, "")}
            text = orjson.dumps(shown, option=orjson.OPT_SORT_KEYS).decode()
            yield ("cart", track.at, key, operation, quantity, text, *_sku(one))


_SHOWN: Final = ("name", "price", "category", "currency")


def _browsed(track: Track) -> Iterator[Fact]:
    category = _text(track.properties.get("category"))
    if category is not None:
        yield ("category", category, track.at)
    key = product_id(track.properties)
    if key is not None:
        yield ("viewed", key, track.at, category or "")


def _put_in(track: Track) -> Iterator[Fact]:
    """What is put into the cart was looked at as well."""
    yield from _cart(ADDED, track)
    yield from _browsed(track)


CART: Final[Mapping[str, Drawn]] = {
    "Cart Viewed": partial(_cart, SEEN),
    "Checkout Started": partial(_cart, SEEN),
    "Product Added": _put_in,
    "Wishlist Product Added to Cart": _put_in,
    "Product Removed": partial(_cart, REMOVED),
}

BROWSED: Final[Mapping[str, Drawn]] = dict.fromkeys(
    (
        *("Product Viewed", "Product Clicked", "Product List Viewed", "Product Added to Wishlist"),
        *("Product Shared", "Product Reviewed"),
    ),
    _browsed,
)
