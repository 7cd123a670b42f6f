"""Reads times as sources write them (ISO 8601) into microseconds since 1970 UTC."""

from datetime import date, datetime, timedelta
from typing import Final

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_LONGEST: Final = 40
EARLIEST: Final = (date(1900, 1, 1).toordinal() - _EPOCH_DAY) * 86_400_000_000
"""Begin of the year 1900: nothing that a customer does today happened before it."""
LATEST: Final = (date(2101, 1, 1).toordinal() - _EPOCH_DAY) * 86_400_000_000 - 1
"""End of the year 2100."""


def read_time(text: str) -> int | None:
    """Microseconds since 1970 UTC of an ISO 8601 date or date and time; None where it is neither.

    Any offset is taken; a time without one is UTC; a date alone is its midnight. Digits beyond the
    microsecond are cut off. Only the extended form counts: 20260302 may as well be a number.
    """
    size = len(text)
    if size < 10 or size > _LONGEST or text[4] != "-" or text[7] != "-":
        return None
    if size > 10 and text[10] not in "Tt ":
        return None
    try:
        moment = datetime.fromisoformat(text[:-1] + "Z" if text[-1] == "z" else text)
    except ValueError:
        return None
    seconds = (
        (moment.toordinal() - _EPOCH_DAY) * 86_400 + moment.hour * 3600 + moment.minute * 60 + moment.second
    )
    micros = seconds * 1_000_000 + moment.microsecond
    offset = moment.utcoffset()
    if offset:
        # Not by astimezone(): a time near the year 9999 would overflow there.
        micros -= offset // timedelta(microseconds=1)
    return micros
