"""How little a batch waits for the graph: what it needs is asked for at once, and what the batch before
it wrote is known though it is still being written."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from threading import Event as Signal
from typing import Any, LiteralString

import pytest

from graph_schema.neo4j_asking import Ask, Asked
from graph_schema.neo4j_queries import GRAPH
from graph_schema.neo4j_rows import Row
from graph_schema.neo4j_transaction import Neo4jTransaction
from graph_schema.rules import load_rules
from graph_schema.store import Writes
from serving.stores import open_store
from stream.engine import Engine
from tests.bench.graph import items
from tests.contract.contract import EVENT, OTHER, PERSON, RECORD, everything
from tests.contract.test_neo4j_behindhand import Committing, opened
from tests.engine.kept import differences, picture

pytestmark = pytest.mark.neo4j

RULES = load_rules("retail")
BEFORE, AT_ONCE = 2_000, 400
PATIENCE_SECONDS = 10


class Held(Committing):
    """Makes a batch durable only once ``let_go``; ``late``: it was not let go in time."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go, self.late = Signal(), False

    def wait(self, commit: Callable[[], None]) -> None:
        self.late |= not self.let_go.wait(PATIENCE_SECONDS)
        commit()


def questions(url: str, monkeypatch: pytest.MonkeyPatch, far: bool) -> int:
    """What a process that has nothing in memory asks for one batch of people who are known."""
    given = items(BEFORE + AT_ONCE, BEFORE // 10)
    with closing(open_store(url)) as store:
        Engine(store, RULES).ingest(given[:BEFORE])
    count = 0
    together = Ask.together

    def counted(self: Ask, *asked: Asked) -> list[list[Row]]:
        nonlocal count
        count += 1
        return together(self, *asked)

    with monkeypatch.context() as patch, closing(open_store(url)) as store:
        patch.setattr(Neo4jTransaction, "far", far)
        patch.setattr(Ask, "together", counted)
        Engine(store, RULES).ingest(given[BEFORE:])
        patch.undo()
        with closing(open_store(f"{url}-whole")) as whole:
            Engine(whole, RULES).ingest(given)
            assert differences(picture(store), picture(whole)) == []
    return count


def test_a_batch_of_people_who_come_again_costs_few_questions(
    neo4j_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = questions(neo4j_url, monkeypatch, far=False)
    at_once = questions(f"{neo4j_url}-ahead", monkeypatch, far=True)
    assert at_once < 60
    assert 3 * at_once < one_by_one


def test_what_comes_again_in_the_next_batch_is_known_before_it_is_durable(neo4j_url: str) -> None:
    held = Held()
    store = opened(neo4j_url, held)
    with store.write() as tx:
        person, one = tx.allocate("person"), tx.allocate("record")
        first, second = (each._replace(id=tx.allocate("event"), record=one) for each in (EVENT, OTHER))
        tx.apply(
            Writes(
                events={first.id: first, second.id: second},
                records={one: replace(RECORD, id=one, person=person, content=77)},
                persons={person: replace(PERSON, id=person, founder=one)},
                soon=True,
            )
        )
    with store.write() as tx:
        assert tx.seen([first.key, second.key]) == {first.key: first.id, second.key: second.id}
        assert tx.events([second.id]) == {second.id: second}
        assert set(tx.said_by(person)) == {77}
        assert not held.let_go.is_set()
        held.let_go.set()
    store.settle()
    assert not held.late
    store.close()


def test_who_has_followed_every_feed_to_its_end_asks_the_graph_alone(
    neo4j_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    ask = Ask.__call__

    def noted(self: Ask, query: LiteralString, parameters: dict[str, Any], *marks: Any) -> list[Row]:
        asked.append(query)
        return ask(self, query, parameters, *marks)

    with closing(open_store(neo4j_url)) as store:
        with store.write() as tx:
            tx.apply(everything())
        monkeypatch.setattr(Ask, "__call__", noted)
        with store.read() as tx:
            ends = tx.last_change(), tx.last_delta(), len(tx.dead_letters(0, 9))
            assert (ends[0], ends[2]) == (2, 1)
            asked.clear()
        with store.read() as tx:
            assert not [*tx.changes(ends[0], 9), *tx.deltas(None, ends[1], 9), *tx.dead_letters(ends[2], 9)]
    assert asked == [GRAPH]
