"""Gets rows to a platform, so that a bad one among them keeps none of the others back."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from serving.destinations.platforms import Job, Platform, Row
from serving.destinations.sending import Courier

_AROUND: Final = 80
"""Bytes that a handle takes in a request besides itself, at most."""
_FEW: Final = 3
"""Where so many rows are refused one by one, and nothing was taken yet, it isn't the rows."""


class Delivery(NamedTuple):
    """What became of rows: each with why it was refused, "" where it wasn't; how many more were refused
    without being named; the first request that was taken; of those whose outcome comes later the rows; and by
    handle what the platform told."""

    rows: Sequence[tuple[Row, str]] = ()
    unnamed: int = 0
    request: str = ""
    later: Mapping[str, Sequence[Row]] = {}
    told: Mapping[str, Any] = {}


def delivered(platform: Platform, job: Job, courier: Courier, seen: list[bool] | None = None) -> Delivery:
    """Sends a job's rows, in more requests than one where some of them are not taken. ``seen`` is
    shared by the parts of one job: of each request that told of a row whether it was taken, and is added to.

    Raises ``DestinationRefuses``, where the first rows are all refused as well, and
    ``DestinationUnavailable``.
    """
    seen = [] if seen is None else seen
    answer = platform.deliver(job, courier)
    named = {number: answer.refused[number] for number in answer.refused if 0 <= number < len(job.rows)}
    if answer.taken or named:
        seen.append(True)
    # Who was to be taken out and wasn't must be known: it is done again in parts, which changes nothing.
    hidden = bool(answer.unnamed) and job.op == "remove"
    if answer.taken and not (hidden and len(job.rows) > 1):
        rows = [(row, named.get(number, "invalid" * hidden)) for number, row in enumerate(job.rows)]
        later = {answer.request_id: [row for row, why in rows if not why]} if answer.later else {}
        return Delivery(rows, answer.unnamed * (not hidden), answer.request_id, later, answer.told)
    if job.place is not None:
        raise platform.refuses("a part of a replacement is not taken", "Sync without replacing")
    if named and not hidden:
        left = [row for number, row in enumerate(job.rows) if number not in named]
        first = Delivery([(job.rows[number], why) for number, why in named.items()])
        parts = [left] if left else []
    elif len(job.rows) == 1:
        seen.append(False)
        if seen == [False] * _FEW:
            raise platform.refuses("it takes none of the rows", "See its list and its account in the rules")
        return Delivery([(job.rows[0], "invalid")])
    else:
        half = len(job.rows) // 2
        first, parts = Delivery(), [list(job.rows[:half]), list(job.rows[half:])]
    for number, part in enumerate(parts):
        key = key_of(f"{job.key}/{number}")
        more = delivered(platform, job._replace(rows=part, key=key), courier, seen)
        first = _joined(first, more)
    return first


def _joined(one: Delivery, other: Delivery) -> Delivery:
    return Delivery(
        [*one.rows, *other.rows],
        one.unnamed + other.unnamed,
        one.request or other.request,
        {**one.later, **other.later},
        {**one.told, **other.told},
    )


def key_of(text: str) -> str:
    """A request's key: 32 hexadecimal digits, the same for the same request."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def chunks(rows: Iterable[Row], platform: Platform) -> Iterator[list[Row]]:
    """Rows in requests that keep within the platform's limits; a row that is too much for one is several."""
    most = platform.settings.rows_per_request
    part: list[Row] = []
    units = size = 0
    for row in rows:
        for handles in platform.parts(row.handles):
            one = row._replace(handles=handles)
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
