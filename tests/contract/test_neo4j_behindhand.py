"""A batch that is worked out while the one before it is still being written, or is lost meanwhile."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from graph_schema.errors import Lost, StoreUnavailable
from graph_schema.memory import MemoryStore
from graph_schema.neo4j_store import Neo4jStore
from graph_schema.rules import load_rules
from graph_schema.store import Writes
from serving.stores import open_store
from stream.arrived import Arrived
from stream.consuming import Consuming, Figures
from stream.engine import Engine
from stream.simulation import simulate
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
