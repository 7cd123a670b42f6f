"""The cart: what was put in on any device and not taken out or bought since, by any channel.

A purchase of an article empties the cart of it, whatever the quantity: who put it in on two devices and
bought it once was reminded enough. What is put in afterwards is a new cart.
"""

from typing import NamedTuple

import orjson

from graph_schema.store import Document
from profiles.commerce_facts import ADDED, ALL, REMOVED
from profiles.moments import UNTIMED, iso
from profiles.orders import Orders

_NEVER = UNTIMED - 1


class Item(NamedTuple):
    """An article in the cart. `at` is the kept time of the last thing that happened to it."""

    product: str
    quantity: int | float
    at: int
    shown: str


class Cart(NamedTuple):
    """What is in the cart, by product, and whether anything that was in it has been bought."""

    items: list[Item]
    bought: bool


def cart_of(state: Document, orders: Orders, product: str | None = None) -> Cart:
    """The cart, or only what is in it of one product."""
    items: dict[str, Item] = {}
    bought = False
    # An order that doesn't say what was bought may well have been of all that was in the cart.
    unnamed = orders.bought.get("", _NEVER)
    for at, named, what, quantity, shown, *_ in state.get("cart", ()):
        one = orders.names.get(named, named)
        if product is not None and one != product:
            continue
        bought_at = max(orders.bought.get(one, _NEVER), unnamed)
        if bought_at >= at:
            bought = bought or what != REMOVED
            continue
        old = items.get(one)
        had = old.quantity if old else 0
        if what == ADDED:
            had += quantity
        elif what == REMOVED:
            had = 0 if quantity == ALL else had - quantity
        else:
            had = quantity
        if had > 0:
            items[one] = Item(one, had, at, shown if shown != "{}" or old is None else old.shown)
        else:
            items.pop(one, None)
    return Cart(list(items.values()), bought)


def shown_cart(cart: Cart) -> Document:
    """`cart` of the golden profile; the items in the order in which they were last touched."""
    items = sorted(cart.items, key=lambda item: (item.at, item.product))
    return {
        "items": [
            {
                "product_id": one.product,
                "quantity": one.quantity,
                "at": iso(one.at),
                **orjson.loads(one.shown),
            }
            for one in items
        ]
    }
