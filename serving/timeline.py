"""What happened to a person, event by event, in the order of time; and her records with what they hold."""

from typing import Any, NamedTuple

import orjson

from graph_schema.vocabulary import BLOCKED, CLAIMED, Record, StoredEvent
from profiles.moments import iso
from resolver.founding import person_id
from serving.marks import mark, marked
from stream.reader import Found, Reader

Rank = tuple[bool, int, str, str]


class Page(NamedTuple):
    """A part of a timeline, and the mark after which the next begins (None at the end)."""

    events: list[dict[str, Any]]
    following: str | None


def timeline(
    reader: Reader, found: Found, after: str | None, limit: int | None, newest: bool = False
) -> Page:
    """The events of a person's records, oldest first and those without a time last, each once; ``newest``
    turns the order round."""
    records = {record.id: record for record in found.living}
    events: dict[Rank, tuple[Record, StoredEvent]] = {}
    for record, event in reader.tx.history(records):
        # An alias comes for both its records; the one that it was filed under speaks for it.
        if event.record == record or _rank(event) not in events:
            events[_rank(event)] = records[record], event
    start = marked(after, bool, int, str, str)
    ranks = sorted(events, reverse=newest)
    if start is not None:
        ranks = [rank for rank in ranks if (rank < start if newest else rank > start)]
    page = ranks if limit is None else ranks[:limit]
    following = mark(*page[-1]) if len(page) < len(ranks) else None
    return Page([_shown(*events[rank]) for rank in page], following)


def shown_records(reader: Reader, found: Found) -> list[dict[str, Any]]:
    """A person's records, each with the identifiers that it holds and the id that it could found."""
    nodes = reader.tx.shown({one for record in found.living for one in record.holdings})
    return [
        {
            "source": record.key.source,
            "record_id": record.key.record_id,
            "first_seen": iso(record.first_at),
            "founds": person_id(record.key, record.erasures, reader.id_key),
            "identifiers": [
                {
                    "namespace": nodes[one].identifier.namespace,
                    "value": nodes[one].identifier.value,
                    "first_seen": iso(holding.first),
                    "last_seen": iso(holding.last),
                    "claimed": bool(holding.flags & CLAIMED),
                    "blocked": bool(holding.flags & BLOCKED),
                    "generic": nodes[one].generic,
                }
                for one, holding in sorted(
                    record.holdings.items(), key=lambda held: nodes[held[0]].identifier
                )
            ],
        }
        for record in found.living
    ]


def _rank(event: StoredEvent) -> Rank:
    return event.at is None, event.at or 0, event.key.source, event.key.message_id


def _shown(record: Record, event: StoredEvent) -> dict[str, Any]:
    message = orjson.loads(event.content)
    return {
        "at": iso(event.at),
        "received_at": iso(event.received),
        "source": event.key.source,
        "record_id": record.key.record_id,
        "message_id": event.key.message_id,
        "type": message["type"],
        "name": message.get("event") or message.get("name"),
        "message": message,
    }
