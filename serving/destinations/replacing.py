"""Replaces all members of a list at once, so that there is no moment in which it is empty."""

import secrets
from collections.abc import Iterator

from serving.destinations.delivering import chunks, delivered, key_of
from serving.destinations.ledger import Flight
from serving.destinations.lists import List
from serving.destinations.planning import Wanted
from serving.destinations.platforms import Job, Place, Row


def members_of(one: List) -> Iterator[Wanted]:
    """Who belongs into a list, and who of its audience doesn't, some at a time."""
    after: tuple[str, int] | None = ("", 0)
    while after is not None:
        with one.means.engine.reader() as reader:
            members, after = one.members(reader.tx, after)
            wanted = one.means.wants.of(reader, one.target, members, one.means.engine.clock())
        yield wanted


def replace_members(one: List) -> None:
    """Sends all members as a replacement. Interrupted, it begins again: the platform keeps the old list until
    the new one is whole. Who is known to the ledger and isn't among them is then taken out of it."""
    estimated = sum(len(wanted.rows) for wanted in members_of(one))
    if not estimated and not one.means.platform.empties:
        _note(one, is_open=False)
        one.go_over(renew=False)
        one.means.report(one.target.key, "empty", 0)
        return
    _note(one, is_open=True)
    with one.means.engine.store.read() as tx:
        since = tx.last_delta(), tx.last_change()
    session = int(secrets.token_hex(6), 16)
    waiting: list[Row] = []
    number = 0
    everybody = (row for wanted in members_of(one) for row in wanted.rows.values())
    for part in chunks(everybody, one.means.platform):
        if rows := _still(one, waiting, since):
            number += 1
            _send(one, rows, Place(session, number, False, estimated))
        waiting = part
    if (rows := _still(one, waiting, since)) or not estimated:
        _send(one, rows, Place(session, number + 1, True, estimated))
        _note(one, is_open=False)
    else:
        # Nobody is left to be the last: what was begun is never finished, and another begins.
        replace_members(one)


def _still(one: List, rows: list[Row], since: tuple[int, int]) -> list[Row]:
    """Those who may be sent now: whoever changed since the replacement began is looked at again."""
    return one.still(Flight("", "replace", rows, *since)) if rows else rows


def _note(one: List, is_open: bool) -> None:
    with one.means.engine.store.read() as tx:
        head = one.ledger.begun(tx)
    head.replacing = is_open
    head.sweep = head.sweep if is_open else 0
    one.put({}, head)


def _send(one: List, rows: list[Row], place: Place) -> None:
    key = key_of(f"{one.ledger.head_name}/{place.session}/{place.number}")
    job = Job("replace", one.target.remote, rows, key, place=place)
    one.settle("replace", delivered(one.means.platform, job, one.means.courier))
