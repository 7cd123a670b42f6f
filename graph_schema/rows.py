"""How what is kept reads from a row, in SQLite as in Neo4j: the same columns, with JSON in some of them."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from graph_schema.vocabulary import (
    EventKey,
    Holding,
    Identifier,
    IdentifierNode,
    Judgement,
    Record,
    RecordKey,
)


def record_of(row: Sequence[Any]) -> Record:
    """A record from (id, source, record id, person, first at, last event, holdings, erasures, ghost, content,
    traits)."""
    one, source, record_id, person, first_at, last_event, holdings, erasures, ghost, content, said = row
    held = {h[0]: Holding(h[1], h[2], h[3], h[4]) for h in orjson.loads(holdings)}
    traits = {name: tuple(values) for name, values in orjson.loads(said).items()} if said else {}
    kept = (held, erasures or 0, ghost or 0, content or 0, traits)
    return Record(one, RecordKey(source, record_id), person, first_at, last_event, *kept)


def identifier_of(row: Sequence[Any]) -> IdentifierNode:
    """An identifier from (id, namespace, value, place, holders, unknown, claims, timeless, sole, generic,
    peers)."""
    one, namespace, value, place, holders, unknown, claims, timeless, sole, generic, packed = row
    peers = {each[0]: set(each[1:]) for each in orjson.loads(packed)} if packed else {}
    counted = (holders, unknown, claims, timeless, sole, bool(generic))
    return IdentifierNode(one, Identifier(namespace, value), place, *counted, peers)


def judgement_row(judgement: Judgement, pack: Callable[[Any], bytes | str]) -> list[Any]:
    """Its columns, in the order in which ``judgement_of`` takes them; ``pack`` makes JSON as the store keeps
    it, bytes or text."""
    founders = [[*key, *event] for key, events in judgement.founders.items() for event in events]
    return [
        judgement.judgement_id,
        judgement.kind,
        pack([[list(key) for key in side] for side in (judgement.a, judgement.b)]),
        judgement.at,
        judgement.by,
        judgement.why,
        pack(founders),
        judgement.retracted_at,
    ]


def judgement_of(row: Sequence[Any]) -> Judgement:
    """A judgement from its columns."""
    a, b = (tuple(RecordKey(*key) for key in side) for side in orjson.loads(row[2]))
    founders: dict[RecordKey, tuple[EventKey, ...]] = {}
    for f in orjson.loads(row[6]):
        key = RecordKey(f[0], f[1])
        founders[key] = (*founders.get(key, ()), EventKey(f[2], f[3]))
    return Judgement(row[0], row[1], a, b, row[3], row[4], row[5], founders, row[7])
