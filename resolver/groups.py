"""Records grouped so far, with what can forbid to join two groups kept at hand."""

from collections.abc import Iterable, Mapping, Set

from graph_schema.vocabulary import Record
from resolver.evidence import people_holdings
from resolver.judged import Judged
from resolver.plan import Plan
from resolver.together import Together


class Groups:
    """A partition of records under joining. A group is named by one of its records.

    ``unique`` holds, per group, the values of each unique namespace (as classes: values that judgements
    join count as one); ``known`` the groups with a live people-joining identifier; ``cells`` the cells of
    judgements in a group; ``foes`` the records that vetoes keep apart from some record of a group, in sets
    (by their ``id``) that all groups of one side share, for of these there can be thousands;
    ``unattributed`` the records whose people-joining identifiers are all generic.
    """

    def __init__(self, plan: Plan, records: Mapping[int, Record], generic: Set[int], judged: Judged) -> None:
        self.of: dict[int, int] = {record: record for record in records}
        self.members: dict[int, list[int]] = {record: [record] for record in records}
        self.unique: dict[int, dict[int, set[int]]] = {}
        self.known: set[int] = set()
        self.cells: dict[int, set[int]] = {record: {cell} for record, cell in judged.cell.items()}
        self.foes: dict[int, dict[int, frozenset[int]]] = {}
        self._judged = judged
        self._records = records
        self._known_alone: set[int] = set()
        self.unattributed: set[int] = set()
        for record in records.values():
            people = people_holdings(plan, record.holdings)
            live = [each for each in people if each[0] not in generic]
            if live:
                self._known_alone.add(record.id)
            elif people:
                self.unattributed.add(record.id)
            for identifier, namespace in live:
                if namespace in plan.uniques:
                    held = self.unique.setdefault(record.id, {})
                    held.setdefault(namespace, set()).add(identifier)
        self.known.update(self._known_alone)

    def join(self, groups: Iterable[int]) -> int:
        """Makes one group of several; returns its name."""
        ordered = sorted(groups, key=lambda group: len(self.members[group]), reverse=True)
        into = ordered[0]
        for group in ordered[1:]:
            moved = self.members.pop(group)
            self.members[into] += moved
            for record in moved:
                self.of[record] = into
            for namespace, values in self.unique.pop(group, {}).items():
                self.unique.setdefault(into, {}).setdefault(namespace, set()).update(values)
            if group in self.known:
                self.known.discard(group)
                self.known.add(into)
            if group in self.cells:
                self.cells.setdefault(into, set()).update(self.cells.pop(group))
            if group in self.foes:
                self.foes.setdefault(into, {}).update(self.foes.pop(group))
        return into

    def veto(self, side: Iterable[int], against: Mapping[int, int]) -> None:
        """Keeps groups apart from others from now on, of which a record each is told, by the group."""
        everyone = frozenset(against.values())
        for group in side:
            foes = everyone - {against[group]} if group in against else everyone
            self.foes.setdefault(group, {})[id(foes)] = foes

    def count_as_one(self) -> None:
        """Lets the unique values within each group of several records count as one, and through others.

        Called once, when only judgements have joined anything.
        """
        one = Together[int]()
        several = [held for group, held in self.unique.items() if len(self.members[group]) > 1]
        for held in several:
            for values in held.values():
                one.join(values)
        for held in self.unique.values() if several else ():
            for namespace, values in held.items():
                held[namespace] = {one.find(value) for value in values}

    def conflicts(self, component: Set[int], uniques: Iterable[int], anonymous: bool) -> dict[str, set[int]]:
        """The groups in conflict, by kind: ``unique:N``, ``different``, ``veto``, ``known``. Empty: all can
        be one person."""
        found: dict[str, set[int]] = {}
        for namespace in uniques:
            holders = [group for group in component if self.unique.get(group, {}).get(namespace)]
            if len(set[int]().union(*(self.unique[group][namespace] for group in holders))) > 1:
                found[f"unique:{namespace}"] = set(holders)
        marked = [group for group in component if group in self.cells]
        if marked:
            present = set[int]().union(*(self.cells[group] for group in marked))
            broken = {cell for cell in present if self._judged.apart.get(cell, frozenset()) & present}
            if broken:
                found["different"] = {group for group in marked if self.cells[group] & broken}
        of = self.of
        vetoed = {
            group
            for group in component & self.foes.keys()
            if any(of[one] in component for foes in self.foes[group].values() for one in foes)
        }
        if vetoed:
            found["veto"] = vetoed
        if anonymous:
            known = component & self.known
            if len(known) > 1:
                found["known"] = set(known)
        return found

    def representative(self, *groups: int) -> int:
        """The record that stands for groups in what is told of them: one that can't leave it alone."""
        members = (one for group in groups for one in self.members[group])
        return min(members, key=lambda one: (one not in self._known_alone, self._records[one].key))

    def vetoed(self, group: int) -> set[int]:
        """The groups that vetoes keep apart from one."""
        return {self.of[one] for foes in self.foes.get(group, {}).values() for one in foes}

    def judged_apart(self, one: int, two: int) -> bool:
        """Whether a judgement keeps a record of one group apart from a record of the other."""
        theirs = self.cells.get(two, set())
        return any(self._judged.apart.get(cell, frozenset()) & theirs for cell in self.cells.get(one, ()))
