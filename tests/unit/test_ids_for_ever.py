"""An id that was ever given answers for ever: once erased, with that, whatever rules derive it all again."""

from pathlib import Path
from typing import Any

import pytest

from graph_schema.errors import Erased, UnknownPerson
from graph_schema.memory import MemoryStore
from graph_schema.rules import Rules, load_rules
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Store
from resolver.founding import DEFAULT_ID_KEY
from stream.engine import Engine
from stream.judging import Word
from stream.rebuilding import derive, rebuild
from stream.stewarding import Doer, erase, give
from tests.unit.test_rebuild import identify, person, take, told

ERASED_AT = 1_772_450_000_000_000  # 2026-03-02T11:13:20Z
LATER = "2026-03-04T09:00:00Z"
PLAIN = '[[namespace]]\nname = "user_id"\njoins = "people"\n'
LEASED = PLAIN + 'lease = "1 days"\n'
ADDRESS = '[[namespace]]\nname = "email"\njoins = "people"\n'


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MemoryStore() if request.param == "memory" else SqliteStore(str(tmp_path / "kept.db"))


@pytest.fixture
def rules(tmp_path: Path) -> dict[str, Rules]:
    found = {}
    for name, text in {"plain": PLAIN, "leased": LEASED, "address": ADDRESS, "both": PLAIN + ADDRESS}.items():
        (tmp_path / f"{name}.toml").write_text(text)
        found[name] = load_rules(tmp_path / f"{name}.toml")
    return found


def engine_of(store: Store, rules: Rules) -> Engine:
    return Engine(store, rules, clock=lambda: ERASED_AT)


def again(engine: Engine, rules: Rules) -> Engine:
    """The same, derived again by these rules, in its own place but for what is in memory."""
    if isinstance(engine.store, SqliteStore):
        rebuild(engine.store, rules, DEFAULT_ID_KEY, lambda _: None)
        return engine_of(engine.store, rules)
    fresh = engine_of(MemoryStore(), rules)
    derive(engine.store, fresh)
    return fresh


def gone(engine: Engine, reference: str) -> None:
    erase(engine, reference, Doer("mona", "admin"))


def test_who_comes_after_an_erasure_by_other_rules_is_given_another_id(
    store: Store, rules: dict[str, Rules]
) -> None:
    engine = engine_of(store, rules["plain"])
    take(engine, identify(1, userId="u-1"))
    first = person(engine, "user_id:u-1")
    engine = again(engine, rules["leased"])
    gone(engine, first)
    take(engine, identify(2, userId="u-1") | {"timestamp": LATER})
    for name in ("plain", "leased", "plain"):
        engine = again(engine, rules[name])
        assert person(engine, "user_id:u-1") != first
        with pytest.raises(Erased):
            person(engine, first)
    second = person(engine, "user_id:u-1")
    take(engine, identify(3, userId="u-1"), identify(4, userId="u-1") | {"timestamp": LATER})
    assert person(engine, second) == second, "whose record it is that only shares the key is not refused"
    gone(engine, second)
    take(engine, identify(5, userId="u-1") | {"timestamp": "2026-03-05T09:00:00Z"})
    assert person(engine, "user_id:u-1") not in (first, second)


def test_of_an_id_that_leads_to_an_erased_message_no_message_id_is_kept(
    store: Store, rules: dict[str, Rules]
) -> None:
    engine = engine_of(store, rules["plain"])
    take(engine, identify(1, userId="u-1") | {"messageId": "ana@x.example"})
    first = person(engine, "user_id:u-1")
    engine = again(engine, rules["leased"])
    gone(engine, first)
    with engine.store.read() as tx:
        assert "ana@x.example" not in repr(tx.scan(""))


def test_a_record_that_went_founds_another_id_where_its_message_was_erased(
    store: Store, rules: dict[str, Rules]
) -> None:
    engine = engine_of(store, rules["both"])
    take(engine, identify(2, userId="u-1"))
    first = person(engine, "user_id:u-1")
    take(engine, identify(2, userId="u-1", traits={"email": "a@x.example"}) | {"timestamp": "2026-03-01"})
    assert person(engine, first) != first
    gone(engine, first)
    take(engine, identify(3, userId="u-1"))
    assert person(engine, "user_id:u-1") != first
    with pytest.raises(Erased):
        person(engine, first)


