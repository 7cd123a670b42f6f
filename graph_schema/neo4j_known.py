"""What a process remembers of a graph, and how it learns what others have changed of it.

Whatever a transaction can read has a mark, a small integer, be it there or not. A transaction notes the
marks of what it read; when it writes, the marks of what it changes go into the graph's short list of latest
commits. So another process knows, commit by commit, what of its memory no longer holds, and whether a batch
that it has worked out stands on something that changed meanwhile.
"""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from graph_schema.neo4j_rows import short_hash, within
from graph_schema.store import Kind, Writes
from graph_schema.vocabulary import (
    EventKey,
    Identifier,
    IdentifierNode,
    Membership,
    Person,
    Record,
    StoredEvent,
)

REMEMBERED: Final = 100_000
"""Records, identifiers or persons kept in memory; beyond that all are forgotten at once."""
COMMITS: Final = 64
"""Latest commits of which a graph tells what they changed; who is further behind forgets everything."""

FEW: Final = 32
"""Holders of an identifier that are remembered with it."""

EVENT, RECORD, IDENTIFIER, PERSON, FOUNDED, NAMED, _OBJECT, _OTHER = range(8)


def of_event(source: str, message_id: str) -> int:
    """The mark of a message, by what its source calls it."""
    return short_hash(source, message_id) << 3 | EVENT


def of_founded(person_id: str) -> int:
    """The mark of whom a person id names."""
    return short_hash(person_id) << 3 | FOUNDED


def of_named(identifier: Identifier) -> int:
    """The mark of an identifier by its value."""
    return short_hash(*identifier) << 3 | NAMED


def of_object(kind: str, key: str) -> int:
    """The mark of an order or a reward."""
    return short_hash(kind, key) << 3 | _OBJECT


def of_other(*parts: str) -> int:
    """The mark of a judgement, or of a piece of operational state."""
    return short_hash(*parts) << 3 | _OTHER


def of_content(content: int) -> int:
    """The mark of a content, of who says it and what it resembles."""
    return within(content) << 3 | _OBJECT


def of_block(key: int) -> int:
    """The mark of the contents of a block."""
    return within(key) << 3 | _OTHER


def of_crowd(key: int) -> int:
    """The mark of who came into a block that was more than full."""
    return short_hash("crowd", str(key)) << 3 | _OTHER


ALL_JUDGEMENTS: Final = of_other("judgements")


def marks_of(writes: Writes) -> set[int]:
    """The marks of all that a batch changes, but for the messages of erased records and the state."""
    found = {of_event(*event.key) for event in writes.events.values()}
    records = {*writes.records, *writes.records_gone, *writes.erased_records, *writes.related_gone}
    records.update(record for record, _ in [*writes.also, *writes.also_gone, *writes.judged_records])
    records.update(one for told in writes.related.values() for related in told for one in related[:2])
    records.update(*(case.records for case in writes.cases))
    found.update(one << 3 | RECORD for one in records)
    identifiers = {*writes.identifiers, *(one for one, _ in [*writes.holders, *writes.holders_gone])}
    found.update(one << 3 | IDENTIFIER for one in identifiers)
    persons = {*writes.persons, *writes.persons_gone, *writes.profiles, *writes.dues, *writes.names}
    persons.update(record.person for record in writes.records.values())
    persons.update(one.person for one in [*writes.enrolled, *writes.enrolled_gone])
    found.update(one << 3 | PERSON for one in persons)
    found.update(of_founded(one) for one in [*writes.founded, *writes.founded_gone])
    found.update(of_named(node.identifier) for node in writes.identifiers.values())
    found.update(of_object(*key) for key in [*writes.objects, *writes.objects_gone])
    if writes.judgements:
        found.add(ALL_JUDGEMENTS)
        found.update(of_other("judgement", one.judgement_id) for one in writes.judgements)
    return found


def to_bytes(marks: Iterable[int]) -> bytes:
    """Marks as they are kept in the graph."""
    return array("q", marks).tobytes()


def from_bytes(kept: bytes) -> "array[int]":
    """Marks as they were kept."""
    return array("q", kept)


