"""Several processes write to one store at once: it holds what one of them alone would have come to."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from graph_schema.errors import Overtaken, UnknownPerson
from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.store import Store, Transaction, Writes
from graph_schema.vocabulary import Content, Event, EventKey, Judgement
from serving.stores import open_store
from stream.engine import Engine
from stream.reader import Reader
from stream.turns import in_turn
from tests.contract.contract import EVENT
from tests.engine.drawn import RECEIVED, event_of
from tests.engine.kept import differences, picture
from tests.services import Service
from tests.services.neo4j_graph import driver

RULES = load_rules("retail")
SPAWN = get_context("spawn")
Work = Callable[[Engine, Any], None]

kinds = pytest.mark.parametrize("kind", ["sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)])


@pytest.fixture
def url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> str:
    """The address of an empty store of a kind."""
    return request.getfixturevalue("neo4j_url") if kind == "neo4j" else f"sqlite:///{tmp_path / 'graph.db'}"


def events(number: int, seed: int) -> list[Event]:
    """Messages of few people who share much, so that hardly two are without something in common."""
    draw = random.Random(seed)
    engine = in_memory()
    made = []
    for one in range(number):
        held = {"userId": f"u{draw.randrange(30)}", "anonymousId": f"a{draw.randrange(40)}"}
        traits = {"email": f"p{draw.randrange(30)}@shop.test", "phone": f"+4930123{draw.randrange(30):04}"}
        kept = {name: value for name, value in held.items() if draw.random() < 0.5}
        told = {name: value for name, value in traits.items() if draw.random() < 0.4}
        body: dict[str, Any] = {
            "messageId": f"m{seed}-{one}",
            "timestamp": f"2026-03-02T09:{one // 60 % 60:02}:{one % 60:02}Z",
        }
        body |= {"anonymousId": f"a{one}"} | kept | {"type": "identify", "traits": told}
        if draw.random() < 0.4:
            order = {"order_id": f"o{draw.randrange(20)}", "total": 10, "currency": "EUR", "products": []}
            body |= {"type": "track", "event": "Order Completed", "properties": order}
            body["context"] = {"traits": told}
        made.append(event_of(engine.intake, draw.choice(("web", "app", "shop")), body))
    return made


def in_memory() -> Engine:
    return Engine(MemoryStore(), RULES, clock=lambda: RECEIVED)


def at_once(url: str, *works: tuple[Work, Any]) -> None:
    """Does each work in a process of its own, all beginning at the same moment."""
    barrier = SPAWN.Barrier(len(works))
    workers = [SPAWN.Process(target=_work, args=(url, barrier, *work)) for work in works]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * len(works)


def _work(url: str, barrier: Any, work: Work, given: Any) -> None:
    store = open_store(url)
    try:
        engine = Engine(store, RULES, clock=lambda: RECEIVED)
        barrier.wait(60)
        work(engine, given)
    except BrokenBarrierError:
        raise SystemExit(1) from None
    finally:
        store.close()


def ingest(engine: Engine, given: list[list[Event]]) -> None:
    for batch in given:
        engine.ingest(batch)


def judge(engine: Engine, given: list[Judgement]) -> None:
    for word in given:
        engine.judge([word])


def erase(engine: Engine, given: str) -> None:
    with engine.store.read() as tx:
        found = Reader(tx, engine.intake, engine.id_key).find(given)
    engine.carry_out(lambda batch: batch.erase(found.person.id, RECEIVED))


def count(engine: Engine, times: int) -> None:
    """Raises a number so many times, each by reading and writing it in one transaction."""

    def more(tx: Transaction) -> None:
        number = (tx.get("count") or 0) + 1
        event = EVENT._replace(id=tx.allocate("event"), key=EventKey("web", f"m{number}"))
        tx.apply(Writes(events={event.id: event}, state={"count": number}))

    for _ in range(times):
        in_turn(engine.store, more)


def batches(of: list[Event], size: int) -> list[list[Event]]:
    return [of[at : at + size] for at in range(0, len(of), size)]


def same(store: Store, expected: Engine) -> None:
    """Persons, ids, profiles and orders are those of the engine in memory; the feed tells all in order."""
    assert differences(picture(store), picture(expected.store)) == []
    with store.read() as tx:
        changes = tx.changes(0, 100_000)
        assert [change.seq for change in changes] == list(range(1, tx.last_change() + 1))
        deltas = tx.deltas(None, 0, 100_000)
        assert [delta.seq for delta in deltas] == list(range(1, tx.last_delta() + 1))
        members = {person.id: person.person_id for person in tx.all_persons()}
        now = {
            (one.audience, one.product, members[person])
            for person, places in tx.memberships(members.keys()).items()
            for one in places
        }
        told = {(one.audience, one.product, one.person_id): one.added for one in deltas}
        assert {place for place, added in told.items() if added} == now


@kinds
def test_several_processes_count_to_a_sum(url: str) -> None:
    at_once(url, (count, 15), (count, 15), (count, 15))
    store = open_store(url)
    with store.read() as tx:
        assert tx.get("count") == 45
        assert len({event.id for event in tx.all_events()}) == 45
    store.close()


@kinds
def test_two_events_that_join_two_persons_at_one_moment_give_one_person(url: str) -> None:
    intake = in_memory().intake
    first, left, right = [], [], []
    for one in range(10):
        a, b = ({"email": f"{name}{one}@shop.test"} for name in "ab")
        first += [
            event_of(intake, "web", {"type": "identify", "userId": f"u{one}", "traits": a}),
            event_of(intake, "crm", {"type": "identify", "context": {"recordId": f"r{one}"}, "traits": b}),
        ]
        tie = {"externalIds": [{"type": "loyalty_card", "id": f"L{one}"}]}
        left.append([event_of(intake, "web", {"type": "identify", "userId": f"u{one}", "context": tie})])
        right.append([event_of(intake, "shop", {"type": "identify", "traits": b, "context": tie})])
    store = open_store(url)
    Engine(store, RULES, clock=lambda: RECEIVED).ingest(first)
    at_once(url, (ingest, left), (ingest, right))
    expected = in_memory()
    ingest(expected, [first, *left, *right])
    same(store, expected)
    assert len(picture(store).persons) == 10
    store.close()


@kinds
def test_a_stream_over_three_processes_is_that_of_one(url: str) -> None:
    said = events(450, seed=5)
    twice = said[::9]
    parts = [batches([*said[at::3], *twice], size) for at, size in enumerate((7, 20, 33))]
    at_once(url, *((ingest, part) for part in parts))
    expected = in_memory()
    expected.ingest(said)
    store = open_store(url)
    same(store, expected)
    store.close()


@kinds
def test_words_and_erasures_come_between_the_events_of_others(url: str) -> None:
    first, then = events(120, seed=6), events(240, seed=7)
    gone = event_of(
        in_memory().intake, "crm", {"type": "identify", "userId": "gone", "traits": {"firstName": "Go"}}
    )
    keys = sorted({event.record for event in first})
    words = [
        Judgement(
            f"j{one}", "different" if one % 3 else "same", (keys[one],), (keys[-one],), one, "Ana", "seen"
        )
        for one in range(1, 9)
    ]
    store = open_store(url)
    Engine(store, RULES, clock=lambda: RECEIVED).ingest([*first, gone])
    at_once(
        url,
        (ingest, batches(then[::2], 10)),
        (ingest, batches(then[1::2], 15)),
        (judge, words),
        (erase, "user_id:gone"),
    )
    expected = in_memory()
    expected.ingest([*first, gone])
    erase(expected, "user_id:gone")
    judge(expected, words)
    expected.ingest(then)
    same(store, expected)
    with store.read() as tx:
        assert gone.record not in {record.key for record in tx.all_records()}
    store.close()


@pytest.mark.neo4j
def test_what_is_remembered_holds_for_as_long_as_nobody_else_writes(neo4j_url: str) -> None:
    mine, theirs = open_store(neo4j_url), open_store(neo4j_url)

    def one_more(store: Store) -> bool:
        with store.write() as tx:
            remembered = tx.unchanged
            tx.apply(Writes(state={"x": (tx.get("x") or 0) + 1}))
        return remembered

    alone = [one_more(mine) for _ in range(6)]
    assert not alone[0]
    assert alone[-1]
    one_more(theirs)
    assert not one_more(mine)
    while not one_more(mine):
        pass

    def overtaken(mine: Store, theirs: Store) -> bool:
        try:
            with mine.write() as tx:
                assert tx.unchanged
                with theirs.write() as other:
                    other.apply(Writes(state={"y": 1}))
                tx.apply(Writes(state={"z": 1}))
        except Overtaken:
            return True
        return False

    # What is remembered was read before: others who write meanwhile come first, whatever they write.
    assert overtaken(mine, theirs)
    with mine.write() as tx:
        assert not tx.unchanged
        assert (tx.get("y"), tx.get("z")) == (1, None)
    mine.close()
    theirs.close()


@pytest.mark.neo4j
@pytest.mark.parametrize("failure", [UnknownPerson, KeyError])
def test_what_fails_by_what_others_changed_meanwhile_is_to_be_asked_again(
    neo4j_url: str, failure: type[Exception]
) -> None:
    with closing(open_store(neo4j_url)) as mine, closing(open_store(neo4j_url)) as theirs:

        def ask(changed: str) -> None:
            with mine.read() as tx:
                tx.get("x")
                with theirs.write() as other:
                    other.apply(Writes(state={changed: 1}))
                raise failure

        with pytest.raises(Overtaken):
            ask("x")
        with pytest.raises(failure):
            ask("y")


@pytest.mark.neo4j
def test_who_is_overtaken_stands_in_line_first(neo4j_url: str) -> None:
    mine, theirs = open_store(neo4j_url), open_store(neo4j_url)

    def overtaken() -> bool:
        try:
            with mine.write() as tx:
                tx.get("x")
                if not tx.locked:  # type: ignore[attr-defined]
                    with theirs.write() as other:
                        other.apply(Writes(state={"x": 1}))
                tx.apply(Writes(state={"x": 2}))
        except Overtaken:
            return True
        return False

    # Each time in a row twice as many batches are safe from it.
    assert [overtaken() for _ in range(9)] == [True, False, True, False, False, True, False, False, False]
    mine.close()
    theirs.close()


@pytest.mark.neo4j
def test_one_more_in_a_block_that_is_too_full_overtakes_nobody(neo4j_url: str) -> None:
    mine, theirs = open_store(neo4j_url), open_store(neo4j_url)

    def contents(*ids: int) -> dict[int, Content]:
        return {one: Content(one, (7,), 40, 1, None) for one in ids}

    with mine.write() as tx:
        tx.apply(Writes(contents=contents(1, 2, 3)))

    def beside(mine_limit: int, change: Writes) -> None:
        with mine.write() as tx:
            tx.blocks([7], mine_limit)
            with theirs.write() as other:
                other.blocks([7], 3)
                other.apply(Writes(contents=contents(random.randrange(10, 1 << 40))))
            tx.apply(change)

    beside(3, Writes(state={"x": 1}))
    with pytest.raises(Overtaken):
        beside(3, Writes(contents_gone=contents(1)))
    mine.close()
    theirs.close()


@pytest.mark.neo4j
def test_all_who_open_an_empty_database_at_once_find_the_same_graph_in_it(neo4j_graph: Service) -> None:
    together = Barrier(4)

    def opened(_: int) -> int:
        together.wait()
        with closing(open_store(f"{neo4j_graph.url}/shared")) as store, store.read() as tx:
            return tx.last_change()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(opened, range(4))) == [0] * 4
    with driver(neo4j_graph) as connection:
        assert connection.execute_query("MATCH (g:Graph) RETURN count(g)").records[0][0] == 1
