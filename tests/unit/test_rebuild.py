"""What is derived again, by the same rules or by others, and which ids and words go on."""

from itertools import permutations
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from graph_schema.errors import Conflict, Erased, StoreUnavailable
from graph_schema.memory import MemoryStore
from graph_schema.rules import Rules, load_rules
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Store
from graph_schema.vocabulary import Change
from resolver.founding import DEFAULT_ID_KEY
from stream.engine import Engine
from stream.exporting import events, links, persons
from stream.judging import Judging, Word
from stream.reader import Reader
from stream.rebuilding import derive, rebuild
from stream.simulation import simulate

CLOCK = 1_800_000_000_000_000
OTHER = """extends = "retail"
[[namespace]]
name = "user_id"
joins = "people"
unique = true
[[namespace]]
name = "loyalty_card"
joins = "people"
normaliser = "card"
[[namespace]]
name = "order_id"
joins = "people"
[[namespace]]
name = "email"
joins = "anonymous"
normaliser = "email"
[[namespace]]
name = "anonymous_id"
joins = "anonymous"
[matching]
after = "order_id"
"""


@pytest.fixture
def other(tmp_path: Path) -> Rules:
    (tmp_path / "other.toml").write_text(OTHER)
    return load_rules(tmp_path / "other.toml")


def engine_of(rules: Rules | None = None, store: Store | None = None) -> Engine:
    return Engine(store or MemoryStore(), rules or load_rules(), clock=lambda: CLOCK)


def take(engine: Engine, *messages: dict[str, Any] | bytes) -> None:
    for message in messages:
        engine.ingest([engine.intake.take(message, CLOCK)])


def identify(number: int, source: str = "web", **said: object) -> dict[str, Any]:
    at = f"2026-03-02T09:{number:02}:00Z"
    return {"type": "identify", "source": source, "messageId": f"m-{number}", "timestamp": at, **said}


def told(engine: Engine) -> tuple[list[object], ...]:
    """All that a store says of who is who, but how often it looked."""
    with engine.store.read() as tx:
        reader = Reader(tx, engine.intake, engine.id_key)
        profiles: list[object] = [{**orjson.loads(text), "version": 0} for _, text in persons(reader, CLOCK)]
        return list(links(reader)), list(events(reader)), profiles, list(reader.cases())


def person(engine: Engine, reference: str) -> str:
    with engine.store.read() as tx:
        found: str = Reader(tx, engine.intake, engine.id_key).find(reference).person.person_id
        return found


def derived(engine: Engine, rules: Rules | None = None) -> Engine:
    fresh = engine_of(rules)
    derive(engine.store, fresh)
    return fresh


def judge(engine: Engine, word: Word) -> None:
    with engine.store.read() as tx:
        judgement = Judging(tx, engine.intake, engine.id_key).judgement(word)
    engine.judge([judgement])


@pytest.fixture(scope="module")
def town() -> Engine:
    engine = engine_of()
    items = [engine.intake.take(orjson.dumps(one.message), CLOCK) for one in simulate(60, 900, 4)]
    engine.ingest(items)
    return engine


def test_by_the_same_rules_nothing_differs(town: Engine) -> None:
    assert told(derived(town)) == told(town)


def test_by_other_rules_it_is_what_these_rules_make_of_the_same_events(town: Engine, other: Rules) -> None:
    anew = engine_of(other)
    with town.store.read() as tx:
        anew.ingest([anew.intake.again(event) for event in tx.all_events()])
    assert told(derived(town, other)) == told(anew)
    assert told(anew)[0] != told(town)[0]


def test_every_id_that_was_given_out_answers_with_who_holds_its_event(town: Engine, other: Rules) -> None:
    fresh = derived(town, other)
    there_and_back = derived(fresh)
    with town.store.read() as was, fresh.store.read() as now:
        reader = Reader(now, fresh.intake, fresh.id_key)
        before = {one.id: one.person_id for one in was.all_persons()}
        issued = 0
        for record in was.all_records():
            found = reader.find(before[record.person])
            issued += found.person.person_id != before[record.person]
        assert issued > 10
        by_event = {row[0]: row[3] for row in events(reader)}
        for event in was.all_events():
            first = was.records((event.record,))[event.record]
            founder = min(was.history((first.id,)), key=lambda one: (one[1].at or 0, one[1].key))[1]
            assert by_event[founder.key.message_id] is not None
    assert told(there_and_back) == told(town)


def test_judgements_go_on_with_the_records_that_hold_their_founding_events(other: Rules) -> None:
    engine = engine_of()
    take(
        engine,
        identify(1, userId="u-1", traits={"email": "a@x.example"}),
        identify(2, "app", userId="u-2", traits={"email": "b@x.example"}),
        identify(3, userId="u-3"),
        identify(4, "crm", userId="u-3", context={"recordId": "1"}),
    )
    judge(engine, Word("same", ["user_id:u-1"], ["user_id:u-2"], CLOCK, "steward", "she says so"))
    judge(engine, Word("different", ["crm/1"], [], CLOCK, "steward", "a typing error"))
    fresh = derived(engine, other)
    with engine.store.read() as was, fresh.store.read() as now:
        assert {record.key for record in was.all_records()} != {record.key for record in now.all_records()}
    assert person(fresh, "user_id:u-1") == person(fresh, "user_id:u-2")
    with fresh.store.read() as tx:
        reader = Reader(tx, fresh.intake, fresh.id_key)
        apart = reader.record("crm/1").person
        assert len(tx.members((apart,))[apart]) == 1
        assert len(tx.judgements()) == 2


