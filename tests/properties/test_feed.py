"""The change feed tells of everybody whose profile a batch changed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_schema.memory import MemoryStore
from graph_schema.rules import Rules, load_rules
from stream.engine import Engine
from stream.reader import Reader

NOW = 1_772_600_000_000_000


def one_of(name: str, most: int) -> st.SearchStrategy[str | None]:
    return st.none() | st.integers(0, most).map(f"{name}{{}}".format)


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    email, phone = draw(one_of("e", 2)), draw(one_of("+3361234567", 2))
    traits = {"email": email and f"{email}@x.example", "phone": phone, "firstName": draw(one_of("n", 1))}
    traits = {name: value for name, value in traits.items() if value}
    said = {
        "source": draw(st.sampled_from(("web", "crm"))),
        "timestamp": f"2026-02-{draw(st.integers(1, 25)):02}T09:00:00Z",
        "userId": draw(one_of("u", 3)),
        "anonymousId": draw(one_of("a", 2)),
        "context": {"traits": traits, "recordId": draw(one_of("r", 3))},
    }
    word = {"purpose": "marketing", "channel": "email"}
    kinds: tuple[dict[str, Any], ...] = (
        {"type": "identify", "traits": traits},
        {"type": "track", "event": "Consent Granted", "properties": word},
        {"type": "track", "event": "Consent Withdrawn", "properties": word},
        {"type": "track", "event": "Order Completed", "properties": {"order_id": "o-1", "total": 5}},
    )
    return {**said, **draw(st.sampled_from(kinds))}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """Where a value is generic as soon as two of another namespace come with it."""
    path = tmp_path_factory.mktemp("rules") / "rules.toml"
    spaces = [
        f'[[namespace]]\nname = "{name}"\njoins = "{joins}"\nunique = {unique}\ngeneric_above = 1\n'
        f'normaliser = "{form}"\n'
        for name, joins, unique, form in (
            ("user_id", "people", "true", "text"),
            ("email", "people", "false", "email"),
            ("phone", "people", "false", "phone"),
            ("order_id", "anonymous", "false", "text"),
            ("anonymous_id", "anonymous", "false", "text"),
        )
    ]
    path.write_text('extends = "retail"\n' + "\n".join(spaces), "utf-8")
    return load_rules(path)


@given(st.lists(messages(), min_size=3, max_size=12))
def test_no_profile_changes_in_silence(rules: Rules, said: list[dict[str, Any]]) -> None:
    engine = Engine(MemoryStore(), rules, clock=lambda: NOW)
    for number, one in enumerate(said):
        before = everybody(engine)
        with engine.store.read() as tx:
            last = tx.last_change()
        engine.ingest([engine.intake.take({**one, "messageId": f"m-{number}"}, 1)])
        now = everybody(engine)
        with engine.store.read() as tx:
            told = {
                name
                for change in tx.changes(last, 1_000)
                for name in (change.person_id, *change.came_from, *change.went_into)
            }
        assert {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)} <= told


def everybody(engine: Engine) -> dict[str, Any]:
    """Every golden profile. Whom it names as ambiguous are others, of whom the feed tells by themselves."""
    with engine.store.read() as tx:
        reader = Reader(tx, engine.intake, engine.id_key)
        shown = (reader.profile(person.person_id, NOW) for person in tx.all_persons())
        return {one["person_id"]: {**one, "ambiguous": [], "version": 0} for one in shown}
