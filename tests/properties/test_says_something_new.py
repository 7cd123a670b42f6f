"""A record that joins somebody and says what none of hers did: it is looked at where that can matter."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.namespaces import Namespace
from graph_schema.rule_parts import Matching, Source
from graph_schema.rules import Rules
from graph_schema.vocabulary import ALIKE
from resolver.matching.model import to_dict
from tests.engine.alike import MODEL
from tests.engine.drawn import FOES, History
from tests.engine.kept import picture
from tests.properties.test_incremental import play, rows

_MAIL: Final = {"email": "a"}
_USER: Final = {"user_id": "u"}
_LYON: Final = {"firstName": "Ana", "city": "Lyon"}
_ANA: Final = {"firstName": "Ana", "birthday": "1980-01-02"}
_RULES: Final = Rules(
    namespaces=(
        Namespace(name="user_id", joins="people", unique=True),
        Namespace(name="email", joins="people"),
    ),
    matching=Matching(after="email"),
    model=to_dict(replace(MODEL, block_cap=20, component_cap=300)),
    model_digest="wide",
)

Told = tuple[str, Mapping[str, str], Mapping[str, str]]


@pytest.mark.parametrize(
    ("before", "new", "people", "cases"),
    [
        pytest.param(
            [("r0", _MAIL, {"city": "Bonn"}), ("r1", {}, _ANA)],
            ("r2", _MAIL, _ANA),
            [3],
            0,
            id="it is like another",
        ),
        pytest.param(
            [("r0", _MAIL, _LYON), ("r1", {}, {**_LYON, "city": "Lyons"})],
            ("r2", _MAIL, {"birthday": "1980-01-02", "city": "Bonn"}),
            [1, 2],
            0,
            id="others of hers are, and together they are less so",
        ),
        pytest.param(
            [("r0", {**_MAIL, **_USER}, {}), ("r1", _USER, FOES[0]), ("r2", _MAIL, FOES[1])],
            ("r3", _USER, {"city": "Bonn"}),
            [4],
            0,
            id="a veto stood on what it says, too",
        ),
        pytest.param(
            [("r0", _MAIL, FOES[0]), ("r1", _MAIL, {"city": "Bonn"})],
            ("r2", _MAIL, FOES[1]),
            [1, 1, 1],
            1,
            id="it speaks against hers",
        ),
    ],
)
def test_what_it_says_is_looked_at(before: list[Told], new: Told, people: list[int], cases: int) -> None:
    store = MemoryStore()
    play(History(_RULES, (), ()), rows(_RULES, [("crm", *one) for one in [*before, new]]), store)
    shown = picture(store)
    assert (sorted(map(len, shown.persons)), len(shown.cases)) == (people, cases)


def test_who_only_claims_an_address_is_matched_with_who_has_it() -> None:
    by = _RULES.model_copy(update={"sources": {"shop": Source(claims=frozenset({"email"}))}})
    told = [("crm", "r0", _MAIL, {"firstName": "Ana"}), ("shop", "r1", _MAIL, _ANA), ("crm", "r0", {}, _ANA)]
    store = MemoryStore()
    play(History(by, (), ()), rows(by, told), store)
    with store.read() as tx:
        (person,) = tx.all_persons()
    assert person.flags & ALIKE
