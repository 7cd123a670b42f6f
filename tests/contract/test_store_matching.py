"""What every store keeps for matching: contents in blocks, and edges from either end."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Store, Writes
from graph_schema.vocabulary import Content, Record, RecordKey

ONE = Content(11, (101, 102), 5000, 4, [[[["ana"]], []], [[-7], []]])
TWO = Content(12, (102,), -3, 1, [[[], [["1980", "01"]]], [[], [0]]])
MUTE = Content(13, (), 0, 0, None)
BIG = 2**63 - 1
TOP = Content(BIG, (BIG,), 1, 1, [])


def _record(number: int, content: int) -> Record:
    return Record(
        number, RecordKey("crm", str(number)), 1, None, 0, {}, 0, 0, content, {"firstName": ("Ana",)}
    )


RECORDS = {1: _record(1, 11), 2: _record(2, 11), 3: _record(3, 12), 4: replace(_record(4, 0), traits={})}


class StoreMatchingContract:
    """A subclass gives ``opened``: a way to open the same store, again and again."""

    @pytest.fixture
    def opened(self) -> Callable[[], Store]:
        raise NotImplementedError

    def _write(self, store: Store, writes: Writes) -> None:
        with store.write() as tx:
            tx.apply(writes)

    def _full(self, store: Store) -> None:
        contents = {one.id: one for one in (ONE, TWO, MUTE, TOP)}
        self._write(store, Writes(records=RECORDS, contents=contents, edges={(11, 12): -512, (12, BIG): 7}))

    def test_an_empty_store_answers(self, opened: Callable[[], Store]) -> None:
        with opened().read() as tx:
            assert tx.contents([11]) == {}
            assert tx.speakers([11]) == {11: []}
            assert not tx.said_by(1)
            assert tx.blocks([101], 5) == {101: []}
            assert tx.edges([11]) == {11: {}}

    def test_what_was_written_is_answered(self, opened: Callable[[], Store]) -> None:
        self._full(opened())
        with opened().read() as tx:
            assert tx.records([1, 4]) == {1: RECORDS[1], 4: RECORDS[4]}
            assert tx.contents([11, 12, 13, BIG, 99]) == {11: ONE, 12: TWO, 13: MUTE, BIG: TOP}
            assert {one: sorted(found) for one, found in tx.speakers([11, 12, 13]).items()} == {
                11: [1, 2],
                12: [3],
                13: [],
            }
            assert {one.person for one in RECORDS.values()} == {1}
            assert sorted(tx.said_by(1)) == [11, 12]
            assert not tx.said_by(2)
            blocks = tx.blocks([101, 102, BIG, 7], 5)
            assert {key: sorted(found) for key, found in blocks.items()} == {
                101: [11],
                102: [11, 12],
                BIG: [BIG],
                7: [],
            }
            assert len(tx.blocks([102], 1)[102]) == 1
            assert tx.edges([11, 12, 13]) == {11: {12: -512}, 12: {11: -512, BIG: 7}, 13: {}}

    def test_an_edge_is_written_over_and_taken_away(self, opened: Callable[[], Store]) -> None:
        store = opened()
        self._full(store)
        self._write(store, Writes(edges={(11, 12): 9, (12, BIG): None, (11, 13): None}))
        with store.read() as tx:
            assert tx.edges([11, 12, BIG]) == {11: {12: 9}, 12: {11: 9}, BIG: {}}

    def test_a_content_goes_with_its_places_in_blocks(self, opened: Callable[[], Store]) -> None:
        store = opened()
        self._full(store)
        changed = replace(RECORDS[1], content=12)
        self._write(store, Writes(records={1: changed}, contents_gone={11: ONE}, edges={(11, 12): None}))
        with store.read() as tx:
            assert tx.contents([11]) == {}
            assert tx.blocks([101, 102], 5) == {101: [], 102: [12]}
            assert sorted(tx.speakers([12])[12]) == [1, 3]

    def test_what_was_said_can_be_forgotten(self, opened: Callable[[], Store]) -> None:
        store = opened()
        self._full(store)
        self._write(store, Writes(contents={11: ONE._replace(said=None)}))
        with store.read() as tx:
            assert tx.contents([11])[11].said is None
            assert tx.edges([11]) == {11: {12: -512}}
            assert tx.blocks([101], 5) == {101: [11]}


class TestMemory(StoreMatchingContract):
    @pytest.fixture
    def opened(self) -> Callable[[], Store]:
        store = MemoryStore()
        return lambda: store


class TestSqlite(StoreMatchingContract):
    @pytest.fixture
    def opened(self, tmp_path: object) -> Callable[[], Store]:
        return lambda: SqliteStore(f"{tmp_path}/store.db")
