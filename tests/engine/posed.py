"""Evidence of the naive statement posed to the resolver, and its answer told in the statement's words."""

from dataclasses import dataclass

from graph_schema.vocabulary import BLOCKED, CLAIMED, UNDECLARED, Holding, Judgement, Record, RecordKey
from resolver.evidence import generic_identifiers
from resolver.founding import founding_record
from resolver.plan import Plan, Space
from resolver.resolution import Resolution
from resolver.resolve import resolve
from tests.reference import evidence as plain
from tests.reference.evidence import Group, Identifier, Key
from tests.reference.statement import Answer

Doubts = frozenset[tuple[Group, frozenset[Group]]]
Cases = frozenset[tuple[str, frozenset[Group]]]


@dataclass(frozen=True)
class Told:
    """What is compared of an answer. Groups are sets of record keys."""

    persons: frozenset[Group]
    ambiguous: Doubts
    founding: dict[Group, Key]
    cases: Cases
    generic: frozenset[Identifier]
    known: frozenset[Group]


@dataclass(frozen=True)
class Posed:
    """The same evidence in the resolver's own types, records and identifiers numbered from 1."""

    plan: Plan
    records: dict[int, Record]
    identifiers: dict[Identifier, int]
    judgements: tuple[Judgement, ...]

    @property
    def generic(self) -> set[int]:
        """The identifiers that the resolver takes for generic."""
        return generic_identifiers(self.plan, self.records.values())

    def resolved(self) -> Resolution:
        """All of it, resolved from scratch."""
        return resolve(self.plan, self.records, self.generic, self.judgements)


def plan_of(namespaces: tuple[plain.Namespace, ...]) -> Plan:
    """The plan of a list of namespaces."""
    return Plan(
        tuple(
            Space(n.name, n.joins == "people", n.unique, n.generic_above, n.max_records, n.lease, n.contested)
            for n in namespaces
        )
    )


def pose(evidence: plain.Evidence) -> Posed:
    """Evidence in the resolver's types."""
    plan = plan_of(evidence.namespaces)
    numbers: dict[Identifier, int] = {}
    records: dict[int, Record] = {}
    for one, rec in enumerate(evidence.records, start=1):
        holdings = {}
        for h in rec.holdings:
            identifier = numbers.setdefault(h.identifier, len(numbers) + 1)
            flags = CLAIMED * h.claimed | BLOCKED * h.blocked
            place = plan.position.get(h.namespace, UNDECLARED)
            holdings[identifier] = Holding(place, h.first, h.last, flags)
        records[one] = Record(one, RecordKey(*rec.key), 0, rec.first_at, 0, holdings)
    return Posed(plan, records, numbers, tuple(judgement(n, j) for n, j in enumerate(evidence.judgements)))


def judgement(number: int, said: plain.Judgement) -> Judgement:
    """A steward's word in the resolver's types."""
    a, b = (tuple(RecordKey(*key) for key in side) for side in (said.a, said.b))
    return Judgement(f"j{number}", said.kind, a, b, said.at, "steward", "test")


def told(posed: Posed, found: Resolution) -> Told:
    """What the resolver answers."""
    keys: dict[int, Key] = {one: record.key for one, record in posed.records.items()}
    named = {group: frozenset(keys[one] for one in members) for group, members in found.groups.items()}

    def person(record: int) -> Group:
        return named[found.group_of[record]]

    names = {number: identifier for identifier, number in posed.identifiers.items()}
    cases = {
        (posed.plan.spaces[one.step.namespace].name, frozenset(map(person, one.rivals)))
        for one in found.cases()
    }
    return Told(
        frozenset(named.values()),
        frozenset((person(one.part), frozenset(map(person, one.anchors))) for one in found.ambiguities),
        {
            named[group]: founding_record(posed.plan, [posed.records[one] for one in members]).key
            for group, members in found.groups.items()
        },
        frozenset(cases),
        frozenset(names[number] for number in posed.generic),
        frozenset(named[group] for group in found.known),
    )


def stated(answer: Answer) -> Told:
    """What the naive statement answers."""
    return Told(answer.persons, answer.ambiguous, answer.founding, answer.cases, answer.generic, answer.known)