def test_a_word_that_was_taken_back_stays_taken_back() -> None:
    engine = engine_of()
    take(engine, identify(1, userId="u-1"), identify(2, userId="u-2"))
    judge(engine, Word("same", ["user_id:u-1"], ["user_id:u-2"], CLOCK, "steward", "she says so"))
    with engine.store.read() as tx:
        reader = Judging(tx, engine.intake, engine.id_key)
        retracted = reader.retracted(tx.judgements()[0].judgement_id, CLOCK)
    engine.judge([retracted])
    fresh = derived(engine)
    assert person(fresh, "user_id:u-1") != person(fresh, "user_id:u-2")
    assert told(fresh) == told(engine)


def test_what_was_erased_stays_erased_and_nobody_else_changes() -> None:
    engine = engine_of()
    order: dict[str, Any] = {
        "type": "track",
        "event": "Order Completed",
        "properties": {"order_id": "o-1", "total": 5},
    }
    first = identify(1, userId="u-1", traits={"email": "family@x.example"})
    take(
        engine,
        first,
        identify(2, **{**order, "userId": "u-1"}),
        identify(3, "app", **{**order, "userId": "u-2"}),
        identify(4, userId="u-2", traits={"email": "family@x.example"}),
    )
    erased = person(engine, "user_id:u-1")
    with engine.store.read() as tx:
        one = Reader(tx, engine.intake, engine.id_key).find(erased).person.id
    engine.carry_out(lambda batch: batch.erase(one, CLOCK))
    fresh = derived(engine)
    assert told(fresh) == told(engine)
    with pytest.raises(Erased):
        person(fresh, erased)
    counts = fresh.ingest([fresh.intake.take(first, CLOCK)])
    assert (counts.taken, counts.erased) == (0, 1)
    again = identify(9, userId="u-1")
    again["timestamp"] = "2027-06-01T00:00:00Z"
    for each in (engine, fresh):
        take(each, again)
    assert told(fresh)[:2] == told(engine)[:2]
    assert person(fresh, "user_id:u-1") != erased


def test_a_receipt_speaks_as_the_customer_of_its_address_does_erased_or_not() -> None:
    """A card is two people's by receipts that name no more than an address each of theirs."""
    said = (("Wilhelmina", "1971-03-14"), ("Bartholomew", "1994-11-02"))
    lines = []
    for number, (name, born) in enumerate(said):
        traits = {
            "firstName": name,
            "lastName": "Oxenstierna",
            "birthday": born,
            "email": f"{name}@x.example",
        }
        lines.append(identify(number, "crm", context={"recordId": f"r{number}"}, traits=traits))
        context = {"recordId": f"till{number}", "externalIds": [{"type": "loyalty_card", "id": "2900"}]}
        lines.append(identify(number + 2, "till", context=context, traits={"email": f"{name}@x.example"}))
    engines = [engine_of() for _ in permutations(lines)]
    for engine, order in zip(engines, permutations(lines), strict=True):
        take(engine, *order)
    engine, *others = engines
    assert all(told(other) == told(engine) for other in others)
    apart = {one[1]: one[2] for one in cast(list[list[str]], told(engine)[0])}
    assert (apart["r0"], apart["r1"]) == (apart["till0"], apart["till1"])
    assert apart["r0"] != apart["r1"]
    with engine.store.read() as tx:
        gone = next(record.person for record in tx.all_records() if record.key.record_id == "r1")
    engine.carry_out(lambda batch: batch.erase(gone, CLOCK))
    more = {"recordId": "till0", "externalIds": [{"type": "loyalty_card", "id": "2900"}]}
    take(engine, identify(9, "till", context=more, traits={"phone": "+33612345678"}))
    left = {one[1]: one[2] for one in cast(list[list[str]], told(engine)[0])}
    assert left == {"r0": apart["r0"], "till0": apart["r0"]}
    with engine.store.read() as tx:
        assert len({record.person for record in tx.all_records()}) == 2
    assert told(derived(engine))[:2] == told(engine)[:2]


def test_nothing_of_the_erased_is_left_in_the_file(tmp_path: Path) -> None:
    engine = engine_of(store=SqliteStore(tmp_path / "one.db"))
    traits = {"email": "kassandra@x.example", "firstName": "Kassandra"}
    take(engine, identify(1, userId="kassandra", traits=traits), identify(2, userId="u-2"))
    with engine.store.read() as tx:
        one = Reader(tx, engine.intake, engine.id_key).find("user_id:kassandra").person.id
    engine.carry_out(lambda batch: batch.erase(one, CLOCK))
    for file in tmp_path.iterdir():
        assert b"kassandra" not in file.read_bytes().lower()


