"""Portraits for tests: messages folded into one person, without an engine or a store."""

from collections.abc import Iterable, Mapping
from typing import Any

from graph_schema.rules import Rules, load_rules
from graph_schema.vocabulary import (
    Event,
    Holding,
    Identifier,
    IdentifierNode,
    ObjectKey,
    Record,
    RecordKey,
)
from profiles.moments import DAY, iso
from profiles.objects import fold_object, views, whole
from profiles.portrait import Portrait
from profiles.state import begin, fold, new_state, show
from stream.intake import Intake

START = 1_772_442_000_000_000
"""2026-03-02T09:00:00Z."""
RETAIL = load_rules("retail")
_INTAKES = {RETAIL.hash: Intake(RETAIL)}

Said = Mapping[str, Any]


def event(said: Said, rules: Rules = RETAIL) -> Event:
    """A message made ready. `day` (may be a fraction) stands for its timestamp, counted from START."""
    message: dict[str, Any] = {"source": "web", "type": "track", **said}
    if "day" in message:
        message["timestamp"] = iso(START + round(message.pop("day") * DAY))
    if "event" not in message and message["type"] == "track":
        message["type"] = "identify"
    taken = _INTAKES.setdefault(rules.hash, Intake(rules)).take(message, START)
    assert isinstance(taken, Event), taken
    return taken


def track(name: str, day: float | None = None, source: str = "web", **properties: Any) -> Said:
    """A track of user u-1. `context` and identifiers go as they are, all else into the properties."""
    said: dict[str, Any] = {"source": source, "event": name, "properties": properties}
    for part in ("context", "userId", "anonymousId", "messageId"):
        if part in properties:
            said[part] = properties.pop(part)
    if not said.keys() & {"userId", "anonymousId"}:
        said["userId"] = "u-1"
    return said if day is None else {**said, "day": day}


def identify(day: float = 0, source: str = "web", **traits: Any) -> Said:
    """An identify of user u-1."""
    return {"source": source, "type": "identify", "userId": "u-1", "traits": traits, "day": day}


def bought(day: float, order_id: str, *products: str, source: str = "web", **properties: Any) -> Said:
    """An order of these products, 10 EUR each, of the category "things"."""
    lines = [
        {"product_id": one, "price": 10, "quantity": 1, "category": properties.get("category", "things")}
        for one in products
    ]
    said = {
        "order_id": order_id,
        "total": 10 * len(lines),
        "currency": "EUR",
        "products": lines,
        **properties,
    }
    return track("Order Completed", day, source, **said)


def portrait(*messages: Said, rules: Rules = RETAIL) -> Portrait:
    """One person who holds all records of the messages."""
    events = [event(one, rules) for one in messages]
    records: dict[RecordKey, Record] = {}
    nodes: dict[Identifier, IdentifierNode] = {}
    places = {namespace.name: place for place, namespace in enumerate(rules.namespaces)}
    state = new_state()
    for one in events:
        record = records.setdefault(one.record, Record(len(records) + 1, one.record, 1, one.at, 0))
        if one.at is not None:
            record.first_at = one.at if record.first_at is None else min(record.first_at, one.at)
        for held in one.held:
            identifier = Identifier(held.namespace, held.value)
            place = places.get(held.namespace, -1)
            node = nodes.setdefault(identifier, IdentifierNode(len(nodes) + 1, identifier, place))
            old = record.holdings.get(node.id, Holding(place, None, None, held.flags))
            seen = [time for time in (old.first, old.last, one.at) if time is not None]
            record.holdings[node.id] = Holding(
                place, min(seen, default=None), max(seen, default=None), old.flags
            )
        begin(state, one.at)
        fold(state, one.facts)
    show_objects(state, events, dict.fromkeys(records, 1))
    by_id = {node.id: node.shown() for node in nodes.values()}
    return Portrait("per_1", [], 1, list(records.values()), by_id, state, [])


def show_objects(state: dict[str, Any], events: Iterable[Event], person_of: Mapping[RecordKey, int]) -> None:
    """Folds the orders and rewards of events and shows them to person 1, who spoke of them."""
    objects: dict[ObjectKey, dict[str, Any]] = {}
    for one in events:
        for shared in one.facts.shared:
            fold_object(objects.setdefault(shared.key, {}), one.key, one.record, one.at, shared.fact)
    for key in objects:
        show(state, key, views(key, whole(key, objects), person_of).get(1))


def at(day: float) -> int:
    """A moment, in days from START."""
    return START + round(day * DAY)
