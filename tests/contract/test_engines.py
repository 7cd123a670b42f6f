"""Two engines in step, in memory and on SQLite or Neo4j, whatever is asked: both hold what is true."""

import os
import shutil
import tempfile
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from graph_schema.memory import MemoryStore
from graph_schema.neo4j_store import open_store
from graph_schema.rules import Rules
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Store
from graph_schema.vocabulary import Change, Event, Judgement, RecordKey
from stream.engine import Engine
from tests.engine.drawn import RECEIVED, START, event_of, messages, rules
from tests.engine.kept import differences, picture, slips
from tests.engine.truth import Truth

NEO4J_EXAMPLES = int(os.environ.get("ONEFOLD_TEST_NEO4J_EXAMPLES", "8"))
"""Histories that are played into Neo4j, where each takes seconds."""


class Failed(Exception):
    """What a store raises in the middle of a batch."""


class Engines(RuleBasedStateMachine):
    """Does the same to a store in memory and one in a file, which is now and then reopened or shared."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.memory = MemoryStore()
        self.files: list[Store] = []
        self.said: list[Event] = []
        self.drawn: list[tuple[str, dict[str, Any]]] = []
        self.words: dict[str, Judgement] = {}

    def opened(self) -> Store:
        """The store once more."""
        return SqliteStore(self.folder / "graph.db")

    @initialize(by=rules())
    def begin(self, by: Rules) -> None:
        self.by = by
        self.truth = Truth(by)
        self.in_memory = Engine(self.memory, by, clock=lambda: RECEIVED)
        self.reopen()

    @rule()
    def reopen(self) -> None:
        """Another connection, as of another process; the one before stays open, and may come back."""
        self.files.append(self.opened())
        self.on_file = Engine(self.files[-1], self.by, clock=lambda: RECEIVED)

    @rule(data=st.data())
    def ingest(self, data: st.DataObject) -> None:
        names = tuple(space.name for space in self.by.namespaces)
        batch = []
        for _ in range(data.draw(st.integers(1, 4))):
            source, message = data.draw(messages(names, len(self.drawn)))
            again = data.draw(st.integers(0, 5)) == 0 and self.drawn
            if again:
                source, first = data.draw(st.sampled_from(self.drawn))
                message = {**message, "messageId": first["messageId"]}
            self.drawn.append((source, message))
            batch.append(event_of(self.in_memory.intake, source, message))
        if self.said and data.draw(st.integers(0, 3)) == 0:
            batch.append(data.draw(st.sampled_from(self.said)))
        self.said += batch
        for engine in (self.in_memory, self.on_file):
            engine.ingest(batch)
        self.truth = self.truth.with_(batch, ())

    @precondition(lambda self: len(self._keys()) > 1)
    @rule(data=st.data())
    def judge(self, data: st.DataObject) -> None:
        order = data.draw(st.permutations(self._keys()))
        at = START + data.draw(st.integers(0, 3))
        name = f"j{len(self.words)}"
        kind: Literal["same", "different"] = data.draw(st.sampled_from(("same", "different")))
        self._tell(Judgement(name, kind, tuple(order[:1]), tuple(order[1:3]), at, "steward", "seen"))

    @precondition(lambda self: self.words)
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        word = self.words[data.draw(st.sampled_from(sorted(self.words)))]
        self._tell(replace(word, retracted_at=RECEIVED if word.retracted_at is None else None))

    @precondition(lambda self: self.said)
    @rule()
    def fail(self) -> None:
        """A batch that fails leaves no trace, in the store or in what the engine remembers."""
        new = self.said[-1]._replace(key=self.said[-1].key._replace(message_id="never"))
        bad = new._replace(key=new.key._replace(message_id="bad"), content=None)  # type: ignore[arg-type]
        try:
            self.on_file.ingest([new, bad])
        except Exception:  # noqa: BLE001 - whatever a store says of it
            return
        raise Failed("a store took an event without content")

    @invariant()
    def both_hold_what_is_true(self) -> None:
        if not self.files:
            return
        expected = self.truth.folded()
        for store in (self.memory, self.files[-1]):
            assert differences(picture(store), expected.picture()) == []
            assert slips(store, expected) == []
        assert _feed(self.memory) == _feed(self.files[-1])

    def teardown(self) -> None:
        for store in self.files:
            store.close()
        shutil.rmtree(self.folder)

    def _tell(self, word: Judgement) -> None:
        self.words[word.judgement_id] = word
        for engine in (self.in_memory, self.on_file):
            engine.judge([word])
        self.truth = self.truth.with_((), [word])

    def _keys(self) -> list[RecordKey]:
        return sorted({key for event in self.said for key in (event.record, *(event.also or ())[:1])})


def _feed(store: Store) -> list[Change]:
    with store.read() as tx:
        return tx.changes(0, 10_000)


class EnginesOnNeo4j(Engines):
    """The same with a graph of its own in a Neo4j."""

    graphs = count()

    def __init__(self, url: str) -> None:
        self.url = f"{url}-{next(self.graphs)}"
        super().__init__()

    def opened(self) -> Store:
        return open_store(self.url)


@pytest.mark.neo4j
def test_engines_on_neo4j(neo4j_url: str) -> None:
    few = settings(max_examples=NEO4J_EXAMPLES, stateful_step_count=8, deadline=None)
    # Any callable will do that gives a machine, whatever the hint says.
    run_state_machine_as_test(lambda: EnginesOnNeo4j(neo4j_url), settings=few)  # type: ignore[arg-type]


Engines.TestCase.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
TestEngines = Engines.TestCase
