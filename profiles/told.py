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
        Told(entry[2], RecordKey(entry[0], entry[1]), event, entry[3][0], entry[3])
        for event, entry in obj.items()
    ]
    found.sort(key=lambda one: (one.record, one.event))
    found.sort(key=lambda one: (one.at is None, one.at or 0, *_place(obj[one.event])))
    return found


def _place(entry: list[Any]) -> tuple[bool, int]:
    """The place that a tie was given when somebody was erased, whose key no longer tells it; without one,
    last."""
    return (True, 0) if len(entry) < 5 else (False, entry[4])


def first_time(words: list[Told], kind: str) -> int | None:
    """When a thing of this kind happened first, None where it didn't or nobody knows when."""
    return next((one.at for one in words if one.kind == kind), None)
