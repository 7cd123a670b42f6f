"""One order, from what every source told of it: whose it is, what it came to, and what became of it.

It counts for the person whose record reported `Order Completed` first, and is shown to her alone; one that
nobody completed is shown to nobody. Several reports of one refund, by several sources, are one: within a
source refunds add up, and of the sources the one that tells of more stands.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import fsum
from typing import Any

from graph_schema.store import Document
from graph_schema.vocabulary import RecordKey
from profiles.told import NUMBERED, Delivered, Ordered, Told, by_id, first_time, ids_by_sku

Number = int | float
Json = Any


def order_views(key: str, words: list[Told], person_of: Mapping[RecordKey, int]) -> dict[int, Document]:
    """The view of the one person for whom the order counts, if there is one."""
    completed = [one for one in words if one.kind == "completed"]
    if not completed or completed[0].record not in person_of:
        return {}
    buyer = person_of[completed[0].record]
    told = [one for one in words if one.kind == "delivered" and Delivered(*one.fact).to_somebody]
    receivers = {person_of[one.record] for one in told if one.record in person_of}
    view = _view(key, completed, words)
    if receivers - {buyer}:
        view["gift"] = True
    return {buyer: view}


def _view(key: str, completed: list[Told], words: list[Told]) -> Document:
    first = completed[0]
    # The last update is the order; what it leaves out is as it was completed, by the first who told it.
    updates = sorted((one for one in words if one.kind == "updated"), key=lambda one: one.at is not None)
    placed = [Ordered(*one.fact) for one in completed]
    accounts = [*(Ordered(*one.fact) for one in reversed(updates)), *placed]
    ids = ids_by_sku(line for one in words if one.kind in NUMBERED for line in Ordered(*one.fact).products)
    products = [by_id(ids, line) for line in _first_given(accounts, "products") or []]
    total = _first_given(accounts, "total")
    if total is None:
        total = tidy(worth(products))
    view: Document = {
        "id": _first_given(placed, "order_id") or key,
        "at": first.at,
        "total": total,
        "currency": _first_given(accounts, "currency"),
        "products": products,
        "channel": _first_given(accounts, "channel"),
        "source": first.record.source,
        "record": first.record.record_id,
    }
    if _first_given(accounts, "gift"):
        view["gift"] = True
    _follow(view, words, ids)
    return {name: value for name, value in view.items() if value is not None}


def _follow(view: Document, words: list[Told], ids: Mapping[str, str]) -> None:
    """What became of the order; in a store it was handed over at once."""
    in_store = view["channel"] == "store"
    done = {one.kind for one in words}
    delivered = "delivered" in done or in_store
    shipped = "shipped" in done or "delivered" in done
    view["shipped_at"] = first_time(words, "shipped")
    view["delivered_at"] = (
        first_time(words, "delivered") if "delivered" in done else view["at"] if in_store else None
    )
    view["cancelled_at"] = first_time(words, "cancelled")
    refunds = [one for one in words if one.kind == "refunded"]
    whole = bool(refunds) and _take_back(view, refunds, ids)
    if "cancelled" in done:
        view["state"] = "cancelled"
    elif whole:
        view["state"] = "returned"
        view["returned"] = pieces(view["products"])
    elif refunds:
        view["state"] = "partly_refunded"
    else:
        view["state"] = "delivered" if delivered else "shipped" if shipped else "placed"
    view["delivered"] = delivered or None
    view["shipped"] = shipped or None


class _GivenBack:
    """What one source tells of what was given back, refund by refund: one that comes again is the same, and
    of as much as either word of it."""

    def __init__(self) -> None:
        self.amounts: dict[str, Number] = {}
        self.listed: dict[str, Counter[str]] = {}
        self.by_list = False
        """Whether a list alone says what an amount of its own does not."""

    def is_all(self, total: Number, bought: Mapping[str, Number]) -> bool:
        """Whether it is all of an order: every article of it, or its whole price. What only a list tells is
        not: an order of a lower price than its products', or of none, is not given back whole with the first
        of them. But what the list calls otherwise than the order does can be any of its articles, and what
        is given back without a list is of all the others."""
        pieces_back = sum(self.listed.values(), Counter[str]())
        articles = {one: count for one, count in bought.items() if count > 0}
        if articles and all(pieces_back[one] >= count for one, count in articles.items()):
            return True
        unlisted = [amount for refund, amount in self.amounts.items() if not self.listed[refund]]
        if unlisted and _sum(unlisted) >= total:
            return True
        named = pieces_back.keys() <= bought.keys()
        return _sum(self.amounts.values()) >= total and not (self.by_list and named)


def _take_back(view: Document, refunds: list[Told], ids: Mapping[str, str]) -> bool:
    """The amount refunded and the products that came back, by the source that tells of most; whether that is
    all of the order."""
    prices = _prices(view["products"])
    sources: dict[str, _GivenBack] = {}
    for one in refunds:
        said, back = Ordered(*one.fact), Counter[str]()
        lines = [by_id(ids, line) for line in said.products]
        # Some write what they give back as a negative amount, or so many pieces less.
        for product, quantity, *_ in lines:
            back[product] += abs(quantity)
        source = sources.setdefault(one.source, _GivenBack())
        amount = said.total
        if lines and (amount is None or not view["total"]):
            source.by_list = True
        if amount is None:
            priced = ((key, n, prices.get(key) if price is None else price) for key, n, price, *_ in lines)
            amount = worth(priced) if lines else view["total"]
        named = said.refund_id or one.event
        source.amounts[named] = max(abs(amount), source.amounts.get(named, 0))
        source.listed[named] = source.listed.get(named, Counter()) | back
    view["refunded"] = min(max(_sum(one.amounts.values()) for one in sources.values()), view["total"])
    returned = Counter[str]()
    for one_source in sources.values():
        returned |= sum(one_source.listed.values(), Counter())
    view["refunded_at"] = max((one.at for one in refunds if one.at is not None), default=None)
    view["returned"] = dict(returned) or None
    bought = pieces(view["products"])
    return any(one.is_all(view["total"], bought) for one in sources.values())


def _prices(products: Iterable[Any]) -> dict[str, float]:
    """What a piece of each product was bought for: in the mean, where the second was cheaper."""
    priced = [line for line in products if line[2] is not None and line[1] > 0]
    counts, paid = pieces(priced), pieces((one, n * price) for one, n, price, *_ in priced)
    return {one: paid[one] / counts[one] for one in counts}


def _sum(amounts: Iterable[Number]) -> Number:
    return tidy(fsum(amounts))


def _first_given(accounts: list[Ordered], part: str) -> Json:
    given = (getattr(one, part) for one in accounts)
    return next((one for one in given if one not in (None, [])), None)


def pieces(products: Iterable[Any]) -> dict[str, Number]:
    """How many there are of each product, over all lines."""
    found: dict[str, Number] = {}
    for product, quantity, *_ in products:
        found[product] = found.get(product, 0) + quantity
    return found


def worth(products: Iterable[Any]) -> float:
    """What products come to, by quantity and price."""
    return fsum((quantity or 0) * (price or 0) for _, quantity, price, *_ in products)


def tidy(amount: float) -> Number:
    """An amount without the dust of binary fractions: to the millionth, whole where it is and a float can
    tell it from the next (beyond, an integer would be more than JSON's readers take)."""
    rounded = round(amount, 6)
    return int(rounded) if abs(rounded) < 2**53 and rounded == int(rounded) else rounded
