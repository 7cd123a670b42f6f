"""What a batch did to persons, in words for those who follow: created, merged, split, updated.

Told by person ids alone: which ids the records of a person answered to before, and to which they answer now.
Of the erased nothing is told after their erasure, not even that somebody new is of their evidence.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from graph_schema.store import Transaction
from graph_schema.vocabulary import Change, ChangeKind, Delta, Person
from profiles.moments import iso
from stream.awaited import ISSUED, led_to
from stream.workspace import Workspace

SENT: Final = "outbox/kafka/"
"""Operational state: the number of the last entry of a feed that a topic holds, by who sent it."""


def seen_to(tx: Transaction, found: Sequence[Delta], after: int, limit: int) -> int:
    """How far a page of one audience's feed has seen: to the end, where it isn't full. What other audiences
    were told needn't be looked through again."""
    last = found[-1].seq if found else after
    return last if len(found) == limit else max(last, tx.last_delta())


class Sent(NamedTuple):
    """How far the feeds were sent: the last entry that a topic holds, as the latest sender knows.

    ``sender`` counts who sent, one after the other. Each writes under its own number, so what one whose time
    is over still writes, with a batch that was under way, moves nobody who came after.
    """

    sender: int
    numbers: dict[str, int]

    def state(self) -> dict[str, int]:
        """As operational state."""
        return {f"{SENT}{self.sender}/{topic}": number for topic, number in self.numbers.items()}


def sent(tx: Transaction) -> Sent:
    """How far a store's feeds were sent to Kafka."""
    by_sender = dict[int, dict[str, int]]()
    for name, number in tx.scan(SENT).items():
        sender, _, topic = name.removeprefix(SENT).rpartition("/")
        by_sender.setdefault(int(sender or 0), {})[topic] = number
    latest = max(by_sender, default=0)
    return Sent(latest, by_sender.get(latest, {}))


class History(NamedTuple):
    """The former ids of each person's records, by the person's number; the ids that the records of each
    former id have now; and the ids that no person has any more, by whom each leads to."""

    came: Mapping[int, set[str]]
    went: Mapping[str, set[str]]
    ended: Mapping[int, set[str]]


def changes_of(ws: Workspace, touched: Iterable[Person], first: int, at: int) -> list[Change]:
    """The entries of the feed for a batch, from sequence number ``first`` on.

    ``touched`` are the persons that exist after the batch and changed in it, ``at`` the store's time.
    """
    living = [person for person in touched if not _is_ghost(ws, person.founder)]
    ended = _ended(ws, {person.person_id for person in living})
    came, went = _histories(ws)
    named = {former for former, _ in ws.sizes_before.values()}
    for person in living:
        if person.person_id in named:  # also where her record went in this batch, and came again
            came.setdefault(person.id, set()).add(person.person_id)
    return entries(living, History(came, went, ended), first, at)


def entries(touched: Iterable[Person], history: History, first: int, at: int) -> list[Change]:
    """The entries of the feed for persons who changed."""
    touched = sorted(touched, key=lambda person: person.person_id)
    versions = {person.person_id: person.version for person in touched}
    found: list[Change] = []

    def tell(kind: ChangeKind, one: str, came: Iterable[str], went: Iterable[str], version: int) -> None:
        seq = first + len(found)
        found.append(Change(seq, kind, one, tuple(sorted(came)), tuple(sorted(went)), version, at))

    split = {old for old, new in history.went.items() if len(new) > 1}
    for old in sorted(split):
        parts = history.went[old]
        tell("split", old, (), parts - {old}, max(versions.get(one, 1) for one in {old} & parts or parts))
    for person in touched:
        one, olds = person.person_id, history.came.get(person.id, set())
        if gone := history.ended.get(person.id):
            tell("merged", one, gone, (), person.version)
        elif one not in split and one not in olds:
            tell("created", one, olds, (), person.version)
        elif one not in split:
            tell("updated", one, (), (), person.version)
    return found


def _is_ghost(ws: Workspace, founder: int) -> bool:
    """Whether whom a record founds is erased: a ghost founds nobody while there is a living record."""
    return ws.any_ghosts and founder not in ws.writes.records_gone and bool(ws.record(founder).ghost)


def _ended(ws: Workspace, living: set[str]) -> dict[int, set[str]]:
    """The ids that no person has any more, by the person to whom each leads now: who has its founding record,
    or the message that had founded a record which went."""
    ended: dict[int, set[str]] = {}
    anew = ws.writes.events.values() if ws.writes.records_gone else ()
    written = {event.key: event.record for event in anew}
    for person, founder in ws.founders_before.items():
        former = ws.sizes_before[person][0]
        if former in living or _is_ghost(ws, founder):
            continue
        one: int | None = founder
        if founder in ws.writes.records_gone:
            said = ws.writes.state.get(ISSUED + former)
            one = written.get(led_to(said)) if said else None
        if one is not None:
            ended.setdefault(ws.record(one).person, set()).add(former)
    return ended


def _histories(ws: Workspace) -> tuple[dict[int, set[str]], dict[str, set[str]]]:
    """The former ids of each changed person's records, and the ids that each former id's records have now."""
    before: dict[int, set[str]] = {}
    after: dict[str, set[str]] = {}
    left: dict[int, int] = {}
    erased = {person for person, founder in ws.founders_before.items() if _is_ghost(ws, founder)}
    for one, origin in ws.origins.items():
        record = ws.record(one) if one not in ws.writes.records_gone else None
        if not origin or origin in erased:
            continue
        former = ws.sizes_before[origin][0]
        if record is None or record.person != origin:
            left[origin] = left.get(origin, 0) + 1
        if record is not None and not record.ghost:
            before.setdefault(record.person, set()).add(former)
            after.setdefault(former, set()).add(ws.person(record.person).person_id)
    for one, (former, size) in ws.sizes_before.items():
        # Of somebody's records those may stay alone that were erased.
        if size > left.get(one, 0) and one not in erased and not _is_ghost(ws, ws.person(one).founder):
            before.setdefault(one, set()).add(former)
            after.setdefault(former, set()).add(ws.person(one).person_id)
    return before, after


def shown(change: Change) -> dict[str, Any]:
    """A change as JSON."""
    names = ("seq", "kind", "person_id", "from", "into", "version", "at")
    return {**dict(zip(names, change, strict=True)), "at": iso(change.at)}
