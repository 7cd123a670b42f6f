"""What every store answers of audiences: members, their feed, and what falls due."""

from graph_schema.store import Store, Writes
from graph_schema.vocabulary import Delta, Enrolment, Membership

BUYERS = [Enrolment(2, "buyers", "tea"), Enrolment(1, "buyers", "tea"), Enrolment(1, "buyers", "cup")]
DELTAS = [
    Delta(1, "buyers", "tea", "per_1", True, 5),
    Delta(2, "lapsed", "", "per_1", True, 6),
    Delta(3, "buyers", "tea", "per_1", False, 7),
]


def write(store: Store, writes: Writes) -> None:
    with store.write() as tx:
        tx.apply(writes)


def test_members_come_by_product_and_person(store: Store) -> None:
    write(store, Writes(enrolled={*BUYERS, Enrolment(1, "lapsed", "")}))
    write(store, Writes(enrolled_gone={Enrolment(2, "buyers", "none")}))
    with store.read() as tx:
        assert tx.memberships([1, 2, 3]) == {
            1: {Membership("buyers", "tea"), Membership("buyers", "cup"), Membership("lapsed")},
            2: {Membership("buyers", "tea")},
            3: set(),
        }
        assert tx.enrolled("buyers", None, ("", 0), 9) == [BUYERS[2], BUYERS[1], BUYERS[0]]
        assert tx.enrolled("buyers", None, ("cup", 1), 1) == [BUYERS[1]]
        assert tx.enrolled("buyers", "tea", ("", 0), 9) == [BUYERS[1], BUYERS[0]]
        assert tx.enrolled("buyers", "tea", ("tea", 1), 9) == [BUYERS[0]]
        assert tx.enrolled("buyers", "tea", ("cup", 9), 9) == [BUYERS[1], BUYERS[0]]
        assert tx.enrolled("buyers", "cup", ("", 0), 9) == [BUYERS[2]]
        assert tx.enrolled("buyers", "cup", ("tea", 0), 9) == []
        assert tx.enrolled("nobody", None, ("", 0), 9) == []
    write(store, Writes(enrolled_gone={BUYERS[0]}))
    with store.read() as tx:
        assert tx.memberships([2]) == {2: set()}


def test_the_feed_is_read_by_audience_or_whole(store: Store) -> None:
    write(store, Writes(deltas=DELTAS[:2]))
    write(store, Writes(deltas=DELTAS[2:]))
    with store.read() as tx:
        assert tx.deltas(None, 0, 9) == DELTAS
        assert tx.deltas(None, 1, 1) == [DELTAS[1]]
        assert tx.deltas("buyers", 0, 9) == [DELTAS[0], DELTAS[2]]
        assert tx.deltas("buyers", 1, 9) == [DELTAS[2]]
        assert tx.last_delta() == 3


def test_each_person_falls_due_once_the_earliest_first(store: Store) -> None:
    write(store, Writes(dues={1: 50, 2: 40, 3: 90}))
    with store.read() as tx:
        assert tx.due(50, 9) == [(40, 2), (50, 1)]
        assert tx.due(99, 1) == [(40, 2)]
        assert tx.due(39, 9) == []
        assert tx.last_delta() == 0
    write(store, Writes(dues={1: 60, 2: None}))
    with store.read() as tx:
        assert tx.due(99, 9) == [(60, 1), (90, 3)]
