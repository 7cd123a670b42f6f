"""Two processes beside each other on one graph in Neo4j: whatever a batch changes of what can be asked has
left its mark, and what they come to is what one alone in memory does, though nothing is durable at once."""

from collections import defaultdict
from collections.abc import Hashable
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_schema import neo4j_known as marks
from graph_schema.memory import MemoryStore
from graph_schema.neo4j_transaction import Neo4jTransaction
from graph_schema.store import Store
from stream.engine import Engine
from tests.contract.test_neo4j_behindhand import Committing, opened
from tests.engine.drawn import RECEIVED, Batch, History, Step, histories, plays
from tests.engine.kept import differences, picture
from tests.properties.test_incremental import NEO4J_EXAMPLES

pytestmark = pytest.mark.neo4j

Answers = dict[tuple[str, int], Hashable]
"""What is answered, by what was asked and the mark of what it was asked of; nothing for what isn't there."""


def answers(store: Store) -> Answers:
    """What a store answers of everything that it tells of."""
    found: Answers = {}
    with store.read() as tx:
        records = {record.id: record for record in tx.all_records()}
        persons = {person.id: person for person in tx.all_persons()}
        nodes = [node.id for node in tx.all_identifiers()]
        told = defaultdict(set)
        for one, event in tx.history(records):
            told[one].add(event)
        found |= {("event", marks.of_event(*event.key)): event for event in tx.all_events()}
        for one, record in records.items():
            found["record", one << 3 | marks.RECORD] = repr(record)
            found["history", one << 3 | marks.RECORD] = frozenset(told[one])
        for one, person in persons.items():
            found["person", one << 3 | marks.PERSON] = person.person_id, person.size, person.founder
        for what, kind, ids in (
            ("members", marks.PERSON, tx.members(persons)),
            ("holders", marks.IDENTIFIER, tx.holders(nodes)),
        ):
            found |= {(what, one << 3 | kind): frozenset(each) for one, each in ids.items() if each}
        said = {record.content for record in records.values()} - {0}
        for one, speakers in tx.speakers(said).items():
            found["speakers", marks.of_content(one)] = frozenset(speakers)
        for one, edges in tx.edges(said).items():
            found |= {("edges", marks.of_content(one)): frozenset(edges.items())} if edges else {}
    return found


def unmarked(before: Answers, after: Answers, changed: set[int]) -> list[tuple[str, int]]:
    """What is answered otherwise than before, though no mark tells it."""
    asked = before.keys() | after.keys()
    return [one for one in asked if before.get(one) != after.get(one) and one[1] not in changed]


def test_whatever_changes_leaves_its_mark(neo4j_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graphs, changed = count(), set[int]()
    remember = Neo4jTransaction.remember

    def noting(tx: Neo4jTransaction) -> None:
        changed.update(tx.changed)
        remember(tx)

    monkeypatch.setattr(Neo4jTransaction, "remember", noting)

    @settings(max_examples=NEO4J_EXAMPLES)
    @given(histories(most=14, matched=True), st.data())
    def check(history: History, data: st.DataObject) -> None:
        url = f"{neo4j_url}-{next(graphs)}"
        stores = [opened(url, Committing()) for _ in range(2)]
        engines = [Engine(store, history.rules, clock=lambda: RECEIVED) for store in stores]
        alone = Engine(MemoryStore(), history.rules, clock=lambda: RECEIVED)
        before = answers(stores[0])
        for step in data.draw(plays(history)):
            _take(alone, step)
            whose = data.draw(st.integers(0, 1))
            changed.clear()
            _take(engines[whose], step)
            stores[whose].settle()
            after = answers(stores[0])
            assert unmarked(before, after, changed) == []
            before = after
        assert differences(picture(stores[0]), picture(alone.store)) == []
        for store in stores:
            store.close()

    check()


def _take(engine: Engine, step: Step) -> None:
    """Takes a step, each of its events before the one before it is durable."""
    if isinstance(step, Batch):
        for event in step.events:
            engine.ingest([event], soon=True)
    else:
        engine.judge([step.judgement])
