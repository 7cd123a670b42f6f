"""The stream itself: visit after visit over three years, and all their messages in order of arrival."""

from collections.abc import Iterator
from heapq import heappop

from stream.simulation.counter import buy_in_store, enrol, sign_up_at_kiosk
from stream.simulation.letters import expire_reward, serve_customer, write_letter
from stream.simulation.messages import DAY, HOUR, Simulated
from stream.simulation.online import visit_app, visit_site
from stream.simulation.people import Person
from stream.simulation.town import PERIOD, START, Town

_BUSY = (1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 11, 12, 11, 10, 10, 11, 12, 13, 14, 12, 8, 4, 2)
"""How busy each hour of the day is, UTC."""
_SCATTER = 3 * HOUR


_HOURS = [(sum(_BUSY[:hour]) / sum(_BUSY), busy / sum(_BUSY)) for hour, busy in enumerate(_BUSY)]
"""For each hour of the day: the share of the day's visits before it, and its own share."""
DIRTY = 0.03
"""The share of typed names and addresses with an error, where nobody says another."""


def _time_at(progress: float) -> int:
    """The time in the town from the progress of the stream (0 to 1): steady by day, quiet at night."""
    days, part = divmod(progress * PERIOD / DAY, 1.0)
    hour = 23
    while _HOURS[hour][0] > part:
        hour -= 1
    before, share = _HOURS[hour]
    return START + int(days) * DAY + int((hour + (part - before) / share) * HOUR)


def simulate(people: int, events: int, seed: int, dirty: float = DIRTY) -> Iterator[Simulated]:
    """A town's messages in order of arrival, exactly `events` of them, over 2023 to 2025.

    The same for the same arguments. `people` (at least 1) is how many there are to come; with fewer than
    eight or so events a person not all do. `dirty` is the share of typed names and addresses with an error.
    Memory grows with `people`, not with `events`. Raises ValueError for numbers out of range.
    """
    if people < 1 or events < 0:
        raise ValueError("people: at least 1, events: at least 0")
    if not 0 <= dirty <= 1:
        raise ValueError("dirty: a share between 0 and 1")
    return _stream(Town(people, seed, dirty), people, events)


def _stream(town: Town, people: int, events: int) -> Iterator[Simulated]:
    queue, left = town.queue, events
    while left:
        progress = town.sent / events
        at = _time_at(progress)
        while queue and queue[0][0] <= at:
            _, _, message, person, repeat = heappop(queue)
            yield Simulated(message, person, repeat)
            left -= 1
            if not left:
                return
        # More newcomers in the beginning, and some to the very end.
        expected = people * (1 - (1 - min(progress, 1.0)) ** 1.4)
        # Scattered, so that visits overlap by chance instead of following each other evenly.
        start = at + int(town.rng.random() * _SCATTER)
        if town.joined < people and (not town.joined or town.joined < expected):
            _first_visit(town, town.newcomer(start), start)
        else:
            _visit(town, town.regular(), start)


def _first_visit(town: Town, person: Person, at: int) -> None:
    kind = town.rng.random()
    if kind < 0.5:
        visit_site(town, person, at)
    elif kind < 0.65:
        visit_app(town, person, at)
    elif kind < 0.85:
        buy_in_store(town, person, at)
    elif kind < 0.93:
        sign_up_at_kiosk(town, person, at)
    else:
        enrol(town, person, at)


def _visit(town: Town, person: Person, at: int) -> None:
    expire_reward(town, person, at)
    kind = town.rng.random()
    if kind < 0.12:
        visit_app(town, person, at)
    elif kind < 0.32:
        buy_in_store(town, person, at)
    elif kind < 0.62 and person.mailed:
        clicked_at = write_letter(town, person, at)
        if clicked_at is not None:
            visit_site(town, person, clicked_at, clicked=True)
    elif kind < 0.66 and person.registered:
        serve_customer(town, person, at)
    elif kind < 0.68 and person.enrolled:
        enrol(town, person, at, again=town.chance(0.3))
    else:
        visit_site(town, person, at)
