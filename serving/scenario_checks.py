"""What a scenario expects, asked of the store that it was played into."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import singledispatchmethod
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from graph_schema.errors import AmbiguousIdentifier, Erased, Invalid, OnefoldError, UnknownPerson, nearest
from graph_schema.vocabulary import Case, Identifier
from profiles.decide import Decision, nobody
from profiles.profile_rules import profile_rules
from profiles.scene import Request
from serving.scenario_files import (
    Audience,
    DeadLettered,
    Decide,
    DifferentPeople,
    Expectation,
    InQueue,
    Profile,
    SamePerson,
)
from stream.cases import open_cases
from stream.deciding import Asked, decide_all
from stream.explaining import how, meant, why
from stream.letters import every_letter
from stream.reader import Found, Reader


class Checks:
    """Checks expectations against one view of a store, with the clock at ``at``.

    Each gives None where it holds, else lines: what came instead, and the evidence that made it so.
    """

    def __init__(self, reader: Reader, at: int) -> None:
        self._reader = reader
        self._rules = reader.intake.rules
        self._at = at

    def failure(self, expected: Expectation) -> list[str] | None:
        """Why an expectation does not hold; None where it does."""
        try:
            return self._check(expected)
        except OnefoldError as error:
            return [str(error)]
        except JMESPathError as error:
            return [f"the path does not fit the profile: {error}"]

    @singledispatchmethod
    def _check(self, expected: Expectation) -> list[str] | None:
        raise AssertionError(f"no check for {type(expected).__name__}")

    @_check.register
    def _same(self, expected: SamePerson) -> list[str] | None:
        found = {one: self._persons(one) for one in expected.same_person}
        distinct = {tuple(persons) for persons in found.values()}
        if len(distinct) == 1 and len(distinct.pop()) == 1:
            return None
        return [*_leads(found), *self._whys(found, lambda one, two: one != two)]

    @_check.register
    def _different(self, expected: DifferentPeople) -> list[str] | None:
        found = {one: self._persons(one) for one in expected.different_people}
        single = {persons[0] for persons in found.values() if len(persons) == 1}
        # Counted by what is written: an identifier that is named twice is never two people.
        if len(single) == len(expected.different_people):
            return None
        return [*_leads(found), *self._whys(found, lambda one, two: one == two)]

    @_check.register
    def _case(self, expected: InQueue) -> list[str] | None:
        found = {one: self._persons(one) for one in expected.case}
        cases = open_cases(self._reader)
        if any(self._is_about(case, found) for case in cases):
            return None
        queue = [f"{case.kind} between {', '.join(case.persons)}" for case in cases]
        return [*_leads(found), f"in the queue: {'; '.join(queue) or 'nothing'}"]

    @_check.register
    def _profile(self, expected: Profile) -> list[str] | None:
        person = self._find(expected.profile)
        profile = self._reader.profile_of(person, self._at)
        came = jmespath.search(expected.path, json.loads(json.dumps(profile)))
        if _equal(came, expected.equals):
            return None
        return [
            f"came: {json.dumps(came, ensure_ascii=False)}",
            *how(self._reader, expected.profile)["sentences"],
        ]

    @_check.register
    def _dead_letter(self, expected: DeadLettered) -> list[str] | None:
        letters = [letter for _, letter in every_letter(self._reader.tx)]
        fields = [letter.field for letter in letters if letter.message_id == expected.dead_letter]
        if fields and (expected.because is None or expected.because in fields):
            return None
        if fields:
            return [f"it is a dead letter because of {', '.join(fields)}"]
        others = [f"{letter.message_id} ({letter.field})" for letter in letters]
        return [f"dead letters: {', '.join(others) or 'none'}"]

    @_check.register
    def _decision(self, expected: Decide) -> list[str] | None:
        came = self._decide(expected)
        held = came.outcome == expected.outcome and expected.because in (None, *came.reasons)
        for name in ("channel", "missing", "question"):
            if name in expected.model_fields_set:
                held = held and _unordered(getattr(came, name)) == _unordered(getattr(expected, name))
        return None if held else [f"came: {json.dumps(asdict(came), ensure_ascii=False)}"]

    def _decide(self, expected: Decide) -> Decision:
        persons = self._persons(expected.person)
        if len(persons) != 1:
            return nobody("ambiguous" if persons else "unknown_person")
        about = {name: getattr(expected, name) for name in Request._fields if name != "campaign"}
        asked = Asked(persons[0], Request(expected.decide, **about), self._at)
        return decide_all(self._reader, [asked])[0]

    @_check.register
    def _audience(self, expected: Audience) -> list[str] | None:
        if expected.audience not in self._rules.audiences:
            known = nearest(expected.audience, self._rules.audiences)
            raise Invalid("audience", f"no audience has this name. {known}")
        audience = profile_rules(self._rules).audiences[expected.audience]
        if expected.product is not None and not audience.is_per_product:
            # Nobody is in it by a product, so that whoever is in it would be held to be out.
            raise Invalid("product", "this audience is of persons, not per product; leave it out")
        reference = expected.includes or expected.excludes or ""
        persons = self._persons(reference)
        found = [self._find(person).person.id for person in persons]
        places = [one for each in self._reader.tx.memberships(found).values() for one in each]
        inside = any(
            one.audience == expected.audience and expected.product in (None, one.product) for one in places
        )
        if inside and len(persons) == 1 if expected.includes is not None else not inside:
            return None
        return [*_leads({reference: persons}), f"{reference} is {'' if inside else 'not '}in the audience"]

    def _find(self, reference: str) -> Found:
        """Whom a reference leads to; a record's, where it is ``source/record_id``."""
        return meant(self._reader, reference).found if "/" in reference else self._reader.find(reference)

    def _persons(self, reference: str) -> list[str]:
        """The ids of all persons to whom a reference leads: none, one, or several where it is ambiguous."""
        try:
            return [self._find(reference).person.person_id]
        except (UnknownPerson, Erased):
            return []
        except AmbiguousIdentifier as error:
            return list(error.persons)

    def _is_about(self, case: Case, found: Mapping[str, list[str]]) -> bool:
        """Whether a case is about these two: persons that it has, or an identifier that it names and one of
        its persons, who may be the only one (she used a reward twice)."""
        named = {one for one in found if not set(case.identifiers).isdisjoint(self._forms(one))}
        persons = {one: theirs for one, theirs in found.items() if one not in named}
        wanted = {person for theirs in persons.values() for person in theirs}
        enough = len(wanted) > (0 if named else 1)
        return enough and all(persons.values()) and wanted.issubset(case.persons)

    def _forms(self, reference: str) -> list[Identifier]:
        namespace, _, value = reference.partition(":")
        return self._reader.forms(namespace, value)

    def _whys(self, found: Mapping[str, list[str]], telling: Callable[[str, str], bool]) -> Iterator[str]:
        """The evidence between each of those that lead to somebody and the one before it, where it tells."""
        clear = [(one, persons[0]) for one, persons in found.items() if len(persons) == 1]
        for place, (two, theirs) in enumerate(clear):
            for one, ours in clear[:place]:
                if telling(ours, theirs):
                    yield from why(self._reader, one, two)["sentences"]
                    break


def _leads(found: Mapping[str, list[str]]) -> list[str]:
    return [f"{one} leads to {_told(persons)}" for one, persons in found.items()]


def _told(persons: list[str]) -> str:
    if len(persons) > 1:
        return f"several: {', '.join(persons)}"
    return persons[0] if persons else "nobody"


def _unordered(value: object) -> object:
    return sorted(value) if isinstance(value, list | tuple) else value


def _equal(came: Any, wanted: Any) -> bool:  # noqa: ANN401 - any JSON
    """Equality of JSON: 20 is 20.0, but 1 is not true."""
    if isinstance(came, bool) or isinstance(wanted, bool):
        return came is wanted
    if isinstance(came, list) and isinstance(wanted, list):
        return len(came) == len(wanted) and all(map(_equal, came, wanted))
    if isinstance(came, dict) and isinstance(wanted, dict):
        return came.keys() == wanted.keys() and all(_equal(came[name], wanted[name]) for name in came)
    return bool(came == wanted)
