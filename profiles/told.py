"""What the events told of one order or reward, in the order of time: no time last, ties by record, then by
event."""

from typing import Any, NamedTuple

from graph_schema.store import Document
from graph_schema.vocabulary import RecordKey


class Told(NamedTuple):
    """One event's word on an object. `kind` is what happened, `fact` the whole of it (see
    `commerce_facts`)."""

    at: int | None
    record: RecordKey
    event: str
    kind: str
    fact: list[Any]


def told(obj: Document) -> list[Told]:
    """All that was told of an object, first things first."""
    found = [
        Told(at, RecordKey(source, record_id), event, fact[0], fact)
        for event, (source, record_id, at, fact) in obj.items()
    ]
    return sorted(found, key=lambda one: (one.at is None, one.at or 0, one.record, one.event))


def first_time(words: list[Told], kind: str) -> int | None:
    """When a thing of this kind happened first, None where it didn't or nobody knows when."""
    return next((one.at for one in words if one.kind == kind), None)
