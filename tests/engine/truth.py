"""What a store must hold, worked out from all evidence at once: by pure functions, without an engine."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import orjson

from graph_schema.rules import Rules
from graph_schema.store import Document
from graph_schema.vocabulary import (
    BLOCKED,
    CLAIMED,
    Event,
    EventKey,
    Held,
    Holding,
    Identifier,
    Judgement,
    ObjectKey,
    Record,
    RecordKey,
)
from profiles.objects import fold_object, views, whole
from profiles.state import begin, fold, new_state, show
from resolver.founding import DEFAULT_ID_KEY, founding_record, person_id
from resolver.kinship import Kinship
from resolver.likeness import Likeness, likeness_of
from resolver.matching.content import prepare
from resolver.plan import Plan
from resolver.resolution import MATCHED, Resolution
from tests.engine.at_once import edges_of
from tests.engine.whole import Whole, generic_identifiers, resolve

Group = frozenset[RecordKey]


def canonical(document: Document) -> bytes:
    """A document in the one form in which two are compared."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True)
class Picture:
    """Who is who, what is open, and every profile and object, told without a store's own numbers."""

    persons: dict[Group, str]
    ambiguous: frozenset[tuple[Group, Group, str]]
    cases: frozenset[tuple[str, str, frozenset[Group]]]
    generic: frozenset[Identifier]
    records: dict[RecordKey, tuple[int | None, frozenset[tuple[Identifier, Holding]]]]
    profiles: dict[str, bytes]
    objects: dict[ObjectKey, bytes]


