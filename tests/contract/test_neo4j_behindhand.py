"""A batch that is worked out while the one before it is still being written, or is lost meanwhile."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

import orjson
import pytest

from graph_schema import neo4j_known
from graph_schema.errors import Lost, Overtaken, StoreUnavailable
from graph_schema.memory import MemoryStore
from graph_schema.neo4j_store import Neo4jStore
from graph_schema.rules import load_rules
from graph_schema.store import Writes
from graph_schema.vocabulary import Event
from serving.stores import open_store
from stream.arrived import Arrived
from stream.consuming import Consuming, Figures
from stream.engine import Engine
from stream.simulation import simulate
from tests.contract.contract import RECORD
from tests.engine.drawn import event_of
from tests.engine.kept import differences, picture

pytestmark = pytest.mark.neo4j

CLOCK = 1_800_000_000_000_000
RULES = load_rules("retail")
MESSAGES = [
    Arrived("topic", 0, at, CLOCK, orjson.dumps(one.message)) for at, one in enumerate(simulate(25, 500, 7))
]


class Committing:
    """Lets each batch be durable only after a while, and loses those of some numbers."""

    def __init__(self, *lost: int) -> None:
        self.lost = lost
        self.count = 0
        self.threads = ThreadPoolExecutor(1)

    def submit(self, commit: Callable[[], None]) -> Future[None]:
        self.count += 1
        return self.threads.submit(self.lose if self.count in self.lost else self.wait, commit)

    def wait(self, commit: Callable[[], None]) -> None:
        time.sleep(0.05)
        commit()

    def lose(self, commit: Any) -> None:
        error = StoreUnavailable("the line is cut")
        # What is to be closed is what was open: so it is rolled back.
        commit.__self__.__exit__(StoreUnavailable, error, None)
        raise error

    def shutdown(self) -> None:
        self.threads.shutdown()


def consuming(store: Any, figures: Figures | None = None) -> Consuming:
    return Consuming(Engine(store, RULES, clock=lambda: CLOCK), figures or Figures())


def opened(url: str, committing: Any) -> Neo4jStore:
    store = open_store(url)
    assert isinstance(store, Neo4jStore)
    store._committing.shutdown()
    store._committing = committing
    return store


def model() -> MemoryStore:
    store = MemoryStore()
    consuming(store).take(MESSAGES)
    return store


def take_all(taking: Consuming) -> None:
    for start in range(0, len(MESSAGES), 25):
        taking.take(MESSAGES[start : start + 25])
    taking.settle()


def test_what_is_read_meanwhile_is_what_will_be_there(neo4j_url: str) -> None:
    store = opened(neo4j_url, Committing())
    take_all(consuming(store))
    assert differences(picture(store), picture(model())) == []
    store.close()


def test_what_is_lost_is_given_again_before_what_stands_on_it(neo4j_url: str) -> None:
    store, figures = opened(neo4j_url, Committing(6, 9, 10, 17)), Figures()
    taking = consuming(store, figures)
    take_all(taking)
    assert differences(picture(store), picture(model())) == []
    assert taking.positions("topic") == {0: len(MESSAGES)}
    assert figures.totals.taken + figures.totals.duplicates + figures.totals.dead_letters == len(MESSAGES)
    store.close()


def test_nobody_writes_after_what_was_lost_until_it_is_given_again(neo4j_url: str) -> None:
    store = opened(neo4j_url, Committing(2))

    def write(value: int, soon: bool) -> None:
        with store.write() as tx:
            tx.apply(Writes(state={"x": value}, soon=soon))

    write(1, soon=False)
    write(2, soon=True)
    for _ in range(2):
        with pytest.raises(Lost):
            write(3, soon=False)
    with pytest.raises(Lost):
        store.settle()
    store.settle()
    with store.read() as tx:
        assert tx.get("x") == 1
    write(4, soon=True)
    store.settle()
    with store.read() as tx:
        assert tx.get("x") == 4
    store.close()


def test_it_is_noticed_that_others_write_though_nobody_waits_for_them(neo4j_url: str) -> None:
    mine, theirs = open_store(neo4j_url), open_store(neo4j_url)
    remembered = []
    for at in range(10):
        with mine.write() as tx:
            remembered.append(tx.unchanged)
            tx.apply(Writes(state={"x": at}, soon=True))
        with theirs.write() as tx:
            tx.apply(Writes(state={"y": at}))
    # Whoever believes to be alone is overtaken by whatever others write.
    assert remembered == [False] * 10
    mine.close()
    theirs.close()


def test_what_a_record_that_goes_had_said_is_nobodys_in_the_next_batch(neo4j_url: str) -> None:
    taking = Engine(MemoryStore(), RULES, clock=lambda: CLOCK).intake

    def said(message: str, row: str, day: int, **traits: str) -> Event:
        body = {"type": "identify", "messageId": message, "timestamp": f"2026-03-0{day}T09:00:00Z"}
        return event_of(taking, "crm", {**body, "context": {"recordId": row}, "traits": traits})

    ana = {"firstName": "Ana", "lastName": "Meier", "birthday": "1980-01-02"}
    steps = [
        [said("m1", "one", 2, **ana), said("m2", "two", 2, **ana)],
        [said("m2", "three", 1)],
        [said("m3", "one", 3, firstName="Bob", lastName="Li", birthday="1975-05-05")],
    ]
    store = opened(neo4j_url, Committing())
    engine = Engine(store, RULES, clock=lambda: CLOCK)
    engine.ingest(steps[0])
    with store.read() as tx:
        before = {record.content for record in tx.all_records()}
        assert tx.contents(before).keys() == before
    for step in steps[1:]:
        engine.ingest(step, soon=True)
    store.settle()
    with store.read() as tx:
        assert {record.key.record_id: record.content in before for record in tx.all_records()} == {
            "one": False,
            "three": False,
        }
        assert tx.contents(before) == {}
    store.close()


@pytest.mark.parametrize("goes", [False, True])
def test_it_is_noticed_that_somebody_no_longer_says_something_though_it_was_forgotten(
    neo4j_url: str, monkeypatch: pytest.MonkeyPatch, goes: bool
) -> None:
    monkeypatch.setattr(neo4j_known, "REMEMBERED", 0)
    said, other = (replace(RECORD, content=content) for content in (77, 78))
    change = Writes(records_gone={said.id}) if goes else Writes(records={said.id: other})
    with closing(open_store(neo4j_url)) as mine, closing(open_store(neo4j_url)) as theirs:
        with theirs.write() as tx:
            tx.apply(Writes(records={said.id: said}))

        def beside() -> None:
            with mine.write() as tx:
                assert tx.speakers([77]) == {77: [said.id]}
                with theirs.write() as another:
                    another.apply(change)
                tx.apply(Writes(state={"x": 1}))

        with pytest.raises(Overtaken):
            beside()
