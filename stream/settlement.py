"""Makes the workspace agree with a resolution: moves records, and notes what is known of their persons."""

from graph_schema.store import StoredCase
from graph_schema.vocabulary import (
    ALIKE,
    BETWEEN,
    CONTESTED_ANONYMOUS,
    CONTESTED_PEOPLE,
    JUDGED,
    KNOWN,
    LEADS,
    TWO_VALUES,
    Person,
    Record,
    Related,
)
from resolver.founding import founding_record
from resolver.neighbourhood import Neighbourhood
from resolver.plan import MATCHING
from resolver.resolution import MATCHED, Contest, Resolution
from stream.workspace import Workspace

_UNREST = CONTESTED_PEOPLE | CONTESTED_ANONYMOUS
# A veto is between records that are known, so in an anonymous step it keeps nobody apart who isn't anyway.
_LASTING = frozenset(("unique", "known", "veto"))
"""Kinds of conflict that last: who was kept apart by one of these never becomes one by a weaker value."""


class Settlement:
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
                    self.ws.challenge_founder(target, record)
            if target.id not in self.outside:
                self.ws.found_by(target, founding_record(self.ws.plan, records))
        for one in self.outside:
            neighbour = self.ws.person(one)
            if self.ws.record(neighbour.founder).person != one:
                left = self.ws.records(self.ws.members((one,))[one]).values()
                self.ws.found_by(neighbour, founding_record(self.ws.plan, left))
        return moved

    def _flag(self) -> None:
        """What is known of the persons: conflicts among the groups, judgements, live identifiers."""
        flags = dict.fromkeys(self.result.groups, 0)
        anchors: set[int] = set()
        estranged = {self.result.group_of[one.id] for one in self.found.estranged(self.ws.plan)}
        for contest in self.result.contests:
            anonymous = contest.step is not None and contest.step.anonymous
            flag = CONTESTED_ANONYMOUS if anonymous else CONTESTED_PEOPLE
            between = {self.result.group_of[record] for record in contest.anchors}
            parts = {self.result.group_of[part[0][0]] for part in contest.parts}
            for group in between | parts:
                flags[group] |= flag
            if estranged.isdisjoint(between | parts):
                # In a pass over claims only those are rivals whom something claimed ties: another who holds a
                # value of theirs may have taken along, by a weaker one, what they left open.
                led = parts - (self._rivals(contest) if contest.step and contest.step.claims else between)
            else:
                led = parts | between
            for group in led & self.result.known if anonymous else ():
                flags[group] |= LEADS
            if not contest.kinds <= _LASTING:
                for group in between:
                    flags[group] |= JUDGED
            anchors |= between
        keys = {key for one in self.found.judgements.values() for key in (*one.a, *one.b)}
        if keys:
            for judged in self.found.records.values():
                if judged.key in keys:
                    flags[self.result.group_of[judged.id]] |= JUDGED
        for group in estranged & self.result.known:
            flags[group] |= LEADS
        for component in self.found.likeness.components:
            if component.wide:
                for one in component.records:
                    flags[self.result.group_of[one]] |= ALIKE
        for group, person in self.person_of.items():
            new = flags[group]
            if person.id in self.outside:
                new = (new | person.flags) & ~(BETWEEN * (group in anchors))
            else:
                new |= BETWEEN * (bool(new & _UNREST) and not new & JUDGED and group not in anchors)
                new |= KNOWN * (group in self.result.known) | TWO_VALUES * (group in self.result.two_values)
            if group in self.result.unattributed:
                new |= CONTESTED_ANONYMOUS
            if new != person.flags:
                self.ws.touch(person)
                person.flags = new

    def _rivals(self, contest: Contest) -> set[int]:
        """The groups between whom something stands that several of them are tied to."""
        several = (tied for _, tied, _ in contest.parts if len(tied) > 1)
        return {self.result.group_of[one] for tied in several for one in tied}

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
        self.ws.settle(inside)
        writes = self.ws.writes
        for open_one in self.result.ambiguities:
            name = self._name_of(open_one.namespace)
            told = [Related(open_one.part, anchor, name) for anchor in open_one.anchors]
            writes.related.setdefault(open_one.part, []).extend(told)
        for kept in self.result.cases():
            name = self.ws.plan.step_name(kept.step)
            writes.cases.append(StoredCase(kept.kind, kept.rivals, kept.values, name))

    def _name_of(self, place: int) -> str:
        if place == MATCHED:
            return MATCHING
        return self.ws.plan.spaces[place].name if place >= 0 else "judgement"
