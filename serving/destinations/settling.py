"""What the ledger is to know once a request was answered, and once it is known what became of it.

Whoever a platform did not take out is still in the list: the ledger goes on knowing her there, and she is
looked at again. A receipt tells only of what was taken out.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final

from graph_schema.store import Transaction
from serving.destinations.delivering import Delivery
from serving.destinations.ledger import WITHHELD, Entry, Ledger, State, kept_rows
from serving.destinations.planning import Plan, Touched
from serving.destinations.platforms import Op, Outcome, Row

RECEIPT_OF: Final = "receipt-of/"
"""Operational state: under which id the receipts are of somebody erased, by each id of hers that was told."""


def expect_receipts(ledger: Ledger, tx: Transaction, plan: Plan, touched: Touched, at: int) -> None:
    """Marks what is to be taken out of the erased, and begins their receipts."""
    ids = {*touched.erased, *(touched.persons if touched.erased else ())}
    gone = erased_as(tx, {*ids, *(row.person_id for row in plan.removes)})
    plan.state |= {RECEIPT_OF + one: known for one, known in gone.items()}
    plan.removes = [row._replace(said="erased" * (row.person_id in gone)) for row in plan.removes]
    rows = [row for row in plan.removes if row.said]
    if rows:
        settling = Settling(ledger, tx, rows, at)
        settling.erased = gone
        for row in rows:
            settling.expected(row)
        plan.state |= settling.state
    for name in {ledger.receipt(gone.get(one, one)) for one in touched.erased}:
        if name not in plan.state and tx.get(name) is None:
            plan.state[name] = {"handles": 0, "open": [], "request": "", "at": at}


def erased_as(tx: Transaction, person_ids: Collection[str]) -> dict[str, str]:
    """Of these ids those of the erased, older ids of theirs too, each with the one that stands for all."""
    kept = tx.states([RECEIPT_OF + one for one in person_ids])
    found = {name.removeprefix(RECEIPT_OF): known for name, known in kept.items()}
    founded = tx.founded([one for one in person_ids if one not in found])
    records = tx.records(set(founded.values()))
    persons = tx.persons({record.person for record in records.values() if record.ghost})
    for one, record in founded.items():
        if records[record].ghost:
            found[one] = persons[records[record].person].person_id
    return found


class Settling:
    """What is written of some rows of a list: ``state``, and ``head``, which is to be written with it."""

    def __init__(self, ledger: Ledger, tx: Transaction, rows: Collection[Row], at: int) -> None:
        self.state: State = {}
        self.left = 0
        self.head = ledger.begun(tx)
        self._ledger, self._tx, self._at = ledger, tx, at
        self._entries = ledger.entries(tx, {handle for row in rows for handle in row.handles})
        self._handles = ledger.handles(tx, {row.person_id for row in rows})
        self.erased = erased_as(tx, {row.person_id for row in rows if row.said == "erased"})

    def answered(self, op: Op, told: Delivery, dropped: Iterable[Row]) -> None:
        """A request was answered; ``dropped`` are rows that weren't sent."""
        head, later = self.head, {row for rows in told.later.values() for row in rows}
        for row, refused in (*told.rows, *((row, WITHHELD) for row in dropped)):
            if op != "remove":
                self._added(row, refused, told)
            elif refused and not self._never_came(row):
                self.still_there(row, refused)
            else:
                self._removed(row)
                if row not in later:
                    self.receipt(row, told.request)
            if refused and refused != WITHHELD:
                head.refused[refused] = head.refused.get(refused, 0) + 1
        if told.unnamed:
            head.refused["unnamed"] = head.refused.get("unnamed", 0) + told.unnamed
        for request, rows in told.later.items():
            self.state[self._ledger.name("later", request)] = self._at
            self.state[self._ledger.name("sent", request)] = [op, kept_rows(rows)]
        sent = sum(len(row.handles) for row, refused in told.rows if not refused)
        head.removed += sent * (op == "remove")
        head.added += sent * (op != "remove")
        head.dirty = True

    def _added(self, row: Row, refused: str, told: Delivery) -> None:
        if refused != WITHHELD:
            self._known_by(row)
        # Who was withheld may have left since: nothing that nobody would take out again is kept of her.
        for handle in (one for one in row.handles if one in self._handles[row.person_id]):
            known = self._entries.get(handle)
            # What a list holds it goes on holding, though it is refused when it comes again.
            fate = "" if known and not known.refused and refused != WITHHELD else refused
            persons = {*(known.persons if known else ()), row.person_id}
            entry = Entry(handle, tuple(sorted(persons)), self._at, told.request, fate, told.told.get(handle))
            self._put(entry)

    def _removed(self, row: Row) -> None:
        for handle in row.handles:
            self._entries.pop(handle, None)
            self.state[self._ledger.row(handle)] = None

    def _never_came(self, row: Row) -> bool:
        """Whether a list never took what is to be taken out of it."""
        known = [self._entries.get(handle) for handle in row.handles]
        return all(one is not None and one.refused not in ("", WITHHELD) for one in known)

    def came_out(self, request: str, op: Op, rows: Iterable[Row], outcome: Outcome) -> bool:
        """It is known what became of a request, or will never be; returns whether it is to be made again."""
        head, ledger = self.head, self._ledger
        self.state |= {ledger.name("later", request): None, ledger.name("sent", request): None}
        for reason, count in outcome.refused.items():
            head.refused[reason] = head.refused.get(reason, 0) + count
        head.match_rate = outcome.match_rate or head.match_rate
        if op != "remove":
            return outcome.failed
        # Which rows were not taken out is not told, so all of them stay to be.
        lost = outcome.failed or not outcome.is_known or bool(outcome.refused)
        for row in rows:
            if lost:
                head.removed -= len(row.handles)
                self.still_there(row, " ".join(sorted(outcome.refused)))
            else:
                self.receipt(row, request)
        return lost

    def still_there(self, row: Row, why: str) -> None:
        """A row was to be taken out and wasn't, or nobody knows: it stays to be taken out."""
        self._known_by(row)
        self.state[self._ledger.name("left", row.person_id)] = why
        self.left += 1
        for handle in row.handles:
            known = self._entries.get(handle) or Entry(handle, (), self._at)
            self._put(known._replace(persons=tuple(sorted({*known.persons, row.person_id}))))

    def _known_by(self, row: Row) -> None:
        """By a row's handles she is in the list, besides those by which she was."""
        had = self._handles[row.person_id]
        known = list(dict.fromkeys([*had, *row.handles]))
        if known != had:
            self.head.members += not had
            self._handles[row.person_id] = known
            self.state[self._ledger.name("person", row.person_id)] = known

    def _put(self, entry: Entry) -> None:
        self._entries[entry.handle] = entry
        self.state[self._ledger.row(entry.handle)] = list(entry)

    def expected(self, row: Row) -> None:
        """A row of somebody erased is about to be taken out: her receipt says that it isn't yet."""
        name, kept = self._receipt(row)
        waits = sorted({*kept["open"], *map(self._ledger.digest, row.handles)})
        self.state[name] = {**kept, "open": waits, "at": self._at}

    def receipt(self, row: Row, request: str) -> None:
        """A row was taken out: where it is of somebody erased, her receipt says so."""
        if row.said == "erased":
            name, kept = self._receipt(row)
            done = {*map(self._ledger.digest, row.handles)}.intersection(kept["open"])
            waits = sorted({*kept["open"]} - done)
            told = {"handles": kept["handles"] + len(done), "open": waits, "at": self._at}
            self.state[name] = {**told, "request": request}

    def _receipt(self, row: Row) -> tuple[str, dict[str, Any]]:
        name = self._ledger.receipt(self.erased.get(row.person_id, row.person_id))
        kept = self.state.get(name) or self._tx.get(name) or {}
        return name, {"handles": 0, "open": [], "request": "", **kept}
