"""What the events told of one order or reward, in the order of time: no time last, ties by record, then by
event."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from graph_schema.store import Document
from graph_schema.vocabulary import RecordKey

NUMBERED: Final = frozenset(("completed", "updated", "refunded"))
"""The kinds of facts that are `Ordered`."""
SKU: Final = 6
"""The place in a line of an order of its product's sku, where it has one besides its id."""


def ids_by_sku(lines: Iterable[Sequence[Any]]) -> dict[str, str]:
    """The ids of products by their skus, as far as these lines name both."""
    return {line[SKU]: line[0] for line in lines if len(line) > SKU}


def by_id(ids: Mapping[str, str], line: list[Any]) -> list[Any]:
    """A line by the id of its product, whose sku then stands at its end; as it is where it isn't known."""
    return [ids[line[0]], *line[1:], line[0]] if len(line) == SKU and line[0] in ids else line


class Ordered(NamedTuple):
    """The fact of an order that was completed or updated, or of what was given back of it."""

    kind: str
    order_id: str | None
    total: int | float | None
    currency: str | None
    products: Sequence[Any]
    channel: str | None
    gift: int | None
    refund_id: str | None
    receipt: str | None


class Delivered(NamedTuple):
    """The fact of an order that was handed over: `to_somebody` tells whether it says to whom."""

    kind: str
    carrier: str | None
    tracking_id: str | None
    to_somebody: int
    receipt: str | None


class Issued(NamedTuple):
    """The fact of a reward that was given."""

    kind: str
    amount: int | float | None
    currency: str | None
    media: Sequence[str]
    expires_at: int | None


class Told(NamedTuple):
    """One event's word on an object. `kind` is what happened, `fact` the whole of it: as the types above
    have it, where it is of their kinds (see `commerce_facts`); `source` is whose word it is, or was."""

    at: int | None
    record: RecordKey
    event: str
    kind: str
    fact: list[Any]
    source: str


def told(obj: Document) -> list[Told]:
    """All that was told of an object, first things first."""
    found = [
        Told(entry[2], RecordKey(*entry[:2]), event, entry[3][0], entry[3], entry[5 if len(entry) > 5 else 0])
        for event, entry in obj.items()
    ]
    return sorted(
        found, key=lambda one: (one.at is None, one.at or 0, _place(obj[one.event]), one.record, one.event)
    )


def _place(entry: list[Any]) -> tuple[bool, int]:
    """The place that a tie was given when somebody was erased, whose key no longer tells it; without one,
    last."""
    return (True, 0) if len(entry) < 5 else (False, entry[4])


def first_time(words: list[Told], kind: str) -> int | None:
    """When a thing of this kind happened first, None where it didn't or nobody knows when."""
    return next((one.at for one in words if one.kind == kind), None)
