"""A batch that is worked out while a thread still commits the one before it, or while that one is lost."""

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from graph_schema.errors import Lost
from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Writes
from stream.engine import Engine
from stream.ingesting import Input, ingest
from stream.parsing import Parsing
from stream.simulation import simulate, write_stream
from tests.engine.kept import differences, picture

CLOCK = 1_800_000_000_000_000
RULES = load_rules("retail")


def losing(store: SqliteStore, *lost: int) -> SqliteStore:
    """Lets each batch be durable only after a while, and loses those of some numbers."""
    submit, count = store._committing.submit, 0

    def wait(commit: Callable[[int, int], None], version: int, before: int, is_lost: bool) -> None:
        time.sleep(0.02)
        if is_lost:
            with store._whole():
                raise sqlite3.OperationalError("disk I/O error")
        commit(version, before)

    def later(commit: Callable[[int, int], None], version: int, before: int) -> Future[None]:
        nonlocal count
        count += 1
        return submit(wait, commit, version, before, count in lost)

    store._committing.submit = later  # type: ignore[method-assign, assignment]
    return store


def write(store: SqliteStore, value: int, soon: bool) -> None:
    with store.write() as tx:
        tx.apply(Writes(state={"x": value}, soon=soon))


def read(store: SqliteStore) -> int:
    with store.read() as tx:
        value: int = tx.get("x")
        return value


def test_what_is_to_be_durable_soon_is_when_it_is_settled_or_anything_else_is_written(tmp_path: Path) -> None:
    store = losing(SqliteStore(tmp_path / "a.db"))
    write(store, 1, soon=False)
    write(store, 2, soon=True)
    assert read(store) == 1
    store.settle()
    assert read(store) == 2
    write(store, 3, soon=True)
    write(store, 4, soon=False)
    assert read(store) == 4
    write(store, 5, soon=True)
    store.close()
    assert read(SqliteStore(tmp_path / "a.db")) == 5


def test_nobody_writes_after_what_was_lost_until_that_was_asked(tmp_path: Path) -> None:
    store = losing(SqliteStore(tmp_path / "a.db"), 1)
    write(store, 1, soon=False)
    write(store, 2, soon=True)
    for _ in range(2):
        with pytest.raises(Lost):
            write(store, 3, soon=False)
    with pytest.raises(Lost):
        store.settle()
    store.settle()
    assert read(store) == 1
    write(store, 4, soon=True)
    store.settle()
    assert read(store) == 4


def test_a_file_of_which_batches_are_lost_goes_on_where_the_store_is(tmp_path: Path) -> None:
    stream = tmp_path / "stream.jsonl"
    write_stream(simulate(25, 500, 7), stream, None, lambda _: None)
    told: list[int] = []

    def take(store: SqliteStore | MemoryStore) -> None:
        with Parsing(RULES, workers=0) as parsing:
            engine = Engine(store, RULES, clock=lambda: CLOCK)
            ingest(engine, Input(str(stream)), parsing, lambda lines, _: told.append(lines), 25)

    store = losing(SqliteStore(tmp_path / "a.db"), 6, 9, 10, 20)
    for _ in range(4):
        with pytest.raises(Lost):
            take(store)
        with pytest.raises(Lost):
            store.settle()
    take(store)
    # What was told of was durable: none of it is told twice.
    assert sum(told) == 500
    whole = MemoryStore()
    take(whole)
    assert differences(picture(store), picture(whole)) == []
