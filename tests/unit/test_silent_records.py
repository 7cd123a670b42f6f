"""Records that say nothing of a person: what is alike is decided without them, or the order would tell."""

from dataclasses import replace
from itertools import permutations
from typing import Any

from graph_schema.memory import MemoryStore
from graph_schema.rule_parts import Matching
from graph_schema.rules import load_rules
from resolver.matching.model import to_dict
from stream.engine import Engine
from tests.engine.alike import MODEL

WIDE = replace(MODEL, block_cap=20, component_cap=300)


def told(key: str, card: str, number: int = 1, **traits: str) -> dict[str, Any]:
    held = {"recordId": key, "externalIds": [{"type": "loyalty_card", "id": card}]}
    return {"type": "identify", "messageId": f"{key}-{number}", "traits": traits, "context": held}


ANA_OR_BOB = [
    told("m", "1", firstName="Ana", birthday="1980-01-02"),
    told("m", "1", 2, firstName="Bob"),
]
ANA = told("b", "2", firstName="Ana", birthday="1980-01-02", city="Bonn")
BOB = told("c", "3", firstName="Bob", birthday="1980-01-02", city="Lyon")
RECEIPT = told("a", "3")
"""Of Bob's card, under a key before all others."""


def persons(messages: list[dict[str, Any]]) -> set[frozenset[str]]:
    said: dict[str, Any] = {"matching": Matching(after="phone"), "model": to_dict(WIDE), "model_digest": "x"}
    engine = Engine(MemoryStore(), load_rules().model_copy(update=said), clock=lambda: 1)
    for message in messages:
        engine.ingest([engine.intake.take(message, 1, "crm")])
    found: dict[int, set[str]] = {}
    with engine.store.read() as tx:
        for record in tx.all_records():
            found.setdefault(record.person, set()).add(record.key.record_id)
    return {frozenset(one) for one in found.values()}


def test_who_says_nothing_breaks_no_tie_of_likeness() -> None:
    """Somebody is as much like one as like another, who are not like each other. A receipt of one of the two
    has the smallest key of all, and comes to her person without a look at anybody."""
    expected = persons([*ANA_OR_BOB, ANA, BOB])
    assert expected == {frozenset("mb"), frozenset("c")}
    for order in permutations([ANA_OR_BOB, [ANA], [BOB], [RECEIPT]]):
        found = persons([message for part in order for message in part])
        assert {one - {"a"} for one in found} == expected
        assert frozenset("ac") in found
