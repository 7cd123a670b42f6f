"""Gets rows to a platform, so that a bad one among them keeps none of the others back."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from serving.destinations.platforms import Job, Platform, Row
from serving.destinations.sending import Courier

_AROUND: Final = 80
"""Bytes that a handle takes in a request besides itself, at most."""


class Delivery(NamedTuple):
    """What became of rows: each with why it was refused, "" where it wasn't; how many more were refused
    without being named; the requests that were taken, and those of them whose outcome comes later; and by
    handle what the platform told."""

    rows: Sequence[tuple[Row, str]] = ()
    unnamed: int = 0
    requests: Sequence[str] = ()
    later: Sequence[str] = ()
    told: Mapping[str, Any] = {}


def delivered(platform: Platform, job: Job, courier: Courier) -> Delivery:
    """Sends a job's rows, in more requests than one where some of them are not taken."""
    answer = platform.deliver(job, courier)
    named = {number: answer.refused[number] for number in answer.refused if number < len(job.rows)}
    if answer.taken:
        rows = [(row, named.get(number, "")) for number, row in enumerate(job.rows)]
        requests = [answer.request_id] if answer.request_id else []
        return Delivery(rows, answer.unnamed, requests, requests if answer.later else [], dict(answer.told))
    if job.place is not None:
        raise platform.refuses("a part of a replacement is not taken", "Sync without replacing")
    if named:
        left = [row for number, row in enumerate(job.rows) if number not in named]
        first = Delivery([(job.rows[number], why) for number, why in named.items()])
        parts = [left] if left else []
    elif len(job.rows) == 1:
        return Delivery([(job.rows[0], "invalid")])
    else:
        half = len(job.rows) // 2
        first, parts = Delivery(), [list(job.rows[:half]), list(job.rows[half:])]
    for number, part in enumerate(parts):
        key = key_of(f"{job.key}/{number}")
        first = _joined(first, delivered(platform, job._replace(rows=part, key=key), courier))
    return first


def _joined(one: Delivery, other: Delivery) -> Delivery:
    return Delivery(
        [*one.rows, *other.rows],
        one.unnamed + other.unnamed,
        [*one.requests, *other.requests],
        [*one.later, *other.later],
        {**one.told, **other.told},
    )


def key_of(text: str) -> str:
    """A request's key: 32 hexadecimal digits, the same for the same request."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def chunks(rows: Iterable[Row], platform: Platform, most: int) -> Iterator[list[Row]]:
    """Rows in requests that keep within the platform's limits; a row with too many handles is several."""
    part: list[Row] = []
    units = size = 0
    for row in rows:
        for start in range(0, len(row.handles), platform.handles_per_row):
            one = row._replace(handles=row.handles[start : start + platform.handles_per_row])
            takes = platform.units(one)
            weight = sum(map(len, one.handles)) + _AROUND * len(one.handles)
            if part and (units + takes > most or size + weight > platform.bytes_per_request):
                yield part
                part, units, size = [], 0, 0
            part.append(one)
            units += takes
            size += weight
    if part:
        yield part
