"""The stewards' queue: what keeps persons apart that somebody should look at, from all that can make a case.

The resolver's contests are stored with it; aliases of untrusted sources and rewards that were redeemed twice
are looked at here, when the queue is read.
"""

from collections.abc import Iterable
from itertools import combinations

from graph_schema.errors import UnknownPerson
from graph_schema.vocabulary import Case, Identifier, ObjectKey, Record, RecordKey
from profiles.objects import conflict_of, speakers
from resolver.judged import judge
from stream.batch import ALIASES
from stream.reader import Reader, make_case
from stream.workspace import ANY_JUDGEMENTS


def open_cases(reader: Reader) -> list[Case]:
    """Every open case, by case id; those whose persons the stewards' words keep apart are closed."""
    found = {case.case_id: case for case in [*reader.cases(), *alias_cases(reader), *reward_cases(reader)]}
    judged = bool(reader.tx.get(ANY_JUDGEMENTS))
    return [found[one] for one in sorted(found) if not (judged and all_apart(reader, found[one].persons))]


def alias_cases(reader: Reader) -> Iterable[Case]:
    """Pairs of persons that an alias of an untrusted source says to be one."""
    for first, second in reader.tx.scan(ALIASES).values():
        persons = {
            record.person for record in _living(reader, (RecordKey(*first), RecordKey(*second))).values()
        }
        if len(persons) == 2:
            yield make_case(
                "alias", _person_ids(reader, persons), (), "an alias of a source that is not trusted"
            )


def reward_cases(reader: Reader) -> Iterable[Case]:
    """Persons between whom one reward was redeemed twice."""
    for key, told in reader.tx.all_objects("reward"):
        if len(told) < 2:
            continue
        person_of = {one: record.person for one, record in _living(reader, speakers(told)).items()}
        conflict = conflict_of(key, told, person_of)
        if conflict is not None and len(conflict.persons) > 1:
            yield make_case(
                "reward",
                _person_ids(reader, conflict.persons),
                (_code(key),),
                "one reward was redeemed twice",
            )


def all_apart(reader: Reader, person_ids: Iterable[str]) -> bool:
    """Whether standing judgements keep every two of these persons apart."""
    sides = [{one.id: one for one in reader.find(each).records} for each in person_ids]
    everyone = {one: record for side in sides for one, record in side.items()}
    judged = judge(reader.tx.judgements(everyone), {record.key: one for one, record in everyone.items()})

    def cells(side: dict[int, Record]) -> set[int]:
        return {judged.cell[one] for one in side if one in judged.cell}

    return all(
        any(judged.apart.get(cell, frozenset()) & cells(other) for cell in cells(one))
        for one, other in combinations(sides, 2)
    )


def _code(key: ObjectKey) -> Identifier:
    return Identifier("reward_code", key.key)


def _living(reader: Reader, keys: Iterable[RecordKey]) -> dict[RecordKey, Record]:
    found: dict[RecordKey, Record] = {}
    for key in keys:
        try:
            found[key] = reader.record(f"{key.source}/{key.record_id}")
        except UnknownPerson:
            continue  # it was erased since
    return found


def _person_ids(reader: Reader, persons: Iterable[int]) -> list[str]:
    return [person.person_id for person in reader.tx.persons(set(persons)).values()]
