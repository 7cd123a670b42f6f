"""What every store answers the stewards' console: persons by the words of their names, and the audit log."""

from contextlib import closing

import pytest

from graph_schema.neo4j_store import open_store
from graph_schema.store import Store, Writes
from graph_schema.vocabulary import Audited, Judgement

KEYS = {"ana": frozenset({"ana", "na", "an"}), "lima": frozenset({"lima", "lma"}), "anna": frozenset({"ana"})}
DONE = [
    Audited(seq, 5 + seq, "mia", "steward", "same", (f"per_{seq}", "jud_1"), "twins") for seq in (1, 2, 3)
]


def write(store: Store, writes: Writes) -> None:
    with store.write() as tx:
        tx.apply(writes)


def call(store: Store, **persons: set[str]) -> None:
    """Gives persons, told as ``p1``, their words."""
    names = {int(one[1:]): frozenset(words) for one, words in persons.items()}
    keys = {word: KEYS[word] for words in names.values() for word in words}
    write(store, Writes(names=names, name_keys=keys))


def test_persons_are_found_by_words_and_words_by_keys(store: Store) -> None:
    call(store, p2={"ana", "lima"}, p1={"ana"}, p3={"anna"})
    with store.read() as tx:
        assert tx.alike(["ana"]) == {"ana", "anna"}
        assert tx.alike(["lma", "na", "x"]) == {"ana", "lima"}
        assert tx.named(["ana", "lima", "x"], 9) == {"ana": [1, 2], "lima": [2], "x": []}
        assert tx.named(["ana"], 1) == {"ana": [1]}


def test_a_person_has_the_names_that_were_written_last(store: Store) -> None:
    call(store, p1={"ana"}, p2={"ana", "lima"})
    call(store, p1={"anna"}, p2={"ana", "lima"})
    with store.read() as tx:
        assert tx.named(["ana", "anna", "lima"], 9) == {"ana": [2], "anna": [1], "lima": [2]}


def test_nothing_stays_of_a_name_that_nobody_has(store: Store) -> None:
    call(store, p1={"ana", "lima"}, p2={"ana"})
    call(store, p1=set())
    with store.read() as tx:
        assert tx.alike(["lima", "ana"]) == {"ana"}
    write(store, Writes(persons_gone={2}))
    with store.read() as tx:
        assert (tx.alike(["ana"]), tx.named(["ana"], 9)) == (set(), {"ana": []})
    call(store, p3={"ana"})
    with store.read() as tx:
        assert (tx.alike(["na"]), tx.named(["ana"], 9)) == ({"ana"}, {"ana": [3]})


def test_the_audit_log_is_read_from_its_end(store: Store) -> None:
    write(store, Writes(audit=DONE[:2]))
    write(store, Writes(audit=DONE[2:]))
    with store.read() as tx:
        assert tx.audit(None, 9) == DONE[::-1]
        assert tx.audit(3, 1) == [DONE[1]]
        assert tx.audit(1, 9) == []


def word(one: str, at: int | None, by: str = "mia", retracted_at: int | None = None) -> Judgement:
    """A word that nobody is named by."""
    return Judgement(one, "same", (), (), at, by, "", {}, retracted_at)


def test_what_somebody_said_is_read_from_its_end(store: Store) -> None:
    stand = [word("j1", 5), word("j3", 7), word("j2", 9), word("j4", 9)]
    others = [word("j5", 6, "leo"), word("j6", 8, retracted_at=9), word("j7", None)]
    write(store, Writes(judgements=[*stand, *others]))
    with store.read() as tx:
        assert tx.given_by("mia", (1 << 62, ""), 9) == stand[::-1]
        assert tx.given_by("mia", (9, "j4"), 2) == [stand[2], stand[1]]
        assert tx.given_by("mia", (5, "j1"), 9) == []
        assert tx.given_by("leo", (7, ""), 9) == others[:1]
    write(store, Writes(judgements=[word("j3", 7, retracted_at=10)]))
    with store.read() as tx:
        assert tx.given_by("mia", (9, "j2"), 9) == stand[:1]


def test_beyond_its_end_a_log_or_feed_has_nothing_more(store: Store) -> None:
    write(store, Writes(audit=DONE))
    with store.read() as tx:
        for beyond in (1 << 47, (1 << 63) - 1):
            assert tx.audit(beyond, 9) == DONE[::-1]
            assert [*tx.changes(beyond, 9), *tx.deltas(None, beyond, 9), *tx.dead_letters(beyond, 9)] == []


@pytest.mark.neo4j
def test_an_audit_log_never_tells_of_another_graph(neo4j_url: str) -> None:
    with closing(open_store(neo4j_url)) as one, closing(open_store(f"{neo4j_url}-later")) as other:
        write(one, Writes(audit=DONE[:1]))
        write(other, Writes(audit=DONE))
        with one.read() as tx:
            assert tx.audit(1 << 61, 9) == DONE[:1]
