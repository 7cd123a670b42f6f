"""What every store derives again once somebody was erased: what one has that derived nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.store import Replaceable, Store
from resolver.founding import DEFAULT_ID_KEY
from stream.engine import Engine
from stream.rebuilding import derive, rebuild
from stream.stewarding import Doer, erase
from tests.unit.test_rebuild import CLOCK, identify, take, told

RULES = load_rules()
SAYS = {"firstName": "Wilhelmina", "lastName": "Oxenstierna", "birthday": "1971-03-14"}
SLIP = {**SAYS, "lastName": "Oxenstjerna"}
HOME = {"street": "12 Larkspur Lane", "postalCode": "90210", "city": "Ghent"}


class Both:
    """A store, and one in memory beside it to which the same is done but for deriving again."""

    def __init__(self, store: Store) -> None:
        self._store, self._model = (Engine(one, RULES, clock=lambda: CLOCK) for one in (store, MemoryStore()))

    def do(self, what: Callable[[Engine], object]) -> None:
        for engine in (self._store, self._model):
            what(engine)
        assert told(self._store) == told(self._model)

    def take(self, *messages: dict[str, Any]) -> None:
        self.do(lambda engine: take(engine, *messages))

    def erase(self, reference: str) -> None:
        self.do(lambda engine: erase(engine, reference, Doer("mona", "admin")))

    def rebuild(self) -> None:
        """In its own place, but for what is in memory."""
        old = self._store
        store = old.store if isinstance(old.store, Replaceable) else MemoryStore()
        self._store = Engine(store, RULES, clock=lambda: CLOCK)
        if isinstance(store, Replaceable):
            before = _fed(store)
            rebuild(store, RULES, DEFAULT_ID_KEY, lambda _: None)
            assert _fed(store) == before, "nothing is told where nothing changed"
        else:
            derive(old.store, self._store)
        assert told(self._store) == told(self._model)

    @property
    def persons(self) -> dict[str, str]:
        """Whose each record is, by its key."""
        links: list[Any] = list(told(self._store)[0])
        return {record: person for _, record, person in links}


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