@dataclass
class Known:
    """What a process has read of one graph and nobody has changed since, as of a commit; -1: of none.

    ``events`` are those of the last batch, for a message that comes again does so soon; ``numbers`` are their
    ids by their marks. ``places`` are memberships by person; nobody falls due before ``due``, None where that
    isn't known. ``current``: though the last batch failed, what is remembered holds; for once.
    """

    graph: int = -1
    commit: int = -1
    events: dict[int, StoredEvent] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)
    records: dict[int, Record] = field(default_factory=dict)
    identifiers: dict[int, IdentifierNode] = field(default_factory=dict)
    persons: dict[int, Person] = field(default_factory=dict)
    founded: dict[int, tuple[str, int]] = field(default_factory=dict)
    named: dict[Identifier, int] = field(default_factory=dict)
    holders: dict[int, list[int]] = field(default_factory=dict)
    state: dict[int, str | None] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)
    profiles: dict[int, str | None] = field(default_factory=dict)
    places: dict[int, set[Membership]] = field(default_factory=dict)
    due: int | None = None
    current: bool = False

    def forget(self) -> None:
        """Forgets everything."""
        self.graph, self.commit, self.due = -1, -1, None
        for kept in vars(self).values():
            if isinstance(kept, dict):
                kept.clear()

    def forget_unless_current(self) -> None:
        """Forgets what may have been read in part, after a batch that was overtaken."""
        if not self.current:
            self.forget()
        self.current = False

    def trim(self) -> None:
        """Forgets everything where it has become much; what it is as of stays."""
        sizes = len(self.records), len(self.identifiers), len(self.persons), len(self.state), len(self.places)
        if max(*sizes, 4 * len(self.profiles)) > REMEMBERED:
            as_of = self.graph, self.commit
            self.forget()
            self.graph, self.commit = as_of

    def drop(self, marks: Iterable[int]) -> None:
        """Forgets what others changed."""
        for mark in marks:
            self.due = None
            kind, one = mark & 7, mark >> 3
            if kind == EVENT:
                self.events.pop(self.numbers.pop(mark, 0), None)
            elif kind == RECORD:
                self.records.pop(one, None)
            elif kind == IDENTIFIER:
                self.holders.pop(one, None)
                node = self.identifiers.pop(one, None)
                if node is not None:
                    self.named.pop(node.identifier, None)
            elif kind == PERSON:
                self._drop_person(one)
            elif kind == FOUNDED:
                self.founded.pop(mark, None)
            elif kind == _OTHER:
                self.state.pop(mark, None)

    def _drop_person(self, person: int) -> None:
        for kept in (self.persons, self.members, self.profiles, self.places):
            kept.pop(person, None)

    def latest(self, mark: int, key: EventKey) -> StoredEvent | None:
        """The event of this key, where the last batch wrote it."""
        found = self.events.get(self.numbers.get(mark, 0))
        return found if found is not None and found.key == key else None

    def learn(self, node: IdentifierNode) -> None:
        """Remembers an identifier, by id and by value."""
        self.identifiers[node.id] = node
        self.named[node.identifier] = node.id

    def take(self, writes: Writes, made: Mapping[Kind, set[int]], profiles: Mapping[int, str | None]) -> None:
        """Remembers what a batch has written; ``made`` are the ids that it gave out, ``profiles`` what it
        wrote of them, as text."""
        self.holders.update((one, []) for one in made["identifier"])
        self.profiles.update(profiles)
        self.events = dict(writes.events)
        self.numbers = {of_event(*event.key): one for one, event in writes.events.items()}
        for node in writes.identifiers.values():
            before = self.identifiers.get(node.id)
            if before is not None and before.identifier != node.identifier:
                self.named.pop(before.identifier, None)
            self.learn(node.own())
        for one, record_id in writes.holders_gone:
            if record_id in self.holders.get(one, ()):
                self.holders[one].remove(record_id)
        for one, record_id in writes.holders:
            if one in self.holders and record_id not in self.holders[one]:
                self.holders[one].append(record_id)
                if len(self.holders[one]) > FEW:
                    del self.holders[one]
        self._take_members(writes, made)
        self.records.update((one, record.own()) for one, record in writes.records.items())
        self.persons.update((one, replace(person)) for one, person in writes.persons.items())
        self.founded.update((of_founded(named), (named, one)) for named, one in writes.founded.items())
        for named in writes.founded_gone - writes.founded.keys():
            self.founded.pop(of_founded(named), None)
        for one in writes.records_gone:
            self.records.pop(one, None)
        for one in writes.persons_gone:
            self._drop_person(one)
        self.places.update((one, set()) for one in made["person"])
        for place in writes.enrolled_gone:
            self.places.get(place.person, set()).discard(Membership(place.audience, place.product))
        for place in writes.enrolled:
            self.places.get(place.person, set()).add(Membership(place.audience, place.product))
        if self.due is not None:
            self.due = min([self.due, *(at for at in writes.dues.values() if at is not None)])

    def _take_members(self, writes: Writes, made: Mapping[Kind, set[int]]) -> None:
        """Whose the records are now."""
        self.members.update((one, set()) for one in made["person"])
        for one in writes.records.keys() | writes.records_gone:
            was = self.records.get(one)
            if was is not None:
                self.members.get(was.person, set()).discard(one)
            elif one not in made["record"]:
                # Whose it was isn't known any more.
                self.members.clear()
                return
        for record in writes.records.values():
            if record.person in self.members:
                self.members[record.person].add(record.id)
