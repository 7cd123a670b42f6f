"""Takes one event back out of its record: what remains is as if it had never come.

Needed where a message turns out to have an earlier content, and for nothing else in the stream; so it is
exact rather than quick. Identifiers that were lost are counted anew, and everybody near is resolved again.
"""

from graph_schema.store import Transaction
from graph_schema.vocabulary import (
    BLOCKED,
    CLAIMED,
    Event,
    Holding,
    Identifier,
    IdentifierNode,
    Record,
    StoredEvent,
)
from resolver.evidence import is_generic, peers_of, people_holdings
from stream.contents import Learnt
from stream.erasure import hash_nobodys
from stream.identity import Identity
from stream.intake import Intake, of_other
from stream.kindred import Kindred
from stream.readying import Said, told
from stream.workspace import Workspace


class Refolding:
    """Folds records again from their events."""

    def __init__(self, tx: Transaction, ws: Workspace, intake: Intake) -> None:
        self.tx = tx
        self.ws = ws
        self.intake = intake

    def without(self, gone: StoredEvent, then: Event) -> None:
        """Takes a stored event out of its record, or out of both of an alias's, for another to stand instead.

        A record of which no event is left goes, but not where that other tells of it: made anew, it would be
        of somebody created anew, whose version begins again. An alias tells of nobody who was erased.
        """
        for one in self._records_of(gone):
            record = self.ws.record(one)
            events = self._events_of(record, gone)
            again = [(stored, self.intake.again(stored)) for stored in events]
            learnt = self.ws.learn(record, self._traits(record, again))
            neighbours = self.ws.members((record.person,))[record.person] | self._reached(record, learnt)
            before = dict(record.holdings)
            self._unlink(record, gone, events)
            self._fold(record, again)
            if learnt is not None:
                self.ws.say(record, learnt)
            lost = before.keys() - record.holdings.keys()
            for identifier in lost:
                self.ws.let_go(identifier, one)
            mute = {each for each, holding in (before | record.holdings).items() if not holding.links}
            for each, node in self.ws.identifiers(mute).items():
                node.holders += (each in record.holdings) - (each in before)
                self.ws.dirty_nodes.add(each)
            also = then.also is not None and record.key == then.also[0] and self.ws.ghost(record.key) is None
            leaves = record.key != then.record and not also
            if leaves:
                first = min(((each.at is None, each.at or 0, each.key) for each in events), default=None)
                self.ws.found_words(record, gone.key, None if first is None else first[2])
            if leaves and not events:
                named = {key for word in self.ws.judgements((one,)) for key in (*word.a, *word.b)}
                neighbours.update(self.ws.record_ids(named).values())
                self.ws.remove(record, gone.key)
                neighbours.discard(one)
            flipped = self._recount((before.keys() | record.holdings.keys()) - mute)
            if self.ws.any_ghosts:
                # It was named, and then was not; who names it in this batch still means it.
                hashed = hash_nobodys(self.ws, self.ws.identifiers(lost).values())
                self.ws.identifier_ids(hashed)
            for records in self.ws.holders(lost | flipped).values():
                neighbours.update(records)
            if neighbours:
                self.ws.records(neighbours)
                Identity(self.ws).around(neighbours, flipped)

    def _records_of(self, event: StoredEvent) -> list[int]:
        own = self.intake.again(event)
        records = [event.record]
        if own.also is not None:
            second = self.ws.record_ids((own.also[0],)).get(own.also[0])
            if second is not None and second != event.record:
                records.append(second)
        return records

    def _events_of(self, record: Record, gone: StoredEvent) -> list[StoredEvent]:
        """The other events of a record, of this batch and before."""
        stored = {event.id: event for _, event in self.tx.history((record.id,))}
        known = {**stored, gone.id: gone}
        also = {one for one, event in stored.items() if event.record != record.id}
        also -= {event for one, event in self.ws.writes.also_gone if one == record.id}
        also |= {event for one, event in self.ws.writes.also if one == record.id}
        one, own = record.last_event, list[int]()
        while one:
            own.append(one)
            one = (self.ws.writes.events.get(one) or known[one]).previous
        found = {each: self.ws.writes.events.get(each) or known[each] for each in (*own, *also)}
        return [event for each, event in found.items() if each != gone.id]

    def _unlink(self, record: Record, gone: StoredEvent, events: list[StoredEvent]) -> None:
        """Mends the chain of a record's events."""
        if gone.record != record.id:
            self.ws.writes.also = [pair for pair in self.ws.writes.also if pair != (record.id, gone.id)]
            self.ws.writes.also_gone.append((record.id, gone.id))
            return
        if record.last_event == gone.id:
            record.last_event = gone.previous
        for event in events:
            if event.previous == gone.id:
                self.ws.writes.events[event.id] = event._replace(previous=gone.previous)

    def _traits(self, record: Record, again: list[tuple[StoredEvent, Event]]) -> Said:
        """What a record says by its events, for matching."""
        traits: Said = {}
        for stored, event in again:
            if stored.record == record.id:
                traits = told(traits, event.traits) or traits
        return traits

    def _reached(self, record: Record, learnt: Learnt | None) -> set[int]:
        """The records that matching could relate to the change, before it."""
        if self.ws.model is None:
            return set()
        people = {one for one, _ in people_holdings(self.ws.plan, record.holdings)}
        generic = [node.id for node in self.ws.identifiers(people).values() if node.generic]
        near = [self.ws.holders(generic), self.ws.speakers(learnt.ends if learnt is not None else ())]
        starts = {other for found in near for records in found.values() for other in records}
        return Kindred(self.ws).reach({record.id, *starts})

    def _fold(self, record: Record, again: list[tuple[StoredEvent, Event]]) -> None:
        """Makes a record hold what its events say, and nothing else."""
        holdings: dict[int, Holding] = {}
        times: list[int] = []
        named = [each for _, event in again for each in (*event.held, *of_other(event))]
        self.ws.identifier_ids({Identifier(each.namespace, each.value) for each in named})
        for stored, event in again:
            held = event.held if stored.record == record.id else of_other(event)
            for each in held:
                one = self.ws.identifier(each)
                old = holdings.get(one)
                seen = [time for time in (old and old.first, old and old.last, event.at) if time is not None]
                first, last = (min(seen), max(seen)) if seen else (None, None)
                holdings[one] = Holding(self.ws.place_of(each), first, last, each.flags)
            times += [event.at] if event.at is not None else []
        record.holdings = holdings
        record.first_at = min(times, default=None)
        self.ws.dirty_records.add(record.id)

    def _recount(self, identifiers: set[int]) -> set[int]:
        """Counts the holders of identifiers from scratch; returns those whose genericness changed."""
        nodes = self.ws.identifiers(identifiers)
        flipped: set[int] = set()
        for node in nodes.values():
            records = self._holders(node)
            was = node.generic
            self._count(node, records)
            if node.generic != was:
                flipped.add(node.id)
        widened = {
            held for one in flipped for record in self._holders(nodes[one]) for held in record.holdings
        }
        known = Identity(self.ws).known
        for node in self.ws.identifiers(identifiers | widened).values():
            node.unknown = sum(not known(record) for record in self._holders(node))
            self.ws.dirty_nodes.add(node.id)
        self.ws.flipped |= flipped
        return flipped

    def _holders(self, node: IdentifierNode) -> list[Record]:
        ids = self.ws.holders((node.id,))[node.id]
        return [record for record in self.ws.records(ids).values() if node.id in record.holdings]

    def _count(self, node: IdentifierNode, records: list[Record]) -> None:
        plan = self.ws.plan
        node.holders = len(records)
        node.claims = sum(bool(record.holdings[node.id].flags & CLAIMED) for record in records)
        node.timeless = sum(
            record.holdings[node.id].last is None
            for record in records
            if node.namespace >= 0 and plan.spaces[node.namespace].lease is not None
        )
        node.peers = peers_of(plan, node, records)
        counted = sum(not record.holdings[node.id].flags & BLOCKED for record in records)
        node.generic = node.namespace >= 0 and is_generic(plan.spaces[node.namespace], counted, node.peers)
        persons = {record.person for record in records} - {0}
        node.sole = persons.pop() if len(persons) == 1 else -1 if persons else 0
