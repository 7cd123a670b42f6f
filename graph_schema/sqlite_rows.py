"""How rows of the SQLite store read and write: one function each way for every kind of row."""

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import Any

import orjson

from graph_schema.store import StoredCase
from graph_schema.vocabulary import (
    Change,
    Content,
    EventKey,
    Identifier,
    IdentifierNode,
    Person,
    Record,
    ShownIdentifier,
    StoredEvent,
)

Row = tuple[Any, ...]

GIVEN = "IN (SELECT value FROM json_each(?))"
"""Stands in a query where it asks for what a JSON list names."""


class Columns:
    """The columns of a table in the order in which rows are read and written. ``all`` is the query for every
    row, ``upsert`` the statement that writes a row whole."""

    def __init__(self, table: str, names: str) -> None:
        marks = ",".join("?" * len(names.split(",")))
        self.names = names
        self.all = f"SELECT {names} FROM {table}"
        self.upsert = f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})"

    def by(self, column: str) -> str:
        """The query for rows of which ``column`` is one of a JSON list."""
        return f"{self.all} WHERE {column} {GIVEN}"


Known = dict[str | tuple[str], Any]
"""What a transaction knows of its file, and the next that writes where nobody else wrote: operational state
in JSON by its name, the highest number in a table by that table's."""


class Statements:
    """Statements over one connection, each for many rows."""

    def __init__(self, connection: sqlite3.Connection, known: Known) -> None:
        self._connection, self._known = connection, known

    def _last(self, table: str, column: str) -> int:
        """The highest number in a column of a table, 0 where it is empty."""
        if (table,) not in self._known:
            query = f"SELECT coalesce(max({column}), 0) FROM {table}"
            self._known[(table,)] = self._connection.execute(query).fetchone()[0]
        return int(self._known[(table,)])

    def _rows(self, query: str, wanted: Iterable[Any]) -> list[Row]:
        """The rows of a query for several, which is asked in a shorter form for one."""
        asked = list(wanted)
        if len(asked) == 1:
            return self._connection.execute(query.replace(GIVEN, "= ?"), asked).fetchall()
        return self._connection.execute(query, (orjson.dumps(asked).decode(),)).fetchall() if asked else []

    def _gathered(self, query: str, wanted: Collection[int]) -> dict[int, list[int]]:
        """The second column of a query's rows by the first; of whom there is none, an empty list."""
        found: dict[int, list[int]] = {one: [] for one in wanted}
        for one, other in self._rows(query, wanted):
            found[one].append(other)
        return found

    def _many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Carries a statement out for each row, made one by one; most have none in most batches."""
        left = iter(rows)
        for first in left:
            self._connection.executemany(statement, chain((first,), left))


EVENT = Columns("event", "id,source,message_id,at,stamped,received,record,previous,content")
RECORD = Columns(
    "record", "id,source,record_id,person,first_at,last_event,holdings,erasures,ghost,content,traits"
)
CONTENT = Columns("content", "id,keys,own,votes,said")
IDENTIFIER = Columns(
    "identifier", "id,namespace,value,place,holders,unknown,claims,timeless,sole,generic,peers,hash"
)
SHOWN = "id, namespace, value, place, sole, generic"
"""Of an identifier what a reader needs: its peers, in JSON, take longer than all of these."""
PERSON = Columns("person", "id,person_id,founder,flags,size,version")
JUDGEMENT = Columns("judgement", "judgement_id,kind,sides,at,judged_by,why,founders,retracted_at")
CHANGE = Columns("change", "seq,kind,person_id,came_from,went_into,version,at")
DEAD_LETTER = Columns("dead_letter", "source,message_id,field,reason,raw,at,position")


def short_hash(*parts: str) -> int:
    """63 bits that find a row by its content; whoever finds one compares the content as well."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def event_row(event: StoredEvent) -> Row:
    """A row of EVENT."""
    one, key, *told = event
    return (one, *key, *told)


def event_of(row: Row) -> StoredEvent:
    """An event from a row of EVENT."""
    return StoredEvent(row[0], EventKey(row[1], row[2]), row[3], bool(row[4]), row[5], row[6], row[7], row[8])


def record_row(record: Record) -> Row:
    """A row of RECORD."""
    holdings = [(one, *holding) for one, holding in record.holdings.items()]
    traits = orjson.dumps(record.traits) if record.traits else None
    seen = (record.person, record.first_at, record.last_event, orjson.dumps(holdings))
    return (record.id, *record.key, *seen, record.erasures, record.ghost, record.content, traits)


def content_row(content: Content) -> Row:
    """A row of CONTENT."""
    said = None if content.said is None else orjson.dumps(content.said)
    return (content.id, orjson.dumps(content.keys), content.own, content.votes, said)


def content_of(row: Row) -> Content:
    """A content from a row of CONTENT."""
    said = None if row[4] is None else orjson.loads(row[4])
    return Content(row[0], tuple(orjson.loads(row[1])), row[2], row[3], said)


def identifier_row(node: IdentifierNode, short: int) -> Row:
    """A row of IDENTIFIER, with the short hash of what it is."""
    peers = orjson.dumps([[place, *others] for place, others in node.peers.items()]) if node.peers else None
    counted = (node.holders, node.unknown, node.claims, node.timeless, node.sole, node.generic)
    return (node.id, *node.identifier, node.namespace, *counted, peers, short)


def shown_of(row: Row) -> ShownIdentifier:
    """The same for readers, from a row of SHOWN."""
    return ShownIdentifier(row[0], Identifier(row[1], row[2]), row[3], row[4], bool(row[5]))


def person_row(person: Person) -> Row:
    """A row of PERSON."""
    return (person.id, person.person_id, person.founder, person.flags, person.size, person.version)


def change_row(change: Change) -> Row:
    """A row of CHANGE."""
    came, went = (" ".join(ids) or None for ids in (change.came_from, change.went_into))
    return (change.seq, change.kind, change.person_id, came, went, change.version, change.at)


def change_of(row: Row) -> Change:
    """A change from a row of CHANGE."""
    came, went = (tuple(text.split()) if text else () for text in (row[3], row[4]))
    return Change(row[0], row[1], row[2], came, went, row[5], row[6])


def case_of(row: Row) -> StoredCase:
    """A case from (kind, records, identifiers, detail)."""
    return StoredCase(row[0], tuple(orjson.loads(row[1])), tuple(orjson.loads(row[2])), row[3])
