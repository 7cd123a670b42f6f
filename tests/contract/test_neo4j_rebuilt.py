"""Deriving a graph again in Neo4j: one at a time, and nothing stays of one that was killed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from graph_schema import neo4j_swap
from graph_schema.errors import StoreUnavailable
from graph_schema.neo4j_store import Neo4jStore, open_store
from graph_schema.rules import load_rules
from resolver.founding import DEFAULT_ID_KEY
from stream.engine import Engine
from stream.rebuilding import rebuild
from tests.engine.drawn import RECEIVED, event_of
from tests.services import Service
from tests.services.neo4j_graph import driver

pytestmark = pytest.mark.neo4j

RULES = load_rules()


@pytest.fixture
def store(neo4j_url: str) -> Iterator[Neo4jStore]:
    with closing(open_store(neo4j_url)) as made:
        take(made)
        yield made


def take(store: Neo4jStore) -> None:
    """Takes one message of one person."""
    engine = Engine(store, RULES, clock=lambda: RECEIVED)
    engine.ingest([event_of(engine.intake, "web", {"type": "identify", "userId": "u-1", "traits": {}})])


def leave(store: Neo4jStore) -> None:
    """Leaves what a killed rebuild leaves."""
    with closing(Neo4jStore(store.address._replace(graph=f"{store.name} (derived again)"))) as copy:
        take(copy)


def graphs(service: Service, store: Neo4jStore) -> set[str]:
    """The names of a store's graph and of all that belong to it."""
    begins = store.name
    with driver(service) as connection, connection.session() as session:
        rows = session.run("MATCH (g:Graph) WHERE g.name STARTS WITH $begins RETURN g.name", begins=begins)
        return {row[0] for row in rows}


def test_two_who_derive_a_graph_again_do_so_one_after_the_other(
    store: Neo4jStore, neo4j_url: str, neo4j_service: Service
) -> None:
    def again(_: int) -> int:
        with closing(open_store(neo4j_url)) as mine:
            return rebuild(mine, RULES, DEFAULT_ID_KEY, lambda _: None).events

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(again, range(2))) == [1, 1]
    assert graphs(neo4j_service, store) == {store.name}


def test_who_waits_too_long_for_another_is_told(store: Neo4jStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neo4j_swap, "_BUSY_SECONDS", 1)
    with store.swap(), pytest.raises(StoreUnavailable, match="another process is rebuilding"):
        rebuild(store, RULES, DEFAULT_ID_KEY, lambda _: None)
    assert rebuild(store, RULES, DEFAULT_ID_KEY, lambda _: None).events == 1


def test_what_a_killed_rebuild_left_goes_with_an_erasure_and_when_the_store_is_opened(
    store: Neo4jStore, neo4j_url: str, neo4j_service: Service
) -> None:
    engine = Engine(store, RULES)
    leave(store)
    with store.swap():
        open_store(neo4j_url).close()
        assert len(graphs(neo4j_service, store)) == 2, "another process rebuilds"
    leave(store)
    open_store(neo4j_url).close()
    assert graphs(neo4j_service, store) == {store.name}
    leave(store)
    with engine.reader() as reader:
        person = reader.find("user_id:u-1").person.id
    engine.carry_out(lambda batch: batch.erase(person, RECEIVED))
    assert graphs(neo4j_service, store) == {store.name}
