"""Reading and writing one transaction of the SQLite store. All SQL but the schema is here and in its rows."""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, cached_property
from typing import Any, TypeVar

import orjson

from graph_schema import sqlite_rows as r
from graph_schema.rows import identifier_of, judgement_of, judgement_row, record_of
from graph_schema.sqlite_beside import SqliteBeside
from graph_schema.sqlite_likeness import SqliteLikeness
from graph_schema.sqlite_rows import GIVEN, short_hash
from graph_schema.store import Document, Kind, StoredCase, Writes
from graph_schema.vocabulary import (
    Change,
    DeadLetter,
    EventKey,
    Identifier,
    IdentifierNode,
    Judgement,
    ObjectKey,
    Person,
    Record,
    Related,
    ShownIdentifier,
    StoredEvent,
)

T = TypeVar("T")

_ABOUT = f"WHERE id IN (SELECT steward_case FROM case_record WHERE record {GIVEN})"


class SqliteTransaction(SqliteBeside, SqliteLikeness):
    """See ``Transaction``."""

    far = False

    def __init__(self, connection: sqlite3.Connection, known: r.Known, unchanged: bool = False) -> None:
        super().__init__(connection, known)
        self.unchanged = unchanged
        self.erased = self.soon = False

    @cached_property
    def _hash(self) -> Callable[..., int]:
        """`short_hash`, remembered: what is looked for is mostly written, too."""
        return cache(short_hash)

    def allocate(self, kind: Kind) -> int:
        """See ``Transaction``."""
        self._known[(kind,)] = one = self._last(kind, "id") + 1
        return one

    def seen(self, keys: Collection[EventKey], *_: object) -> Mapping[EventKey, int]:
        """See ``Transaction``."""
        hashes = {self._hash(*key): key for key in keys}
        found = self._rows(f"SELECT hash, event FROM event_key WHERE hash {GIVEN}", hashes)
        return {hashes[row[0]]: row[1] for row in found}

    def events(self, ids: Collection[int]) -> Mapping[int, StoredEvent]:
        """See ``Transaction``."""
        return {row[0]: r.event_of(row) for row in self._rows(r.EVENT.by("id"), ids)}

    def history(self, records: Collection[int]) -> Iterator[tuple[int, StoredEvent]]:
        """See ``Transaction``."""
        last = self._rows(f"SELECT id, last_event FROM record WHERE id {GIVEN}", records)
        one = f"SELECT {r.EVENT.names} FROM event WHERE id = ?"
        for record, event_id in last:
            while event_id:
                event = r.event_of(self._connection.execute(one, (event_id,)).fetchone())
                yield record, event
                event_id = event.previous
        also = self._rows(f"SELECT record, event FROM event_also WHERE record {GIVEN}", records)
        if also:
            events = self.events({row[1] for row in also})
            yield from ((row[0], events[row[1]]) for row in also)

    def all_events(self) -> Iterator[StoredEvent]:
        """See ``Transaction``."""
        return map(r.event_of, self._connection.execute(f"{r.EVENT.all} ORDER BY id"))

    def records(self, ids: Collection[int]) -> Mapping[int, Record]:
        """See ``Transaction``."""
        return {row[0]: record_of(row) for row in self._rows(r.RECORD.by("id"), ids)}

    def all_records(self) -> Iterator[Record]:
        """See ``Transaction``."""
        return map(record_of, self._connection.execute(f"{r.RECORD.all} ORDER BY id"))

    def founded(self, person_ids: Collection[str]) -> Mapping[str, int]:
        """See ``Transaction``."""
        query = f"SELECT person_id, record FROM founded WHERE person_id {GIVEN}"
        return {row[0]: row[1] for row in self._rows(query, person_ids)}

    def all_founded(self) -> Iterator[tuple[str, int]]:
        """See ``Transaction``."""
        return iter(self._connection.execute("SELECT person_id, record FROM founded ORDER BY person_id"))

    def identifier_ids(self, wanted: Collection[Identifier]) -> Mapping[Identifier, int]:
        """See ``Transaction``."""
        query = f"SELECT namespace, value, id FROM identifier WHERE hash {GIVEN}"
        asked = set(wanted)
        found = {
            Identifier(row[0], row[1]): row[2]
            for row in self._rows(query, {self._hash(*one) for one in asked})
        }
        return {one: found[one] for one in found.keys() & asked}

    def identifiers(self, ids: Collection[int]) -> Mapping[int, IdentifierNode]:
        """See ``Transaction``."""
        return {row[0]: identifier_of(row[:-1]) for row in self._rows(r.IDENTIFIER.by("id"), ids)}

    def shown(self, ids: Collection[int]) -> Mapping[int, ShownIdentifier]:
        """See ``Transaction``."""
        rows = self._rows(f"SELECT {r.SHOWN} FROM identifier WHERE id {GIVEN}", ids)
        return {row[0]: r.shown_of(row) for row in rows}

    def look_up(self, wanted: Collection[Identifier]) -> Mapping[Identifier, IdentifierNode]:
        """See ``Transaction``."""
        rows = self._rows(r.IDENTIFIER.by("hash"), {self._hash(*one) for one in wanted})
        found = {Identifier(row[1], row[2]): row for row in rows}
        return {one: identifier_of(found[one][:-1]) for one in found.keys() & set(wanted)}

    def all_identifiers(self) -> Iterator[IdentifierNode]:
        """See ``Transaction``."""
        return (identifier_of(row[:-1]) for row in self._connection.execute(r.IDENTIFIER.all))

    def generic(self, wanted: Collection[Identifier]) -> set[Identifier]:
        """See ``Transaction``."""
        query = f"SELECT namespace, value FROM identifier WHERE generic = 1 AND value {GIVEN}"
        rows = self._rows(query, [one.value for one in wanted])
        return {Identifier(*row) for row in rows}.intersection(wanted)

    def holders(self, identifiers: Collection[int]) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        return self._gathered(f"SELECT identifier, record FROM holder WHERE identifier {GIVEN}", identifiers)

    def members(self, persons: Collection[int]) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        return self._gathered(f"SELECT person, id FROM record WHERE person {GIVEN}", persons)

    def persons(self, ids: Collection[int]) -> Mapping[int, Person]:
        """See ``Transaction``."""
        return {row[0]: Person(*row) for row in self._rows(r.PERSON.by("id"), ids)}

    def all_persons(self) -> Iterator[Person]:
        """See ``Transaction``."""
        return (Person(*row) for row in self._connection.execute(f"{r.PERSON.all} ORDER BY id"))

    def profiles(self, ids: Collection[int]) -> Mapping[int, Document]:
        """See ``Transaction``."""
        query = f"SELECT person, state FROM profile WHERE person {GIVEN}"
        return {row[0]: orjson.loads(row[1]) for row in self._rows(query, ids)}

    def objects(self, keys: Collection[ObjectKey]) -> Mapping[ObjectKey, Document]:
        """See ``Transaction``."""
        query = f"SELECT kind, key, state FROM object WHERE hash {GIVEN}"
        rows = self._rows(query, {self._hash(*key) for key in keys})
        found = {ObjectKey(row[0], row[1]): row[2] for row in rows}
        return {key: orjson.loads(found[key]) for key in found.keys() & set(keys)}

    def all_objects(self, kind: str) -> Iterator[tuple[ObjectKey, Document]]:
        """See ``Transaction``."""
        rows = self._connection.execute(
            "SELECT kind, key, state FROM object WHERE kind = ? ORDER BY id", (kind,)
        )
        return ((ObjectKey(row[0], row[1]), orjson.loads(row[2])) for row in rows)

    def judgements(self, records: Collection[int] | None = None) -> list[Judgement]:
        """See ``Transaction``."""
        if records is None:
            return [judgement_of(row) for row in self._connection.execute(r.JUDGEMENT.all)]
        query = f"SELECT DISTINCT judgement_id FROM judged WHERE record {GIVEN}"
        return [*self.given([row[0] for row in self._rows(query, records)]).values()]

    def given(self, ids: Collection[str]) -> Mapping[str, Judgement]:
        """See ``Transaction``."""
        return {row[0]: judgement_of(row) for row in self._rows(r.JUDGEMENT.by("judgement_id"), ids)}

    def given_by(self, name: str, before: tuple[int, str], limit: int) -> list[Judgement]:
        """See ``Transaction``."""
        query = (
            f"{r.JUDGEMENT.all} WHERE judged_by = ? AND retracted_at IS NULL AND (at, judgement_id) < (?, ?) "
            "ORDER BY at DESC, judgement_id DESC LIMIT ?"
        )
        return [judgement_of(row) for row in self._connection.execute(query, (name, *before, limit))]

    def related(self, records: Collection[int]) -> list[Related]:
        """See ``Transaction``."""
        query = f"SELECT part, anchor, namespace FROM related WHERE {{}} {GIVEN}"
        rows = {*self._rows(query.format("part"), records), *self._rows(query.format("anchor"), records)}
        return [Related(*row) for row in sorted(rows)]

    def cases(self, records: Collection[int] | None = None) -> list[StoredCase]:
        """See ``Transaction``."""
        query = "SELECT kind, records, identifiers, detail FROM steward_case"
        if records is None:
            return [r.case_of(row) for row in self._connection.execute(query)]
        return [r.case_of(row) for row in self._rows(f"{query} {_ABOUT}", records)]

    def changes(self, after: int, limit: int) -> list[Change]:
        """See ``Transaction``."""
        query = f"{r.CHANGE.all} WHERE seq > ? ORDER BY seq LIMIT ?"
        return [r.change_of(row) for row in self._connection.execute(query, (after, limit))]

    def last_change(self) -> int:
        """See ``Transaction``."""
        return self._last("change", "seq")

    def dead_letters(self, after: int, limit: int) -> list[tuple[int, DeadLetter]]:
        """See ``Transaction``."""
        query = f"SELECT id,{r.DEAD_LETTER.names} FROM dead_letter WHERE id > ? ORDER BY id LIMIT ?"
        return [(row[0], DeadLetter(*row[1:])) for row in self._connection.execute(query, (after, limit))]

    def get(self, name: str) -> Any:  # noqa: ANN401 - any JSON
        """See ``Transaction``."""
        if name not in self._known:
            row = self._connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
            self._known[name] = row[0] if row else b"null"
        return orjson.loads(self._known[name])

    def states(self, names: Collection[str]) -> Mapping[str, Any]:
        """See ``Transaction``."""
        rows = self._rows(f"SELECT name, value FROM state WHERE name {GIVEN}", names)
        found = ((row[0], orjson.loads(row[1])) for row in rows)
        return {name: value for name, value in found if value is not None}

    def scan(self, prefix: str) -> Mapping[str, Any]:
        """See ``Transaction``."""
        query = "SELECT name, value FROM state WHERE name >= ? AND name < ? ORDER BY name"
        rows = self._connection.execute(query, (prefix, prefix + "\U0010ffff"))
        found = ((row[0], orjson.loads(row[1])) for row in rows)
        return {name: value for name, value in found if value is not None}

    def apply(self, writes: Writes) -> None:
        """See ``Transaction``."""
        self.erased |= bool(writes.erased_records)
        self.soon = writes.soon and not self.erased
        self._apply_events(writes)
        self._apply_identity(writes)
        self._apply_likeness(writes)
        self._apply_profiles(writes)
        self._apply_stewardship(writes)
        self._apply_audiences(writes)
        self._apply_console(writes)
        many = self._many
        many(r.CHANGE.upsert, map(r.change_row, writes.changes))
        emptied = ((one,) for one in writes.letters_emptied)
        many("UPDATE dead_letter SET message_id = NULL, raw = x'' WHERE id = ?", emptied)
        many(f"INSERT INTO dead_letter ({r.DEAD_LETTER.names}) VALUES (?,?,?,?,?,?,?)", writes.dead_letters)
        state = [(name, orjson.dumps(value)) for name, value in writes.state.items()]
        many("DELETE FROM state WHERE name = ?", ((name,) for name, value in state if value == b"null"))
        many(
            "INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)",
            (one for one in state if one[1] != b"null"),
        )
        self._known.update(state)
        for feed, told in (("change", writes.changes), ("delta", writes.deltas)):
            self._known.update(((feed,), each.seq) for each in told[-1:])

    def _apply_events(self, writes: Writes) -> None:
        many = self._many
        if writes.erased_records:
            history = self.history(writes.erased_records)
            own = [event for record, event in history if event.record == record]
            many("DELETE FROM event WHERE id = ?", ((event.id,) for event in own))
            many("DELETE FROM event_key WHERE hash = ?", ((self._hash(*event.key),) for event in own))
            many("DELETE FROM event_also WHERE record = ?", ((one,) for one in writes.erased_records))
            many("DELETE FROM event_also WHERE event = ?", ((event.id,) for event in own))
        many(r.EVENT.upsert, map(r.event_row, writes.events.values()))
        keys = sorted((self._hash(*event.key), one) for one, event in writes.events.items())
        many("INSERT OR REPLACE INTO event_key (hash, event) VALUES (?, ?)", keys)
        many("DELETE FROM event_also WHERE record = ? AND event = ?", writes.also_gone)
        many("INSERT OR REPLACE INTO event_also (record, event) VALUES (?, ?)", writes.also)

    def _apply_identity(self, writes: Writes) -> None:
        many = self._many
        many(r.RECORD.upsert, map(r.record_row, _by_id(writes.records)))
        many("DELETE FROM record WHERE id = ?", ((one,) for one in writes.records_gone))
        many("DELETE FROM founded WHERE person_id = ?", ((one,) for one in writes.founded_gone))
        many(
            "INSERT OR REPLACE INTO founded (person_id, record) VALUES (?, ?)", sorted(writes.founded.items())
        )
        nodes = _by_id(writes.identifiers)
        many(r.IDENTIFIER.upsert, (r.identifier_row(one, self._hash(*one.identifier)) for one in nodes))
        many("DELETE FROM holder WHERE identifier = ? AND record = ?", writes.holders_gone)
        many("INSERT OR REPLACE INTO holder (identifier, record) VALUES (?, ?)", sorted(writes.holders))
        many(r.PERSON.upsert, map(r.person_row, _by_id(writes.persons)))
        many("DELETE FROM person WHERE id = ?", ((one,) for one in writes.persons_gone))

    def _apply_profiles(self, writes: Writes) -> None:
        many = self._many
        many("DELETE FROM profile WHERE person = ?", ((one,) for one in writes.persons_gone))
        states = ((one, orjson.dumps(state)) for one, state in sorted(writes.profiles.items()))
        many("INSERT OR REPLACE INTO profile (person, state) VALUES (?, ?)", states)
        replaced = [(self._hash(*key), *key) for key in writes.objects_gone | writes.objects.keys()]
        many("DELETE FROM object WHERE hash = ? AND kind = ? AND key = ?", replaced)
        told = ((self._hash(*key), *key, orjson.dumps(state)) for key, state in writes.objects.items())
        many("INSERT INTO object (hash, kind, key, state) VALUES (?, ?, ?, ?)", told)

    def _apply_stewardship(self, writes: Writes) -> None:
        many = self._many
        many("DELETE FROM related WHERE part = ?", ((one,) for one in writes.related_gone))
        related = (one for told in writes.related.values() for one in told)
        many("INSERT OR REPLACE INTO related (part, anchor, namespace) VALUES (?, ?, ?)", related)
        if writes.cases_gone:
            gone = self._rows(f"SELECT id, records FROM steward_case {_ABOUT}", writes.cases_gone)
            many("DELETE FROM steward_case WHERE id = ?", ((one,) for one, _ in gone))
            placed = [(record, one) for one, records in gone for record in orjson.loads(records)]
            many("DELETE FROM case_record WHERE record = ? AND steward_case = ?", placed)
        for case in writes.cases:
            row = (case.kind, orjson.dumps(case.records), orjson.dumps(case.identifiers), case.detail)
            one = self._connection.execute(
                "INSERT INTO steward_case (kind, records, identifiers, detail) VALUES (?, ?, ?, ?)", row
            ).lastrowid
            placed = [(record, one) for record in case.records]
            many("INSERT INTO case_record (record, steward_case) VALUES (?, ?)", placed)
        many(r.JUDGEMENT.upsert, (judgement_row(one, orjson.dumps) for one in writes.judgements))
        many("INSERT OR REPLACE INTO judged (record, judgement_id) VALUES (?, ?)", writes.judged_records)
        many("DELETE FROM judged WHERE record = ? AND judgement_id = ?", writes.judged_gone)
        many("DELETE FROM judgement WHERE judgement_id = ?", {(named,) for _, named in writes.judged_gone})


def _by_id(rows: Mapping[int, T]) -> list[T]:
    """Rows in the order of their ids, which is the order in which they lie on disk."""
    return [rows[one] for one in sorted(rows)]
