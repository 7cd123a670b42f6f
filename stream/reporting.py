"""Figures of all customers: who they are by stage and by how often they bought, with and without resolution;
and what the frozen parameters of the rules are fitted to.

Without resolution each record is a customer of its own, with the orders that it reported and what became of
them as far as it told.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from graph_schema.errors import Invalid
from graph_schema.store import Document
from graph_schema.vocabulary import ObjectKey, RecordKey
from profiles.accounts import accounts_of
from profiles.fitting import fit
from profiles.lifecycle import lifecycle_of
from profiles.moments import iso
from profiles.objects import speakers, tied, views, whole
from profiles.order_views import tidy
from profiles.orders import NO_CURRENCY, Orders
from profiles.profile_rules import profile_rules
from profiles.settings import ProfileSettings
from profiles.value import Purchases, purchases_of
from stream.parts import in_parts
from stream.reader import Reader

STAGES: Final = ("new", "active", "defecting", "inactive", "closed")
BUYERS: Final = ("first_time", "repeat")
_AT_ONCE: Final = 1_000


class Customer(NamedTuple):
    """One who bought: the stage, the number of orders, and what was paid by currency."""

    stage: str
    orders: int
    spent: dict[str, float]


def report(reader: Reader, at: int) -> Document:
    """Customers, orders and revenue by stage and by first-time or repeat, with the clock at ``at``.

    Revenue is in the currency of most orders; what was paid in others is told apart.
    """
    settings = profile_rules(reader.intake.rules).settings
    resolved = list(_customers(_states(reader), settings, at))
    apart = list(_customers(_records(reader), settings, at))
    currency = _main_currency(resolved)
    return {
        "at": iso(at),
        "currency": None if currency == NO_CURRENCY else currency,
        "with_resolution": _summed(resolved, currency),
        "without_resolution": _summed(apart, currency),
    }


def _customers(states: Iterable[Document], settings: ProfileSettings, at: int) -> Iterator[Customer]:
    """Everybody with one of these states who bought something by then."""
    for state in states:
        orders = _by_then(state, at)
        if orders.counted:
            stage = lifecycle_of(orders.times, accounts_of(state), None, settings.lifecycle, at).stage
            yield Customer(stage, len(orders.counted), dict(orders.spent))


def fitted(reader: Reader, percentile: float, at: int) -> Document:
    """The table [profile.value] of the rules with parameters fitted to the store at a clock, and the spending
    that only so many percent of customers are below. Raises ``Invalid`` where nobody bought twice."""
    rules = reader.intake.rules
    settings = profile_rules(rules).settings
    histories: list[Purchases] = []
    spent: list[float] = []
    for state in _states(reader):
        orders = _by_then(state, at)
        history = purchases_of(orders.paid, at)
        if history is not None:
            histories.append(history)
            spent.append(float(orders.total))
    try:
        found = fit(histories, settings.value)
    except ValueError as error:
        raise Invalid("--store", f"{error}.") from error
    spent.sort()
    threshold = spent[min(int(len(spent) * percentile / 100), len(spent) - 1)]
    names = ("r", "alpha", "a", "b", "p", "q", "v")
    table: dict[str, Any] = dict(rules.profile.get("value", {}))
    return {**table, **{name: getattr(found, name) for name in names}, "high_value": threshold}


def _states(reader: Reader) -> Iterator[Document]:
    """What is known of every person; of who was erased nothing is."""
    persons = [person.id for person in reader.tx.all_persons()]
    for part in in_parts(persons, _AT_ONCE):
        yield from reader.tx.profiles(part).values()


def _by_then(state: Document, at: int) -> Orders:
    shown = state.get("objects", {}).get("order", {})
    bought = {key: view for key, view in shown.items() if view is not None and view.get("at", at) <= at}
    return Orders({"objects": {"order": bought}})


def _records(reader: Reader) -> Iterator[Document]:
    """What every record that reported a purchase knows of, as if it were all there is."""
    own: dict[RecordKey, dict[str, Document]] = {}
    for key, told in reader.tx.all_objects("order"):
        for record in speakers(told):
            shown = _as_told_by(record, key, told)
            if shown is not None:
                own.setdefault(record, {})[key.key] = shown
    return ({"objects": {"order": shown}} for shown in own.values())


def _as_told_by(record: RecordKey, key: ObjectKey, told: Document) -> Document | None:
    words = {name: entry for name, entry in told.items() if (entry[0], entry[1]) == record}
    alone = {key: words, **{one: {} for one in tied(key, words)}}
    return views(key, whole(key, alone), {record: 1}).get(1)


def _main_currency(found: Iterable[Customer]) -> str:
    counts = Counter[str]()
    for one in found:
        counts.update(dict.fromkeys(one.spent, one.orders))
    return min(counts, key=lambda one: (-counts[one], one), default=NO_CURRENCY)


def _summed(found: list[Customer], currency: str) -> Document:
    others = sorted({one for each in found for one in each.spent} - {currency})
    by_buyer = {"first_time": [one for one in found if one.orders == 1]}
    by_buyer["repeat"] = [one for one in found if one.orders > 1]
    return {
        **_total(found, currency),
        "other_currencies": {one: _total(found, one)["revenue"] for one in others},
        "by_stage": {
            stage: _total([one for one in found if one.stage == stage], currency) for stage in STAGES
        },
        "by_purchases": {name: _total(by_buyer[name], currency) for name in BUYERS},
    }


def _total(found: list[Customer], currency: str) -> Document:
    revenue = sum(round(one.spent.get(currency, 0) * 1_000_000) for one in found) / 1_000_000
    return {"customers": len(found), "orders": sum(one.orders for one in found), "revenue": tidy(revenue)}