@dataclass
class Truth:
    """All evidence: the contents that stand, by message, and the judgements given, by id."""

    rules: Rules
    events: dict[EventKey, Event] = field(default_factory=dict)
    judgements: dict[str, Judgement] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Adds a message; of two contents under one id the earlier stands, then the smaller."""
        other = self.events.get(event.key)
        if other is None or _rank(event) < _rank(other):
            self.events[event.key] = event

    def with_(self, events: Iterable[Event], judgements: Iterable[Judgement]) -> "Truth":
        """This and some more."""
        more = Truth(self.rules, dict(self.events), dict(self.judgements))
        for event in events:
            more.take(event)
        more.judgements.update((one.judgement_id, one) for one in judgements)
        return more

    @property
    def standing(self) -> list[Judgement]:
        """The judgements in force, those of trusted aliases among them."""
        aliases = [
            Judgement(
                f"alias/{event.key.source}/{event.key.message_id}",
                "same",
                (event.record,),
                (event.also[0],),
                event.at,
                event.key.source,
                "alias",
            )
            for event in self.events.values()
            if event.also is not None
            and event.also[0] != event.record
            and self.rules.source(event.key.source).trusted_alias
        ]
        return [one for one in self.judgements.values() if one.retracted_at is None] + aliases

    def folded(self) -> "Folded":
        """All of it, resolved and folded."""
        records: dict[RecordKey, Record] = {}
        numbers: dict[Identifier, int] = {}
        plan = Plan.of(self.rules)
        for event in self.events.values():
            for key, held in ((event.record, event.held), *([event.also] if event.also else [])):
                _fold(plan, records.setdefault(key, _empty(len(records) + 1, key)), numbers, event.at, held)
        by_id = {record.id: record for record in records.values()}
        generic = generic_identifiers(plan, by_id.values())
        likeness = self._likeness(plan, by_id, generic)
        found = resolve(plan, by_id, generic, self.standing, likeness)
        return Folded(self, plan, by_id, numbers, generic, found, likeness)

    def _likeness(self, plan: Plan, records: Mapping[int, Record], generic: set[int]) -> Likeness:
        """What matching has to go by, from scratch."""
        if plan.matching is None:
            return Likeness()
        model = plan.matching.model
        said: dict[RecordKey, dict[str, set[str]]] = {}
        for event in self.events.values():
            for name, text in event.traits:
                said.setdefault(event.record, {}).setdefault(name, set()).add(text)
        contents = {}
        for record in records.values():
            traits = {name: tuple(sorted(texts)[:8]) for name, texts in said.get(record.key, {}).items()}
            content = prepare(traits, model)
            if any(content.fields):
                contents[content.content] = content
                record.content = content.content
        edges = edges_of(contents, model)
        graph = Whole(plan, records, generic, self.standing, (contents, edges))
        return likeness_of(graph, Kinship(plan, graph), records)


@dataclass(frozen=True)
class Folded:
    """Everything that follows from a truth."""

    truth: Truth
    plan: Plan
    records: Mapping[int, Record]
    numbers: Mapping[Identifier, int]
    generic: set[int]
    found: Resolution
    likeness: Likeness

    @cached_property
    def groups(self) -> dict[int, Group]:
        """The groups of the resolution as sets of record keys."""
        return {
            group: frozenset(self.records[one].key for one in members)
            for group, members in self.found.groups.items()
        }

    @cached_property
    def person_of(self) -> dict[RecordKey, int]:
        """The group of each record."""
        return {record.key: self.found.group_of[record.id] for record in self.records.values()}

    def picture(self) -> Picture:
        """What a store must show of it."""
        person = {record.id: self.groups[self.found.group_of[record.id]] for record in self.records.values()}
        ids = {group: self._person_id(members) for group, members in self.found.groups.items()}
        names = {number: identifier for identifier, number in self.numbers.items()}
        return Picture(
            {self.groups[group]: named for group, named in ids.items()},
            frozenset(
                (
                    person[one.part],
                    person[anchor],
                    _by(self.plan, one.namespace),
                )
                for one in self.found.ambiguities
                for anchor in one.anchors
            ),
            frozenset(
                (one.kind, self.plan.step_name(one.step), frozenset(person[rival] for rival in one.rivals))
                for one in self.found.cases()
            ),
            frozenset(names[number] for number in self.generic),
            {
                record.key: (
                    record.first_at,
                    frozenset((names[number], holding) for number, holding in record.holdings.items()),
                )
                for record in self.records.values()
            },
            {ids[group]: canonical(state) for group, state in self._profiles().items() if state},
            {key: canonical(found) for key, found in self._objects().items()},
        )

    def _person_id(self, members: Iterable[int]) -> str:
        founder = founding_record(self.plan, [self.records[one] for one in members])
        return person_id(founder.key, founder.erasures, DEFAULT_ID_KEY)

    def _objects(self) -> dict[ObjectKey, Document]:
        objects: dict[ObjectKey, Document] = {}
        for event in self.truth.events.values():
            for shared in event.facts.shared:
                fold_object(
                    objects.setdefault(shared.key, {}), event.key, event.record, event.at, shared.fact
                )
        return objects

    def _profiles(self) -> dict[int, Document]:
        states = {group: new_state() for group in self.found.groups}
        for event in self.truth.events.values():
            state = states[self.person_of[event.record]]
            for key in (event.record, *(event.also or ())[:1]):
                begin(states[self.person_of[key]], event.at)
            fold(state, event.facts)
        objects = self._objects()
        for key in objects:
            for group, view in views(key, whole(key, objects), self.person_of).items():
                show(states[group], key, view)
        return states


def _by(plan: Plan, namespace: int) -> str:
    if namespace == MATCHED:
        return "matching"
    return plan.spaces[namespace].name if namespace >= 0 else "judgement"


def _rank(event: Event) -> tuple[bool, int, bytes]:
    missing = event.stamped or event.at is None
    return (missing, 0 if missing else event.at or 0, event.content)


def _empty(number: int, key: RecordKey) -> Record:
    return Record(number, key, 0, None, 0)


def _fold(
    plan: Plan, record: Record, numbers: dict[Identifier, int], at: int | None, held: Iterable[Held]
) -> None:
    for each in held:
        number = numbers.setdefault(Identifier(each.namespace, each.value), len(numbers) + 1)
        old = record.holdings.get(number)
        times = [time for time in (old and old.first, old and old.last, at) if time is not None]
        first, last = (min(times), max(times)) if times else (None, None)
        place = plan.position.get(each.namespace, -1)
        record.holdings[number] = Holding(place, first, last, each.flags)
    if at is not None and (record.first_at is None or at < record.first_at):
        record.first_at = at


def links(holding: Holding) -> bool:
    """Whether a store lists a record among the holders of a value: declared, not blocked; claimed or not."""
    return holding.namespace >= 0 and not holding.flags & BLOCKED


def claims(holding: Holding) -> bool:
    """Whether a record only claims a value."""
    return bool(holding.flags & CLAIMED)
