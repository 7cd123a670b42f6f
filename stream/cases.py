"""The stewards' queue: what keeps persons apart that somebody should look at, from all that can make a case.

The resolver's contests are stored with it; aliases of untrusted sources and rewards that were redeemed twice
are looked at here, when the queue is read.
"""

from collections import ChainMap
from collections.abc import Collection, Iterable, Sequence
from itertools import combinations
from typing import Final

from graph_schema.errors import Erased, UnknownPerson
from graph_schema.store import Document
from graph_schema.vocabulary import JUDGED, Case, Identifier, ObjectKey, Record, RecordKey
from profiles.objects import speakers, tied, whole
from profiles.reward_views import reward_conflict
from profiles.state import mentions
from resolver.judged import judge
from stream.judging import ALIASES, aliases_of
from stream.parts import in_parts
from stream.reader import Reader, make_case
from stream.workspace import ANY_JUDGEMENTS

_AT_ONCE: Final = 500


def open_cases(reader: Reader) -> list[Case]:
    """Every open case, by case id; those whose persons the stewards' words keep apart are closed."""
    told = reader.tx.scan(ALIASES).values()
    aliases = alias_cases(reader, ((RecordKey(*one), RecordKey(*two)) for one, two in told))
    found = {case.case_id: case for case in [*reader.cases(), *aliases, *reward_cases(reader)]}
    judged = _judged(reader, {one for case in found.values() for one in case.persons})
    return [
        case
        for _, case in sorted(found.items())
        if not (judged.issuperset(case.persons) and all_apart(reader, case.persons))
    ]


def open_case(reader: Reader, case_id: str) -> Case | None:
    """A case by its id, as long as it is open: told by its persons alone, without reading the whole queue."""
    kind, *names = case_id.removeprefix("case_").split("_")
    try:
        found = [reader.find(f"per_{name}") for name in names]
    except (UnknownPerson, Erased):
        return None
    records = [record for one in found for record in one.records]
    cases = list(reader.cases(records))
    if kind == "alias":
        few = min((one.living for one in found), key=len, default=[])
        cases += alias_cases(reader, aliases_of(reader.tx, [record.id for record in few]))
    elif kind == "reward":
        states = reader.tx.profiles({one.person.id for one in found}).values()
        keys = {key for state in states for key in mentions(state) if key.kind == "reward"}
        cases += reward_cases(reader, reader.tx.objects(keys).items())
    case = next((one for one in cases if one.case_id == case_id), None)
    return None if case is None or all_apart(reader, case.persons) else case


def undecided(reader: Reader, persons: Sequence[str]) -> tuple[str, str]:
    """The first two of a case's persons whom no word keeps apart."""
    pairs = list(combinations(persons, 2))
    return next((pair for pair in pairs if not all_apart(reader, pair)), pairs[0])


def _judged(reader: Reader, person_ids: set[str]) -> set[str]:
    """Those of some persons of whom a judgement speaks."""
    if not reader.tx.get(ANY_JUDGEMENTS):
        return set()
    founders = reader.tx.records(set(reader.tx.founded(person_ids).values())).values()
    persons = reader.tx.persons({record.person for record in founders}).values()
    return {person.person_id for person in persons if person.flags & JUDGED}


def alias_cases(reader: Reader, told: Iterable[tuple[RecordKey, RecordKey]]) -> Iterable[Case]:
    """Pairs of persons that an alias of an untrusted source says to be one."""
    for part in in_parts(told, _AT_ONCE):
        living = reader.living(key for pair in part for key in pair)
        for pair in part:
            persons = {living[key].person for key in pair if key in living}
            if len(persons) == 2:
                ids = _person_ids(reader, persons)
                yield make_case("alias", ids, (), "an alias of a source that is not trusted")


def reward_cases(
    reader: Reader, rewards: Iterable[tuple[ObjectKey, Document]] | None = None
) -> Iterable[Case]:
    """Persons between whom a reward was redeemed twice: one of these, or any. It may be one person, who used
    it on paper and online."""
    codes: dict[tuple[int, ...], list[Identifier]] = {}
    every = reader.tx.all_objects("reward") if rewards is None else rewards
    for part in in_parts((one for one in every if len(one[1]) > 1), _AT_ONCE):
        living = reader.living(one for _, told in part for one in speakers(told))
        person_of = {one: record.person for one, record in living.items()}
        receipts = dict(reader.tx.objects({one for key, told in part for one in tied(key, told)}))
        for key, told in part:
            if persons := reward_conflict(whole(key, ChainMap({key: told}, receipts)), person_of):
                codes.setdefault(persons, []).append(Identifier("reward_code", key.key))
    for persons, twice in codes.items():
        yield make_case("reward", _person_ids(reader, persons), twice, "one reward was redeemed twice")


def all_apart(reader: Reader, person_ids: Collection[str]) -> bool:
    """Whether these are several persons, of whom standing judgements keep every two apart."""
    if len(person_ids) < 2:
        return False
    sides = [{one.id: one for one in reader.find(each).records} for each in person_ids]
    everyone = {one: record for side in sides for one, record in side.items()}
    judged = judge(reader.tx.judgements(everyone), {record.key: one for one, record in everyone.items()})

    def cells(side: dict[int, Record]) -> set[int]:
        return {judged.cell[one] for one in side if one in judged.cell}

    return all(
        any(judged.apart.get(cell, frozenset()) & cells(other) for cell in cells(one))
        for one, other in combinations(sides, 2)
    )


def _person_ids(reader: Reader, persons: Iterable[int]) -> list[str]:
    return [person.person_id for person in reader.tx.persons(set(persons)).values()]
