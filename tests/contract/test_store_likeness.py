"""What every store answers of matching: contents, who says them, their blocks and edges."""

from dataclasses import replace

import pytest

from graph_schema.store import Store, Writes
from graph_schema.vocabulary import Content, Record, RecordKey

LARGE = (1 << 62) + 5
ONE = Content(LARGE, (7, (1 << 62) + 7), 40, 9, {"name": ["ana"]})
TWO = Content(5, (7,), 20, 0, None)
"""These two, and the first one's blocks, differ in their upper bits alone."""
SAID = Record(1, RecordKey("crm", "r1"), 1, None, 0, {}, 0, 0, LARGE, {"firstName": ("Ana", "Anna")})
SILENT = Record(2, RecordKey("crm", "r2"), 1, None, 0)


@pytest.fixture(name="store")
def speaking_store(store: Store) -> Store:
    with store.write() as tx:
        contents = {one.id: one for one in (ONE, TWO)}
        tx.apply(Writes(records={1: SAID, 2: SILENT}, contents=contents, edges={(5, LARGE): 33}))
    return store


def test_contents_are_found_with_who_says_them(store: Store) -> None:
    with store.read() as tx:
        assert tx.contents([LARGE, 5, 9]) == {LARGE: ONE, 5: TWO}
        assert tx.records([1, 2]) == {1: SAID, 2: SILENT}
        assert tx.speakers([LARGE, 5]) == {LARGE: [1], 5: []}
        assert {key: sorted(found) for key, found in tx.blocks([7, (1 << 62) + 7, 8], 9).items()} == {
            7: [5, LARGE],
            (1 << 62) + 7: [LARGE],
            8: [],
        }
        assert len(tx.blocks([7], 1)[7]) == 1
        assert tx.edges([LARGE, 5, 9]) == {LARGE: {5: 33}, 5: {LARGE: 33}, 9: {}}


def test_what_is_said_otherwise_replaces(store: Store) -> None:
    other = replace(SAID, content=5, traits={})
    with store.write() as tx:
        tx.records([1])
        tx.apply(Writes(records={1: other}, edges={(5, LARGE): 44}))
    with store.read() as tx:
        assert tx.records([1]) == {1: other}
        assert tx.speakers([LARGE, 5]) == {LARGE: [], 5: [1]}
        assert tx.edges([5]) == {5: {LARGE: 44}}
    with store.write() as tx:
        tx.apply(Writes(edges={(5, LARGE): None}))
    with store.read() as tx:
        assert tx.edges([5, LARGE]) == {5: {}, LARGE: {}}


def test_a_content_goes_with_its_places(store: Store) -> None:
    with store.write() as tx:
        tx.apply(Writes(contents_gone={LARGE: ONE}, edges={(5, LARGE): None}))
    with store.read() as tx:
        assert tx.contents([LARGE, 5]) == {5: TWO}
        assert tx.blocks([7, (1 << 62) + 7], 9) == {7: [5], (1 << 62) + 7: []}
        assert tx.edges([5]) == {5: {}}


def test_likeness_to_what_nobody_says_yet_is_kept(store: Store) -> None:
    """So a store that is derived again knows how like the erased were to what comes only then."""
    late = Content(6, (7,), 1, 1, {"name": ["bea"]})
    with store.write() as tx:
        tx.apply(Writes(edges={(5, 6): 44}))
    with store.read() as tx:
        assert tx.contents([5, 6]) == {5: TWO}
        assert tx.edges([5, 6]) == {5: {LARGE: 33, 6: 44}, 6: {5: 44}}
    with store.write() as tx:
        tx.apply(Writes(contents={5: TWO, 6: late}))
    with store.read() as tx:
        assert tx.contents([5, 6]) == {5: TWO, 6: late}
        assert tx.edges([6]) == {6: {5: 44}}
        assert sorted(tx.blocks([7], 9)[7]) == [5, 6, LARGE]
