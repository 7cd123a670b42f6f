"""One list of one destination: what it must be told next, telling it, and settling what it answered.

A step reads the feeds, compares, and writes down at once what is to be sent and how far it has read; then
each request is made and settled. So a process that is killed anywhere forgets nothing: what was written down
is sent, and only a request that was under way is made again, as the same request.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Final, NamedTuple

from graph_schema.store import Transaction
from profiles.moments import DAY
from resolver.sentences import counted
from serving.destinations.delivering import Delivery, chunks, delivered, key_of
from serving.destinations.ledger import SHARDS, Flight, Head, Lease, Ledger, State, kept_rows, rows_of
from serving.destinations.planning import Comparing, Plan, Touched, Wants
from serving.destinations.platforms import DestinationRefuses, Job, Op, Outcome, Platform, Row
from serving.destinations.registry import Home
from serving.destinations.sending import Courier
from serving.destinations.settings import GoogleSettings
from serving.destinations.settling import Settling, expect_receipts
from stream.batch import Batch
from stream.engine import Engine
from stream.feed import seen_to
from stream.parts import followed
from stream.turns import undisturbed

AT_ONCE: Final = 10_000
"""How many entries of a feed, or members, one step takes."""
_OUTCOME_AFTER: Final = DAY // 48
MADE_AGAIN: Final = -1
"""Stands for the feeds' places in a flight whose rows are to be looked at again, all of them."""


Report = Callable[[str, str, int], None]
"""Is told what was sent: the list, the operation, and how many members."""


class Means(NamedTuple):
    """What the lists of one destination share."""

    engine: Engine
    platform: Platform
    courier: Courier
    wants: Wants
    lease: Lease
    report: Report


