"""One contract, run unchanged on every store: what a transaction answers, and that it is all or nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from graph_schema.store import Store, StoredCase, Transaction, Writes
from graph_schema.vocabulary import (
    Change,
    DeadLetter,
    EventKey,
    Holding,
    Identifier,
    IdentifierNode,
    Judgement,
    ObjectKey,
    Person,
    Record,
    RecordKey,
    Related,
    StoredEvent,
)

EVENT = StoredEvent(1, EventKey("web", "m1"), 5, False, 9, 1, 0, b'{"a":1}')
OTHER = StoredEvent(2, EventKey("web", "m2"), None, True, 9, 1, 1, b"{}")
RECORD = Record(1, RecordKey("web", "r1"), 1, 5, 2, {1: Holding(0, 5, 7, 0), 2: Holding(-1, None, None, 2)})
SECOND = Record(2, RecordKey("crm", "r1"), 1, None, 0, {1: Holding(0, None, None, 1)}, 1, 77)
NODE = IdentifierNode(1, Identifier("email", "a@x.de"), 0, 2, 1, 1, 1, 1, False, {1: {2, 3}, 0: {9}})
COMMON = IdentifierNode(2, Identifier("email", "test"), 0, generic=True)
PERSON = Person(1, "per_A", 1, 9, 2, 3)
ORDER = ObjectKey("order", "o1")
WORD = Judgement(
    "j1",
    "different",
    (RECORD.key,),
    (SECOND.key,),
    None,
    "Ana",
    "twins",
    {RECORD.key: (EVENT.key, EventKey("web", "another"))},
)
LETTER = DeadLetter("web", None, "traits.email", "no", b"{", 3, "line 7")


def _change(seq: int) -> Change:
    return Change(seq, "merged", f"per_{seq}", ("per_X", "per_Y"), (), 2, 11)


def everything() -> Writes:
    """Something of all that can be written."""
    return Writes(
        events={1: EVENT, 2: OTHER},
        also=[(2, 1)],
        records={1: RECORD, 2: SECOND},
        founded={"per_A": 1, "per_B": 2},
        identifiers={1: NODE, 2: COMMON},
        holders={(1, 1), (1, 2)},
        persons={1: PERSON},
        profiles={1: {"traits": {"name": [1, None, "é"]}}},
        objects={ORDER: {"x": [1]}},
        related={2: [Related(2, 1, "email")]},
        cases=[StoredCase("unique", (1, 2), (1,), "user_id")],
        judgements=[WORD],
        judged_records=[(1, "j1"), (2, "j1")],
        changes=[_change(1), _change(2)],
        dead_letters=[LETTER],
        state={"at/a": [1, {"b": None}], "at/b": True, "other": "x"},
    )


def write(store: Store, writes: Writes) -> None:
    with store.write() as tx:
        tx.apply(writes)


def fail_after(store: Store, work: Callable[[Transaction], object]) -> None:
    """Does something in a transaction that then fails."""

    def fail() -> None:
        with store.write() as tx:
            work(tx)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


class StoreContract:
    """What every store keeps. A subclass gives ``opened``: a way to open the same store, again and again."""

    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[Callable[[], Store]]:
        raise NotImplementedError

    @pytest.fixture
    def store(self, opened: Callable[[], Store]) -> Store:
        return opened()

    def test_an_empty_store_answers(self, store: Store) -> None:
        with store.read() as tx:
            assert tx.seen([EVENT.key]) == {}
            assert tx.events([1]) == {}
            assert list(tx.history([1])) == []
            assert not [*tx.all_events(), *tx.all_records(), *tx.all_persons(), *tx.all_identifiers()]
            assert not {**tx.records([1]), **tx.persons([1]), **tx.profiles([1]), **tx.identifiers([1])}
            assert tx.founded(["per_A"]) == {}
            assert tx.identifier_ids([NODE.identifier]) == {}
            assert tx.objects([ORDER]) == {}
            assert tx.holders([1]) == tx.members([1]) == {1: []}
            assert tx.judgements() == tx.judgements([1]) == tx.given_by("mia", (9, ""), 9) == []
            assert tx.given(["j1"]) == {}
            assert tx.cases() == tx.cases([1]) == []
            assert tx.related([1]) == []
            assert tx.changes(0, 10) == []
            assert tx.dead_letters(0, 10) == []
            assert tx.audit(None, 10) == []
            assert (tx.alike(["an"]), tx.named(["ana"], 9)) == (set(), {"ana": []})
            assert (tx.last_change(), tx.get("x"), dict(tx.scan(""))) == (0, None, {})

    @pytest.mark.parametrize("again", [False, True], ids=["the same", "reopened"])
    def test_what_was_written_is_answered(self, opened: Callable[[], Store], again: bool) -> None:
        store = opened()
        write(store, everything())
        with (opened() if again else store).read() as tx:
            assert tx.seen([EVENT.key, EventKey("web", "m9"), EventKey("crm", "m1")]) == {EVENT.key: 1}
            assert tx.events([1, 2, 9]) == {1: EVENT, 2: OTHER}
            assert sorted(tx.history([1, 2])) == [(1, EVENT), (1, OTHER), (2, EVENT)]
            assert list(tx.history([2])) == [(2, EVENT)]
            assert list(tx.all_events()) == [EVENT, OTHER]
            assert tx.records([1, 2, 9]) == {1: RECORD, 2: SECOND}
            assert sorted(tx.all_records(), key=lambda one: one.id) == [RECORD, SECOND]
            assert tx.founded(["per_A", "per_B", "per_C"]) == {"per_A": 1, "per_B": 2}
            assert tx.identifier_ids([NODE.identifier, Identifier("phone", "a@x.de")]) == {NODE.identifier: 1}
            assert tx.identifiers([1, 9]) == {1: NODE}
            assert tx.shown([2, 9]) == {2: COMMON.shown()}
            assert tx.look_up([NODE.identifier, Identifier("phone", "a@x.de")]) == {NODE.identifier: NODE}
            assert sorted(one.id for one in tx.all_identifiers()) == [1, 2]
            assert [one for one in tx.all_identifiers() if one.generic] == [COMMON]
            assert tx.generic([NODE.identifier, COMMON.identifier]) == {COMMON.identifier}
            assert {one: sorted(found) for one, found in tx.holders([1, 2]).items()} == {1: [1, 2], 2: []}
            assert {one: sorted(found) for one, found in tx.members([1, 7]).items()} == {1: [1, 2], 7: []}
            assert tx.persons([1, 2]) == {1: PERSON}
            assert list(tx.all_persons()) == [PERSON]
            assert tx.profiles([1, 2]) == {1: {"traits": {"name": [1, None, "é"]}}}
            assert tx.objects([ORDER, ObjectKey("reward", "o1")]) == {ORDER: {"x": [1]}}
            assert list(tx.all_objects("order")) == [(ORDER, {"x": [1]})]
            assert list(tx.all_objects("reward")) == []
            assert tx.judgements() == tx.judgements([2, 9]) == [WORD]
            assert tx.judgements([9]) == []
            assert tx.given(["j1", "j2"]) == {"j1": WORD}
            assert tx.related([1]) == tx.related([2]) == tx.related([1, 2]) == [Related(2, 1, "email")]
            assert tx.related([3]) == []
            assert tx.cases() == tx.cases([2]) == [StoredCase("unique", (1, 2), (1,), "user_id")]
            assert tx.cases([3]) == []
            assert tx.changes(0, 10) == [_change(1), _change(2)]
            assert tx.changes(1, 10) == [_change(2)]
            assert tx.changes(0, 1) == [_change(1)]
            assert tx.last_change() == 2
            assert tx.dead_letters(0, 10) == [(1, LETTER)]
            assert tx.dead_letters(1, 10) == []
            assert tx.get("at/a") == [1, {"b": None}]
            assert tx.states(["at/a", "at/c"]) == {"at/a": [1, {"b": None}]}
            assert tx.scan("at/") == {"at/a": [1, {"b": None}], "at/b": True}

    def test_what_is_written_again_replaces(self, store: Store) -> None:
        write(store, everything())
        moved = replace(RECORD, person=2, holdings={1: Holding(0, 1, 7, 0)})
        said = OTHER._replace(content=b'{"b":2}', record=2, previous=0)
        hashed = replace(NODE, identifier=Identifier("email", "#h"), peers={})
        taken_back = replace(WORD, retracted_at=99)
        write(
            store,
            Writes(
                events={2: said},
                records={1: replace(moved, last_event=1), 2: replace(SECOND, last_event=2)},
                identifiers={1: hashed},
                persons={1: replace(PERSON, version=4)},
                profiles={1: {}},
                objects={ORDER: {"y": 2}},
                judgements=[taken_back],
                state={"at/a": 7},
            ),
        )
        with store.read() as tx:
            assert tx.events([2]) == {2: said}
            assert sorted(tx.history([1])) == [(1, EVENT)]
            assert sorted(tx.history([2])) == [(2, EVENT), (2, said)]
            assert tx.members([1, 2]) == {1: [2], 2: [1]}
            assert tx.records([1])[1].holdings == {1: Holding(0, 1, 7, 0)}
            assert tx.identifier_ids([NODE.identifier]) == {}
            assert tx.identifier_ids([hashed.identifier]) == {hashed.identifier: 1}
            assert tx.identifiers([1]) == {1: hashed}
            assert tx.persons([1])[1].version == 4
            assert tx.profiles([1]) == {1: {}}
            assert tx.objects([ORDER]) == {ORDER: {"y": 2}}
            assert tx.judgements([1]) == [taken_back]
            assert tx.get("at/a") == 7

    def test_what_goes_is_gone(self, store: Store) -> None:
        write(store, everything())
        write(
            store,
            Writes(
                also_gone=[(2, 1)],
                records_gone={2},
                founded_gone={"per_B"},
                holders_gone=[(1, 2)],
                persons_gone={1},
                objects_gone={ORDER},
                related_gone={2},
                cases_gone={2},
                state={"at/b": None},
            ),
        )
        with store.read() as tx:
            assert list(tx.history([2])) == []
            assert tx.records([1, 2]).keys() == {1}
            assert tx.founded(["per_A", "per_B"]) == {"per_A": 1}
            assert tx.holders([1]) == {1: [1]}
            assert tx.persons([1]) == {}
            assert tx.profiles([1]) == {}
            assert tx.objects([ORDER]) == {}
            assert list(tx.all_objects("order")) == []
            assert tx.related([1, 2]) == []
            assert tx.cases() == tx.cases([1]) == []
            assert tx.get("at/b") is None
            assert tx.scan("at/").keys() == {"at/a"}

    def test_what_goes_and_comes_in_one_batch_is_there(self, store: Store) -> None:
        write(store, everything())
        related, case = Related(2, 1, "phone"), StoredCase("unique", (2, 1), (), "email")
        again = Writes(
            founded_gone={"per_B"},
            founded={"per_B": 2},
            objects_gone={ORDER},
            objects={ORDER: {"z": 1}},
            related_gone={2},
            related={related.part: [related]},
            cases_gone={1, 2},
            cases=[case],
            also_gone=[(2, 1)],
            also=[(2, 1)],
        )
        write(store, again)
        with store.read() as tx:
            assert tx.founded(["per_B"]) == {"per_B": 2}
            assert tx.objects([ORDER]) == {ORDER: {"z": 1}}
            assert tx.related([1]) == [related]
            assert tx.cases([1]) == tx.cases() == [case]
            assert list(tx.history([2])) == [(2, EVENT)]

    def test_erased_records_lose_their_events(self, store: Store) -> None:
        write(store, everything())
        write(store, Writes(records={1: replace(RECORD, last_event=0, ghost=5)}, erased_records={1}))
        with store.read() as tx:
            assert list(tx.history([1])) == []
            assert list(tx.all_events()) == []
            assert tx.seen([EVENT.key, OTHER.key]) == {}

    def test_an_emptied_letter_keeps_its_number_and_its_reason(self, store: Store) -> None:
        write(store, Writes(dead_letters=[LETTER, LETTER._replace(field="userId"), LETTER]))
        write(store, Writes(letters_emptied={2}, dead_letters=[LETTER._replace(field="type")]))
        emptied = LETTER._replace(field="userId", message_id=None, raw=b"")
        with store.read() as tx:
            letters = tx.dead_letters(0, 10)
            assert letters == [(1, LETTER), (2, emptied), (3, LETTER), (4, LETTER._replace(field="type"))]

    def test_ids_are_new(self, opened: Callable[[], Store]) -> None:
        store = opened()
        with store.write() as tx:
            first = [tx.allocate("event"), tx.allocate("event"), tx.allocate("record"), tx.allocate("person")]
            assert len(set(first[:2])) == 2
            events = (EVENT._replace(id=first[0]), OTHER._replace(id=first[1]))
            tx.apply(Writes(events={one.id: one for one in events}))
        with opened().write() as tx:
            assert tx.allocate("event") not in first[:2]

    def test_nothing_stays_of_what_failed(self, opened: Callable[[], Store]) -> None:
        store = opened()
        fail_after(store, lambda tx: tx.allocate("event"))
        with store.read() as tx:
            assert list(tx.all_events()) == []
        write(store, everything())
        with opened().read() as tx:
            assert tx.last_change() == 2

    def test_what_was_read_is_the_readers_own(self, store: Store) -> None:
        write(store, everything())
        with store.read() as tx:
            tx.records([1])[1].holdings.clear()
            tx.identifiers([1])[1].peers.clear()
            tx.profiles([1])[1].clear()
            tx.objects([ORDER])[ORDER].clear()
            tx.persons([1])[1].version = 0
        with store.read() as tx:
            assert (tx.records([1])[1], tx.identifiers([1])[1]) == (RECORD, NODE)
            assert tx.profiles([1])[1]
            assert tx.objects([ORDER])[ORDER]
            assert tx.persons([1]) == {1: PERSON}
