"""Keeps the persons of the workspace what ``resolve`` would make of all evidence, change by change.

The one place where a record gets its person: a short cut where ``placement`` finds one, else the
neighbourhood of the change is resolved and what differs is moved.
"""

from collections.abc import Collection, Iterable, Mapping, Set

from graph_schema.store import StoredCase
from graph_schema.vocabulary import (
    BLOCKED,
    CLAIMED,
    CONTESTED_ANONYMOUS,
    CONTESTED_PEOPLE,
    JUDGED,
    KNOWN,
    TWO_VALUES,
    IdentifierNode,
    Person,
    Record,
    Related,
)
from resolver.evidence import is_known, people_holdings
from resolver.founding import founding_record
from resolver.neighbourhood import Neighbourhood, neighbourhood
from resolver.placement import Change, Placement, Verdict, holds_live, note_peers, place
from resolver.resolve import Resolution, resolve
from stream.workspace import Workspace


class Identity:
    """Places the records of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.ws = workspace
        self.plan = workspace.plan

    def known(self, record: Record) -> bool:
        """Whether a record by itself holds a people-joining identifier that is live."""
        nodes = self.ws.identifiers(record.holdings.keys())
        return is_known(self.plan, record.holdings, {one for one, node in nodes.items() if node.generic})

    def gained(self, record: Record, fresh: Set[int], was_known: bool) -> None:
        """Settles a record that is new or has come to hold the identifiers ``fresh``."""
        people = people_holdings(self.plan, record.holdings)
        joins = any(one in fresh for one, _ in people)
        nodes = self.ws.identifiers(record.holdings.keys() if joins else fresh | {one for one, _ in people})
        change = Change(record, fresh, was_known, people)
        flipped = note_peers(self.plan, change, nodes)
        soles = {nodes[one].sole for one in fresh}
        soles.add(record.person)
        placement = place(
            self.plan, change, nodes, self.ws.persons([one for one in soles if one > 0]), flipped
        )
        if record.id in self.ws.awaited.back:
            placement = Placement(Verdict.RESOLVE)
        known = holds_live(people, nodes)
        self._count(change, known, nodes)
        self.ws.dirty_nodes.update(record.holdings if joins else fresh)
        if flipped:
            self._estrange(record, flipped)
        self._follow(change, known, placement, flipped)

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

    def around(self, seeds: Collection[int], flipped: Set[int] = frozenset(), local: bool = False) -> None:
        """Resolves the neighbourhood of records and moves what came out otherwise."""
        found = neighbourhood(self.plan, self.ws, seeds, flipped, local)
        result = resolve(self.plan, found.records, found.generic, found.judgements.values(), found.borders)
        _Settlement(self.ws, found, result).carry_out()

    def _follow(self, change: Change, known: bool, placement: Placement, flipped: Set[int]) -> None:
        record = change.record
        if placement.verdict is Verdict.RESOLVE:
            self.around({record.id}, flipped, placement.local)
            _own(self.ws, record, change.fresh)
            return
        if placement.verdict is Verdict.STAY:
            person = self.ws.person(record.person)
        elif placement.verdict is Verdict.ATTACH:
            person = self.ws.person(placement.person)
            self.ws.move(record, person)
        else:
            person = self.ws.new_person(record)
            self.ws.move(record, person)
        self._mark(person, change.people, known)
        for one in placement.contested:
            neighbour = self.ws.person(one) if one else person
            self.ws.touch(neighbour)
            neighbour.flags |= CONTESTED_ANONYMOUS
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
            node.holders += 1
            node.unknown += not known
            node.claims += bool(holding.flags & CLAIMED)
            node.timeless += holding.last is None and self._leased(node)
            if holding.namespace >= 0 and not holding.flags & BLOCKED:
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


def _own(workspace: Workspace, record: Record, fresh: Set[int]) -> None:
    """Tells the identifiers that a record gained whose they are."""
    for node in workspace.identifiers(fresh).values():
        sole = record.person if node.sole in (0, record.person) else -1
        if sole != node.sole:
            node.sole = sole
            workspace.dirty_nodes.add(node.id)


class _Settlement:
    """Makes the workspace agree with a resolution of one neighbourhood."""

    def __init__(self, workspace: Workspace, found: Neighbourhood, result: Resolution) -> None:
        self.ws = workspace
        self.found = found
        self.result = result
        self.outside = set(found.borders.values())
        self.person_of: dict[int, Person] = {}

    def carry_out(self) -> None:
        moved = self._assign()
        self._flag()
        self._reown(moved)
        self._relate()

    def _assign(self) -> list[Record]:
        """Gives every group its person, keeping most records where they are; returns the records that
        moved."""
        inside: list[tuple[int, int, int]] = []
        for group, members in self.result.groups.items():
            border = next((self.found.borders[one] for one in members if one in self.found.borders), None)
            if border is not None:
                self.person_of[group] = self.ws.person(border)
                continue
            shares: dict[int, int] = {}
            for one in members:
                person = self.found.records[one].person
                if person and person not in self.outside:
                    shares[person] = shares.get(person, 0) + 1
            inside += [(-share, person, group) for person, share in shares.items()]
        taken: set[int] = set()
        for _, person, group in sorted(inside):
            if person not in taken and group not in self.person_of:
                taken.add(person)
                self.person_of[group] = self.ws.person(person)
        moved: list[Record] = []
        for group, members in self.result.groups.items():
            records = [self.found.records[one] for one in members]
            if group not in self.person_of:
                self.person_of[group] = self.ws.new_person(founding_record(self.ws.plan, records))
            target = self.person_of[group]
            for record in records:
                if record.person != target.id:
                    self.ws.move(record, target)
                    moved.append(record)
            if target.id not in self.outside:
                self.ws.found_by(target, founding_record(self.ws.plan, records))
        for one in self.outside:
            neighbour = self.ws.person(one)
            if self.ws.record(neighbour.founder).person != one:
                left = self.ws.records(self.ws.members(one)).values()
                self.ws.found_by(neighbour, founding_record(self.ws.plan, left))
        return moved

    def _flag(self) -> None:
        """What is known of the persons: conflicts among the groups, judgements, live identifiers."""
        flags = dict.fromkeys(self.result.groups, 0)
        for contest in self.result.contests:
            anonymous = contest.step is not None and contest.step.anonymous
            flag = CONTESTED_ANONYMOUS if anonymous else CONTESTED_PEOPLE
            for record in (*contest.anchors, *(one for part in contest.parts for one in part[0][:1])):
                flags[self.result.group_of[record]] |= flag
        keys = {key for one in self.found.judgements.values() for key in (*one.a, *one.b)}
        if keys:
            for judged in self.found.records.values():
                if judged.key in keys:
                    flags[self.result.group_of[judged.id]] |= JUDGED
        for group, person in self.person_of.items():
            new = flags[group]
            if person.id in self.outside:
                new |= person.flags
            else:
                new |= KNOWN * (group in self.result.known) | TWO_VALUES * (group in self.result.two_values)
            if group in self.result.unattributed:
                new |= CONTESTED_ANONYMOUS
            if new != person.flags:
                self.ws.touch(person)
                person.flags = new

    def _reown(self, moved: list[Record]) -> None:
        """Tells the identifiers of moved records whose they are now."""
        values = {one for record in moved for one in record.holdings}
        if not values:
            return
        nodes = self.ws.identifiers(values)
        narrow = [one for one, node in nodes.items() if not node.generic]
        holders = self.ws.holders(narrow)
        everyone = self.ws.records({record for records in holders.values() for record in records})
        for one, node in nodes.items():
            sole = -1
            if not node.generic:
                persons = {everyone[record].person for record in holders[one]} - {0}
                sole = persons.pop() if len(persons) == 1 else -1
            if sole != node.sole:
                node.sole = sole
                self.ws.dirty_nodes.add(one)

    def _relate(self) -> None:
        """Replaces the ambiguities and cases of the records that were resolved."""
        inside = self.found.records.keys() - self.found.borders.keys()
        writes = self.ws.writes
        writes.related_gone |= inside
        writes.cases_gone |= inside
        writes.related = [one for one in writes.related if one.part not in inside]
        writes.cases = [one for one in writes.cases if not inside.intersection(one.records)]
        for open_one in self.result.ambiguities:
            name = self.ws.plan.spaces[open_one.namespace].name if open_one.namespace >= 0 else "judgement"
            writes.related += [Related(open_one.part, anchor, name) for anchor in open_one.anchors]
        for contest in self.result.cases():
            name = self.ws.plan.spaces[contest.step.namespace].name if contest.step is not None else ""
            self.ws.writes.cases.append(StoredCase("unique", contest.rivals, contest.values, name))
