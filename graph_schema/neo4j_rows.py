"""How rows of the Neo4j store read and write, and the numbers by which its nodes are found.

A node's number carries the number of its graph in its upper bits: several graphs share one database, and a
graph that is derived again grows beside the one that stands. Content is JSON as text: a browser shows it.
"""

import hashlib
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from graph_schema.store import StoredCase
from graph_schema.vocabulary import (
    Change,
    Content,
    Delta,
    EventKey,
    IdentifierNode,
    Person,
    Record,
    StoredEvent,
)

Row = list[Any]

_SHIFT: Final = 47
_MASK: Final = (1 << _SHIFT) - 1


class Graph(NamedTuple):
    """The node of a graph: its number, and how many commits, entries of feeds, letters and cases it saw."""

    number: int
    commits: int
    changes: int
    deltas: int
    letters: int
    cases: int

    @property
    def low(self) -> int:
        """What is added to the store's own ids (and to hashes) within this graph."""
        return self.number << _SHIFT

    @property
    def end(self) -> int:
        """The first number beyond this graph."""
        return (self.number + 1) << _SHIFT


def within(number: int) -> int:
    """The store's own id of a node's number."""
    return number & _MASK


def own(row: Row) -> Row:
    """A row with the store's own id in the place of the node's number, with which it begins."""
    return [row[0] & _MASK, *row[1:]]


@lru_cache(1 << 14)
def short_hash(*parts: str) -> int:
    """47 bits that find a node by what it is called; whoever finds one compares the rest as well."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") & _MASK


def packed(value: object) -> str:
    """JSON text."""
    return orjson.dumps(value).decode()


def event_row(event: StoredEvent, low: int) -> Row:
    """A row of CREATE_EVENTS and MERGE_EVENTS."""
    one, key, *told, content = event
    return [low + one, low + short_hash(*key), *key, *told, content.decode(), low + event.record]


def event_of(row: Row) -> StoredEvent:
    """An event from the columns that all questions for events return."""
    one, source, message_id, at, stamped, received, record, previous, content = row[:9]
    key = EventKey(source, message_id)
    return StoredEvent(within(one), key, at, stamped, received, record, previous, content.encode())


def held_row(record: Record) -> str:
    """What a record holds."""
    return packed([(one, *holding) for one, holding in record.holdings.items()])


def record_row(record: Record, low: int) -> Row:
    """A row of CREATE_RECORDS (without what it founds) and MERGE_RECORDS."""
    seen = record.person, record.first_at, record.last_event, held_row(record)
    erased = record.erasures or None, record.ghost or None
    return [low + record.id, low + record.person, *record.key, *seen, *erased, *said_row(record, low)]


def said_row(record: Record, low: int) -> Row:
    """What a record says that matching compares: three columns of every row of records."""
    content = record.content
    said = [content, low + (content & _MASK)] if content else [None, None]
    return [*said, packed(record.traits) if record.traits else None]


def keyed(number: int, low: int) -> Row:
    """How a content, or a block, is found by its own number, a hash of 63 bits: a key, and the number."""
    return [low + (number & _MASK), number]


def content_row(content: Content, low: int) -> Row:
    """A row of MERGE_CONTENTS."""
    said = None if content.said is None else packed(content.said)
    return [*keyed(content.id, low), list(content.keys), content.own, content.votes, said]


def content_of(row: Row) -> Content:
    """A content from the columns that CONTENTS returns."""
    said = None if row[4] is None else orjson.loads(row[4])
    return Content(row[0], tuple(row[1]), row[2], row[3], said)


def identifier_row(node: IdentifierNode, low: int) -> Row:
    """A row of CREATE_IDENTIFIERS and MERGE_IDENTIFIERS."""
    one, named = low + node.id, node.identifier
    counted = node.holders, node.unknown, node.claims, node.timeless, node.sole
    peers = packed([[place, *others] for place, others in node.peers.items()]) if node.peers else None
    generic = one if node.generic else None
    return [one, low + short_hash(*named), *named, node.namespace, *counted, generic, peers]


def person_row(person: Person, profile: str | None, low: int) -> Row:
    """A row of CREATE_PERSONS and MERGE_PERSONS; without a profile the one that stands stays."""
    counted = person.flags, person.size, person.version
    return [low + person.id, person.person_id, person.founder, *counted, profile]


def case_of(row: Row) -> StoredCase:
    """A case from (kind, records, identifiers, detail)."""
    return StoredCase(row[0], tuple(row[1]), tuple(row[2]), row[3])


def changes_of(entries: str) -> list[Change]:
    """The changes of one batch, each with its sequence number."""
    return [Change(e[0], e[1], e[2], tuple(e[3]), tuple(e[4]), e[5], e[6]) for e in orjson.loads(entries)]


def deltas_of(entries: str) -> list[Delta]:
    """The deltas of one batch, each with its sequence number."""
    return [Delta(*entry) for entry in orjson.loads(entries)]