def test_dead_letters_feed_and_positions_are_carried_over(town: Engine) -> None:
    engine = engine_of()
    take(engine, b"not JSON", identify(1, userId="u-1"))
    engine.put({"position/x": [7, "abc"]})
    fresh = derived(engine)
    with engine.store.read() as was, fresh.store.read() as now:
        assert now.dead_letters(0, 9) == was.dead_letters(0, 9)
        assert now.changes(0, 1) == was.changes(0, 1)
        assert now.get("position/x") == [7, "abc"]


def test_the_feed_tells_who_came_out_otherwise_and_versions_go_on(tmp_path: Path) -> None:
    (tmp_path / "users.toml").write_text('[[namespace]]\nname = "user_id"\njoins = "people"\n')
    users = load_rules(tmp_path / "users.toml")
    store = SqliteStore(tmp_path / "told.db")
    said: list[dict[str, Any]] = [{"userId": "u-1"}, {"userId": "u-2"}, {}]
    for at, who in enumerate(said):
        traits = {"email": "ana@x.example" if at else "bea@x.example"}
        take(engine_of(store=store), identify(at, "crm", context={"recordId": str(at)}, traits=traits, **who))
    bea, ana = (person(engine_of(store=store), f"user_id:u-{number}") for number in (1, 2))
    kept = entries(store)
    assert [one.kind for one in kept] == ["created", "created", "updated"]
    rebuild(store, load_rules(), DEFAULT_ID_KEY, lambda _: None)
    assert entries(store) == kept
    rebuild(store, users, DEFAULT_ID_KEY, lambda _: None)
    split, created = entries(store)[3:]
    assert (split.kind, split.person_id, split.went_into) == ("split", ana, (created.person_id,))
    assert (created.kind, created.came_from, created.version) == ("created", (ana,), split.version)
    rebuild(store, load_rules(), DEFAULT_ID_KEY, lambda _: None)
    [merged] = entries(store)[5:]
    assert (merged.kind, merged.person_id, merged.came_from) == ("merged", ana, split.went_into)
    with store.read() as tx:
        assert {one.person_id: one.version for one in tx.all_persons()} == {bea: 1, ana: 4}
    assert [one.seq for one in entries(store)] == [1, 2, 3, 4, 5, 6]


def entries(store: Store) -> list[Change]:
    with store.read() as tx:
        return tx.changes(0, 1 << 30)


def test_a_file_is_replaced_at_once_for_everybody_who_has_it_open(tmp_path: Path, other: Rules) -> None:
    store, witness = SqliteStore(tmp_path / "x.db"), SqliteStore(tmp_path / "x.db")
    engine = engine_of(store=store)
    take(engine, identify(1, userId="u-1"), identify(2, "crm", traits={"email": "a@x.example"}))
    watching = Engine(witness, load_rules())
    take(watching, identify(3, userId="u-3"))
    done = rebuild(store, other, DEFAULT_ID_KEY, lambda _: None)
    assert (done.events, done.persons_before) == (3, 3)
    with witness.read() as tx:
        assert tx.get("rules") == other.identity_hash
        assert len(list(tx.all_events())) == 3
    assert [path.name for path in tmp_path.glob("x.db.rebuild*")] == []
    take(engine_of(other, witness), identify(4, userId="u-1"))
    assert len(told(engine_of(other, store))[1]) == 4


def test_one_rebuilds_a_file_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(tmp_path / "x.db")
    take(engine_of(store=store), identify(1, userId="u-1"))
    monkeypatch.setattr("graph_schema.sqlite_swap._BUSY_SECONDS", 0.1)

    def at_once(_: int) -> None:
        with pytest.raises(StoreUnavailable, match="another process is rebuilding"):
            rebuild(store, load_rules(), DEFAULT_ID_KEY, lambda _: None)

    assert rebuild(store, load_rules(), DEFAULT_ID_KEY, at_once).events == 1
    assert rebuild(store, load_rules(), DEFAULT_ID_KEY, lambda _: None).events == 1
    store.close()


def test_what_comes_in_meanwhile_is_not_lost(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "x.db")
    writer = engine_of(store=SqliteStore(tmp_path / "x.db"))
    take(writer, identify(1, userId="u-1"))
    late = [identify(2, userId="u-2")]

    def meanwhile(_: int) -> None:
        if late:
            take(writer, late.pop())

    assert rebuild(store, load_rules(), DEFAULT_ID_KEY, meanwhile).events == 2
    numbers = iter(range(10, 60))
    with pytest.raises(Conflict):
        rebuild(
            store,
            load_rules(),
            DEFAULT_ID_KEY,
            lambda _: take(writer, identify(next(numbers), userId="u-3")),
        )
    assert len(told(writer)[1]) == 5


def test_whoever_named_nobody_can_be_erased_and_is_buried_too() -> None:
    engine = engine_of()
    take(engine, {"type": "page", "source": "crm", "context": {"recordId": "1"}, "messageId": "m"})
    with engine.store.read() as tx:
        [one] = tx.all_persons()
    engine.carry_out(lambda batch: batch.erase(one.id, CLOCK))
    with pytest.raises(Erased):
        person(derived(engine), one.person_id)
