"""Facts of the Segment Spec's e-commerce events, and of rewards: what was put into a cart, ordered, sent,
used."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from graph_schema.iso_time import read_time
from graph_schema.messages import Message
from graph_schema.vocabulary import Fact, Held, RecordKey
from profiles.moments import kept

Number = int | float

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
    found = product.get("product_id") or product.get("sku") or product.get("name")
    return str(found).strip() if found else None


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") and not isinstance(value, dict | list) else None


def _products(properties: Mapping[str, Any]) -> tuple[Fact, ...]:
    """(id, quantity, price, category, days of supply, name) of each product of an order."""
    listed = properties.get("products")
    found = []
    for one in listed if isinstance(listed, list) else ():
        key = product_id(one)
        if key is not None:
            quantity = number(one.get("quantity"))
            found.append(
                (
                    key,
                    1 if quantity is None else quantity,
                    number(one.get("price")),
                    _text(one.get("category")),
                    number(one.get("supply_days")),
                    _text(one.get("name")),
                )
            )
    return tuple(found)


def _total(properties: Mapping[str, Any]) -> Number | None:
    for name in ("total", "revenue", "amount"):
        amount = number(properties.get(name))
        if amount is not None:
            return amount
    return None


def _currency(properties: Mapping[str, Any]) -> str | None:
    currency = properties.get("currency")
    return str(currency).upper() if currency else None


def _channel(message: Message) -> str | None:
    properties = message.body.get("properties") or {}
    context = message.body.get("context") or {}
    return _text(properties.get("channel")) or _text(context.get("channel"))


def _order(kind: str) -> Callable[[Message], Fact]:
    def fact(message: Message) -> Fact:
        properties = message.body.get("properties") or {}
        named = properties.get("order_id") or properties.get("receipt_id")
        gift = properties.get("gift")
        return (
            kind,
            _text(named),
            _total(properties),
            _currency(properties),
            _products(properties),
            "store" if (message.body.get("context") or {}).get("channel") == "store" else _channel(message),
            None if gift is None else int(gift is True or str(gift).lower() == "true"),
            _text(properties.get("refund_id")) if kind == "refunded" else None,
        )

    return fact


def _parcel(kind: str) -> Callable[[Message], Fact]:
    def fact(message: Message) -> Fact:
        properties = message.body.get("properties") or {}
        return (kind, _text(properties.get("carrier")), _text(properties.get("tracking_id")))

    return fact


ORDERS: Final[Mapping[str, Callable[[Message], Fact]]] = {
    "Order Completed": _order("completed"),
    "Order Updated": _order("updated"),
    "Order Refunded": _order("refunded"),
    "Order Cancelled": _parcel("cancelled"),
    "Order Shipped": _parcel("shipped"),
    "Order Delivered": _parcel("delivered"),
}


def _issued(message: Message) -> Fact:
    properties = message.body.get("properties") or {}
    media = properties.get("media") or ()
    expires = properties.get("expires_at")
    return (
        "issued",
        number(properties.get("amount")),
        _currency(properties),
        (media,) if isinstance(media, str) else tuple(media),
        read_time(expires) if expires else None,
    )


def _expired(message: Message) -> Fact:
    expires = (message.body.get("properties") or {}).get("expires_at")
    return ("expired", read_time(expires) if expires else None)


def _redeemed(message: Message) -> Fact:
    properties = message.body.get("properties") or {}
    order = properties.get("order_id") or properties.get("receipt_id")
    return ("redeemed", _channel(message), _text(order), number(properties.get("amount")))


REWARDS: Final[Mapping[str, Callable[[Message], Fact]]] = {
    "Reward Issued": _issued,
    "Reward Expired": _expired,
    "Reward Redeemed": _redeemed,
}

Drawn = Callable[[Message, tuple[Held, ...], RecordKey], Iterator[Fact]]


def _cart(operation: int) -> Drawn:
    """Facts of a cart: each (time, product, operation, quantity, JSON of what is shown of the product)."""

    def drawn(message: Message, _: tuple[Held, ...], __: RecordKey) -> Iterator[Fact]:
        properties = message.body.get("properties") or {}
        listed = properties.get("products")
        at = kept(message.at)
        for one in listed if isinstance(listed, list) else (properties,):
            key = product_id(one)
            if key is not None:
                quantity = number(one.get("quantity"))
                if quantity is None:
                    quantity = ALL if operation == REMOVED else 1
                shown = {name: one[name] for name in _SHOWN if one.get(name) not in (None, "")}
                yield (
                    "cart",
                    at,
                    key,
                    operation,
                    quantity,
                    orjson.dumps(shown, option=orjson.OPT_SORT_KEYS).decode(),
                )

    return drawn


_SHOWN: Final = ("name", "price", "category", "currency")


def _browsed(message: Message, _: tuple[Held, ...], __: RecordKey) -> Iterator[Fact]:
    properties = message.body.get("properties") or {}
    at = kept(message.at)
    category = _text(properties.get("category"))
    if category is not None:
        yield ("category", category, at)
    key = product_id(properties)
    if key is not None:
        yield ("viewed", key, at, category or "")


def _both(message: Message, held: tuple[Held, ...], record: RecordKey) -> Iterator[Fact]:
    """What is put into the cart was looked at as well."""
    yield from _INTO_CART(message, held, record)
    yield from _browsed(message, held, record)


_INTO_CART: Final = _cart(ADDED)

CART: Final[Mapping[str, Drawn]] = {
    "Cart Viewed": _cart(SEEN),
    "Checkout Started": _cart(SEEN),
    "Product Added": _both,
    "Wishlist Product Added to Cart": _both,
    "Product Removed": _cart(REMOVED),
}

BROWSED: Final[Mapping[str, Drawn]] = dict.fromkeys(
    (
        *("Product Viewed", "Product Clicked", "Product List Viewed", "Product Added to Wishlist"),
        *("Product Shared", "Product Reviewed"),
    ),
    _browsed,
)
