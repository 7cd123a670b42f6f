"""The stores that the tests of this directory put to the contract, and the real services behind them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.neo4j_store import open_store
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Store
from tests.services.fixtures import neo4j_graph, neo4j_service, neo4j_url, services

__all__ = ["neo4j_graph", "neo4j_service", "neo4j_url", "services"]


@pytest.fixture(params=["memory", "sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store
    if request.param == "neo4j":
        made = open_store(request.getfixturevalue("neo4j_url"))
    else:
        made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "store.db")
    yield made
    made.close()
