"""An id that was ever given answers for ever: once erased, with that, whatever rules derive it all again."""

from pathlib import Path

import pytest

from graph_schema.errors import Erased, UnknownPerson
from graph_schema.memory import MemoryStore
from graph_schema.rules import Rules, load_rules
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Store
from resolver.founding import DEFAULT_ID_KEY
from stream.engine import Engine
from stream.rebuilding import derive, rebuild
from stream.stewarding import Doer, erase
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


def alias(number: int, now: str, before: str) -> dict[str, object]:
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
