"""Replaces all members of a list at once, so that there is no moment in which it is empty."""

import secrets
from collections.abc import Iterator

from serving.destinations.delivering import chunks, delivered, key_of
from serving.destinations.ledger import Flight
from serving.destinations.lists import List, Means
from serving.destinations.planning import Wanted
from serving.destinations.platforms import Job, Place, Row


def members_of(one: List, means: Means) -> Iterator[Wanted]:
    """Who belongs into a list, and who of its audience doesn't, some at a time."""
    after: tuple[str, int] | None = ("", 0)
    while after is not None:
        with means.engine.reader() as reader:
            members, after = one.members(reader.tx, after)
            wanted = means.wants.of(reader, one.target, members, means.engine.clock())
        yield wanted


def replace_members(one: List, means: Means) -> None:
    """Sends all members as a replacement. Interrupted, it begins again: the platform keeps the old list until
    the new one is whole. Who is known to the ledger and isn't among them is then taken out of it."""
    estimated = sum(len(wanted.rows) for wanted in members_of(one, means))
    if not estimated and not means.platform.empties:
        _note(one, means, is_open=False)
        one.go_over(renew=False)
        means.report(one.target.key, "empty", 0)
        return
    _note(one, means, is_open=True)
    with means.engine.store.read() as tx:
        since = tx.last_delta(), tx.last_change()
    session = int(secrets.token_hex(6), 16)
    waiting: list[Row] = []
    number = 0
    everybody = (row for wanted in members_of(one, means) for row in wanted.rows.values())
    for part in chunks(everybody, means.platform, means.settings.rows_per_request):
        if rows := _still(one, waiting, since):
            number += 1
            _send(one, means, rows, Place(session, number, False, estimated))
        waiting = part
    if (rows := _still(one, waiting, since)) or not estimated:
        _send(one, means, rows, Place(session, number + 1, True, estimated))
        _note(one, means, is_open=False)
    else:
        # Nobody is left to be the last: what was begun is never finished, and another begins.
        replace_members(one, means)


def _still(one: List, rows: list[Row], since: tuple[int, int]) -> list[Row]:
    """Those who may be sent now: whoever changed since the replacement began is looked at again."""
    return one.still(Flight("", "replace", rows, *since)) if rows else rows


def _note(one: List, means: Means, is_open: bool) -> None:
    with means.engine.store.read() as tx:
        head = one.ledger.begun(tx)
    head.replacing = is_open
    head.sweep = head.sweep if is_open else 0
    one.put({}, head)


def _send(one: List, means: Means, rows: list[Row], place: Place) -> None:
    key = key_of(f"{one.ledger.head_name}/{place.session}/{place.number}")
    told = delivered(means.platform, Job("replace", one.target.remote, rows, key, place=place), means.courier)
    one.settle("replace", told)
