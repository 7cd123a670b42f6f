"""What keeps two persons apart: judgements, contests, and why what both hold does not count."""

from collections.abc import Iterable, Iterator

from graph_schema.namespaces import MICROSECONDS_PER_DAY
from graph_schema.store import Document
from graph_schema.vocabulary import BLOCKED, CLAIMED
from resolver.evidence import is_unattributed, people_holdings
from resolver.judged import judge
from resolver.likened import in_bits, likened
from resolver.plan import Step
from resolver.resolution import MATCHED, Contest
from resolver.traced import Evidence, involved, iso, judgement_shown


class Apart:
    """What keeps two groups of records apart, the weightiest reasons first."""

    def __init__(self, evidence: Evidence, ours: list[int], theirs: list[int]) -> None:
        self.evidence = evidence
        self.sides = (ours, theirs)
        held = [{one for record in side for one in evidence.records[record].holdings} for side in self.sides]
        self.shared = sorted(held[0] & held[1])
        self.words = [*self._judged()]

    def reasons(self) -> Iterator[Document]:
        """Every reason, each once: judgements, contests, and why what both hold doesn't count."""
        told: list[Document] = []
        contested: set[int] = set()
        for reason in [*self.words, *self._contests(contested), *self._uncounted(contested)]:
            if reason not in told:
                told.append(reason)
        yield from told

    def _judged(self) -> Iterator[Document]:
        ids = {record.key: record.id for record in self.evidence.records.values()}
        judged = judge(self.evidence.judgements, ids)
        cells = [{judged.cell[one] for one in side if one in judged.cell} for side in self.sides]
        if not any(judged.apart.get(cell, frozenset()) & cells[1] for cell in cells[0]):
            return
        keys = [{self.evidence.records[one].key for one in side} for side in self.sides]
        words = [
            one
            for one in self.evidence.judgements
            if one.kind == "different"
            and one.retracted_at is None
            and any(
                keys[0].intersection(a) and keys[1].intersection(b)
                for a, b in ((one.a, one.b), (one.b, one.a))
            )
        ]
        if words:
            last = max(words, key=lambda one: (one.at or 0, one.judgement_id))
            yield {"kind": "judgement", **judgement_shown(last)}

    def _contests(self, contested: set[int]) -> Iterator[Document]:
        of = self.evidence.resolution.group_of
        groups = [of[side[0]] for side in self.sides]
        for contest in self.evidence.resolution.contests:
            if not {of[one] for one in involved(contest)}.issuperset(groups):
                continue
            contested.update(contest.values)
            direct = [value for value in contest.values if value in self.shared]
            by = [self.evidence.identifier(value) for value in direct or contest.values]
            anchors = {of[one] for one in contest.anchors}
            if anchors.issuperset(groups):
                yield from self._rivals(contest, by, bool(direct))
            else:
                yield from self._between(contest, groups)
        yield from self._alike(groups)

    def _alike(self, groups: list[int]) -> Iterator[Document]:
        """What matching left apart although it is alike."""
        of = self.evidence.resolution.group_of
        for kept in self.evidence.resolution.likely:
            if {of[one] for one in kept.rivals} == set(groups):
                bits = in_bits(kept.weight or 0)
                if kept.kind == "review":
                    yield {"kind": "review", "by": [], "bits": bits}
                else:
                    yield from self._uniques(kept.step, {"by": [], "direct": False, "bits": bits})
        for one in self.evidence.resolution.ambiguities:
            anchors = {of[anchor] for anchor in one.anchors}
            if one.namespace == MATCHED and of[one.part] in groups and anchors & set(groups):
                between = [self.evidence.shown(each) for each in sorted(one.anchors)]
                part = self.evidence.shown(one.part)
                yield {"kind": "ambiguous", "by": [], "matching": True, "part": part, "between": between}

    def _rivals(self, contest: Contest, by: list[Document], direct: bool) -> Iterator[Document]:
        if "unique" in contest.kinds and contest.step is not None:
            yield from self._uniques(contest.step, {"by": by, "direct": direct})
        if "veto" in contest.kinds:
            found = likened(self.evidence, *self.sides)
            yield {"kind": "veto", "by": by, "direct": direct, "likeness": found}
        if "known" in contest.kinds:
            yield {"kind": "known", "by": by, "direct": direct}
        if "different" in contest.kinds and not self.words:
            yield {"kind": "entangled", "by": by, "direct": direct}

    def _uniques(self, step: Step, tie: Document) -> Iterator[Document]:
        """The values of unique namespaces of which one person may have one only."""
        for place in step.uniques:
            values = [sorted(self._values(side, place)) for side in self.sides]
            if values[0] and values[1] and len({*values[0], *values[1]}) > 1:
                name = self.evidence.plan.spaces[place].name
                yield {"kind": "unique", **tie, "namespace": name, "a": values[0], "b": values[1]}

    def _values(self, side: Iterable[int], place: int) -> set[str]:
        return {
            self.evidence.nodes[value].identifier.value
            for one in side
            for value, namespace in people_holdings(self.evidence.plan, self.evidence.records[one].holdings)
            if namespace == place and value not in self.evidence.generic
        }

    def _between(self, contest: Contest, groups: list[int]) -> Iterator[Document]:
        """One of the two is a part that hangs between several anchors."""
        of = self.evidence.resolution.group_of
        for records, tied, _ in contest.parts:
            if len(tied) < 2 or of[records[0]] not in groups:
                continue
            held = {value for one in records for value in self.evidence.records[one].holdings}
            by = [self.evidence.identifier(value) for value in contest.values if value in held]
            if of[records[0]] in {of[one] for one in tied}:
                owner = contest.step and self.evidence.plan.spaces[contest.step.namespace].contested
                if owner not in (None, "apart"):
                    yield {"kind": "owner", "by": by, "owner": owner, "part": self.evidence.shown(records[0])}
                continue
            between = [self.evidence.shown(one) for one in sorted(tied)]
            yield {"kind": "ambiguous", "by": by, "part": self.evidence.shown(records[0]), "between": between}

    def _uncounted(self, contested: set[int]) -> Iterator[Document]:
        """Why what both hold does not link them."""
        for value in self.shared:
            reason = self._worthless(value) or self._leased(value) or self._unheard(value)
            if reason is None and value not in contested:
                reason = {"kind": "outweighed"}
            if reason is not None:
                yield {**reason, "by": [self.evidence.identifier(value)]}

    def _worthless(self, value: int) -> Document | None:
        """Of a value that links nobody at all: undeclared, generic or blocked."""
        node = self.evidence.nodes[value]
        if node.namespace < 0:
            return {"kind": "undeclared"}
        if node.generic:
            space = self.evidence.plan.spaces[node.namespace]
            above = [place for place, others in node.peers.items() if len(others) > space.generic_above]
            if above and node.holders <= space.max_records:
                other = self.evidence.plan.spaces[min(above)].name
                return {"kind": "generic", "above": space.generic_above, "namespace": other}
            return {"kind": "generic", "above": space.max_records, "namespace": None}
        return {"kind": "blocked"} if self._flagged(value, BLOCKED) else None

    def _flagged(self, value: int, flag: int) -> bool:
        """Whether on one side every holding of a value has a flag."""
        records = self.evidence.records
        return any(
            all(held.flags & flag for one in side if (held := records[one].holdings.get(value)))
            for side in self.sides
        )

    def _leased(self, value: int) -> Document | None:
        """Of a value that one side held in an older lease than the other."""
        spans = self.evidence.spans(value)
        ours, theirs = (
            {n for n, span in enumerate(spans) for h in span if h.record in side} for side in self.sides
        )
        if not ours or not theirs or ours & theirs:
            return None
        lease = self.evidence.plan.spaces[self.evidence.nodes[value].namespace].lease or 0
        early, late = sorted((max(min(ours, theirs, key=max)), min(max(ours, theirs, key=max))))
        until = max((h.last for h in spans[early] if h.last is not None), default=None)
        since = min((h.first for h in spans[late] if h.first is not None), default=None)
        days = lease // MICROSECONDS_PER_DAY
        return {"kind": "lease", "until": iso(until), "since": iso(since), "lease_days": days}

    def _unheard(self, value: int) -> Document | None:
        """Of a value that one side only claims, or holds where it joins nothing."""
        if self._flagged(value, CLAIMED):
            return {"kind": "claimed"}
        records, plan = self.evidence.records, self.evidence.plan
        for side in self.sides if self.evidence.nodes[value].namespace not in plan.people else ():
            holders = [one for one in side if value in records[one].holdings]
            if all(is_unattributed(plan, records[one].holdings, self.evidence.generic) for one in holders):
                return {"kind": "unattributed", "part": self.evidence.shown(holders[0])}
        return None
