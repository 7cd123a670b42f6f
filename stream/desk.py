"""Who works on which case: a claim holds for some minutes, so that no two get the same one at once."""

from collections.abc import Container, Sequence
from typing import Any, Final, NamedTuple

from graph_schema.errors import Conflict
from graph_schema.store import Transaction
from profiles.moments import iso
from stream.batch import Batch
from stream.cases import open_case
from stream.engine import Engine

DESK: Final = "desk"
"""Operational state: claims and skipped cases, none of them past its time."""
CLAIM_US: Final = 10 * 60_000_000
SKIP_US: Final = 4 * 3_600_000_000


class Taken(Conflict):
    """Somebody else works on this case."""

    def __init__(self, by: str, until: int) -> None:
        minute = str(iso(until))[:16].replace("T", " ")
        super().__init__(f"this case is worked on by {by} until {minute} UTC", way_out="Take the next one")


class Steward(NamedTuple):
    """One who works at the console: a name, and the session that a claim is of."""

    name: str
    session: str


def claim_next(
    engine: Engine, steward: Steward, ranked: Sequence[str], skipped: str | None = None
) -> str | None:
    """Claims the first case that nobody else works on and this one hasn't skipped; None where there is none.

    ``ranked`` are cases by id, the first first, of which some may not be open any more. ``skipped`` is put
    aside for some hours; when all are, they come again, the last skipped last.
    """

    def work(batch: Batch) -> str | None:
        desk = _current(batch.tx, batch.now)
        aside = desk["skipped"].setdefault(steward.session, {})
        if skipped is not None:
            aside[skipped] = batch.now + SKIP_US
        claimed = {case: one for case, one in desk["claims"].items() if one["session"] != steward.session}
        free = [one for one in ranked if one not in claimed]
        later = sorted((one for one in free if one in aside), key=lambda one: (aside[one], one == skipped))
        fresh = [one for one in free if one not in aside]
        reader = engine.reader_of(batch.tx)
        chosen = next((one for one in (*fresh, *later) if open_case(reader, one) is not None), None)
        if chosen is not None:
            aside.pop(chosen, None)
            until = batch.now + CLAIM_US
            claimed[chosen] = {"by": steward.name, "session": steward.session, "until": until}
        batch.ws.writes.state[DESK] = {**desk, "claims": claimed}
        return chosen

    return engine.carry_out(work)


def check_free(tx: Transaction, case_id: str, steward: Steward, now: int) -> None:
    """Raises ``Taken`` where another works on a case. Whoever signed in anew is nobody else: a claim of the
    session that ended doesn't keep them from answering."""
    claim = _current(tx, now)["claims"].get(case_id)
    if claim is not None and claim["by"] != steward.name:
        raise Taken(claim["by"], claim["until"])


def claims(tx: Transaction, now: int) -> dict[str, str]:
    """Who works on which case."""
    return {case: claim["by"] for case, claim in _current(tx, now)["claims"].items()}


def put_aside(tx: Transaction, now: int, steward: Steward) -> Container[str]:
    """The cases that a steward skipped and that haven't come again yet."""
    aside: Container[str] = _current(tx, now)["skipped"].get(steward.session, {})
    return aside


def _current(tx: Transaction, now: int) -> dict[str, Any]:
    desk = tx.get(DESK) or {}
    claimed = {case: one for case, one in desk.get("claims", {}).items() if one["until"] > now}
    skipped = {
        session: living
        for session, cases in desk.get("skipped", {}).items()
        if (living := {case: until for case, until in cases.items() if until > now})
    }
    return {"claims": claimed, "skipped": skipped}
