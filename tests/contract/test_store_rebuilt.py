"""What every store derives again once somebody was erased: what one has that derived nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import Rules, load_rules
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Replaceable, Store
from graph_schema.vocabulary import Case, Judgement
from resolver.founding import DEFAULT_ID_KEY
from stream.cases import open_cases
from stream.engine import Engine
from stream.judging import Word
from stream.rebuilding import derive, rebuild
from stream.stewarding import Doer, erase, give
from tests.unit.test_rebuild import CLOCK, identify, person, take, told

RULES = load_rules()
SAYS = {"firstName": "Wilhelmina", "lastName": "Oxenstierna", "birthday": "1971-03-14"}
SLIP = {**SAYS, "lastName": "Oxenstjerna"}
HOME = {"street": "12 Larkspur Lane", "postalCode": "90210", "city": "Ghent"}


class Both:
    """A store, and one in memory beside it to which the same is done but for deriving again."""

    def __init__(self, store: Store, rules: Rules = RULES) -> None:
        self._rules = rules
        self._store, self._model = (Engine(one, rules, clock=lambda: CLOCK) for one in (store, MemoryStore()))

    def do(self, what: Callable[[Engine], object]) -> None:
        for engine in (self._store, self._model):
            what(engine)
        assert told(self._store) == told(self._model)

    def take(self, *messages: dict[str, Any]) -> None:
        self.do(lambda engine: take(engine, *messages))

    def erase(self, reference: str) -> None:
        self.do(lambda engine: erase(engine, reference, Doer("mona", "admin")))

    def judge(self, kind: Literal["same", "different"], a: str, b: str) -> None:
        self.do(lambda engine: give(engine, Word(kind, [a], [b], CLOCK, "mia", "seen"), "steward"))

    def rebuild(self) -> None:
        """In its own place, but for what is in memory."""
        old = self._store
        store = old.store if isinstance(old.store, Replaceable) else MemoryStore()
        self._store = Engine(store, self._rules, clock=lambda: CLOCK)
        if isinstance(store, Replaceable):
            before = _fed(store)
            rebuild(store, self._rules, DEFAULT_ID_KEY, lambda _: None)
            assert _fed(store) == before, "nothing is told where nothing changed"
        else:
            derive(old.store, self._store)
        assert told(self._store) == told(self._model)

    @property
    def words(self) -> list[Judgement]:
        """The judgements that there are, all of them of some record."""
        with self._store.store.read() as tx:
            every = sorted(tx.judgements(), key=lambda one: one.judgement_id)
            of_records = tx.judgements([record.id for record in tx.all_records()])
            assert sorted(of_records, key=lambda one: one.judgement_id) == every
            return every

    @property
    def persons(self) -> dict[str, str]:
        """Whose each record is, by its key."""
        links: list[Any] = list(told(self._store)[0])
        return {record: person for _, record, person in links}

    def of(self, reference: str) -> str:
        """Whom a reference names."""
        return person(self._store, reference)

    @property
    def cases(self) -> list[Case]:
        """What waits for stewards."""
        with self._store.reader() as reader:
            return open_cases(reader)

    @property
    def ambiguous(self) -> dict[str, list[Any]]:
        """What is ambiguous of whom, of those of whom something is."""
        profiles: list[Any] = list(told(self._store)[2])
        return {one["person_id"]: one["ambiguous"] for one in profiles if one["ambiguous"]}

    @property
    def fed(self) -> tuple[str, str]:
        """The last that the feed tells, and of whom."""
        with self._store.store.read() as tx:
            [change] = tx.changes(tx.last_change() - 1, 1)
        return change.kind, change.person_id

    @property
    def said(self) -> list[str]:
        """Values that stand in clear."""
        with self._store.store.read() as tx:
            values = [node.identifier.value for node in tx.all_identifiers()]
        return [value for value in values if not value.startswith("#")]


def _fed(store: Store) -> tuple[int, dict[str, int]]:
    """How far the feed goes, and how often each living person changed."""
    with store.read() as tx:
        living = {record.person for record in tx.all_records() if not record.ghost}
        return tx.last_change(), {one.person_id: one.version for one in tx.persons(living).values()}


@pytest.fixture
def both(store: Store) -> Both:
    return Both(store)


def row(number: int, key: str, traits: dict[str, Any]) -> dict[str, Any]:
    return identify(number, "crm", context={"recordId": key}, traits=traits)


def test_whoever_is_like_the_erased_changes_neither_by_the_erasure_nor_by_a_rebuild(both: Both) -> None:
    """One who could be either of two is nobody's, and does not fall to the one who is left."""
    both.take(
        identify(1, userId="u-1", traits={**SAYS, "address": HOME}),
        identify(2, userId="u-2", traits={**SLIP, "address": HOME}),
        row(3, "x", {**SAYS, "address": {**HOME, "city": "Gent"}}),
    )
    assert len(set(both.persons.values())) == 3
    both.erase("user_id:u-2")
    assert len(set(both.persons.values())) == 2
    both.rebuild()
    both.take(row(4, "y", {**SLIP, "address": HOME}))


def test_a_veto_outlives_the_erasure_of_one_side(both: Both) -> None:
    """What two people shared does not fall to the one who is left."""
    said = (("Wilhelmina", "1971-03-14"), ("Bartholomew", "1994-11-02"))
    for at, (name, born) in enumerate(said):
        traits = {**SAYS, "firstName": name, "birthday": born, "email": "two@x.example"}
        both.take(row(at, f"r{at}", traits))
    both.take(identify(5, anonymousId="tablet", traits={"email": "two@x.example"}))
    apart = both.persons
    assert len(set(apart.values())) == 3
    both.erase(apart["r1"])
    both.take(row(6, "r0", {"phone": "+33612345678"}))
    assert both.persons == {record: person for record, person in apart.items() if record != "r1"}
    both.rebuild()


