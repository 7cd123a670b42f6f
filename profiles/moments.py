"""Times as profiles keep them: microseconds since 1970 UTC, and a number for no time that sorts before all
others."""

from datetime import date
from typing import Final

from graph_schema.iso_time import EPOCH_DAY, write_time

SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND

UNTIMED: Final = -(1 << 53)
"""Stands for no time where times are compared or kept in lists: earlier than any."""


def kept(at: int | None) -> int:
    """A time as it is kept in a state."""
    return UNTIMED if at is None else at


def date_of(at: int) -> date:
    """The calendar day of a moment, in UTC."""
    return date.fromordinal(EPOCH_DAY + at // DAY)


def midnight(day: date) -> int:
    """The moment at which a day begins, in UTC."""
    return (day.toordinal() - EPOCH_DAY) * DAY


def iso(at: int | None) -> str | None:
    """A kept time as JSON shows it."""
    return None if at is None or at == UNTIMED else write_time(at)
