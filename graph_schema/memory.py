"""A store in memory: the obvious model that the contract tests compare the others with.

Everything is a dictionary, nothing is clever. What is read is a copy: a batch that fails leaves no trace.
"""

import copy
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from threading import RLock
from typing import Any

from graph_schema.store import Document, Kind, StoredCase, Transaction, View, Writes
from graph_schema.vocabulary import (
    Audited,
    Change,
    Content,
    DeadLetter,
    Delta,
    Enrolment,
    EventKey,
    Identifier,
    IdentifierNode,
    Judgement,
    Membership,
    ObjectKey,
    Person,
    Record,
    Related,
    StoredEvent,
)


class MemoryStore(Transaction):
    """A store that lives as long as its process; it is its own transaction."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._ids: dict[str, int] = {}
        self._events: dict[int, StoredEvent] = {}
        self._event_ids: dict[EventKey, int] = {}
        self._also: list[tuple[int, int]] = []
        self._records: dict[int, Record] = {}
        self._founded: dict[str, int] = {}
        self._identifiers: dict[int, IdentifierNode] = {}
        self._identifier_ids: dict[Identifier, int] = {}
        self._holders: dict[int, dict[int, None]] = {}
        self._contents: dict[int, Content] = {}
        self._blocks: dict[int, dict[int, None]] = {}
        self._edges: dict[int, dict[int, int]] = {}
        self._persons: dict[int, Person] = {}
        self._profiles: dict[int, Document] = {}
        self._objects: dict[ObjectKey, Document] = {}
        self._related: list[Related] = []
        self._cases: list[StoredCase] = []
        self._judgements: dict[str, Judgement] = {}
        self._judged: set[tuple[int, str]] = set()
        self._changes: list[Change] = []
        self._enrolled: set[Enrolment] = set()
        self._deltas: list[Delta] = []
        self._dues: dict[int, int] = {}
        self._names: dict[int, frozenset[str]] = {}
        self._name_keys: dict[str, frozenset[str]] = {}
        self._audit: list[Audited] = []
        self._letters: list[DeadLetter] = []
        self._state: dict[str, Any] = {}

    @contextmanager
    def read(self, view: View = "loose") -> Iterator["MemoryStore"]:
        """See ``Store``."""
        with self._lock:
            yield self

    def write(self) -> AbstractContextManager["MemoryStore"]:
        """See ``Store``."""
        return self.read()

    def close(self) -> None:
        """See ``Store``."""

    def allocate(self, kind: Kind) -> int:
        """See ``Transaction``."""
        self._ids[kind] = self._ids.get(kind, 0) + 1
        return self._ids[kind]

    def seen(self, keys: Collection[EventKey], *_: object) -> Mapping[EventKey, int]:
        """See ``Transaction``."""
        return {key: self._event_ids[key] for key in keys if key in self._event_ids}

    def events(self, ids: Collection[int]) -> Mapping[int, StoredEvent]:
        """See ``Transaction``."""
        return {one: self._events[one] for one in ids if one in self._events}

    def history(self, records: Collection[int]) -> Iterator[tuple[int, StoredEvent]]:
        """See ``Transaction``."""
        wanted = set(records)
        for event in self._events.values():
            if event.record in wanted:
                yield event.record, event
        for record, event_id in self._also:
            if record in wanted and event_id in self._events:
                yield record, self._events[event_id]

    def all_events(self) -> Iterator[StoredEvent]:
        """See ``Transaction``."""
        return iter([self._events[one] for one in sorted(self._events)])

    def records(self, ids: Collection[int]) -> Mapping[int, Record]:
        """See ``Transaction``."""
        return {one: self._records[one].own() for one in ids if one in self._records}

    def all_records(self) -> Iterator[Record]:
        """See ``Transaction``."""
        return iter([record.own() for record in self._records.values()])

    def founded(self, person_ids: Collection[str]) -> Mapping[str, int]:
        """See ``Transaction``."""
        return {one: self._founded[one] for one in person_ids if one in self._founded}

    def all_founded(self) -> Iterator[tuple[str, int]]:
        """See ``Transaction``."""
        return iter(list(self._founded.items()))

    def identifier_ids(self, wanted: Collection[Identifier]) -> Mapping[Identifier, int]:
        """See ``Transaction``."""
        return {one: self._identifier_ids[one] for one in wanted if one in self._identifier_ids}

    def identifiers(self, ids: Collection[int]) -> Mapping[int, IdentifierNode]:
        """See ``Transaction``."""
        return {one: self._identifiers[one].own() for one in ids if one in self._identifiers}

    def all_identifiers(self) -> Iterator[IdentifierNode]:
        """See ``Transaction``."""
        return iter([node.own() for node in self._identifiers.values()])

    def holders(self, identifiers: Collection[int]) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        return {one: list(self._holders.get(one, ())) for one in identifiers}

    def contents(self, ids: Collection[int]) -> Mapping[int, Content]:
        """See ``Transaction``."""
        return {one: self._contents[one] for one in ids if one in self._contents}

    def speakers(self, contents: Collection[int]) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        return {one: [r.id for r in self._records.values() if r.content == one] for one in contents}

    def said_by(self, person: int) -> Collection[int]:
        """See ``Transaction``."""
        return {record.content for record in self._records.values() if record.person == person} - {0}

    def blocks(self, keys: Collection[int], limit: int) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        return {key: list(self._blocks.get(key, ()))[:limit] for key in keys}

    def edges(self, contents: Collection[int]) -> Mapping[int, Mapping[int, int]]:
        """See ``Transaction``."""
        return {one: dict(self._edges.get(one, {})) for one in contents}

    def members(self, persons: Collection[int]) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        return {one: [r.id for r in self._records.values() if r.person == one] for one in persons}

    def persons(self, ids: Collection[int]) -> Mapping[int, Person]:
        """See ``Transaction``."""
        return {one: replace(self._persons[one]) for one in ids if one in self._persons}

    def all_persons(self) -> Iterator[Person]:
        """See ``Transaction``."""
        return iter([replace(person) for person in self._persons.values()])

    def profiles(self, ids: Collection[int]) -> Mapping[int, Document]:
        """See ``Transaction``."""
        return {one: copy.deepcopy(self._profiles[one]) for one in ids if one in self._profiles}

    def objects(self, keys: Collection[ObjectKey]) -> Mapping[ObjectKey, Document]:
        """See ``Transaction``."""
        return {key: copy.deepcopy(self._objects[key]) for key in keys if key in self._objects}

    def all_objects(self, kind: str) -> Iterator[tuple[ObjectKey, Document]]:
        """See ``Transaction``."""
        return iter([(key, copy.deepcopy(one)) for key, one in self._objects.items() if key.kind == kind])

    def judgements(self, records: Collection[int] | None = None) -> list[Judgement]:
        """See ``Transaction``."""
        if records is None:
            return list(self._judgements.values())
        wanted = set(records)
        named = {judgement for record, judgement in self._judged if record in wanted}
        return [self._judgements[one] for one in sorted(named)]

    def given(self, ids: Collection[str]) -> Mapping[str, Judgement]:
        """See ``Transaction``."""
        return {one: self._judgements[one] for one in ids if one in self._judgements}

    def given_by(self, name: str, before: tuple[int, str], limit: int) -> list[Judgement]:
        """See ``Transaction``."""
        said = [one for one in self._judgements.values() if one.by == name and one.retracted_at is None]
        ranked = sorted((one.at, one.judgement_id) for one in said if one.at is not None)
        return [self._judgements[one] for at, one in reversed(ranked) if (at, one) < before][:limit]

    def related(self, records: Collection[int]) -> list[Related]:
        """See ``Transaction``."""
        return [one for one in self._related if not {one.part, one.anchor}.isdisjoint(records)]

    def cases(self, records: Collection[int] | None = None) -> list[StoredCase]:
        """See ``Transaction``."""
        wanted = None if records is None else set(records)
        return [one for one in self._cases if wanted is None or wanted & set(one.records)]

    def changes(self, after: int, limit: int) -> list[Change]:
        """See ``Transaction``."""
        return self._changes[after : after + limit]

    def last_change(self) -> int:
        """See ``Transaction``."""
        return len(self._changes)

    def memberships(self, persons: Collection[int]) -> Mapping[int, set[Membership]]:
        """See ``Transaction``."""
        return {
            one: {Membership(each.audience, each.product) for each in self._enrolled if each.person == one}
            for one in persons
        }

    def enrolled(
        self, audience: str, product: str | None, after: tuple[str, int], limit: int
    ) -> list[Enrolment]:
        """See ``Transaction``."""
        found = [one for one in self._enrolled if one.audience == audience and product in (None, one.product)]
        ranked = sorted((one.product, one.person, one) for one in found)
        return [one for *place, one in ranked if tuple(place) > after][:limit]

    def deltas(self, audience: str | None, after: int, limit: int) -> list[Delta]:
        """See ``Transaction``."""
        return [one for one in self._deltas[after:] if audience in (None, one.audience)][:limit]

    def last_delta(self) -> int:
        """See ``Transaction``."""
        return len(self._deltas)

    def due(self, until: int, limit: int) -> list[tuple[int, int]]:
        """See ``Transaction``."""
        return sorted((at, person) for person, at in self._dues.items() if at <= until)[:limit]

    def alike(self, keys: Collection[str]) -> set[str]:
        """See ``Transaction``."""
        had = {word for words in self._names.values() for word in words}
        return {word for word in had if not self._name_keys[word].isdisjoint(keys)}

    def named(self, words: Collection[str], limit: int) -> Mapping[str, list[int]]:
        """See ``Transaction``."""
        return {w: sorted(one for one, had in self._names.items() if w in had)[:limit] for w in words}

    def audit(self, before: int | None, limit: int) -> list[Audited]:
        """See ``Transaction``."""
        return [one for one in reversed(self._audit) if before is None or one.seq < before][:limit]

    def dead_letters(self, after: int, limit: int) -> list[tuple[int, DeadLetter]]:
        """See ``Transaction``."""
        return list(enumerate(self._letters, start=1))[after : after + limit]

    def states(self, names: Collection[str]) -> Mapping[str, Any]:
        """See ``Transaction``."""
        return {name: copy.deepcopy(self._state[name]) for name in names if name in self._state}

    def scan(self, prefix: str) -> Mapping[str, Any]:
        """See ``Transaction``."""
        return self.states([name for name in self._state if name.startswith(prefix)])

    def apply(self, writes: Writes) -> None:
        """See ``Transaction``."""
        self._apply_evidence(writes)
        self._apply_likeness(writes)
        for person in writes.persons.values():
            self._persons[person.id] = replace(person)
        self._names |= writes.names
        for gone in writes.persons_gone:
            self._names.pop(gone, None)
            self._persons.pop(gone, None)
            self._profiles.pop(gone, None)
        self._profiles.update(copy.deepcopy(writes.profiles))
        for key in writes.objects_gone:
            self._objects.pop(key, None)
        self._objects.update(copy.deepcopy(writes.objects))
        self._related = [one for one in self._related if one.part not in writes.related_gone]
        self._related += [one for told in writes.related.values() for one in told if one not in self._related]
        self._cases = [one for one in self._cases if not writes.cases_gone & set(one.records)] + writes.cases
        self._judgements.update((one.judgement_id, one) for one in writes.judgements)
        self._judged.update(writes.judged_records)
        self._judged -= writes.judged_gone
        for _, named in writes.judged_gone:
            self._judgements.pop(named, None)
        self._changes += writes.changes
        self._enrolled = (self._enrolled - writes.enrolled_gone) | writes.enrolled
        self._deltas += writes.deltas
        self._dues = {one: at for one, at in (self._dues | writes.dues).items() if at is not None}
        self._name_keys |= writes.name_keys
        self._audit += writes.audit
        for place in (one - 1 for one in writes.letters_emptied):
            self._letters[place] = self._letters[place]._replace(message_id=None, raw=b"")
        self._letters += writes.dead_letters
        stated = self._state | copy.deepcopy(writes.state)
        self._state = {name: value for name, value in stated.items() if value is not None}

    def _apply_likeness(self, writes: Writes) -> None:
        for content in writes.contents_gone.values():
            self._contents.pop(content.id, None)
            for key in content.keys:
                self._blocks.get(key, {}).pop(content.id, None)
        for content in writes.contents.values():
            self._contents[content.id] = content
            for key in content.keys:
                self._blocks.setdefault(key, {})[content.id] = None
        for (one, two), weight in writes.edges.items():
            for here, there in ((one, two), (two, one)):
                if weight is None:
                    self._edges.get(here, {}).pop(there, None)
                else:
                    self._edges.setdefault(here, {})[there] = weight

    def _apply_evidence(self, writes: Writes) -> None:
        self._events |= writes.events
        self._event_ids.update((event.key, one) for one, event in writes.events.items())
        self._also = [pair for pair in self._also if pair not in writes.also_gone] + writes.also
        for record in writes.records.values():
            self._records[record.id] = record.own()
        for gone in writes.records_gone:
            self._records.pop(gone, None)
        for person_id in writes.founded_gone:
            self._founded.pop(person_id, None)
        self._founded.update(writes.founded)
        for node in writes.identifiers.values():
            before = self._identifiers.get(node.id)
            if before is not None and before.identifier != node.identifier:
                del self._identifier_ids[before.identifier]
            self._identifiers[node.id] = node.own()
            self._identifier_ids[node.identifier] = node.id
        for identifier, record_id in writes.holders_gone:
            self._holders.get(identifier, {}).pop(record_id, None)
        for identifier, record_id in sorted(writes.holders):
            self._holders.setdefault(identifier, {})[record_id] = None
        erased, kept = writes.erased_records, self._events
        for event in [one for one in kept.values() if one.record in erased]:
            del kept[event.id]
            del self._event_ids[event.key]
        self._also = [one for one in self._also if one[0] not in erased and one[1] in kept]
