"""What a process remembers of a graph, and how it learns what others have changed of it.

Whatever a transaction can read has a mark, a small integer, be it there or not. A transaction notes the
marks of what it read; when it writes, the marks of what it changes go into the graph's short list of latest
commits. So another process knows, commit by commit, what of its memory no longer holds, and whether a batch
that it has worked out stands on something that changed meanwhile.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from graph_schema.neo4j_rows import short_hash, within
from graph_schema.store import Writes
from graph_schema.vocabulary import Identifier, IdentifierNode, Person, Record

REMEMBERED: Final = 100_000
"""Records, identifiers or persons kept in memory; beyond that all are forgotten at once."""
COMMITS: Final = 64
"""Latest commits of which a graph tells what they changed; who is further behind forgets everything."""

FEW: Final = 32
"""Holders of an identifier that are remembered with it."""

_EVENT, RECORD, IDENTIFIER, PERSON, _FOUNDED, _NAMED, _OBJECT, _OTHER = range(8)


def of_id(kind: int, one: int) -> int:
    """The mark of a node by its id."""
    return one << 3 | kind


def of_event(source: str, message_id: str) -> int:
    """The mark of a message, by what its source calls it."""
    return short_hash(source, message_id) << 3 | _EVENT


def of_event_key(key: int) -> int:
    """The same from its hash."""
    return key << 3 | _EVENT


def of_founded(person_id: str) -> int:
    """The mark of whom a person id names."""
    return short_hash(person_id) << 3 | _FOUNDED


def of_named(identifier: Identifier) -> int:
    """The mark of an identifier by its value."""
    return short_hash(*identifier) << 3 | _NAMED


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


ALL_JUDGEMENTS: Final = of_other("judgements")


def marks_of(writes: Writes) -> set[int]:
    """The marks of all that a batch changes, but for the messages of erased records and the state."""
    found = {of_event(*event.key) for event in writes.events}
    records = {*writes.records, *writes.records_gone, *writes.erased_records, *writes.related_gone}
    records.update(record for record, _ in [*writes.also, *writes.also_gone, *writes.judged_records])
    records.update(one for related in writes.related for one in related[:2])
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
    marks = array("q")
    marks.frombytes(kept)
    return marks


@dataclass
class Known:
    """What a process has read of one graph and nobody has changed since, as of a commit; -1: of none."""

    graph: int = -1
    commit: int = -1
    records: dict[int, Record] = field(default_factory=dict)
    identifiers: dict[int, IdentifierNode] = field(default_factory=dict)
    persons: dict[int, Person] = field(default_factory=dict)
    founded: dict[int, tuple[str, int]] = field(default_factory=dict)
    named: dict[Identifier, int] = field(default_factory=dict)
    holders: dict[int, list[int]] = field(default_factory=dict)
    state: dict[int, Any] = field(default_factory=dict)

    def forget(self) -> None:
        """Forgets everything."""
        self.graph = self.commit = -1
        nodes: list[dict[Any, Any]] = [self.records, self.identifiers, self.persons]
        for kept in (*nodes, self.founded, self.named, self.holders, self.state):
            kept.clear()

    def trim(self) -> None:
        """Forgets everything where it has become much; what it is as of stays."""
        if max(len(self.records), len(self.identifiers), len(self.persons), len(self.state)) > REMEMBERED:
            as_of = self.graph, self.commit
            self.forget()
            self.graph, self.commit = as_of

    def drop(self, marks: Iterable[int]) -> None:
        """Forgets what others changed."""
        for mark in marks:
            kind, one = mark & 7, mark >> 3
            if kind == RECORD:
                self.records.pop(one, None)
            elif kind == IDENTIFIER:
                self.holders.pop(one, None)
                node = self.identifiers.pop(one, None)
                if node is not None:
                    self.named.pop(node.identifier, None)
            elif kind == PERSON:
                self.persons.pop(one, None)
            elif kind == _FOUNDED:
                self.founded.pop(mark, None)
            elif kind == _OTHER:
                self.state.pop(mark, None)

    def learn(self, node: IdentifierNode) -> None:
        """Remembers an identifier, by id and by value."""
        self.identifiers[node.id] = node
        self.named[node.identifier] = node.id

    def take(self, writes: Writes, made: Iterable[int]) -> None:
        """Remembers what a batch has written; ``made`` are the identifiers that nobody held before."""
        self.holders.update((one, []) for one in made)
        for node in writes.identifiers.values():
            before = self.identifiers.get(node.id)
            if before is not None and before.identifier != node.identifier:
                self.named.pop(before.identifier, None)
            self.learn(_own(node))
        for one, record_id in writes.holders_gone:
            if record_id in self.holders.get(one, ()):
                self.holders[one].remove(record_id)
        for one, record_id in writes.holders:
            if one in self.holders and record_id not in self.holders[one]:
                self.holders[one].append(record_id)
                if len(self.holders[one]) > FEW:
                    del self.holders[one]
        self.records.update((one, own_record(record)) for one, record in writes.records.items())
        self.persons.update((one, replace(person)) for one, person in writes.persons.items())
        self.founded.update((of_founded(named), (named, one)) for named, one in writes.founded.items())
        for named in writes.founded_gone - writes.founded.keys():
            self.founded.pop(of_founded(named), None)
        for one in writes.records_gone:
            self.records.pop(one, None)
        for one in writes.persons_gone:
            self.persons.pop(one, None)


def own_record(record: Record) -> Record:
    """A record that nobody else changes."""
    return Record(
        record.id,
        record.key,
        record.person,
        record.first_at,
        record.last_event,
        dict(record.holdings),
        record.erasures,
        record.ghost,
        record.content,
        dict(record.traits),
    )


def _own(node: IdentifierNode) -> IdentifierNode:
    return replace(node, peers={place: set(others) for place, others in node.peers.items()})
