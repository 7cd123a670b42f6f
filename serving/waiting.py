"""Open cases with what they bear on, and which of them somebody wants to see."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, Field

from graph_schema.vocabulary import Case
from profiles.orders import Orders
from profiles.state import views
from resolver.founding import is_person_id
from resolver.matching.text import fold
from stream.comparing import name_of
from stream.parts import in_parts
from stream.reader import Reader

_AT_ONCE: Final = 500
_TELLING: Final = ("reward", "alias", "review", "veto", "unique")

State = Literal["free", "mine", "aside", "others"]
"""Nobody works on it; this steward does; this steward put it aside; somebody else works on it."""


class Waiting(NamedTuple):
    """A case with what it bears on: the records of its persons, their sources, and what they bought. ``said``
    are the folded words by which it is found."""

    case: Case
    records: int
    sources: frozenset[str]
    orders: int
    total: float
    currency: str | None
    called: Sequence[str]
    said: str

    @property
    def namespaces(self) -> Collection[str]:
        """What keeps its persons apart, or what of theirs does."""
        held = {one.namespace for one in self.case.identifiers}
        return held or ({"matching"} if self.case.kind in ("review", "unique") else ())


class CaseFilter(BaseModel):
    """Which cases somebody wants to see: all that is asked must hold; "" and 0 ask nothing."""

    kind: Literal["", "unique", "veto", "review", "alias", "reward"] = ""
    namespace: str = Field("", max_length=200, description="of the value that is contested, or matching")
    source: str = Field("", max_length=200, description="of a record of one of the persons")
    least: Annotated[float, BeforeValidator(lambda said: said or 0)] = Field(
        0, ge=0, allow_inf_nan=False, description="what the persons bought together, at least"
    )
    q: str = Field("", max_length=200, description="words of names and values, or a person id")

    def of_viewer(self) -> "CaseFilter":
        """The same without words: who sees no value could else guess it letter by letter."""
        return self if is_person_id(self.q.strip()) else self.model_copy(update={"q": ""})

    def query(self, **other: object) -> str:
        """The address' part that asks for this, with something else in it; "" where it asks nothing."""
        asked = {name: said for name, said in {**dict(self), **other}.items() if said}
        return f"?{urlencode(asked)}" if asked else ""

    def choose(
        self, waiting: Iterable[Waiting], state: Callable[[str], State] = lambda _: "free"
    ) -> tuple[list[Waiting], Mapping[str, Counter[str]]]:
        """The cases that are asked for, and by part of the filter how many there are of each answer as all
        other parts are. ``state`` tells that of a case, where the filter asks for it."""
        words, asked = fold(self.q).split(), dict(self)
        chosen: list[Waiting] = []
        counts: dict[str, Counter[str]] = {
            name: Counter() for name in ("kind", "namespace", "source", "state")
        }
        for one in waiting:
            if one.total < self.least or not all(word in one.said for word in words):
                continue
            has = ((one.case.kind,), one.namespaces, one.sources, (state(one.case.case_id),))
            answers = dict(zip(counts, has, strict=True))
            missed = [name for name, given in answers.items() if asked.get(name, "") not in ("", *given)]
            if not missed:
                chosen.append(one)
            for name in missed if len(missed) == 1 else answers if not missed else ():
                # Sets have another order in each process; a menu should not.
                counts[name].update(sorted(answers[name]))
        return chosen, counts


class CasesAsked(CaseFilter):
    """The same with which page of them."""

    after: str | None = Field(None, description="the `next` of the page before")
    limit: int = Field(10_000, ge=1, le=10_000)


class QueueFilter(CaseFilter):
    """The same with what becomes of a case at the console."""

    state: Literal["", State] = ""


def ranked(reader: Reader, cases: Iterable[Case]) -> list[Waiting]:
    """Cases with what they bear on, the most consequential first."""
    found = []
    for part in in_parts(cases, _AT_ONCE):
        founded = reader.tx.founded({one for case in part for one in case.persons})
        founders = reader.tx.records(set(founded.values()))
        person_of = {one: founders[record].person for one, record in founded.items()}
        members = reader.tx.members(set(person_of.values()))
        records = reader.tx.records({record for held in members.values() for record in held})
        states = reader.tx.profiles(members.keys())
        orders = {one: views(states.get(one, {}), "order") for one in members}
        for case in part:
            persons = {person_of[one] for one in case.persons}
            # Each order is one person's: all of theirs are those of one, and yens are not added to euros.
            bought = Orders({"objects": {"order": {k: v for one in persons for k, v in orders[one].items()}}})
            held = [records[record] for one in persons for record in members[one]]
            called = [name_of(states.get(person_of[one], {}), reader) or one for one in case.persons]
            waits = Waiting(
                case,
                len(held),
                frozenset(one.key.source for one in held if not one.ghost),
                len(bought.counted),
                float(bought.total),
                bought.currency,
                called,
                fold(" ".join((*called, *case.persons, *(one.value for one in case.identifiers)))),
            )
            found.append(waits)
    return sorted(found, key=rank)


def rank(one: Waiting) -> tuple[float, int, str, int]:
    """The place of a case among all."""
    return -one.total, -one.records, ",".join(one.case.persons), _TELLING.index(one.case.kind)
