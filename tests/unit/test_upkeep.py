"""Audiences over a rebuild, and when their rules change."""

from typing import Any

import pytest

from graph_schema.errors import RulesMismatch
from graph_schema.memory import MemoryStore
from graph_schema.rules import Rules
from graph_schema.store import Store
from graph_schema.vocabulary import Delta, Enrolment
from profiles.moments import DAY, iso
from stream.engine import Engine
from stream.rebuilding import derive
from tests.unit.portraits import RETAIL, START

BOUGHT: dict[str, Any] = {
    "source": "web",
    "type": "track",
    "event": "Order Completed",
    "userId": "u-1",
    "timestamp": iso(START),
    "properties": {"order_id": "o-1", "total": 30, "products": [{"product_id": "tea", "price": 30}]},
}
FIELDS = {name: getattr(RETAIL, name) for name in Rules.model_fields}
SMALL = Rules(**{**FIELDS, "audiences": {"buyers": {"when": "orders_count > 0"}}})
FEWER = Rules(**{**FIELDS, "namespaces": RETAIL.namespaces[:2], "matching": None})


def engine_on(store: Store, rules: Rules = RETAIL) -> Engine:
    return Engine(store, rules, clock=lambda: START + DAY)


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    engine = engine_on(store)
    engine.ingest([engine.intake.take(BOUGHT, START)])
    return store


def feed(store: Store) -> list[Delta]:
    with store.read() as tx:
        return tx.deltas(None, 0, 100)


def members(store: Store, audience: str) -> list[Enrolment]:
    with store.read() as tx:
        return tx.enrolled(audience, None, ("", 0), 100)


def test_a_rebuild_by_the_same_rules_tells_nothing_new(store: MemoryStore) -> None:
    fresh = MemoryStore()
    derive(store, engine_on(fresh))
    assert feed(fresh) == feed(store) != []
    assert members(fresh, "suppress_buyers") == members(store, "suppress_buyers") != []
    assert engine_on(fresh).fall_due(START + 400 * DAY) == 1
    assert [one.audience for one in feed(fresh)[len(feed(store)) :]] == ["lapsed"]


def test_a_rebuild_by_other_rules_tells_what_is_otherwise(store: MemoryStore) -> None:
    fresh = MemoryStore()
    derive(store, engine_on(fresh, SMALL))
    new = feed(fresh)[len(feed(store)) :]
    assert [(one.audience, one.added) for one in new] == [("suppress_buyers", False), ("buyers", True)]


def test_everybody_is_asked_again_when_audiences_are_declared_otherwise(store: MemoryStore) -> None:
    before = len(feed(store))
    engine_on(store, SMALL).fall_due(START + DAY)
    assert {(one.audience, one.added) for one in feed(store)[before:]} == {
        ("suppress_buyers", False),
        ("buyers", True),
    }
    assert [one.person for one in members(store, "buyers")] == [1]
    assert not members(store, "suppress_buyers")
    engine_on(store, SMALL).fall_due(START + DAY)
    assert len(feed(store)) == before + 2


def test_by_rules_of_another_identity_nobody_is_moved(store: MemoryStore) -> None:
    with pytest.raises(RulesMismatch):
        engine_on(store, FEWER).fall_due(START + 400 * DAY)
    assert members(store, "lapsed") == []


def test_who_is_only_a_row_with_a_key_is_in_the_audiences_of_who_never_bought() -> None:
    rules = Rules(**{**FIELDS, "audiences": {"never": {"when": "orders_count == 0"}}})
    engine = engine_on(MemoryStore(), rules)
    row = {"source": "crm", "type": "identify", "userId": "u-1", "traits": {}}
    engine.ingest([engine.intake.take(row, START)])
    assert len(members(engine.store, "never")) == 1
