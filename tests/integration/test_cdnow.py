"""CDNOW: 6,919 published purchases, each at random by web account or by loyalty card, told as one person.

The data and the published summary of the first 39 weeks (Fader, Hardie, Lee 2005) are those that the package
`lifetimes` brings along.
"""

import csv
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from profiles.moments import DAY
from profiles.orders import Orders
from profiles.value import purchases_of
from stream.deciding import portraits_of
from stream.engine import Engine
from stream.reader import Reader

LAST_DAY = date(1997, 9, 30)
AT_ONCE = 1_000


class Purchase(NamedTuple):
    customer: str
    day: date
    amount: Decimal


def published(name: str) -> list[str]:
    """The lines of a data set, without importing the package that brings it."""
    path = Path(str(distribution("lifetimes").locate_file("lifetimes"))) / "datasets" / name
    return path.read_text(encoding="ascii").splitlines()


def purchases() -> list[Purchase]:
    rows = (line.split() for line in published("CDNOW_sample.txt"))
    return [Purchase(row[1], date.fromisoformat(row[2]), Decimal(row[4])) for row in rows if row]


def microseconds(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000


def messages(bought: list[Purchase]) -> Iterator[dict[str, Any]]:
    """Every purchase by one way or the other, and for who used both a sign-up that links them."""
    dice = random.Random(1997)
    for number, one in enumerate(bought):
        card = {"externalIds": [{"type": "loyalty_card", "id": f"29{one.customer}"}]}
        by_account: dict[str, Any] = {"source": "web", "userId": f"c-{one.customer}"}
        by_card: dict[str, Any] = {"source": "till", "context": {**card, "channel": "store"}}
        way = dice.choice([by_account, by_card])
        order = {"order_id": f"o-{number}", "total": float(one.amount), "currency": "USD"}
        yield {
            "type": "track",
            "event": "Order Completed",
            "messageId": f"m-{number}",
            "timestamp": one.day.isoformat() + "T12:00:00Z",
            "properties": order,
            **way,
        }
    for customer in sorted({one.customer for one in bought}):
        card = {"externalIds": [{"type": "loyalty_card", "id": f"29{customer}"}]}
        yield {
            "source": "web",
            "type": "identify",
            "messageId": f"s-{customer}",
            "timestamp": "1997-12-31T09:00:00Z",
            "userId": f"c-{customer}",
            "context": card,
        }


@pytest.fixture(scope="module")
def orders() -> dict[str, Orders]:
    """What each customer's stored profile shows, after all came in shuffled."""
    said = list(messages(purchases()))
    random.Random(7).shuffle(said)
    engine = Engine(MemoryStore(), load_rules("retail"), clock=lambda: microseconds(date(1998, 7, 1)))
    for start in range(0, len(said), AT_ONCE):
        engine.ingest([engine.intake.take(one, received=0) for one in said[start : start + AT_ONCE]])
    found = {}
    with engine.store.read() as tx:
        reader = Reader(tx, engine.intake, engine.id_key)
        for portrait in portraits_of(reader, [person.id for person in tx.all_persons()]).values():
            accounts = [
                node.identifier.value
                for node in portrait.identifiers.values()
                if node.identifier.namespace == "user_id"
            ]
            assert len(accounts) == 1
            found[accounts[0].removeprefix("c-")] = Orders(portrait.state)
    return found


def test_every_total_is_exact_to_the_cent(orders: dict[str, Orders]) -> None:
    bought = purchases()
    assert len(bought) == 6_919
    expected: dict[str, Decimal] = {}
    for one in bought:
        expected[one.customer] = expected.get(one.customer, Decimal()) + one.amount
    assert len(orders) == len(expected) == 2_357
    wrong = {
        one: (found.total, expected[one])
        for one, found in orders.items()
        if Decimal(str(found.total)) != expected[one]
    }
    assert not wrong
    assert sum(len(found.counted) for found in orders.values()) == 6_919


def test_frequency_recency_and_age_are_the_published_ones(orders: dict[str, Orders]) -> None:
    rows = csv.DictReader(published("cdnow_customers_summary.csv"))
    summary = {f"{int(row['ID']):04d}": row for row in rows}
    assert summary.keys() == orders.keys()
    wrong = {}
    for customer, row in summary.items():
        found = purchases_of(orders[customer].paid, microseconds(LAST_DAY) + DAY - 1)
        assert found is not None
        came = (found.frequency, round(found.recency, 2), round(found.age, 2))
        if came != (int(row["frequency"]), float(row["recency"]), float(row["T"])):
            wrong[customer] = (came, row)
    assert not wrong
