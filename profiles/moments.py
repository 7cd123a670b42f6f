"""Times as profiles keep them: microseconds since 1970 UTC, and a number for no time that sorts before all
others."""

from datetime import date
from functools import lru_cache
from typing import Final

SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND

UNTIMED: Final = -(1 << 53)
"""Stands for no time where times are compared or kept in lists: earlier than any."""

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


def kept(at: int | None) -> int:
    """A time as it is kept in a state."""
    return UNTIMED if at is None else at


def known(at: int | None) -> int | None:
    """A kept time as a time, None for none."""
    return None if at == UNTIMED else at


@lru_cache(maxsize=1 << 14)
def _day(day: int) -> str:
    return date.fromordinal(_EPOCH_DAY + day).isoformat()


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def date_of(at: int) -> date:
    """The calendar day of a moment, in UTC."""
    return date.fromordinal(_EPOCH_DAY + at // DAY)


def midnight(day: date) -> int:
    """The moment at which a day begins, in UTC."""
    return (day.toordinal() - _EPOCH_DAY) * DAY


@lru_cache(maxsize=1 << 14)
def iso(at: int | None) -> str | None:
    """A kept time as JSON shows it: ISO 8601 with Z, a fraction only where there is one."""
    if at is None or at == UNTIMED:
        return None
    second, micros = divmod(at, SECOND)
    fraction = f".{micros:06d}".rstrip("0") if micros else ""
    return f"{_day(second // 86_400)}T{_clock(second % 86_400)}{fraction}Z"