def test_an_id_whose_message_a_rebuild_refuses_is_given_to_nobody_else(
    store: Store, rules: dict[str, Rules]
) -> None:
    engine = engine_of(store, rules["address"])
    said = {"email": "a@x.example"}
    take(engine, identify(1, traits=said))
    gone(engine, "email:a@x.example")
    engine = again(engine, rules["plain"])
    take(engine, identify(2, userId="u-1", traits=said))
    first = person(engine, "user_id:u-1")
    engine = again(engine, rules["address"])
    take(engine, identify(3, userId="u-1", traits={"email": "b@x.example"}))
    engine = again(engine, rules["plain"])
    assert person(engine, "user_id:u-1") != first
    with pytest.raises(Erased):
        person(engine, first)


def alias(number: int, now: str, before: str) -> dict[str, Any]:
    return {**identify(number, userId=now), "type": "alias", "previousId": before}


def test_whom_anothers_alias_names_comes_back_by_no_rules(store: Store, rules: dict[str, Rules]) -> None:
    engine = engine_of(store, rules["plain"])
    take(engine, alias(1, "u-2", "u-1"), alias(2, "u-3", "u-1") | {"timestamp": LATER})
    gone(engine, "user_id:u-1")
    take(engine, alias(3, "u-4", "u-1"))
    for name in ("plain", "leased"):
        engine = again(engine, rules[name])
        with pytest.raises((Erased, UnknownPerson)):
            person(engine, "user_id:u-1")
        assert person(engine, "user_id:u-2") != person(engine, "user_id:u-3")


def test_an_alias_that_was_told_of_the_erased_leaves_nothing_with_who_comes_after(
    store: Store, rules: dict[str, Rules]
) -> None:
    engine = engine_of(store, rules["plain"])
    take(engine, identify(1, userId="u-1"))
    gone(engine, "user_id:u-1")
    take(engine, alias(2, "u-2", "u-1"), identify(3, userId="u-1") | {"timestamp": LATER})
    gone(engine, "user_id:u-2")
    before = told(engine)
    assert told(again(engine, rules["plain"])) == before


def in_the_file(engine: Engine, folder: Path, *texts: str) -> set[str]:
    """Those of some texts that are anywhere in the store."""
    if isinstance(engine.store, SqliteStore):
        kept = b"".join(one.read_bytes() for one in folder.glob("kept.db*")).decode("latin-1")
    else:
        kept = repr(vars(engine.store))
    return {one for one in texts if one in kept}


def word(engine: Engine, *keys: str) -> None:
    give(engine, Word("different", keys[:1], keys[1:], ERASED_AT, "mia", "seen"), "steward")


def row(number: int, name: str, **said: str) -> dict[str, Any]:
    return identify(number, **said) | {"messageId": f"m-of-{name}", "context": {"recordId": f"row-{name}"}}


def test_a_word_remembers_no_message_that_was_erased_with_another(
    store: Store, rules: dict[str, Rules], tmp_path: Path
) -> None:
    engine = engine_of(store, rules["plain"])
    take(engine, row(2, "ana", userId="u-1"), row(3, "bo", userId="u-2"))
    take(engine, row(4, "ana", userId="u-1") | {"messageId": "m-next"})
    word(engine, "web/row-ana", "web/row-bo")
    take(engine, row(2, "ana", userId="u-3") | {"timestamp": "2026-03-01", "context": {"recordId": "row-cy"}})
    gone(engine, "user_id:u-3")
    assert not in_the_file(engine, tmp_path, "m-of-ana", "row-cy", "u-3")
    with engine.store.read() as tx:
        [said] = tx.judgements()
        assert {event.message_id for (event,) in said.founders.values()} == {"m-of-bo", "m-next"}


def test_a_word_on_records_that_some_rules_make_one_is_on_them_all_again(
    store: Store, rules: dict[str, Rules]
) -> None:
    engine = engine_of(store, rules["leased"])
    days = [identify(day, userId="u-1") | {"timestamp": f"2026-03-{day:02}"} for day in (1, 11, 21)]
    take(engine, *days, identify(2, userId="u-2"))
    other = person(engine, "user_id:u-2")
    with engine.store.read() as tx:
        records = sorted(record.key for record in tx.all_records())
        several = sorted({one.person_id for one in tx.all_persons()} - {other})
    assert len(several) == 3
    give(engine, Word("same", several, [other], ERASED_AT, "mia", "seen"), "steward")
    for name, number in (("plain", 1), ("both", 1), ("leased", 1), ("plain", 1), ("leased", 1)):
        engine = again(engine, rules[name])
        with engine.store.read() as tx:
            assert sum(1 for _ in tx.all_persons()) == number
    with engine.store.read() as tx:
        [said] = tx.judgements()
    assert sorted((*said.a, *said.b)) == records


