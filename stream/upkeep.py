"""Keeps audiences up to date: whom a batch, or time alone, moved in or out, and when time can next do so.

Only persons are asked of whom something changed that an audience depends on. Every move is told in a feed of
its own, by the id that the person had then; whoever is gone (merged into another, erased) is taken out.
"""

import hashlib
import heapq
from collections.abc import Collection, Iterable, Mapping, Set
from functools import cached_property, partial
from typing import Final, NamedTuple

import orjson

from graph_schema.rules import Rules
from graph_schema.store import Document, Store, Transaction, Writes
from graph_schema.vocabulary import Delta, Enrolment, Membership
from profiles.audiences import concerns_audiences, memberships, tells_address
from profiles.channels import ADDRESSED
from profiles.portrait import Outline, Sketch
from profiles.profile_rules import profile_rules
from stream.deciding import addresses_in, living
from stream.parts import followed, in_parts
from stream.profiling import Profiling, Told
from stream.turns import in_turn
from stream.workspace import Workspace

AUDIENCES_STATE: Final = "audiences"
"""Operational state: the hash of the rules by which a store's memberships were derived."""

_AT_ONCE: Final = 1_000


class Place(NamedTuple):
    """A membership as the feed tells it."""

    audience: str
    product: str
    person_id: str


class Upkeep:
    """The audiences of one set of rules."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        told = [rules.profile, rules.audiences]
        self.hash = hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def after(self, profiling: Profiling, told: Iterable[Told], at: int) -> None:
        """Evaluates those whom a batch can have moved; what comes of it is written with the batch."""
        ws = profiling.ws
        gone = {one for one, person in ws.persons(ws.sizes_before.keys()).items() if not person.size}
        wanted = self._wanted(profiling, told) - gone
        if not wanted and not gone:
            return
        known = (wanted | gone) - ws.new_persons
        before = profiling.tx.memberships(known)
        now: set[Place] = set()
        # Of who was erased the batch writes another state than it read.
        states = {**profiling.states, **ws.writes.profiles}
        for one, sketch in self._sketches(ws, wanted, states).items():
            after, due = self._evaluate(sketch, at)
            _enrol(ws.writes, one, before.get(one, set()), after)
            if due is not None or one in known:
                ws.writes.dues[one] = due
            now |= _places(ws.person(one).person_id, after)
        for one in gone:
            _enrol(ws.writes, one, before[one], set())
            ws.writes.dues[one] = None
        was: set[Place] = set()
        for one, places in before.items():
            named = ws.sizes_before[one][0] if one in ws.sizes_before else ws.person(one).person_id
            was |= _places(named, places)
        _tell(profiling.tx, ws.writes, was, now, at)

    def fall_due(self, tx: Transaction, ws: Workspace, until: int) -> int:
        """Moves some of those who fall due by a moment, each at her own time; returns how many they were."""
        heap = tx.due(until, _AT_ONCE)
        if not heap:
            return 0
        ws.begin(tx)
        persons = {person for _, person in heap}
        sketches = self._sketches(ws, persons, tx.profiles(persons))
        names = {one: person.person_id for one, person in ws.persons(persons).items()}
        before = tx.memberships(persons)
        standing: dict[int, Set[Membership]] = {**before}
        writes = Writes()
        while heap:
            at, one = heapq.heappop(heap)
            after, due = self._evaluate(sketches[one], at)
            writes.dues[one] = due
            _tell(tx, writes, _places(names[one], standing[one]), _places(names[one], after), at)
            standing[one] = after
            if due is not None and due <= until:
                heapq.heappush(heap, (due, one))
        for one in persons:
            _enrol(writes, one, before[one], standing[one])
        tx.apply(writes)
        return len(persons)

    def refresh(
        self, tx: Transaction, ws: Workspace, persons: Collection[int], at: int, tell: bool
    ) -> set[Place]:
        """Evaluates persons whatever changed, and writes their places; returns these."""
        ws.begin(tx)
        writes = Writes()
        before = tx.memberships(persons)
        was, now = set[Place](), set[Place]()
        for one, sketch in self._sketches(ws, persons, tx.profiles(persons)).items():
            after, writes.dues[one] = self._evaluate(sketch, at)
            _enrol(writes, one, before[one], after)
            named = ws.person(one).person_id
            was |= _places(named, before[one])
            now |= _places(named, after)
        if tell:
            _tell(tx, writes, was, now, at)
        tx.apply(writes)
        return now

    def _wanted(self, profiling: Profiling, told: Iterable[Told]) -> set[int]:
        """The persons whom a batch can have moved."""
        ws = profiling.ws
        wanted = {
            one for one, (named, _) in ws.sizes_before.items() if ws.person(one).person_id != named
        } | profiling.restated
        wanted |= {ws.record(one).person for one in ws.writes.erased_records}
        # Of whom an address can be written to no longer, or again: it became generic, or ceased to be.
        nodes = ws.identifiers(ws.flipped).values()
        seen = ws.persons_holding([one.id for one in nodes if one.identifier.namespace in ADDRESSED.values()])
        for record_id, event in told:
            if concerns_audiences(event.facts, self.rules):
                wanted.add(ws.record(record_id).person)
            elif tells_address(event.facts):
                seen.add(ws.record(record_id).person)
        # Of whom nothing was said and nobody knows when, she is somebody all the same.
        begun = profiling.begun | ws.new_persons
        others = (begun | seen) - wanted
        profiling.load(others | wanted)
        # What nobody said anything of that counts can't be moved by who she is.
        wanted |= {
            one
            for one in others
            if not self._says_nothing(profiling.states[one])
            and (one in begun or _has_addressed_words(profiling.states[one]))
        }
        return wanted - {one for one in wanted & ws.new_persons if self._says_nothing(profiling.states[one])}

    def _says_nothing(self, state: Document) -> bool:
        """Whether whoever has this state is in no audience at any time, whoever she is."""
        return self._blank_is_nobody and not state.keys() & profile_rules(self.rules).audience_parts

    @cached_property
    def _blank_is_nobody(self) -> bool:
        blank = Outline({})
        first, due = self._evaluate(blank, 0)
        while not first and due is not None:
            first, due = self._evaluate(blank, due)
        return not first

    def _evaluate(self, sketch: Sketch | None, at: int) -> tuple[Set[Membership], int | None]:
        """Her places; nobody of whom nothing is known that counts (None) has any."""
        return (set(), None) if sketch is None else memberships(sketch, self.rules, at)

    def _sketches(
        self, ws: Workspace, persons: Collection[int], states: Mapping[int, Document]
    ) -> dict[int, Outline | None]:
        """What they are evaluated by, None for those who were erased, or can be in no audience."""
        told = {one: state for one in persons if not self._says_nothing(state := states.get(one) or {})}
        blank = [one for one, state in told.items() if not state]
        alive = living(ws.members(blank), ws.records) if blank else set()
        named = ws.identifier_ids(addresses_in(told.values()))
        generic = {node.identifier for node in ws.identifiers(named.values()).values() if node.generic}
        found = {one: Outline(state, generic) for one, state in told.items() if state or one in alive}
        return dict.fromkeys(persons) | found


def _has_addressed_words(state: Document) -> bool:
    """Whether any word of consent is for one address: then it counts which of hers is written to."""
    return any(
        address
        for channels in state.get("consents", {}).values()
        for words in channels.values()
        for address in words
    )


def _places(person_id: str, places: Iterable[Membership]) -> set[Place]:
    return {Place(one.audience, one.product, person_id) for one in places}


def _enrol(writes: Writes, person: int, before: Set[Membership], after: Set[Membership]) -> None:
    writes.enrolled.update(Enrolment(person, *one) for one in after - before)
    writes.enrolled_gone.update(Enrolment(person, *one) for one in before - after)


def _tell(tx: Transaction, writes: Writes, was: set[Place], now: set[Place], at: int) -> None:
    """Adds what differs to the feed: who went before who came."""
    if was == now:
        return
    sequence = tx.last_delta() + len(writes.deltas)
    went, came = sorted(was - now), sorted(now - was)
    for one, added in (*((one, False) for one in went), *((one, True) for one in came)):
        sequence += 1
        writes.deltas.append(Delta(sequence, one.audience, one.product, one.person_id, added, at))


def refresh_all(store: Store, upkeep: Upkeep, ws: Workspace, at: int, tell: bool = True) -> set[Place]:
    """Evaluates everybody of a store, some at a time; returns all places of now."""
    now: set[Place] = set()
    with store.read() as tx:
        everybody = [person.id for person in tx.all_persons()]
    for some in in_parts(everybody, _AT_ONCE):
        now |= in_turn(store, partial(upkeep.refresh, ws=ws, persons=some, at=at, tell=tell))
    return now


def carry_over(was: Transaction, store: Store, upkeep: Upkeep, ws: Workspace, at: int) -> None:
    """Gives the audiences of a store to one that was derived from it again: its feed goes on with what is
    otherwise now than it was told there."""
    told: set[Place] = set()
    for part in in_parts(was.all_persons(), _AT_ONCE):
        named = {person.id: person.person_id for person in part}
        for one, places in was.memberships(named.keys()).items():
            told |= _places(named[one], places)
    for deltas in in_parts(followed(partial(was.deltas, None), 0, _AT_ONCE), _AT_ONCE):
        with store.write() as tx:
            tx.apply(Writes(deltas=deltas))
    now = refresh_all(store, upkeep, ws, at, tell=False)
    with store.write() as tx:
        writes = Writes(state={AUDIENCES_STATE: upkeep.hash})
        _tell(tx, writes, told, now, at)
        tx.apply(writes)
