"""Lifecycle: is a customer new, active, defecting, inactive or closed, by her own rhythm of purchase?

It moves with time alone: each stage is given with the moment at which the next begins. The rhythm is the
mean time between her purchases, within limits; who bought but once is measured by a set one.
"""

from typing import Literal, NamedTuple

from profiles.accounts import Account, ended
from profiles.settings import LifecycleSettings

Stage = Literal["new", "active", "defecting", "inactive", "closed"]


class Lifecycle(NamedTuple):
    """The stage at a moment, since when, and until when, where nothing else happens. Microseconds."""

    stage: Stage
    since: int | None
    until: int | None


def lifecycle_of(
    purchases: list[int],
    accounts: list[Account],
    first_seen: int | None,
    settings: LifecycleSettings,
    at: int,
) -> Lifecycle:
    """The stage at a moment; `purchases` are times, oldest first. What is yet to happen then is left out."""
    bought = [time for time in purchases if time <= at]
    found = _at(at, _stages(bought, accounts, first_seen, settings))
    coming = [time for time in (found.until, *purchases) if time is not None and time > at]
    return found._replace(until=min(coming, default=None))


def _stages(
    bought: list[int], accounts: list[Account], first_seen: int | None, settings: LifecycleSettings
) -> list[tuple[Stage, int]]:
    """Each stage with when it begins, as far as that is known."""
    closed = [one.closed for one in accounts if one.closed is not None]
    if closed and ended(accounts) and not (bought and bought[-1] > max(closed)):
        return [("closed", max(closed))]
    if not bought:
        return (
            [] if first_seen is None else [("new", first_seen), ("inactive", first_seen + settings.new_for)]
        )
    first, last = bought[0], bought[-1]
    rhythm = settings.rhythm
    if len(bought) > 1:
        mean = (last - first) // (len(bought) - 1)
        rhythm = min(max(mean, settings.shortest_rhythm), settings.longest_rhythm)
    return [
        ("new", first),
        ("active", first + settings.new_for if len(bought) == 1 else bought[1]),
        ("defecting", last + round(rhythm * settings.defecting_after)),
        ("inactive", last + round(rhythm * settings.inactive_after)),
    ]


def _at(at: int, stages: list[tuple[Stage, int]]) -> Lifecycle:
    """The last stage that has begun; of whom nothing is known, new."""
    if not stages:
        return Lifecycle("new", None, None)
    # A stage that the next one overtakes never was: a rhythm can be shorter than the time of being new.
    begun = [number for number, (_, since) in enumerate(stages) if since <= at] or [0]
    stage, since = stages[begun[-1]]
    later = [when for _, when in stages[begun[-1] + 1 :] if when > at]
    return Lifecycle(stage, since, min(later, default=None))