class List:
    """One list."""

    def __init__(self, home: Home, means: Means) -> None:
        self.target = home.target
        self.ledger = Ledger(home.target, home.now["prefix"], means.engine.id_key)
        self.complaints: list[DestinationRefuses] = []
        self._home = home
        self._look_again = True
        self.means = means
        self._engine = means.engine
        self._read: Head | None = None

    def head(self) -> Head | None:
        """How far the list is, None where it was never begun."""
        with self._engine.store.read() as tx:
            return self.ledger.head(tx)

    def members(self, tx: Transaction, after: tuple[str, int]) -> tuple[list[str], tuple[str, int] | None]:
        """Some members of its audience, and the place to go on after (None: there are no more)."""
        found = tx.enrolled(self.target.audience, self.target.product, after, AT_ONCE)
        persons = tx.persons({one.person for one in found})
        more = (found[-1].product, found[-1].person) if len(found) == AT_ONCE else None
        return [person.person_id for person in persons.values()], more

    def put(self, state: Mapping[str, Any], head: Head | None = None) -> None:
        """Writes to the ledger, if this process still may; with it how far the list is."""

        def work(batch: Batch) -> None:
            self.means.lease.check(batch.tx)
            batch.ws.writes.state.update(state)
            if head is not None:
                head.at = self._engine.clock()
                batch.ws.writes.state[self.ledger.head_name] = asdict(head)

        self._engine.carry_out(work)
        self._read = None

    # What is to be told

    def step(self) -> bool:
        """Writes down what is to be told next; returns whether there was anything to look at."""
        with self._engine.store.read() as tx:
            # A copy: where this fails, nothing was read.
            head = self.ledger.head(tx) if self._read is None else replace(self._read)
            is_new = head is None
            head = head or Head(tx.last_delta(), tx.last_change(), refresh_at=self._next_refresh())
            read = head.delta
            touched = self._next(tx, head)
            plan = Plan() if touched is None else self._compared(tx, head, touched)
            state = self._written_down(tx, head, plan)
        if touched is None and not is_new:
            # What other audiences were told is not looked through each time.
            self._read = head if head.delta > read else self._read
            return False
        if state or is_new or (touched is not None and touched.is_tour):
            head.members += plan.members
            self.put(state, head)
        else:
            # Nothing concerned this list: how far the feeds were read needn't be written each time.
            self._read = head
        return True

    def _next(self, tx: Transaction, head: Head) -> Touched | None:
        """Whom to look at next, and moves the head past them: what happened before what is gone over."""
        if self._look_again:
            self._look_again = False
            if left := self.ledger.held(tx, "left"):
                return Touched(left)
        deltas = tx.deltas(self.target.audience, head.delta, AT_ONCE)
        changes = tx.changes(head.change, AT_ONCE)
        head.delta = seen_to(tx, deltas, head.delta, AT_ONCE)
        if deltas or changes:
            head.change = changes[-1].seq if changes else head.change
            persons = {one.person_id for one in deltas}
            for one in changes:
                persons.update((one.person_id, *one.came_from, *one.went_into))
            return Touched(persons, {one.person_id for one in changes if one.kind == "erased"})
        if head.walk is not None:
            members, head.walk = self.members(tx, head.walk)
            return Touched(members, is_tour=True)
        if head.sweep is None and head.refresh_at is not None and head.refresh_at <= self._engine.clock():
            head.sweep, head.renew, head.refresh_at = 0, True, self._next_refresh()
        if head.sweep is None:
            return None
        persons = set()
        while head.sweep is not None and len(persons) < AT_ONCE:
            persons.update(self.ledger.held(tx, "person", SHARDS[head.sweep]))
            head.sweep = head.sweep + 1 if head.sweep + 1 < len(SHARDS) else None
        return Touched(persons, is_tour=True)

    def _compared(self, tx: Transaction, head: Head, touched: Touched) -> Plan:
        now = self._engine.clock()
        wants, reader = self.means.wants, self._engine.reader_of(tx)
        persons = set(touched.persons)
        if not touched.is_tour:
            sharing = self.ledger.handles(tx, wants.sharing(reader, persons))
            persons |= {one for one, had in sharing.items() if had}
        wanted = wants.of(reader, self.target, persons, now)
        comparing = Comparing(tx, self.ledger, wanted)
        beside = comparing.beside()
        if beside:
            wanted = wants.of(reader, self.target, wanted.asked | beside, now)
            comparing = Comparing(tx, self.ledger, wanted)
        renewed: set[str] = set()
        if head.renew:
            # Whoever changes meanwhile too: by a merge she may come to stand where the tour has been.
            renewed |= comparing.due(self.means.platform, now)
        if touched.is_tour:
            renewed |= comparing.refused() if head.retry else set()
            if head.walk is None and not head.sweep:
                # Where the members were gone over, the sweep that follows sends nobody a second time.
                head.renew = head.retry = False
        plan = comparing.plan(beside, renewed)
        plan.state |= dict.fromkeys(tx.states([self.ledger.name("left", one) for one in touched.persons]))
        expect_receipts(self.ledger, tx, plan, touched, now)
        return plan

    def _written_down(self, tx: Transaction, head: Head, plan: Plan) -> State:
        state = dict(plan.state)
        both: tuple[tuple[Op, list[Row]], ...] = (("remove", plan.removes), ("add", plan.adds))
        for op, rows in both:
            for part in chunks(rows, self.means.platform):
                state |= self._again(head, Flight("", op, part, tx.last_delta(), tx.last_change()))
        return state

    def _next_refresh(self) -> int | None:
        settings = self.means.platform.settings
        after = settings.refresh
        if after is None and isinstance(settings, GoogleSettings):
            after = max(settings.lifetime - 30 * DAY, settings.lifetime // 2)
        return None if after is None else self._engine.clock() + after

    # Telling it

    def fly(self, op: Op) -> None:
        """Makes the requests of one operation that were written down, and settles them.

        Raises ``DestinationUnavailable`` or ``DestinationRefuses``; what was not settled stays.
        """
        with self._engine.store.read() as tx:
            flights = [one for one in self.ledger.flights(tx) if one.op == op]
        for flight in flights:
            rows = self.still(flight)
            # Without those who changed since it is another request: under one id the same comes, always.
            job = Job(op, self.target.remote, rows, key_of(f"{flight.name}{kept_rows(rows)}"))
            told = delivered(self.means.platform, job, self.means.courier) if rows else Delivery()
            kept = {row.person_id for row in rows}
            dropped = [row for row in flight.rows if row.person_id not in kept]
            left = self.settle(op, told, dropped, {flight.name: None})
            if left:
                self._complain(f"{counted(left, 'member')} not taken out yet")

    def still(self, flight: Flight) -> list[Row]:
        """The rows of a flight that may be sent now: nobody who changed since is sent by what was so then.

        Who is left out was read of in the feeds after the flight was made, so the next step takes her up.
        """
        if flight.op == "remove":
            return list(flight.rows)
        # Half of a merge could tell that what one of two withdrew is granted by the other.
        changed, wanted = undisturbed(partial(self._changed, flight))
        return [
            row
            for row in flight.rows
            if row.person_id not in changed
            or (
                row.person_id in wanted
                and set(row.handles) <= set(wanted[row.person_id].handles)
                and row.said == wanted[row.person_id].said
            )
        ]

    def _changed(self, flight: Flight) -> tuple[set[str], Mapping[str, Row]]:
        """Who changed since a flight was made, and by which row each of them would be sent now."""
        changed = {row.person_id for row in flight.rows}
        with self._engine.reader(whole=True) as reader:
            if flight.change != MADE_AGAIN:
                since = set(self._changed_since(reader.tx, flight))
                changed &= since | self.means.wants.sharing(reader, since)
            return changed, self.means.wants.of(reader, self.target, changed, self._engine.clock()).rows

    def _changed_since(self, tx: Transaction, flight: Flight) -> Iterator[str]:
        for delta in followed(partial(tx.deltas, self.target.audience), flight.delta, AT_ONCE):
            yield delta.person_id
        for change in followed(tx.changes, flight.change, AT_ONCE):
            yield from (change.person_id, *change.came_from)

    def settle(
        self, op: Op, told: Delivery, dropped: Collection[Row] = (), state: Mapping[str, Any] = {}
    ) -> int:
        """Writes what is so once a request was answered, with ``state``, and tells how many members were
        taken, and how many not; returns how many are still to be taken out."""
        with self._engine.store.read() as tx:
            rows = [*(row for row, _ in told.rows), *dropped]
            settling = Settling(self.ledger, tx, rows, self._engine.clock())
            settling.answered(op, told, dropped)
        self.put({**settling.state, **state}, settling.head)
        for said, fate in ((op, False), ("refused", True)):
            if members := len({row.person_id for row, why in told.rows if bool(why) is fate}):
                self.means.report(self.target.key, said, members)
        return settling.left

    # What comes later, and all at once

    def ask_outcomes(self) -> bool:
        """Asks what became of requests whose outcome comes later; what failed is to be done again.
        Returns whether anything is."""
        again = False
        with self._engine.store.read() as tx:
            waiting = self.ledger.held(tx, "later")
        due = [one for one, at in waiting.items() if at + _OUTCOME_AFTER <= self._engine.clock()]
        for request in due:
            outcome = self.means.platform.outcome(request, self.means.courier)
            if outcome.is_settled:
                again |= self._came_out(request, outcome)
        return again

    def _came_out(self, request: str, outcome: Outcome) -> bool:
        with self._engine.store.read() as tx:
            op, kept = tx.get(self.ledger.name("sent", request))
            rows = rows_of(kept)
            settling = Settling(self.ledger, tx, rows, self._engine.clock())
            again = settling.came_out(request, op, rows, outcome)
        if again and op != "remove":
            settling.state |= self._again(settling.head, Flight("", op, rows, MADE_AGAIN, MADE_AGAIN))
        self.put(settling.state, settling.head)
        self._look_again |= again
        if again or not outcome.is_known:
            what = " ".join(["failed:", *sorted(outcome.refused)]) if outcome.is_known else "is unknown there"
            self._complain(f"a request to {op} {counted(len(rows), 'row')} {what}")
        return again

    def _again(self, head: Head, flight: Flight) -> State:
        head.flights += 1
        return {self.ledger.flight(head.flights): flight.kept()}

    def _complain(self, what: str) -> None:
        key = self.target.key
        self.complaints.append(self.means.platform.refuses(f"{what} ({key})", "See onefold destinations"))

    def rest(self) -> None:
        """Writes how far the feeds were read, where nothing else was written since."""
        if not self._forget() and self._read is not None:
            self.put({}, self._read)

    def go_over(self, renew: bool, state: State | None = None) -> None:
        """Has the list compared with the truth, both ways, from the next step on; what was refused is tried
        again, and with ``renew`` everybody is sent again."""
        head = self.head()
        if head is not None:
            head.walk, head.sweep, head.retry, head.renew, head.dirty = ("", 0), 0, True, renew, True
        self.put(state or {}, head)

    def begin(self) -> None:
        """Has the list gone over where it was told by other settings, or for another audience."""
        told, now = self._home.told, self._home.now
        if told != now:
            with self._engine.store.read() as tx:
                flights = self.ledger.flights(tx)
            state: State = {self._home.name: now}
            for one in flights:
                state[one.name] = one._replace(delta=MADE_AGAIN, change=MADE_AGAIN).kept()
            self.go_over(renew=told.get("endpoint", now["endpoint"]) != now["endpoint"], state=state)

    def look_again(self) -> None:
        """Has whoever was not taken out looked at again."""
        self._look_again = True
        self.complaints.clear()

    def _forget(self) -> bool:
        """Gives up a list into which no audience goes, once nobody is in it; returns whether it does."""
        with self._engine.store.read() as tx:
            head = self.ledger.head(tx)
            if self.target.audience or head is None or head.members > 0 or not self.ledger.is_empty(tx):
                return False
        self.put({self._home.name: None, self.ledger.head_name: None})
        return True

    def publish(self) -> None:
        """Writes the list whole, where that is the platform's way and it has changed."""
        with self._engine.store.read() as tx:
            head = self.ledger.head(tx)
            platform, remote = self.means.platform, self.target.remote
            if not platform.publishes or head is None:
                return
            if not (head.dirty if platform.is_there(remote) else self.target.audience):
                return
            platform.publish(remote, self.ledger.published(tx))
        head.dirty = False
        self.put({}, head)