def test_who_shared_a_device_with_others_of_known_names_can_be_erased(both: Both) -> None:
    for at, name in enumerate(("Ana", "Bob"), 1):
        traits = {"firstName": name, "email": f"u{at}@x.example"}
        both.take(identify(at, userId=f"u-{at}", anonymousId="tablet", traits=traits))
    both.take(identify(3, anonymousId="tablet"))
    before = both.persons
    both.erase("user_id:u-1")
    assert both.persons.items() <= before.items()
    assert len(both.persons) == len(before) - 1
    both.rebuild()


@pytest.mark.parametrize("gone", ["a1", "a2"])
def test_who_told_an_alias_can_be_erased_and_the_other_goes_on(both: Both, gone: str) -> None:
    both.take(*(identify(at, userId=user) for at, user in enumerate(("a1", "a2", "z"), 1)))
    both.take({**identify(4, userId="a1", previousId="a2"), "type": "alias"})
    both.erase(f"user_id:{gone}")
    left = next(user for user in ("a1", "a2") if user != gone)
    both.take(identify(5, userId=left, traits={"plan": "gold"}))
    both.erase(f"user_id:{left}")
    assert len(both.persons) == 1


def test_whom_an_alias_named_twice_can_be_erased_whole(store: Store) -> None:
    web = RULES.source("web").model_copy(update={"trusted_alias": True})
    both = Both(store, RULES.model_copy(update={"sources": {"web": web}}))
    both.take({**identify(1, userId="a1", previousId="a2"), "type": "alias"})
    both.take(identify(2, userId="a2", traits={"plan": "gold"}), identify(3, userId="z"))
    both.erase("user_id:a1")
    assert len(both.persons) == 1


def test_the_feed_tells_of_whom_only_an_alias_names_and_her_version_goes_on(tmp_path: Path) -> None:
    web = RULES.source("web").model_copy(update={"trusted_alias": True})
    trusting, store = RULES.model_copy(update={"sources": {"web": web}}), SqliteStore(tmp_path / "told.db")
    engine = Engine(store, trusting, clock=lambda: CLOCK)
    take(engine, identify(1, userId="a1"), {**identify(2, userId="a1", previousId="a2"), "type": "alias"})
    one = person(engine, "user_id:a2")
    rebuild(store, RULES, DEFAULT_ID_KEY, lambda _: None)
    other = person(Engine(store, RULES, clock=lambda: CLOCK), "user_id:a2")
    with store.read() as tx:
        split, created = tx.changes(tx.last_change() - 2, 2)
    assert (split.kind, split.person_id, split.went_into) == ("split", one, (other,))
    assert (created.kind, created.person_id, created.came_from) == ("created", other, (one,))
    assert created.version == split.version > 1
    store.close()


def test_what_was_derived_again_can_be_once_more_where_a_word_was_of_what_became_one(tmp_path: Path) -> None:
    (tmp_path / "users.toml").write_text('[[namespace]]\nname = "user_id"\njoins = "people"\n')
    users, store = load_rules(tmp_path / "users.toml"), SqliteStore(tmp_path / "told.db")
    engine = Engine(store, RULES, clock=lambda: CLOCK)
    card = {"externalIds": [{"type": "loyalty_card", "id": "29001"}]}
    take(engine, identify(1, userId="u-1"), identify(2, userId="u-1", context=card))
    keys: list[Any] = list(told(engine)[0])
    one, other = (f"{source}/{key}" for source, key, _ in keys)
    give(engine, Word("different", [one], [other], CLOCK, "mia", "seen"), "steward")
    for _ in range(2):
        assert rebuild(store, users, DEFAULT_ID_KEY, lambda _: None).moot == 1
    store.close()


def test_no_case_is_of_the_erased(both: Both) -> None:
    for at, user in enumerate(("u-1", "u-2", "u-3"), 1):
        both.take(identify(at, "crm", userId=user, traits={"email": "family@x.example"}))
    both.take(identify(4, "crm", userId="u-4"), identify(5, "crm", userId="u-5"))
    assert [len(case.persons) for case in both.cases] == [3]
    for one, other in (("u-1", "u-4"), ("u-2", "u-5")):
        both.judge("different", f"user_id:{one}", f"user_id:{other}")
    both.erase("user_id:u-1")
    [case] = both.cases
    assert len(case.persons) == 2
    assert set(case.persons) <= set(both.persons.values())
    both.erase("user_id:u-2")
    assert both.cases == []
    both.rebuild()


def test_what_another_content_named_is_hashed_when_she_is_erased(both: Both) -> None:
    both.take(identify(2, userId="u-1", traits={"email": "ana@x.example"}))
    both.take({**identify(2, userId="u-1"), "timestamp": "2026-01-01T00:00:00Z"})
    both.erase("user_id:u-1")
    assert both.said == []


def test_a_word_stays_with_its_records_where_another_content_moves_an_event(both: Both) -> None:
    both.take(*(identify(at, "crm", userId=f"u-{at}") for at in (1, 2)))
    both.judge("same", "user_id:u-1", "user_id:u-2")
    both.take({**identify(2, "crm", userId="u-3"), "timestamp": "2026-01-01T00:00:00Z"})
    both.take(identify(3, "crm", userId="u-2"))
    assert len(set(both.persons.values())) == 2
    both.rebuild()
