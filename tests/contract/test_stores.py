"""The contract of stores, kept by the store in memory, the one in a file and the one in Neo4j."""

from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.neo4j_store import Neo4jStore, open_store
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Store, Writes
from graph_schema.vocabulary import EventKey
from tests.contract.contract import EVENT, StoreContract, everything, fail_after, write


class TestMemory(StoreContract):
    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[Callable[[], Store]]:
        store = MemoryStore()
        yield lambda: store
        store.close()


class TestSqlite(StoreContract):
    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[Callable[[], Store]]:
        stores: list[SqliteStore] = []

        def one_more() -> Store:
            stores.append(SqliteStore(tmp_path / "graph.db"))
            return stores[-1]

        yield one_more
        for store in stores:
            store.close()

    def test_a_batch_that_fails_after_it_was_applied_leaves_no_trace(self, store: Store) -> None:
        fail_after(store, lambda tx: tx.apply(everything()))
        self.test_an_empty_store_answers(store)
        with store.read() as tx:
            assert tx.scan("") == {}

    def test_unchanged_says_whether_others_wrote(self, opened: Callable[[], Store]) -> None:
        mine, theirs = opened(), opened()
        with mine.write() as tx:
            assert not tx.unchanged
        with mine.write() as tx:
            assert tx.unchanged
            tx.apply(everything())
        with mine.write() as tx:
            assert tx.unchanged
        with theirs.write() as tx:
            assert not tx.unchanged
            tx.apply(Writes(state={"x": 1}))
        with mine.write() as tx:
            assert not tx.unchanged
        fail_after(mine, lambda tx: tx.allocate("event"))
        with mine.write() as tx:
            assert not tx.unchanged

    def test_a_reader_sees_one_moment(self, opened: Callable[[], Store]) -> None:
        store, other = opened(), opened()
        write(store, Writes(state={"x": 1}))
        with store.read() as tx:
            assert tx.get("x") == 1
            write(other, Writes(state={"x": 2}))
            assert tx.get("x") == 1
        with store.read() as tx:
            assert tx.get("x") == 2

    def test_several_processes_count_to_a_sum(self, opened: Callable[[], Store], tmp_path: Path) -> None:
        opened()
        context = get_context("spawn")
        workers = [context.Process(target=_count, args=(tmp_path / "graph.db", 20)) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert [worker.exitcode for worker in workers] == [0, 0, 0]
        with opened().read() as tx:
            assert tx.get("count") == 60
            assert [event.id for event in tx.all_events()] == list(range(1, 61))


@pytest.mark.neo4j
class TestNeo4j(StoreContract):
    @pytest.fixture
    def opened(self, tmp_path: Path, neo4j_url: str) -> Iterator[Callable[[], Store]]:
        stores: list[Neo4jStore] = []

        def one_more() -> Store:
            stores.append(open_store(neo4j_url))
            return stores[-1]

        yield one_more
        for store in stores:
            store.close()


def _count(path: Path, times: int) -> None:
    """Raises a number so many times, each by reading and writing it in one transaction."""
    store = SqliteStore(path)
    for _ in range(times):
        with store.write() as tx:
            count = (tx.get("count") or 0) + 1
            event = EVENT._replace(id=tx.allocate("event"), key=EventKey("web", f"m{count}"))
            tx.apply(Writes(events={event.id: event}, state={"count": count}))
    store.close()
