"""Keeps the persons of the workspace what ``resolve_near`` would make of all evidence, change by change.

The one place where a record gets its person: a short cut where ``placement`` finds one, else the
neighbourhood of the change is resolved and what differs is moved.
"""

from collections.abc import Collection, Iterable, Mapping, Set

from graph_schema.vocabulary import (
    BETWEEN,
    BLOCKED,
    CLAIMED,
    CONTESTED_ANONYMOUS,
    KNOWN,
    LEADS,
    TWO_VALUES,
    IdentifierNode,
    Person,
    Record,
)
from resolver.evidence import is_known, people_holdings
from resolver.neighbourhood import neighbourhood
from resolver.placement import (
    Change,
    Placement,
    Verdict,
    holds_live,
    leads,
    note_peers,
    only_tie,
    place,
    says_more,
)
from resolver.resolve import resolve_near
from stream.contents import Learnt
from stream.kindred import Kindred
from stream.settlement import Settlement
from stream.workspace import Workspace


class Identity:
    """Places the records of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.ws = workspace
        self.plan = workspace.plan
        self.kindred = Kindred(workspace)

    def known(self, record: Record) -> bool:
        """Whether a record by itself holds a people-joining identifier that is live."""
        nodes = self.ws.identifiers(record.holdings.keys())
        return is_known(self.plan, record.holdings, {one for one, node in nodes.items() if node.generic})

    def gained(self, record: Record, fresh: Set[int], was_known: bool, learnt: Learnt | None = None) -> None:
        """Settles a record that is new, has come to hold the identifiers ``fresh``, or says something else
        than before."""
        people = people_holdings(self.plan, record.holdings)
        joins = any(one in fresh for one, _ in people)
        nodes = self.ws.identifiers(record.holdings.keys() if joins else fresh | {one for one, _ in people})
        change = Change(record, fresh, was_known, people)
        flipped = note_peers(self.plan, change, nodes)
        self.ws.flipped |= flipped
        soles = {nodes[one].sole for one in fresh}
        soles.add(record.person)
        placement = place(
            self.plan, change, nodes, self.ws.persons([one for one in soles if one > 0]), flipped
        )
        if placement.verdict is Verdict.RESOLVE and learnt is None:
            placement = self._led(change, nodes, flipped) or placement
        if placement.contested and self._meets_leaders(placement.contested, nodes, fresh):
            placement = Placement(Verdict.RESOLVE)
        if record.id in self.ws.awaited.back or self.kindred.compared(change, nodes, placement, learnt):
            placement = Placement(Verdict.RESOLVE)
        if placement.absorbed and any(map(says_more, self._all_of(placement.absorbed))):
            placement = placement._replace(absorbed=(), local=True)
            if record.person:
                placement = Placement(Verdict.RESOLVE, local=True)
        reached: set[int] = set()
        adds = learnt is not None and not flipped and self.kindred.only_adds(change, nodes, learnt)
        only = learnt if adds else None
        if placement.verdict is Verdict.RESOLVE and not placement.local and only is None:
            reached = self.kindred.reached(change, nodes, flipped, learnt)
        if learnt is not None:
            self.ws.say(record, learnt)
        known = holds_live(people, nodes)
        self._count(change, known, nodes)
        self.ws.dirty_nodes.update(record.holdings if joins else fresh)
        if flipped:
            self._estrange(record, flipped)
        self._follow(change, known, placement, (flipped, reached, only))

    def seen_again(self, record: Record, sightings: Iterable[tuple[IdentifierNode, bool]]) -> None:
        """Settles a record of which a sighting moved, where the time of it can matter.

        ``sightings`` are identifiers of namespaces with a lease or an owner, each with whether the record
        held it without a time before: then it may even have lost a tie.
        """
        for node, was_timeless in sightings:
            if node.generic or node.holders < 2 or record.holdings[node.id].flags & BLOCKED:
                continue
            restless = self.ws.person(record.person).flags & ~KNOWN
            if was_timeless or node.timeless or node.sole < 0 or restless:
                self.around({record.id})
                return

    def around(
        self,
        seeds: Collection[int],
        flipped: Set[int] = frozenset(),
        local: bool = False,
        crossing: bool = False,
        only: Learnt | None = None,
    ) -> None:
        """Resolves the neighbourhood of records and moves what came out otherwise.

        ``only``: the change was that the only seed came to say this, and who was matched together before it
        was not asked: they all are now, unless a floor had to rise by it.
        """
        found = neighbourhood(self.plan, self.ws, seeds, flipped, local, crossing)
        if only is not None and any(component.raised for component in found.likeness.components):
            self.around({*seeds, *self.kindred.parted(seeds, only)}, flipped, local, crossing)
            return
        borders = self.ws.persons(set(found.borders.values()))
        if any(person.flags & LEADS for person in borders.values()):
            found = neighbourhood(self.plan, self.ws, seeds, flipped, crossing=True)
        result = resolve_near(self.plan, found)
        Settlement(self.ws, found, result).carry_out()

    def _led(
        self, change: Change, nodes: Mapping[int, IdentifierNode], flipped: Set[int]
    ) -> Placement | None:
        """Where a new record goes that has one tie to others, contested between them; None: not yet told."""
        node = only_tie(self.plan, change, nodes, flipped)
        if node is None:
            return None
        newest = sorted(self.ws.holders((node.id,))[node.id])[-_ASKED:]
        records = self.ws.records(newest)
        persons = self.ws.persons({record.person for record in records.values()})
        for record in records.values():
            if leads(self.plan, node, record, persons[record.person]):
                return Placement(Verdict.ATTACH, record.person)
        return None

    def _meets_leaders(
        self, contested: Iterable[int], nodes: Mapping[int, IdentifierNode], fresh: Set[int]
    ) -> bool:
        """Whether somebody of whom evidence may have to leave by it comes to share values with others.

        Where several hold a value already, a new holder makes nobody's evidence leave but what judgements
        keep apart: so they are asked only where anything was judged.
        """
        several = [nodes[one].id for one in fresh if nodes[one].sole < 0] if self.ws.any_judgements else []
        holders = self.ws.records({one for found in self.ws.holders(several).values() for one in found})
        asked = {one for one in contested if one} | {record.person for record in holders.values()}
        return any(person.flags & LEADS for person in self.ws.persons(asked - {0}).values())

    def _all_of(self, persons: Collection[int]) -> Iterable[Record]:
        members = self.ws.members(persons)
        return self.ws.records({one for each in members.values() for one in each}).values()

    def _absorb(self, person: Person, gone: Collection[int]) -> None:
        """Makes all records of others a person's: all that they hold was theirs alone."""
        for one in gone:
            self.ws.challenge_founder(person, self.ws.record(self.ws.person(one).founder))
        for record in list(self._all_of(gone)):
            before = record.person
            self.ws.move(record, person)
            for node in self.ws.identifiers(record.holdings.keys()).values():
                if node.sole == before:
                    node.sole = person.id
                    self.ws.dirty_nodes.add(node.id)

    def _follow(
        self,
        change: Change,
        known: bool,
        placement: Placement,
        around: tuple[Set[int], Set[int], Learnt | None],
    ) -> None:
        record = change.record
        flipped, reached, only = around
        if placement.verdict is Verdict.RESOLVE:
            self.around({record.id, *reached}, flipped, placement.local, only=only)
            _own(self.ws, record, change.fresh)
            return
        if placement.verdict is Verdict.FOUND:
            person = self.ws.new_person(record)
        else:
            person = self.ws.person(placement.person or record.person)
        if placement.absorbed:
            self._absorb(person, placement.absorbed)
        if record.person != person.id:
            self.ws.move(record, person)
        self._mark(person, change.people, known)
        for one in placement.contested:
            neighbour = self.ws.person(one) if one else person
            self.ws.touch(neighbour)
            neighbour.flags = (neighbour.flags | CONTESTED_ANONYMOUS) & ~BETWEEN
        _own(self.ws, record, change.fresh)
        if placement.local:
            self.around({record.id}, flipped, local=True)

    def _leased(self, node: IdentifierNode) -> bool:
        return node.namespace >= 0 and self.plan.spaces[node.namespace].lease is not None

    def _mark(self, person: Person, people: list[tuple[int, int]], known: bool) -> None:
        """What a record's people-joining identifiers alone tell of its person."""
        if not people:
            return
        flags = person.flags | KNOWN * known
        if not flags & TWO_VALUES:
            unique = [namespace for _, namespace in people if namespace in self.plan.uniques]
            if len(unique) > len(set(unique)):
                flags |= TWO_VALUES
        if not flags & KNOWN:
            flags |= CONTESTED_ANONYMOUS
        if flags != person.flags:
            self.ws.touch(person)
            person.flags = flags

    def _count(self, change: Change, known: bool, nodes: Mapping[int, IdentifierNode]) -> None:
        """Counts a record among the holders of what it gained."""
        record = change.record
        for one in change.fresh:
            node, holding = nodes[one], record.holdings[one]
            node.holders += holding.links or not record.ghost
            node.unknown += not known
            node.claims += bool(holding.flags & CLAIMED)
            node.timeless += holding.last is None and self._leased(node)
            if holding.links:
                self.ws.hold(one, record.id)
        if record.person and known != change.was_known:
            for one in record.holdings.keys() - change.fresh:
                nodes[one].unknown += int(change.was_known) - int(known)

    def _estrange(self, record: Record, flipped: Set[int]) -> None:
        """Counts the other holders of identifiers that became generic anew, where they ceased to be known."""
        holders = self.ws.holders(flipped)
        others = {other for records in holders.values() for other in records} - {record.id}
        for other in self.ws.records(others).values():
            held = self.ws.identifiers(other.holdings.keys())
            generic = {one for one, node in held.items() if node.generic}
            was = is_known(self.plan, other.holdings, generic - flipped)
            if was and not is_known(self.plan, other.holdings, generic):
                for node in held.values():
                    node.unknown += 1
                self.ws.dirty_nodes.update(held)


_ASKED = 8
"""Holders of a contested value who are asked where a new one goes, the newest: nearly always one can tell."""


def _own(workspace: Workspace, record: Record, fresh: Set[int]) -> None:
    """Tells the identifiers that a record gained whose they are."""
    for node in workspace.identifiers(fresh).values():
        sole = record.person if node.sole in (0, record.person) else -1
        if sole != node.sole:
            node.sole = sole
            workspace.dirty_nodes.add(node.id)
