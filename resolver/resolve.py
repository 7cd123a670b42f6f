"""Who is who: the resolution rule, as a function of a set of records. DESIGN section 5 in code.

Start from each record alone. The judgements tie first, then the values of each namespace, from the strongest
to the weakest. What a step ties is a *component*; where it can be one person it joins:

    r1 --e1-- r2 --e1-- r3            component {r1, r2, r3}

where it can't, because two values of a unique namespace (or both sides of a ``different``, or two known
persons by an anonymous value) would meet, its *anchors* stay apart and the rest falls into parts:

    A(u1) --e1-- r2 --e2-- B(u2)      anchors A and B; the part {r2} is tied to both: ambiguous
    A(u1) --e1-- r3                   the part {r3} is tied to A alone: it joins A

No tie is broken by arrival and nothing here reads a clock: the same set gives the same persons.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import combinations
from typing import Literal

from graph_schema.vocabulary import BLOCKED, CLAIMED
from resolver.components import Tie, components
from resolver.evidence import Holder, leases
from resolver.groups import Groups
from resolver.judged import judge
from resolver.likeness import Matched, Voices, match
from resolver.matching.components import Key
from resolver.neighbourhood import Neighbourhood
from resolver.plan import Plan, Step
from resolver.resolution import MATCHED, Ambiguity, Contest, Join, Kept, Resolution


def resolve_near(plan: Plan, found: Neighbourhood, trace: bool = False) -> Resolution:
    """The persons that a neighbourhood makes.

    Its borders, records of known persons outside, take part in the anonymous steps only, each person as one
    group. ``trace`` keeps every join, for explanations.
    """
    return _Resolving(plan, found, trace).run()


class _Resolving:
    """One run of the rule."""

    def __init__(self, plan: Plan, found: Neighbourhood, trace: bool) -> None:
        self.plan = plan
        self.records = found.records
        self.borders = found.borders
        self.likeness = found.likeness
        ids = {record.key: record.id for record in found.records.values()}
        self.judged = judge(found.judgements.values(), ids)
        self.groups = Groups(plan, found.records, found.generic, self.judged)
        self.contests: list[Contest] = []
        self.open: list[Ambiguity] = []
        self.likely: list[Kept] = []
        self.joins: list[Join] | None = [] if trace else None
        self._index(found.generic)
        self.voices = Voices(plan, found.likeness, found.records, self.held)

    def _index(self, generic: Set[int]) -> None:
        """Holders by namespace and value: those who say it, and those who only claim it."""
        spaces = range(len(self.plan.spaces))
        self.held: list[dict[int, list[int]]] = [{} for _ in spaces]
        self.claimed: list[dict[int, list[int]]] = [{} for _ in spaces]
        for record in self.records.values():
            for identifier, holding in record.holdings.items():
                if holding.namespace < 0 or holding.flags & BLOCKED or identifier in generic:
                    continue
                index = self.claimed if holding.flags & CLAIMED else self.held
                index[holding.namespace].setdefault(identifier, []).append(record.id)
        self.shared = [[value for value, records in held.items() if len(records) > 1] for held in self.held]

    def run(self) -> Resolution:
        outside: dict[int, list[int]] = {}
        for record, person in self.borders.items():
            outside.setdefault(person, []).append(record)
        for together in outside.values():
            self.groups.known.add(self.groups.join({self.groups.of[record] for record in together}))
        ties = [Tie(None, records, self._groups_of(records)) for records in self.judged.ties]
        self._settle(None, [tie for tie in ties if len(tie.groups) > 1])
        self.groups.count_as_one()
        for step in self.plan.steps:
            if step.matching:
                self._match(step)
            elif (step.claims or self.shared[step.namespace]) and (ties := self._ties(step)):
                self._veto(step, ties)
                self._settle(step, ties)
        uniques = self.groups.unique.items()
        two_values = {group for group, held in uniques if any(len(one) > 1 for one in held.values())}
        return Resolution(
            self.groups.of,
            self.groups.members,
            self.groups.known,
            two_values,
            {self.groups.of[record] for record in self.groups.unattributed},
            self.contests,
            self._still_open(),
            self.likely,
            self.joins or [],
        )

    def _groups_of(self, records: Iterable[int]) -> frozenset[int]:
        return frozenset(self.groups.of[record] for record in records)

    def _ties(self, step: Step) -> list[Tie]:
        """What the live values of a step's namespace connect, each within one lease."""
        ties = []
        for value in self._values(step):
            holders = self._holders(step, value)
            if len(self._groups_of(holders)) < 2:
                continue
            for records in self._spans(step, value, holders):
                groups = self._groups_of(records)
                if step.claims:
                    groups = groups - self._mere_claimants(step, value, holders, groups)
                if step.single:
                    groups = frozenset(
                        group for group in groups if len(self.groups.unique[group][step.namespace]) == 1
                    )
                if len(groups) > 1:
                    records = tuple(record for record in records if self.groups.of[record] in groups)
                    ties.append(Tie(value, records, groups))
        return ties

    def _values(self, step: Step) -> Iterable[int]:
        """The values that can tie anything in a step.

        In a claims pass, what nobody claims ties known persons alone, as before; that says nothing new unless
        one of them is by a ``different`` in the way of somebody not known.
        """
        if not step.claims:
            return self.shared[step.namespace]
        claimed = self.claimed[step.namespace]
        if not claimed or not self.judged.apart:
            return claimed
        return claimed.keys() | set(self.shared[step.namespace])

    def _holders(self, step: Step, value: int) -> list[int]:
        """The records that a value may tie in a step, whatever their leases."""
        records: list[int] = list(self.held[step.namespace].get(value, ()))
        if step.claims:
            records += self.claimed[step.namespace].get(value, ())
        left_out = self.groups.unattributed if step.anonymous else self.borders
        return [record for record in records if record not in left_out]

    def _spans(self, step: Step, value: int, records: list[int]) -> Iterator[tuple[int, ...]]:
        """The holders of a value, lease by lease."""
        lease = self.plan.spaces[step.namespace].lease
        if lease is None:
            yield tuple(records)
            return
        holdings = [(record, self.records[record].holdings[value]) for record in records]
        for span in leases([Holder(one, held.first, held.last) for one, held in holdings], lease):
            yield tuple(holder.record for holder in span)

    def _mere_claimants(self, step: Step, value: int, holders: list[int], groups: frozenset[int]) -> set[int]:
        """Known groups that hold the value of a claims pass only as claimed, in whatever lease."""
        saying = self._groups_of(set(holders) & set(self.held[step.namespace].get(value, ())))
        return {group for group in groups if group in self.groups.known and group not in saying}

    def _veto(self, step: Step, ties: list[Tie]) -> None:
        """Keeps apart whom a value that is not unique ties, but what they say speaks against one person."""
        unique = self.plan.spaces[step.namespace].unique
        if self.plan.matching is None or unique or step.anonymous or not self.likeness.contents:
            return
        for tie in ties:
            for side, against in self.voices.vetoes(self.plan.matching, self.groups, tie):
                self.groups.veto(side, against)

    def _match(self, step: Step) -> None:
        """Joins groups that are alike, and notes who might be."""
        if self.plan.matching is None:
            return
        model = self.plan.matching.model
        for matched in match(model, step, self.likeness, self.groups, self.records):
            stands = {key: self.groups.representative(group) for key, group in matched.group.items()}
            self._leave_open(matched, stands)
            for review in matched.reviews:
                if review.why != "ambiguous":
                    kind: Literal["unique", "review"] = "unique" if review.why == "unique" else "review"
                    rivals = (stands[review.one], stands[review.two])
                    self.likely.append(Kept(kind, step, rivals, (), review.weight))
            for join in matched.joins:
                one, two = (self.groups.of[stands[side[0]]] for side in (join.one, join.two))
                if self.joins is not None:
                    sides = sorted(tuple(sorted(self.groups.members[side])) for side in (one, two))
                    self.joins.append(Join(step, tuple(sides), (), join.weight))
                self.groups.join((one, two))

    def _leave_open(self, matched: Matched, stands: Mapping[Key, int]) -> None:
        """Notes the groups that rivals would both take."""
        between: dict[Key, set[int]] = {}
        for taken, holder in matched.ambiguous:
            between.setdefault(taken, set()).add(stands[holder])
        for taken, anchors in between.items():
            self.open.append(Ambiguity(stands[taken], tuple(sorted(anchors)), MATCHED))

    def _settle(self, step: Step | None, ties: list[Tie]) -> None:
        """Joins every component that can be one person, and contests the others; in a claims pass only those
        where something is claimed, so that a claim elsewhere changes nothing here."""
        claimed = self.claimed[step.namespace].keys() if step and step.claims else None
        for component, within in components(ties):
            if claimed is not None and not any(tie.value in claimed for tie in within):
                continue
            uniques = step.uniques if step else ()
            conflicts = self.groups.conflicts(component, uniques, bool(step and step.anonymous))
            if conflicts:
                self._contest(step, component, within, conflicts)
            else:
                self._join(step, component, within)

    def _join(self, step: Step | None, groups: Iterable[int], ties: Iterable[Tie]) -> None:
        if self.joins is not None:
            members = sorted(tuple(sorted(self.groups.members[group])) for group in groups)
            values = sorted({tie.value for tie in ties if tie.value is not None})
            self.joins.append(Join(step, tuple(members), tuple(values)))
        self.groups.join(groups)

    def _contest(
        self, step: Step | None, component: set[int], ties: list[Tie], conflicts: dict[str, set[int]]
    ) -> None:
        """Keeps the anchors apart; joins a part to its only anchor, or leaves it by itself, ambiguous."""
        anchors = set[int]().union(*conflicts.values())
        rivals = self._unjudged(*(groups for kind, groups in conflicts.items() if kind.startswith("unique")))
        vetoed = self._unjudged(conflicts.get("veto", set()))
        joining: list[tuple[set[int], list[Tie]]] = []
        parts = []
        stands = {anchor: self.groups.representative(anchor) for anchor in anchors}
        for part, within in components(ties, component - anchors):
            tied = sorted({group for tie in within for group in tie.groups & anchors})
            chosen = tied[0] if len(tied) == 1 else self._owner(step, part, within, anchors)
            # Who stands for the others comes first: whom the rule met first follows the order of arrival.
            first = self.groups.representative(*part)
            others = (record for group in part for record in self.groups.members[group] if record != first)
            members = (first, *others)
            between = tuple(stands[one] for one in tied)
            parts.append((members, between, chosen))
            joining.append((part if chosen is None else part | {chosen}, within))
            if chosen is None and len(tied) > 1:
                self.open.append(Ambiguity(first, between, step.namespace if step else -1))
        values = tuple(sorted({tie.value for tie in ties if tie.value is not None}))
        kinds = frozenset(kind.split(":")[0] for kind in conflicts)
        self.contests.append(
            Contest(
                step,
                tuple(sorted(stands.values())),
                tuple(sorted(stands[one] for one in rivals)),
                tuple(sorted(stands[one] for one in vetoed)),
                kinds,
                values,
                tuple(parts),
            )
        )
        for groups, within in joining:
            current = {self.groups.of[group] for group in groups}
            if len(current) > 1:
                self._join(step, current, within)

    def _unjudged(self, *groups: set[int]) -> set[int]:
        """Groups that are kept apart; none where judgements keep every two of them apart anyway."""
        all_of = set[int]().union(*groups)
        judged = all(self.groups.judged_apart(one, two) for one, two in combinations(all_of, 2))
        return set() if judged else all_of

    def _owner(self, step: Step | None, part: set[int], ties: list[Tie], anchors: set[int]) -> int | None:
        """The anchor that a namespace's ``contested`` names for a part tied to several, if it names one."""
        contested = self.plan.spaces[step.namespace].contested if step else "apart"
        if contested == "apart":
            return None
        best: tuple[tuple[bool, int], tuple[str, str]] | None = None
        owner = None
        for tie in ties:
            for record in tie.records:
                group = self.groups.of[record]
                if group not in anchors or tie.value is None or not tie.groups & part:
                    continue
                holding = self.records[record].holdings[tie.value]
                rank = (sighting_rank(contested, holding.first, holding.last), self.records[record].key)
                if best is None or rank < best:
                    best, owner = rank, group
        return owner

    def _still_open(self) -> list[Ambiguity]:
        """The ambiguities that no later step has settled."""
        of = self.groups.of
        return [
            ambiguity
            for ambiguity in self.open
            if of[ambiguity.part] not in {of[anchor] for anchor in ambiguity.anchors}
        ]


def sighting_rank(contested: str, first: int | None, last: int | None) -> tuple[bool, int]:
    """Sorts holders of a contested value: the one who owns it first. Those without a time come last."""
    if contested == "latest":
        return (last is None, -(last or 0))
    return (first is None, first or 0)
