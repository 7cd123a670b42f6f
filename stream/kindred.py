"""What matching has to do with a change of one record: whether it must be looked at for what is said, and who
was related before it.

Components of matching can fall apart by a change, as when a floor rises; who was in one is then resolved even
where nothing of the change reaches her any more.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from itertools import combinations

from graph_schema.vocabulary import CONTESTED_PEOPLE, JUDGED, IdentifierNode, Record
from resolver.kinship import Kinship
from resolver.likeness import Likeness
from resolver.placement import Change, Placement, Verdict, stands_for
from stream.contents import Learnt
from stream.workspace import Workspace


class Kindred:
    """Asks what is alike in one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.ws = workspace
        self.plan = workspace.plan

    def reach(self, records: Iterable[int]) -> set[int]:
        """The records that are matched together with some, to be asked before anything changes that matching
        goes by."""
        return Kinship(self.plan, self.ws).reach(records)

    def compared(
        self, change: Change, nodes: Mapping[int, IdentifierNode], placement: Placement, learnt: Learnt | None
    ) -> bool:
        """Whether what records say must be looked at, where identifiers alone would not ask for it."""
        if self.plan.matching is None:
            return False
        if learnt is not None and self._says_quietly(change, nodes, placement, learnt):
            return False
        if learnt is not None and (change.record.person or learnt.likens):
            return True
        shared = [node for node in self._shared(change, nodes) if not node.generic]
        if learnt is not None or change.record.content:
            return bool(shared)
        # Values of two kins that likeness has joined make one kin of them; and what says nothing itself is
        # kept apart by one value for what is said of the other.
        return len(shared) > 1 and not self._says_quietly(change, nodes, placement, _NOTHING_NEW)

    def _says_quietly(
        self, change: Change, nodes: Mapping[int, IdentifierNode], placement: Placement, learnt: Learnt
    ) -> bool:
        """Whether what a record says anew, if anything, changes nothing for the person whose it is, or whom
        it joins by identifiers."""
        person = change.record.person or placement.person
        if not person or placement.verdict is Verdict.RESOLVE:
            return False
        if learnt.said and not change.record.person and self._has_twin(change, nodes, person, learnt.said):
            return True
        held = [nodes[one] for one, _ in change.people if nodes[one].sole == person]
        return self._of_one_mind(held, person, learnt)

    def _has_twin(self, change: Change, nodes: Mapping[int, IdentifierNode], person: int, said: int) -> bool:
        """Whether a new record is to the person whom it joins what another of hers, who says the same, is."""
        speakers = self.ws.speakers((said,))[said]
        return any(
            one.person == person
            and stands_for(self.plan, one, change, nodes)
            and not self.ws.judgements((one.id,))
            for one in self.ws.records(sorted(speakers)[:_ASKED]).values()
        )

    def _of_one_mind(self, held: Iterable[IdentifierNode], person: int, learnt: Learnt) -> bool:
        """Whether nothing that a person's records say, or said, speaks against another or is like anything
        that is said where one of the identifiers ``held`` isn't, with what one of them comes to say. ``held``
        are those of that one which nobody but her holds.

        Then no veto can come of it, or go, whoever speaks for whom, and matching finds nobody else to
        compare: all who say anything are one group before it begins.
        """
        matching = self.plan.matching
        if matching is None or self.ws.person(person).flags & (CONTESTED_PEOPLE | JUDGED):
            return False
        early = [one for one in held if one.namespace <= matching.after and not one.generic]
        tying = [one for one in early if not (one.claims or self.plan.spaces[one.namespace].lease)]
        if not tying or len(said := {*self.ws.said_by(person), learnt.said} - {0}) > _FEW:
            return False
        contents = self.ws.prepared(said)
        alike = {one for one, found in contents.items() if found.votes}
        alike.update(*self.ws.edges(alike).values(), *learnt.edges)
        if not self._hold_it_who_say(max(tying, key=lambda one: one.holders), alike):
            return False
        likeness = Likeness(contents=contents)
        return not any(likeness.against(self.plan, matching, *pair) for pair in combinations(said, 2))

    def only_adds(self, change: Change, nodes: Mapping[int, IdentifierNode], learnt: Learnt) -> bool:
        """Whether nothing but likeness ties a new record to others, and none of theirs ends by it."""
        return self._comes_new(change.record, learnt) and not self._shared(change, nodes)

    def _comes_new(self, record: Record, learnt: Learnt) -> bool:
        """Whether a record is new, names nobody of whom a word waited for it, and parts nobody's likeness."""
        waited = record.id in self.ws.awaited.back
        return not record.person and not waited and None not in learnt.edges.values()

    def _shared(self, change: Change, nodes: Mapping[int, IdentifierNode]) -> list[IdentifierNode]:
        """The people-joining identifiers that a record gained and others hold."""
        gained = (nodes[one] for one in change.fresh)
        return [node for node in gained if node.namespace in self.plan.people and node.holders]

    def reached(
        self, change: Change, nodes: Mapping[int, IdentifierNode], flipped: Set[int], learnt: Learnt | None
    ) -> set[int]:
        """The records that matching could relate to a change, before it, of those whom it might no longer
        reach."""
        if self.plan.matching is None or (not flipped and self._within_kin(change, nodes, learnt)):
            return set()
        with self._before(change.record, change.fresh, flipped):
            return self._related(change.record, change.fresh, learnt)

    def _within_kin(self, change: Change, nodes: Mapping[int, IdentifierNode], learnt: Learnt | None) -> bool:
        """Whether a new record comes to one kin and is like nobody else: then the component of that kin has
        no kin more than before, and whoever was in it is reached."""
        shared = self._shared(change, nodes)
        if learnt is None or len(shared) != 1 or not self._comes_new(change.record, learnt):
            return False
        (node,) = shared
        unsure = node.generic or node.claims or change.record.holdings[node.id].flags
        return not unsure and self._hold_it_who_say(node, learnt.ends)

    def _hold_it_who_say(self, node: IdentifierNode, contents: Collection[int]) -> bool:
        """Whether all who have one of these contents hold an identifier."""
        kin = set(self.ws.holders((node.id,))[node.id])
        return all(kin.issuperset(found) for found in self.ws.speakers(contents).values())

    def _related(self, record: Record, fresh: Set[int], learnt: Learnt | None) -> set[int]:
        nodes = self.ws.identifiers(fresh)
        shared = [one for one, node in nodes.items() if node.namespace in self.plan.people]
        starts = {other for found in self.ws.holders(shared).values() for other in found}
        starts |= {record.id} if record.person else set()
        if learnt is not None:
            starts |= {other for found in self.ws.speakers(learnt.ends).values() for other in found}
        if record.id in self.ws.awaited.back:
            words = self.ws.judgements((record.id,))
            named = {key for word in words for key in (*word.a, *word.b)} - {record.key}
            starts |= set(self.ws.record_ids(named).values())
        return self.reach(starts)

    @contextmanager
    def _before(self, record: Record, fresh: Set[int], flipped: Set[int]) -> Iterator[None]:
        """The graph as it was before a record gained identifiers."""
        now, nodes = record.holdings, self.ws.identifiers(flipped).values()
        record.holdings = {one: holding for one, holding in now.items() if one not in fresh}
        for node in nodes:
            node.generic = False
        self.ws.show(record, record.person > 0)
        try:
            yield
        finally:
            self.ws.show(record, True)
            record.holdings = now
            for node in nodes:
                node.generic = True

    def parted(self, new: Collection[int], learnt: Learnt) -> set[int]:
        """The records that matching related, before a record was new, to those who are like it.

        Where too many said the same before, whoever met it met too many as well, and one more parts nobody.
        """
        kinship = Kinship(self.plan, self.ws, without=min(new))
        if learnt.said and kinship.is_crowded(learnt.said):
            return set()
        starts = {one for found in self.ws.speakers(learnt.ends).values() for one in found}.difference(new)
        return kinship.reach(starts)


_NOTHING_NEW = Learnt({}, None, {}, set(), False)

_ASKED = 8
"""Speakers of a content who are asked whether one is a new record's twin, the first."""

_FEW = 24
"""Where more contents than these are said of a person, they are not compared two by two."""
