"""Answering what a transaction asks of the Neo4j store: evidence, identity, profiles, stewardship."""

from collections import defaultdict
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import replace
from typing import Final, LiteralString

import orjson

from graph_schema import neo4j_known as marks
from graph_schema import neo4j_queries as q
from graph_schema.neo4j_asking import Ask
from graph_schema.neo4j_known import IDENTIFIER, PERSON, RECORD, Known
from graph_schema.neo4j_rows import Graph, Row, case_of, event_of, own, short_hash, within
from graph_schema.rows import identifier_of, judgement_of, record_of
from graph_schema.store import Document, Kind, StoredCase, Transaction
from graph_schema.vocabulary import (
    EventKey,
    Identifier,
    IdentifierNode,
    Judgement,
    ObjectKey,
    Person,
    Record,
    Related,
    StoredEvent,
)

_MARKED: Final[Mapping[Kind, int]] = {"record": RECORD, "identifier": IDENTIFIER, "person": PERSON}
_PAGE: Final = 5_000
_FIRST: Final = -1
_KINDS: Final[dict[LiteralString, tuple[int, int, int]]] = {
    q.SEEN: (marks.EVENT, 2, marks.EVENT),
    q.FOUNDED: (marks.FOUNDED, 1, RECORD),
    q.FORMERLY_FOUNDED: (marks.FOUNDED, 1, RECORD),
    q.NAMED: (marks.NAMED, 0, IDENTIFIER),
}
"""The kind of mark of what is called by a hash, and where in a row which kind of number stands."""


