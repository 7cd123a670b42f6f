"""Times as sources write them (ISO 8601), and microseconds since 1970 UTC, one from the other."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from graph_schema.errors import Invalid

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LONGEST: Final = 40
EPOCH_DAY: Final = _EPOCH.toordinal()
"""The first of January 1970 as ``date`` counts days."""
EARLIEST: Final = (datetime(1900, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""Begin of the year 1900: nothing that a customer does today happened before it."""
LATEST: Final = (datetime(2101, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND - 1
"""End of the year 2100."""


def read_time(text: str) -> int | None:
    """Microseconds since 1970 UTC of an ISO 8601 date or date and time; None where it is neither, or is in
    UTC outside the years 1 to 9999: it could not be shown again.

    Any offset is taken; a time without one is UTC; a date alone is its midnight. Digits beyond the
    microsecond are cut off. Only the extended form counts: 20260302 may as well be a number. A small z is Z
    (RFC 3339), and a space may stand before the zone, as warehouses export it: " UTC", " +0100".
    """
    size = len(text)
    if size < 10 or size > _LONGEST or text[4] != "-" or text[7] != "-" or text[10:11] not in "Tt ":
        return None
    if " " in text[11:]:
        text = text.replace(" UTC", "Z").replace(" +", "+").replace(" -", "-")
    try:
        moment = datetime.fromisoformat(text[:-1] + "Z" if text[-1] == "z" else text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return (moment - _EPOCH) // _MICROSECOND


def asked_time(field: str, text: str) -> int:
    """The time that somebody asks by in a field; raises ``Invalid`` where it is none."""
    at = read_time(text)
    if at is None:
        raise Invalid(field, "This is not a time; write it by ISO 8601, such as 2026-03-02T09:00:00Z.")
    return at


@lru_cache(maxsize=1 << 8)
def write_time(at: int) -> str:
    """A time by ISO 8601 with Z, a fraction only where there is one. The times of one person are few and come
    again and again; more of them kept would be looked for in memory that is far away."""
    seconds, micros = divmod(at, 1_000_000)
    minutes, second = divmod(seconds, 60)
    day, minute = divmod(minutes, 1_440)
    # Put together from parts: a profile has hundreds, and isoformat takes twice as long.
    fraction = f".{micros:06d}".rstrip("0") if micros else ""
    return f"{_day(day)}T{_MINUTES[minute]}:{second:02d}{fraction}Z"


@lru_cache(maxsize=1 << 10)
def _day(day: int) -> str:
    return date.fromordinal(EPOCH_DAY + day).isoformat()


_MINUTES: Final = tuple(f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(1_440))
