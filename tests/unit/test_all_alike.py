"""More rows that say the same than a component may have, as of a till's "Walk-in Customer": each is somebody
of their own, and the next one is looked at alone."""

from dataclasses import replace
from typing import Any

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rule_parts import Matching
from graph_schema.rules import load_rules
from resolver.kinship import Kinship
from resolver.matching.model import to_dict
from resolver.neighbourhood import Neighbourhood
from resolver.resolution import Resolution
from resolver.resolve import resolve_near
from stream.engine import Engine
from tests.engine.alike import MODEL

CAP = 8
SAID = {"firstName": "Ana", "birthday": "1980-01-02", "city": "Bonn"}


def an_engine() -> Engine:
    model = to_dict(replace(MODEL, block_cap=20, component_cap=CAP))
    said: dict[str, Any] = {"matching": Matching(after="phone"), "model": model, "model_digest": "x"}
    return Engine(MemoryStore(), load_rules().model_copy(update=said), clock=lambda: 1)


def give(engine: Engine, rows: range, **more: str) -> None:
    """A row each, in a batch each."""
    for row in rows:
        message = {"type": "identify", "messageId": f"m{row}", "traits": {**SAID, **more}}
        engine.ingest([engine.intake.take({**message, "context": {"recordId": f"r{row}"}}, 1, "till")])


def persons(engine: Engine) -> int:
    with engine.store.read() as tx:
        return sum(1 for _ in tx.all_persons())


def test_as_many_as_a_component_may_have_are_one_person_and_one_more_parts_them() -> None:
    engine = an_engine()
    give(engine, range(CAP))
    assert persons(engine) == 1
    give(engine, range(CAP, CAP + 1))
    assert persons(engine) == CAP + 1


def test_whoever_comes_then_is_resolved_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, resolved = an_engine(), list[int]()
    give(engine, range(CAP + 1))

    def noted(plan: Any, found: Neighbourhood) -> Resolution:
        resolved.append(len(found.records))
        return resolve_near(plan, found)

    monkeypatch.setattr("stream.identity.resolve_near", noted)
    give(engine, range(CAP + 1, 3 * CAP))
    assert set(resolved) == {1}
    assert persons(engine) == 3 * CAP


def test_of_a_crowd_nobody_is_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """At each floor from each of a crowd, to each of it: that made an hour of a thousand rows."""
    engine, looked = an_engine(), list[int]()
    give(engine, range(4 * CAP))
    who_say = Kinship._who_say

    def noted(kinship: Kinship, *of: int) -> list[tuple[int, int]]:
        found = who_say(kinship, *of)
        looked.append(len(found))
        return found

    monkeypatch.setattr(Kinship, "_who_say", noted)
    give(engine, range(4 * CAP, 4 * CAP + 1))
    assert sum(looked) == 0
    # Whoever is like the crowd, and says something else, isn't told to be one of it either.
    before = persons(engine)
    give(engine, range(4 * CAP + 1, 4 * CAP + 2), firstName="Anna")
    assert persons(engine) == before + 1