class Reading(Transaction):
    """The part of a transaction that reads the graph, through what is ``known`` of it already. ``graph`` is
    as it stood at first; ``read`` are the marks of everything that it was asked for."""

    far = True

    def __init__(self, ask: Ask, graph: Graph, known: Known) -> None:
        self._ask = ask
        self.graph = graph
        self._low = graph.low
        self._known = known
        self._new: dict[Kind, set[int]] = defaultdict(set)
        self._foreseen: dict[LiteralString, tuple[set[int], list[Row]]] = {}
        self.read: set[int] = set()
        self.read_all = False

    def _place(self, number: int) -> int:
        """The graph's number of a place in a feed; beyond its end that of the end, never another graph's."""
        return min(self._low + number, self.graph.end)

    def _numbered(self, ids: Collection[int], kind: int) -> list[int]:
        self.read.update([one << 3 | kind for one in ids])
        low = self._low
        return [low + one for one in ids]

    def _by_id(self, query: LiteralString, ids: Collection[int], kind: int) -> list[Row]:
        numbers = self._numbered(ids, kind)
        return self._ask(query, {"ids": numbers}, [one << 3 | kind for one in ids]) if numbers else []

    def _unknown(
        self, query: LiteralString, known: Container[int], ids: Collection[int], kind: Kind
    ) -> list[Row]:
        """The rows of what is not in memory, and not of this transaction, of all that is asked for."""
        self._numbered(ids, _MARKED[kind])
        new = self._new[kind]
        return self._by_id(query, [one for one in ids if one not in known and one not in new], _MARKED[kind])

    def _keyed(self, query: LiteralString, hashes: set[int]) -> list[Row]:
        if not self._foreseen.get(query, (set[int](),))[0].issuperset(hashes):
            self._foresee({query: hashes})
        return self._foreseen.pop(query, (set[int](), list[Row]()))[1]

    def _foresee(self, asked: Mapping[LiteralString, set[int]]) -> None:
        """Asks for what is called by these hashes, where nothing of it is being written: else once it is."""
        low = self._low
        self._ask.heed(one << 3 | _KINDS[query][0] for query, hashes in asked.items() for one in hashes)
        found = self._ask.together(
            *((query, {"keys": [low + one for one in asked[query]]}) for query in asked)
        )
        self._foreseen.update(zip(asked, zip(asked.values(), found, strict=True), strict=True))
        answers = ((_KINDS[query], row) for query, rows in zip(asked, found, strict=True) for row in rows)
        if self._ask.heed(within(row[place]) << 3 | kind for (_, place, kind), row in answers):
            self._foresee(asked)

    def _pages(self, query: LiteralString) -> Iterator[Row]:
        """Everything of a kind, some at a time, in the order of the number that each row begins with."""
        self.read_all = True
        at = self._low + _FIRST
        while True:
            rows = self._ask(query, {"after": at, "end": self.graph.end, "page": _PAGE})
            yield from rows
            if len(rows) < _PAGE:
                return
            at = rows[-1][0]

    def _all(self, query: LiteralString) -> list[Row]:
        return self._ask(query, {"after": self._low + _FIRST, "end": self.graph.end})

    # Evidence

    def seen(
        self, keys: Collection[EventKey], persons: Collection[str] = (), named: Collection[Identifier] = (), /
    ) -> Mapping[EventKey, int]:
        """See ``Transaction``."""
        asked_of = {marks.of_event(*key): key for key in keys}
        self.read.update(asked_of)
        known = self._known
        latest = {key: one.id for mark, key in asked_of.items() if (one := known.latest(mark, key))}
        founded = {short_hash(one) for one in persons if marks.of_founded(one) not in known.founded}
        asked: dict[LiteralString, set[int]] = {
            q.SEEN: {mark >> 3 for mark, key in asked_of.items() if key not in latest},
            q.FOUNDED: founded,
            q.FORMERLY_FOUNDED: founded,
            q.NAMED: {short_hash(*one) for one in named if one not in known.named},
        }
        self._foresee(asked)
        rows, wanted = self._keyed(q.SEEN, asked[q.SEEN]), set(keys)
        return latest | {key: within(row[2]) for row in rows if (key := EventKey(row[0], row[1])) in wanted}

    def events(self, ids: Collection[int]) -> Mapping[int, StoredEvent]:
        """See ``Transaction``. What is being written is known; what that changes is asked for again."""
        found = {one: event for one in ids if (event := self._known.events.get(one)) is not None}
        rest = [self._low + one for one in ids if one not in found]
        events = self._noted(self._ask.together((q.EVENTS, {"ids": rest}))[0]) if rest else []
        if self._ask.heed(marks.of_event(*event.key) for event in events):
            return self.events(ids)
        return found | {event.id: event for event in events}

    def _noted(self, rows: list[Row]) -> list[StoredEvent]:
        events = [event_of(row) for row in rows]
        self.read.update([marks.of_event(*event.key) for event in events])
        return events

    def history(self, records: Collection[int]) -> Iterator[tuple[int, StoredEvent]]:
        """See ``Transaction``."""
        rows = self._by_id(q.HISTORY, records, RECORD)
        return iter([(within(row[9]), event) for row, event in zip(rows, self._noted(rows), strict=True)])

    def all_events(self) -> Iterator[StoredEvent]:
        """See ``Transaction``."""
        return map(event_of, self._pages(q.ALL_EVENTS))

    # Identity

    def records(self, ids: Collection[int]) -> Mapping[int, Record]:
        """See ``Transaction``."""
        known = self._known.records
        rows = self._unknown(q.RECORDS, known, ids, "record")
        known.update((record.id, record) for record in map(record_of, map(own, rows)))
        return {one: known[one].own() for one in ids if one in known}

    def all_records(self) -> Iterator[Record]:
        """See ``Transaction``."""
        return map(record_of, map(own, self._pages(q.ALL_RECORDS)))

    def founded(self, person_ids: Collection[str]) -> Mapping[str, int]:
        """See ``Transaction``."""
        known = self._known.founded
        asked = {marks.of_founded(one): one for one in person_ids}
        self.read.update(asked)
        hashes = {mark >> 3 for mark in asked.keys() - known.keys()}
        for founds, *row in self._keyed(q.FOUNDED, hashes):
            record = record_of(own(row))
            self._known.records[record.id] = record
            self.read.add(record.id << 3 | RECORD)
            known[marks.of_founded(founds)] = (founds, record.id)
        for person_id, one in self._keyed(q.FORMERLY_FOUNDED, hashes):
            known[marks.of_founded(person_id)] = (person_id, one)
        found = (known[mark] for mark in asked.keys() & known.keys())
        wanted = set(person_ids)
        return {person_id: one for person_id, one in found if person_id in wanted}

    def all_founded(self) -> Iterator[tuple[str, int]]:
        """See ``Transaction``."""
        found = [(row[1], within(row[0])) for row in self._pages(q.ALL_FOUNDED) if row[1] is not None]
        found += [(row[1], row[2]) for row in self._all(q.ALL_FORMERLY_FOUNDED)]
        return iter(sorted(found))

    def identifier_ids(self, wanted: Collection[Identifier]) -> Mapping[Identifier, int]:
        """See ``Transaction``."""
        known = self._known.named
        self.read.update([marks.of_named(one) for one in wanted])
        missing = {short_hash(*one) for one in wanted if one not in known}
        for node in self._learned(self._keyed(q.NAMED, missing)):
            self.read.add(node.id << 3 | IDENTIFIER)
        return {one: known[one] for one in wanted if one in known}

    def _learned(self, rows: list[Row]) -> list[IdentifierNode]:
        """Remembers identifiers, and the holders of those that few hold."""
        nodes = [identifier_of(own(row[:-1])) for row in rows]
        for node, row in zip(nodes, rows, strict=True):
            self._known.learn(node)
            if row[-1] is not None:
                self._known.holders[node.id] = [within(one) for one in row[-1]]
        return nodes

    def identifiers(self, ids: Collection[int]) -> Mapping[int, IdentifierNode]:
        """See ``Transaction``."""
        known = self._known.identifiers
        self._learned(self._unknown(q.IDENTIFIERS, known, ids, "identifier"))
        return {one: known[one].own() for one in ids if one in known}

    def all_identifiers(self) -> Iterator[IdentifierNode]:
        """See ``Transaction``."""
        return map(identifier_of, map(own, self._pages(q.ALL_IDENTIFIERS)))

    def holders(self, identifiers: Collection[int]) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        known = self._known.holders
        rows = self._unknown(q.HOLDERS, known, identifiers, "identifier")
        found = {within(one): [within(record) for record in records] for one, records in rows}
        return {one: found.get(one) or list(known.get(one, ())) for one in identifiers}

    def members(self, persons: Collection[int]) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        known = self._known.members
        for one, records in self._unknown(q.MEMBERS, known, persons, "person"):
            known[within(one)] = {within(record) for record in records}
        return {one: list(known.get(one, ())) for one in persons}

    def persons(self, ids: Collection[int]) -> Mapping[int, Person]:
        """See ``Transaction``."""
        known = self._known.persons
        for row in self._unknown(q.PERSONS, known, ids, "person"):
            known[within(row[0])] = Person(*own(row))
        return {one: replace(known[one]) for one in ids if one in known}

    def all_persons(self) -> Iterator[Person]:
        """See ``Transaction``."""
        return (Person(*own(row)) for row in self._pages(q.ALL_PERSONS) if row[1] is not None)

    # Profiles

    def profiles(self, ids: Collection[int]) -> Mapping[int, Document]:
        """See ``Transaction``."""
        known = self._known.profiles
        rows = self._unknown(q.PROFILES, known, ids, "person")
        known.update(dict.fromkeys(one for one in ids if one not in known))
        known.update((within(row[0]), row[1]) for row in rows)
        return {one: orjson.loads(text) for one in ids if (text := known.get(one)) is not None}

    def objects(self, keys: Collection[ObjectKey]) -> Mapping[ObjectKey, Document]:
        """See ``Transaction``."""
        asked_of = [marks.of_object(*key) for key in keys]
        self.read.update(asked_of)
        self._ask.heed(asked_of)
        asked = [
            (kind, query, some)
            for kind, query in (("order", q.ORDERS), ("reward", q.REWARDS))
            if (some := [self._low + short_hash(*key) for key in keys if key.kind == kind])
        ]
        rows = self._ask.together(*((query, {"keys": some}) for _, query, some in asked))
        told = {
            ObjectKey(kind, name): state
            for (kind, *_), found in zip(asked, rows, strict=True)
            for name, state in found
        }
        return {key: orjson.loads(told[key]) for key in keys if key in told}

    def all_objects(self, kind: str) -> Iterator[tuple[ObjectKey, Document]]:
        """See ``Transaction``."""
        rows = self._pages(q.ALL_ORDERS if kind == "order" else q.ALL_REWARDS)
        return ((ObjectKey(kind, row[1]), orjson.loads(row[2])) for row in rows)

    # Stewardship

    def judgements(self, records: Collection[int] | None = None) -> list[Judgement]:
        """See ``Transaction``."""
        if records is None:
            self.read.add(marks.ALL_JUDGEMENTS)
            return [judgement_of(row) for row in self._all(q.ALL_JUDGEMENTS)]
        rows = self._by_id(q.JUDGEMENTS, records, RECORD)
        found = sorted((judgement_of(row) for row in rows), key=lambda one: one.judgement_id)
        self.read.update([marks.of_other("judgement", one.judgement_id) for one in found])
        return found

    def given(self, ids: Collection[str]) -> Mapping[str, Judgement]:
        """See ``Transaction``."""
        of = [marks.of_other("judgement", one) for one in ids]
        self.read.update(of)
        rows = [[self._low + short_hash(one), one] for one in ids]
        found = self._ask(q.GIVEN, {"rows": rows}, of) if rows else []
        return {row[0]: judgement_of(row) for row in found}

    def given_by(self, name: str, before: tuple[int, str], limit: int) -> list[Judgement]:
        """See ``Transaction``."""
        self.read.add(marks.ALL_JUDGEMENTS)
        at, one = before
        asked = {"after": self._low + _FIRST, "end": self.graph.end, "name": name, "at": at, "id": one}
        return [judgement_of(row) for row in self._ask(q.GIVEN_BY, {**asked, "page": limit})]

    def related(self, records: Collection[int]) -> list[Related]:
        """See ``Transaction``."""
        rows = self._by_id(q.RELATED, records, RECORD)
        return sorted(Related(within(row[0]), within(row[1]), row[2]) for row in rows)

    def cases(self, records: Collection[int] | None = None) -> list[StoredCase]:
        """See ``Transaction``."""
        if records is None:
            self.read_all = True
            return [case_of(row) for row in self._all(q.ALL_CASES)]
        return [case_of(row) for row in self._by_id(q.CASES, records, RECORD)]
