"""Evidence of the naive statement posed to the resolver, and its answer told in the statement's words."""

from collections.abc import Mapping
from dataclasses import dataclass

from graph_schema.vocabulary import BLOCKED, CLAIMED, UNDECLARED, Holding, Judgement, Record, RecordKey
from resolver.founding import founding_record
from resolver.kinship import Kinship
from resolver.likeness import Likeness
from resolver.matching.model import Model, Prepared
from resolver.plan import Matching, Plan, Space
from resolver.resolution import Kept, Resolution
from tests.engine.whole import Whole, generic_identifiers, resolve
from tests.reference import evidence as plain
from tests.reference.evidence import Alike, Group, Identifier, Key
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
    alike: Alike | None = None

    @property
    def generic(self) -> set[int]:
        """The identifiers that the resolver takes for generic."""
        return generic_identifiers(self.plan, self.records.values())

    def resolved(self) -> Resolution:
        """All of it, resolved from scratch."""
        graph = self.graph(self.records)
        components = Kinship(self.plan, graph).components(self.records)
        likeness = None if self.alike is None else self.given(Likeness(components))
        return resolve(self.plan, self.records, self.generic, self.judgements, likeness)

    def graph(self, records: Mapping[int, Record]) -> Whole:
        """All of it as a graph."""
        return Whole(self.plan, records, self.generic, self.judgements, self._said())

    def given(self, likeness: Likeness) -> Likeness:
        """The same components with the weights that are given."""
        return Given(likeness.components, *self._said(), alike=self.alike)

    def _said(self) -> tuple[dict[int, Prepared], dict[int, dict[int, int]]]:
        if self.alike is None:
            return {}, {}
        contents = {}
        for name in self.alike.says.values():
            own = self.alike.own.get(name)
            contents[number(name)] = Prepared(number(name), (), (), (), own or 0, own is not None)
        edges: dict[int, dict[int, int]] = {one: {} for one in contents}
        for pair, weight in self.alike.weights.items():
            one, two = map(number, pair)
            if one in edges and two in edges:
                edges[one][two] = edges[two][one] = weight
        return contents, edges


@dataclass
class Given(Likeness):
    """Likeness of which it is given who speaks against whom."""

    alike: Alike | None = None

    def against(self, plan: Plan, matching: Matching, one: int, two: int) -> bool:
        """See ``Likeness``."""
        against = self.alike.against if self.alike is not None else frozenset()
        return {one, two} in [set(map(number, pair)) for pair in against]

    def tells(self, matching: Matching, record: Record) -> bool:
        """See ``Likeness``."""
        return record.content != 0


def number(content: str) -> int:
    """A content's number; 0 is none."""
    return ord(content) - ord("a") + 1


def plan_of(namespaces: tuple[plain.Namespace, ...], alike: Alike | None = None) -> Plan:
    """The plan of a list of namespaces."""
    spaces = tuple(
        Space(n.name, n.joins == "people", n.unique, n.generic_above, n.max_records, n.lease, n.contested)
        for n in namespaces
    )
    if alike is None:
        return Plan(spaces)
    model = Model(
        comparisons=(),
        blocking=(),
        prior=0,
        explanations=(),
        merge=alike.merge,
        review=alike.review,
        floor=alike.floor,
        missing=alike.missing,
        clip=alike.most,
        component_cap=alike.cap,
    )
    return Plan(spaces, Matching([n.name for n in namespaces].index(alike.after), model))


def pose(evidence: plain.Evidence) -> Posed:
    """Evidence in the resolver's types."""
    plan = plan_of(evidence.namespaces, evidence.alike)
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
        if evidence.alike is not None and rec.key in evidence.alike.says:
            records[one].content = number(evidence.alike.says[rec.key])
    said = tuple(judgement(n, j) for n, j in enumerate(evidence.judgements))
    return Posed(plan, records, numbers, said, evidence.alike)


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
    cases = {(_named(one, posed.plan), frozenset(map(person, one.rivals))) for one in found.cases()}
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


def _named(kept: Kept, plan: Plan) -> str:
    name = plan.step_name(kept.step)
    return name if kept.kind == "unique" else f"{kept.kind} {name}"


def stated(answer: Answer) -> Told:
    """What the naive statement answers."""
    return Told(answer.persons, answer.ambiguous, answer.founding, answer.cases, answer.generic, answer.known)
