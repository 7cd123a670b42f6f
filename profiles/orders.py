"""The orders that count for a person, and what follows from them: totals, what she owns, when she bought."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import fsum

from graph_schema.store import Document
from profiles.lazily import lazily
from profiles.moments import iso, kept
from profiles.order_views import Number, pieces, tidy
from profiles.state import articles, views
from profiles.told import by_id, ids_by_sku

NO_CURRENCY = "XXX"
"""ISO 4217's code for no currency: of amounts that came without one."""


class Orders:
    """A person's orders, in the order of time (no time last). Each is a view of `profiles.order_views`."""

    def __init__(self, state: Document) -> None:
        shown = views(state, "order")
        timed = sorted((order.get("at") is None, order.get("at") or 0, key) for key, order in shown.items())
        self.keys = [key for _, _, key in timed]
        self.all = [shown[key] for key in self.keys]
        lines = (line for order in self.all for line in order["products"])
        self.names = ids_by_sku(lines) | articles(state)
        if self.names:
            self.all = [_by_id(self.names, order) for order in self.all]
        self.counted = [order for order in self.all if order["state"] != "cancelled"]

    def find(self, order_id: str) -> Document | None:
        """An order by its number as it was given, or by its key; None where it isn't hers."""
        given = order_id.strip()
        by_number = (order for order in self.all if str(order["id"]).strip() == given)
        return dict(zip(self.keys, self.all, strict=True)).get(given) or next(by_number, None)

    @property
    def latest(self) -> Document | None:
        """The last of those that have a time, else one of the others."""
        return max(reversed(self.all), key=lambda order: kept(order.get("at")), default=None)

    @lazily
    def times(self) -> list[int]:
        """When she bought, oldest first."""
        return [order["at"] for order in self.counted if "at" in order]

    @property
    def paid(self) -> list[tuple[int, float | None]]:
        """When she bought, and what she paid for it, refunds taken off; None for another currency than that
        of most orders: yens are not added to euros."""
        main = self.currency
        return [
            (order["at"], float(_net(order)) if order.get("currency") == main else None)
            for order in self.counted
            if "at" in order
        ]

    @lazily
    def bought(self) -> dict[str, int]:
        """Per product, also of a cancelled order, the kept time at which it was last bought. "" is whatever
        was in the cart, bought by an order that doesn't say what. A till tells of a return by so many pieces
        less: that is no purchase."""
        found: dict[str, int] = {}
        for order in self.all:
            at = kept(order.get("at"))
            lines = order["products"]
            for product in [one for one, quantity, *_ in lines if quantity > 0] if lines else [""]:
                found[product] = max(found.get(product, at), at)
        return found

    @lazily
    def had(self) -> dict[str, Number]:
        """Per product how many were bought and neither cancelled nor sent back."""
        return _remaining(self.counted)

    @lazily
    def owned(self) -> dict[str, Number]:
        """The same without gifts, which others have now."""
        return _remaining(order for order in self.counted if not order.get("gift"))

    @lazily
    def spent(self) -> dict[str, Number]:
        """What she paid, refunds taken off, by currency."""
        amounts: dict[str, list[Number]] = {}
        for order in self.counted:
            amounts.setdefault(order.get("currency") or NO_CURRENCY, []).append(_net(order))
        return {currency: tidy(fsum(paid)) for currency, paid in sorted(amounts.items())}

    @lazily
    def currency(self) -> str | None:
        """The currency of most orders; of several, the first by name."""
        counts = Counter(order["currency"] for order in self.counted if order.get("currency"))
        return min(counts, key=lambda one: (-counts[one], one), default=None)

    @property
    def total(self) -> Number:
        """What she paid in the currency of most orders."""
        return self.spent.get(self.currency or NO_CURRENCY, 0)

    def shown(self) -> Document:
        """`orders` of the golden profile."""
        return {
            "count": len(self.counted),
            "total": self.total,
            "currency": self.currency,
            "totals": self.spent,
            "first_at": iso(self.times[0]) if self.times else None,
            "last_at": iso(self.times[-1]) if self.times else None,
            "items": [_shown(order) for order in self.all],
        }


def _net(order: Document) -> Number:
    """What was paid for an order in the end."""
    paid: Number = order["total"] - order.get("refunded", 0)
    return paid


def _by_id(names: Mapping[str, str], order: Document) -> Document:
    """An order with what she knows its products by in the place of their skus."""
    if names.keys().isdisjoint(product for product, *_ in order["products"]):
        return order
    lines = [by_id(names, line) for line in order["products"]]
    returned = pieces((names.get(one, one), quantity) for one, quantity in order.get("returned", {}).items())
    return {**order, "products": lines, **({"returned": returned} if returned else {})}


def kept_of(order: Document) -> dict[str, Number]:
    """Per product of an order how many were not sent back. However often a return is told, no more come back
    than there were: what another order brought stays."""
    found = pieces(order["products"])
    for product, quantity in order.get("returned", {}).items():
        if found.get(product, 0) > 0:
            found[product] = max(found[product] - quantity, 0)
    return found


def _remaining(orders: Iterable[Document]) -> dict[str, Number]:
    found: dict[str, Number] = {}
    for order in orders:
        for product, quantity in kept_of(order).items():
            found[product] = found.get(product, 0) + quantity
    return {product: quantity for product, quantity in found.items() if quantity > 0}


def _shown(order: Document) -> Document:
    names = ("product_id", "quantity", "price", "category", "supply_days", "name")
    return {
        "order_id": order["id"],
        "state": order["state"],
        "at": iso(order.get("at")),
        "total": order["total"],
        "currency": order.get("currency"),
        "refunded": order.get("refunded", 0),
        "channel": order.get("channel"),
        "source": order["source"],
        "record": order["record"],
        "gift": order.get("gift", False),
        "shipped_at": iso(order.get("shipped_at")),
        "delivered_at": iso(order.get("delivered_at")),
        "cancelled_at": iso(order.get("cancelled_at")),
        "refunded_at": iso(order.get("refunded_at")),
        "products": [dict(zip(names, line, strict=False)) for line in order["products"]],
    }
