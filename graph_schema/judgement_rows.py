"""How a judgement reads and writes as a row, in SQLite as in Neo4j."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from graph_schema.vocabulary import EventKey, Judgement, RecordKey


def judgement_row(judgement: Judgement, pack: Callable[[Any], bytes | str]) -> list[Any]:
    """Its columns, in the order in which ``judgement_of`` takes them; ``pack`` makes JSON as the store keeps
    it, bytes or text."""
    founders = [[*key, *event] for key, event in judgement.founders.items()]
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
    founders = {RecordKey(f[0], f[1]): EventKey(f[2], f[3]) for f in orjson.loads(row[6])}
    return Judgement(row[0], row[1], a, b, row[3], row[4], row[5], founders, row[7])
