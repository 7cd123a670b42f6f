"""The stores that the tests of this directory put to the contract, and the real services behind them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.neo4j_store import open_store
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Store
from tests.contract.sqlite_plans import Telling, scans
from tests.services.fixtures import neo4j_graph, neo4j_service, neo4j_url, services

__all__ = ["neo4j_graph", "neo4j_service", "neo4j_url", "services"]


@pytest.fixture(params=["memory", "sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        with looked_up(tmp_path / "store.db") as made:
            yield made
        return
    other = open_store(request.getfixturevalue("neo4j_url")) if request.param == "neo4j" else MemoryStore()
    yield other
    other.close()


@contextmanager
def looked_up(path: Path) -> Iterator[SqliteStore]:
    """A store in a file, of which nothing is looked at as a whole where some rows are asked for."""
    Telling.asked.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Telling))
        made = SqliteStore(path)
        yield made
        made.close()
    with closing(sqlite3.connect(path)) as connection:
        assert not scans(connection, Telling.asked)