def test_a_word_on_whom_an_alias_names_remembers_what_is_left_of_it(
    store: Store, rules: dict[str, Rules], tmp_path: Path
) -> None:
    engine = engine_of(store, rules["plain"])
    take(engine, alias(1, "u-2", "u-1") | {"messageId": "m-of-ana"})
    word(engine, "user_id:u-2", "user_id:u-1")
    gone(engine, "user_id:u-2")
    assert not in_the_file(engine, tmp_path, "m-of-ana", "u-2")
    with engine.store.read() as tx:
        [said] = tx.judgements()
        assert {event for (event,) in said.founders.values()} == {one.key for one in tx.all_events()}


def test_what_other_rules_read_otherwise_is_hashed_when_the_last_who_named_it_is_erased(
    rules: dict[str, Rules], tmp_path: Path
) -> None:
    (tmp_path / "blocked.toml").write_text(PLAIN + 'blocked = ["^u-1"]\n')
    (tmp_path / "scoped.toml").write_text(PLAIN + '[source.web]\nscoped = ["user_id"]\n')
    for name in ("blocked", "scoped", "address"):
        other = rules.get(name) or load_rules(tmp_path / f"{name}.toml")
        engine = engine_of(MemoryStore(), rules["plain"])
        take(engine, identify(1, userId="u-100"))
        gone(engine, "user_id:u-100")
        take(engine, identify(2, userId="u-100") | {"timestamp": LATER})
        known = person(engine, "user_id:u-100")
        engine = again(engine, other)
        gone(engine, known)
        assert not in_the_file(engine, tmp_path, "u-100"), name


def test_what_another_content_of_an_alias_named_is_hashed_when_she_is_erased(
    store: Store, rules: dict[str, Rules], tmp_path: Path
) -> None:
    engine = engine_of(store, rules["plain"])
    take(engine, alias(2, "u-200", "u-100"), identify(2, userId="u-3") | {"timestamp": "2026-03-01"})
    gone(engine, "user_id:u-3")
    assert not in_the_file(engine, tmp_path, "u-100", "u-200")


def test_a_word_on_what_is_gone_says_nothing_of_whom_an_alias_names_instead(
    store: Store, rules: dict[str, Rules]
) -> None:
    engine = engine_of(store, rules["plain"])
    take(engine, identify(1, userId="u-1"), row(4, "ana"))
    give(engine, Word("same", ["user_id:u-1"], ["web/row-ana"], ERASED_AT, "mia", "seen"), "steward")
    take(engine, alias(2, "u-2", "u-3") | {"messageId": "m-of-ana"})
    before = told(engine)
    assert told(again(engine, rules["plain"])) == before


def test_a_word_remembers_no_message_that_a_rebuild_refuses(store: Store, rules: dict[str, Rules]) -> None:
    engine = engine_of(store, rules["address"])
    said = {"email": "a@x.example"}
    take(engine, identify(1, traits=said))
    gone(engine, "email:a@x.example")
    engine = again(engine, rules["plain"])
    take(
        engine, identify(2, userId="u-1", traits=said) | {"messageId": "m-of-ana"}, row(3, "bo", userId="u-2")
    )
    word(engine, "user_id:u-1", "user_id:u-2")
    engine = again(engine, rules["address"])
    with engine.store.read() as tx:
        assert "m-of-ana" not in repr((tx.scan(""), tx.judgements()))


def test_a_word_on_who_came_after_an_erasure_waits_for_her_record(
    store: Store, rules: dict[str, Rules]
) -> None:
    engine = engine_of(store, rules["plain"])
    take(engine, row(1, "ana", userId="u-1"))
    gone(engine, "user_id:u-1")
    take(
        engine,
        row(2, "ana", userId="u-1") | {"messageId": "m-2", "timestamp": LATER},
        row(3, "bo", userId="u-2"),
    )
    give(engine, Word("same", ["web/row-ana"], ["web/row-bo"], ERASED_AT, "mia", "seen"), "steward")
    moved = row(4, "cy", userId="u-3") | {"messageId": "m-2", "timestamp": "2026-03-03"}
    take(engine, moved, row(5, "ana", userId="u-1") | {"messageId": "m-5", "timestamp": LATER})
    assert person(engine, "user_id:u-1") == person(engine, "user_id:u-2")
    before = told(engine)
    assert told(again(engine, rules["plain"])) == before


def test_what_begins_as_what_is_erased_does_is_hashed_as_all_else(
    store: Store, rules: dict[str, Rules], tmp_path: Path
) -> None:
    engine = engine_of(store, rules["plain"])
    take(engine, identify(1, userId="#u-100"))
    gone(engine, "user_id:#u-100")
    assert not in_the_file(engine, tmp_path, "#u-100")
    engine = again(engine, rules["both"])
    assert not in_the_file(engine, tmp_path, "#u-100")
    with pytest.raises(Erased):
        person(engine, "user_id:#u-100")
