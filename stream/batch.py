"""One batch: what it takes in, what becomes of it, and everything that is written at its end."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graph_schema.store import Transaction
from graph_schema.vocabulary import (
    DeadLetter,
    Event,
    EventKey,
    Held,
    Holding,
    IdentifierNode,
    Judgement,
    Person,
    Record,
    RecordKey,
    StoredEvent,
)
from stream.awaited import told_up_to
from stream.erasure import Erasure, Tombs, alias_tomb
from stream.feed import changes_of
from stream.foreseeing import foresee
from stream.identity import Identity
from stream.intake import Intake
from stream.judging import alias_name
from stream.letters import kept_name
from stream.profiling import Profiling, Told
from stream.readying import told
from stream.refolding import Refolding
from stream.upkeep import Upkeep
from stream.workspace import Workspace


@dataclass
class Counts:
    """What became of the items of a batch."""

    taken: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    erased: int = 0

    def add(self, others: "Counts") -> None:
        """Adds what became of others."""
        for name, number in vars(others).items():
            setattr(self, name, getattr(self, name) + number)


class Batch:
    """The evidence of one transaction, folded item by item and written once."""

    def __init__(self, tx: Transaction, ws: Workspace, intake: Intake, now: int) -> None:
        self.tx = tx
        self.ws = ws
        self.intake = intake
        self.now = now
        self.counts = Counts()
        self.position: str | None = None
        self.identity = Identity(ws)
        self._told: dict[EventKey, Told] = {}
        self.unsaid: dict[int, Event] = {}
        self._seen: dict[EventKey, int] = {}
        self._tombs = Tombs(tx, ws)
        self._touched: set[int] = set()
        self._state: dict[str, Any] = {}
        spaces = intake.plan.spaces
        self._timed = frozenset(
            i for i, space in enumerate(spaces) if space.lease or space.contested != "apart"
        )

    def prefetch(self, events: Sequence[Event]) -> None:
        """Reads what a batch of events is about to need, in few questions."""
        keys = {event.record for event in events}
        named = {held[:2] for event in events for held in event.held}
        for event in events:
            if event.also is not None:
                keys.add(event.also[0])
                named.update(held[:2] for held in event.also[1])
        self._seen.update(self.tx.seen({event.key for event in events}, *self.ws.unmet(keys, named)))
        ids = self.ws.record_ids(keys)
        known = self.ws.identifier_ids(named)
        records = self.ws.records(ids.values())
        of = {key: records[one] for key, one in ids.items()}
        gained = _gained(events, of, known)
        if self.tx.far:
            foresee(self.ws, _gaining(events, of, known), gained)
        else:
            self.ws.identifiers(gained)
        self.ws.persons({record.person for record in records.values()})
        self.ws.expect([(ids.get(event.record), event) for event in events if event.traits])

    def reject(self, letter: DeadLetter) -> None:
        """Keeps what could not be taken."""
        if self._tombs.refuses_letter(letter):
            self.counts.erased += 1
            return
        if self.position is not None:
            letter = letter._replace(position=self.position)
            name = kept_name(letter)
            if name in self._state or self.tx.get(name):
                self.counts.duplicates += 1
                return
            self._state[name] = True
        self.counts.dead_letters += 1
        self.ws.writes.dead_letters.append(letter)

    def take(self, event: Event) -> None:
        """Folds one event into its record, and settles whose it is."""
        if self._tombs.refuses(event):
            self.counts.erased += 1
            return
        known = self._seen.get(event.key)
        if known is not None:
            self._again(known, event)
            return
        one = self.tx.allocate("event")
        self._seen[event.key] = one
        self._put(event, one)
        self.counts.taken += 1

    def judge(self, judgement: Judgement) -> None:
        """Takes a steward's word, or that it was taken back."""
        keys = {*judgement.a, *judgement.b}
        found = self.ws.record_ids(keys)
        for key in sorted(keys - found.keys()):
            self.ws.awaited.wait(key, judgement.judgement_id)
        ids = set(found.values())
        self.ws.records(ids)
        reached = self.identity.kindred.reach(ids)
        self.ws.awaited.say(judgement)
        self.ws.writes.judged_records += [(one, judgement.judgement_id) for one in sorted(ids)]
        self._state["judgements"] = True
        # What a word kept apart that is taken back was resolved without borders: see `neighbourhood`.
        back = judgement.kind == "different" and judgement.retracted_at is not None
        self.identity.around(ids | reached, crossing=back)

    def erase(self, person: int, at: int) -> None:
        """Leaves of each record of a person a ghost."""
        Erasure(self.tx, self.ws, self.intake).carry_out(self.ws.person(person), at)

    def finish(self, state: Mapping[str, Any], upkeep: Upkeep | None = None, tells: bool = True) -> None:
        """Brings persons, profiles, feeds and, where there is ``upkeep``, audiences up to date, and writes
        everything. ``tells``: the feed says what became of persons."""
        profiling = Profiling(self.tx, self.ws, self.intake)
        told = [*self._told.values()]
        profiling.carry_out(told, self.unsaid)
        profiling.note_names(told)
        self._touched.update(self.ws.record(one.record).person for one in told)
        self._touched.update(self.ws.writes.profiles)
        # A value that links nobody any more, or links again, is shown so, and an address not written to.
        self._touched.update(self.ws.persons_holding(self.ws.flipped))
        for one in self._touched:
            self.ws.touch(self.ws.person(one))
        if upkeep is not None:
            upkeep.after(profiling, told, self.now)
        changed: list[Person] = list(self.ws.persons_left())
        latest = self._latest(changed)
        for person in changed:
            person.version = latest[person.id] + 1
        writes = self.ws.collect()
        if tells and (changed or writes.changes):
            first = self.tx.last_change() + 1 + len(writes.changes)
            writes.changes = writes.changes + changes_of(self.ws, changed, first, self.now)
        writes.state = {**writes.state, **self._state, **state}
        self.tx.apply(writes)

    def _latest(self, changed: list[Person]) -> dict[int, int]:
        """The highest version of each person and of whom her records were before: an id that goes and comes
        back goes on from there."""
        latest = {person.id: person.version for person in changed}
        was = self.ws.sizes_before
        fresh = {one.person_id: one.id for one in changed if was.get(one.id, ("",))[0] != one.person_id}
        for named, version in told_up_to(self.tx, self.ws.writes, fresh).items():
            latest[fresh[named]] = max(latest[fresh[named]], version)
        for one, origin in self.ws.origins.items():
            person = 0 if one in self.ws.writes.records_gone else self.ws.record(one).person
            if origin and person in latest:
                latest[person] = max(latest[person], self.ws.person(origin).version)
        return latest

    def _store(self, event: StoredEvent) -> None:
        self.ws.writes.events[event.id] = event
        self.ws.record(event.record).last_event = event.id

    def _fold(
        self, key: RecordKey, at: int | None, held: tuple[Held, ...], traits: tuple[tuple[str, str], ...] = ()
    ) -> Record:
        """Adds a sighting of each identifier, and what else was said, to a record, a new one where there is
        none, and settles it."""
        one = self.ws.record_id(key)
        record = self.ws.new_record(key, at) if one is None else self.ws.record(one)
        named = [self.ws.identifier(each) for each in held]
        fresh = {each for each in named if each not in record.holdings}
        says = told(record.traits, traits) if traits else None
        learnt = None if says is None else self.ws.learn(record, says)
        changed = bool(fresh) or learnt is not None
        was_known = changed and record.person > 0 and self.identity.known(record)
        moved = self._sight(record, named, held, at)
        self.ws.dirty_records.add(record.id)
        earlier = at is not None and (record.first_at is None or at < record.first_at)
        if earlier:
            record.first_at = at
        if changed or not record.person:
            self.identity.gained(record, fresh, was_known, learnt)
        if moved:
            self.identity.seen_again(record, moved)
        if earlier or fresh:
            self.ws.challenge_founder(self.ws.person(record.person), record)
        return record

    def _sight(
        self, record: Record, named: list[int], held: tuple[Held, ...], at: int | None
    ) -> list[tuple[IdentifierNode, bool]]:
        """Widens what a record has seen; returns the identifiers of which the time of sighting can matter,
        each with whether it had none."""
        moved: list[tuple[IdentifierNode, bool]] = []
        holdings = record.holdings
        for one, each in zip(named, held, strict=True):
            old = holdings.get(one)
            if old is None:
                holdings[one] = Holding(self.ws.place_of(each), at, at, each.flags)
            elif at is not None:
                first, last = old.first, old.last
                if first is None or last is None:
                    holdings[one] = Holding(old.namespace, at, at, old.flags)
                elif at < first or at > last:
                    holdings[one] = Holding(old.namespace, min(first, at), max(last, at), old.flags)
                else:
                    continue
                if old.namespace in self._timed:
                    node = self.ws.identifiers((one,))[one]
                    moved.append((node, last is None))
                    if last is None and node.timeless:
                        node.timeless -= 1
                        self.ws.dirty_nodes.add(one)
        return moved

    def _alias(
        self, event: Event, also: tuple[RecordKey, tuple[Held, ...]], record: Record, one: int
    ) -> None:
        """An alias founds a second record; a trusted source holds the two together, another opens a case."""
        key, held = also
        if self._tombs.refuses_other(key, event):
            # By other rules the other may have a key that tells nothing of an erasure.
            self._state[alias_tomb(event, self.ws.id_key)] = self.now
            return
        second = self._fold(key, event.at, held)
        self._touched.add(second.person)
        if second.id == record.id:
            return
        self.ws.writes.also.append((second.id, one))
        if not self.intake.rules.source(event.key.source).trusted_alias:
            self._state[alias_name(event.key)] = [list(record.key), list(second.key)]
            return
        self.judge(_alias_word(event, key))

    def _unalias(self, event: Event, also: RecordKey) -> None:
        """Takes back what an alias said whose message turned out to say something else."""
        if also == event.record:
            return
        if self.intake.rules.source(event.key.source).trusted_alias:
            self.judge(replace(_alias_word(event, also), retracted_at=self.now))
        else:
            self._state[alias_name(event.key)] = None

    def _again(self, one: int, event: Event) -> None:
        """A message under an id that is known: the same again, or a different content under it."""
        stored = self.ws.writes.events.get(one) or self.tx.events((one,))[one]
        if stored.content == event.content:
            self.counts.duplicates += 1
            return
        loser = self._keep(stored, event)
        reason = (
            "another content came under the same messageId; the earlier one stands. Give each message its own"
        )
        self.reject(
            DeadLetter(event.key.source, event.key.message_id, "messageId", reason, loser, event.received)
        )

    def _keep(self, stored: StoredEvent, event: Event) -> bytes:
        """Of two contents under one id the earlier stands, then the smaller; returns the other."""

        def rank(at: int | None, stamped: bool, content: bytes) -> tuple[bool, int, bytes]:
            missing = stamped or at is None
            return missing, 0 if missing or at is None else at, content

        stands = rank(stored.at, stored.stamped, stored.content)
        if stands <= rank(event.at, event.stamped, event.content):
            return event.content
        old = self.intake.again(stored)
        self.ws.writes.events.pop(stored.id, None)
        if self._told.pop(old.key, None) is None:
            self.unsaid[stored.id] = old
        if old.also is not None:
            self._unalias(old, old.also[0])
        Refolding(self.tx, self.ws, self.intake).without(stored, event)
        self._put(event, stored.id)
        return stored.content

    def _put(self, event: Event, one: int) -> None:
        record = self._fold(event.record, event.at, event.held, event.traits)
        said = event.key, event.at, event.stamped, event.received
        self._store(StoredEvent(one, *said, record.id, record.last_event, event.content))
        self._told[event.key] = Told(record.id, event)
        if event.also is not None:
            self._alias(event, event.also, record, one)


def _gained(
    events: Sequence[Event], records: Mapping[RecordKey, Record], known: Mapping[tuple[str, str], int]
) -> set[int]:
    """The known identifiers that records come to hold by these events."""
    return {
        one
        for event in events
        for held in event.held
        if (one := known.get(held[:2])) is not None
        and (event.record not in records or one not in records[event.record].holdings)
    }


def _gaining(
    events: Sequence[Event], records: Mapping[RecordKey, Record], known: Mapping[tuple[str, str], int]
) -> Collection[Record]:
    """The records that come to hold something by these events, or may come to say something."""
    return {
        event.record: record
        for event in events
        if (record := records.get(event.record)) is not None
        and (event.traits or any(known.get(held[:2]) not in record.holdings for held in event.held))
    }.values()


def _alias_word(event: Event, also: RecordKey) -> Judgement:
    """What an alias of a trusted source says: that its two records are one person's."""
    founders = {event.record: (event.key,), also: (event.key,)}
    by = event.key.source
    return Judgement(alias_name(event.key), "same", (event.record,), (also,), event.at, by, "alias", founders)
