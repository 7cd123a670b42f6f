"""Why two records are one person, or are not, and how a person came to be: read off a traced resolution.

The links that joined somebody make a graph of records and of what ties them (values, judgements, likeness):

    crm/4711 ── email ana@… ── the web record of user_id u-1 ── user_id u-1 ── record app/9

The answer to *why* is its shortest path, of two the one by the stronger namespaces. What was refused is read
off the contests. Answers are documents that JSON can hold; ``resolver.sentences`` says them in plain English.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import networkx as nx

from graph_schema.store import Document
from graph_schema.vocabulary import BLOCKED, CLAIMED, IdentifierNode, Judgement, Record
from resolver.evidence import Holder, is_unattributed, leases, people_holdings
from resolver.judged import judge
from resolver.naming import identifier_shown, iso, record_shown
from resolver.plan import Plan
from resolver.resolve import Contest, Join, Resolution
from resolver.sentences import how_said, why_said

Link = tuple[str, int | str, int]
"""What ties records: ("value", identifier, number of lease), ("judgement", id, side), ("likeness", n, 0)."""

_MOST_REFUSED = 20


@dataclass(frozen=True)
class Evidence:
    """A neighbourhood, resolved with a trace. ``persons`` names the person of each record, by record id."""

    plan: Plan
    records: Mapping[int, Record]
    nodes: Mapping[int, IdentifierNode]
    judgements: Collection[Judgement]
    resolution: Resolution
    persons: Mapping[int, str]

    @cached_property
    def holders(self) -> Mapping[int, list[int]]:
        """The records that hold each identifier in whatever way, ordered by key."""
        found: dict[int, list[int]] = {}
        for record in sorted(self.records.values(), key=lambda one: one.key):
            for identifier in record.holdings:
                found.setdefault(identifier, []).append(record.id)
        return found

    @cached_property
    def generic(self) -> set[int]:
        """The identifiers that are too common to link."""
        return {node.id for node in self.nodes.values() if node.generic}

    def of(self, record: int) -> list[int]:
        """All records of the person of one."""
        return self.resolution.groups[self.resolution.group_of[record]]

    def spans(self, value: int) -> list[list[Holder]]:
        """The holders of a value that could tie by it, lease by lease."""
        place = self.nodes[value].namespace
        held = [(one, self.records[one].holdings[value]) for one in self.holders[value]]
        usable = [Holder(one, h.first, h.last) for one, h in held if not h.flags & BLOCKED]
        return leases(usable, self.plan.spaces[place].lease) if usable and place >= 0 else []

    def shown(self, record: int) -> Document:
        """A record as it is told."""
        return record_shown(self.plan, self.records[record], self.nodes, self.persons.get(record))

    def identifier(self, value: int) -> Document:
        """An identifier as it is told."""
        return identifier_shown(self.nodes[value])


def why(
    evidence: Evidence, ours: Collection[int], theirs: Collection[int], aliased: Collection[str] = ()
) -> Document:
    """Why the records ``ours`` and ``theirs`` (each of one person) are one person, or what keeps them apart.

    ``outcome`` is one_person (then ``path``: records and what ties each to the next), kept_apart (then
    ``reasons``) or unconnected; ``sentences`` tell the same. ``aliased``: sources that are not trusted with
    aliases and sent one between the two.
    """
    one, two = (_by_key(evidence, side)[0] for side in (ours, theirs))
    if evidence.resolution.group_of[one] == evidence.resolution.group_of[two]:
        document: Document = {"outcome": "one_person", "path": _path(evidence, ours, theirs), "reasons": []}
    else:
        reasons = [*_Apart(evidence, evidence.of(one), evidence.of(two)).reasons()]
        reasons += [{"kind": "alias", "source": source} for source in aliased]
        outcome = "kept_apart" if reasons else "unconnected"
        document = {"outcome": outcome, "path": [], "reasons": reasons}
    document |= {"a": evidence.shown(one), "b": evidence.shown(two)}
    return document | {"sentences": why_said(document)}


def how(evidence: Evidence, record: int) -> Document:
    """How the person of a record came to be: her records, what joined them, and who was kept apart."""
    members = set(evidence.of(record))
    group = evidence.resolution.group_of[record]
    steps = [
        {
            "by": _step_name(evidence, join),
            "values": [evidence.identifier(value) for value in join.values],
            "judgements": [_judgement(one) for one in _speaking(evidence, join)],
            "joined": [[evidence.shown(one) for one in _by_key(evidence, part)] for part in join.groups],
        }
        for join in evidence.resolution.joins
        if members.issuperset(join.groups[0])
    ]
    others: dict[int, int] = {}
    for contest in evidence.resolution.contests:
        met = {evidence.resolution.group_of[one]: one for one in reversed(_involved(contest))}
        if group in met:
            others |= {other: one for other, one in met.items() if other != group and other not in others}
    refused = []
    for one in islice(_by_key(evidence, others.values()), _MOST_REFUSED):
        reasons = [*_Apart(evidence, [*members], evidence.of(one)).reasons()]
        refused.append({"from": evidence.shown(one), "reasons": reasons})
    document = {
        "records": [evidence.shown(one) for one in _by_key(evidence, members)],
        "steps": steps,
        "kept_apart": refused,
    }
    return document | {"sentences": how_said(document)}


def _by_key(evidence: Evidence, records: Iterable[int]) -> list[int]:
    return sorted(records, key=lambda one: evidence.records[one].key)


def _involved(contest: Contest) -> list[int]:
    return [*contest.anchors, *(part[0][0] for part in contest.parts)]


def _step_name(evidence: Evidence, join: Join) -> str:
    if join.step is None:
        return "judgement"
    return evidence.plan.spaces[join.step.namespace].name if join.values else "matching"


def _sides(judgement: Judgement) -> list[tuple[tuple[str, str], ...]]:
    """The lists of records that a judgement holds together."""
    return [judgement.a + judgement.b] if judgement.kind == "same" else [judgement.a, judgement.b]


def _speaking(evidence: Evidence, join: Join) -> Iterator[Judgement]:
    """The judgements that hold together what a join of judgements joined."""
    if join.step is None:
        keys = {evidence.records[one].key for part in join.groups for one in part}
        for judgement in evidence.judgements:
            if judgement.retracted_at is None and any(
                len(keys.intersection(side)) > 1 for side in _sides(judgement)
            ):
                yield judgement


def _judgement(judgement: Judgement) -> Document:
    return {
        "judgement_id": judgement.judgement_id,
        "word": judgement.kind,
        "by": judgement.by,
        "at": iso(judgement.at),
        "why": judgement.why,
    }


def _links(evidence: Evidence, number: int, join: Join) -> Iterator[tuple[Link, list[int]]]:
    """What a join rests on: each link with the records that it ties."""
    members = {one for part in join.groups for one in part}
    if join.step is None:
        ids = {evidence.records[one].key: one for one in members}
        for judgement in _speaking(evidence, join):
            for side, keys in enumerate(_sides(judgement)):
                yield (
                    ("judgement", judgement.judgement_id, side),
                    [ids[key] for key in sorted(keys) if key in ids],
                )
    elif not join.values:
        yield ("likeness", number, 0), [min(_by_key(evidence, part)) for part in join.groups]
    for value in sorted(join.values, key=lambda one: evidence.nodes[one].identifier):
        for span, holders in enumerate(evidence.spans(value)):
            yield ("value", value, span), _by_key(evidence, {h.record for h in holders} & members)


Way = list[int | Link]


def _path(evidence: Evidence, ours: Collection[int], theirs: Collection[int]) -> list[Document]:
    """The shortest way from one of ``ours`` to one of ``theirs``: records and links in turn."""
    group = set(evidence.of(next(iter(ours))))
    graph: nx.Graph[int | Link] = nx.Graph()
    graph.add_nodes_from(group)
    for number, join in enumerate(evidence.resolution.joins):
        if not group.issuperset(join.groups[0]):
            continue
        # As few links as can be; of equally few, the strongest.
        weight = 1_000 + (join.step.namespace if join.step else -1)
        for link, records in _links(evidence, number, join):
            for record in records if len(records) > 1 else ():
                if not graph.has_edge(link, record):
                    graph.add_edge(link, record, weight=weight)
    found: dict[int | Link, Way] = nx.multi_source_dijkstra_path(graph, set(ours))
    ends = [one for one in _by_key(evidence, theirs) if one in found]
    if not ends:
        return []
    way = min((found[end] for end in ends), key=len)
    told: list[Document] = []
    for place, node in enumerate(way):
        if isinstance(node, int):
            told.append({"record": evidence.shown(node)})
        else:
            told.append(
                _link(evidence, node, [one for one in way[place - 1 : place + 2 : 2] if isinstance(one, int)])
            )
    return told


def _link(evidence: Evidence, link: Link, ends: list[int]) -> Document:
    kind, name, _ = link
    if kind == "judgement":
        return {"judgement": next(_judgement(one) for one in evidence.judgements if one.judgement_id == name)}
    if kind == "likeness" or not isinstance(name, int):
        return {"matching": True}
    holdings = [evidence.records[one].holdings[name] for one in ends]
    seen = [
        {"first_seen": iso(h.first), "last_seen": iso(h.last), "claimed": bool(h.flags & CLAIMED)}
        for h in holdings
    ]
    return {"identifier": evidence.identifier(name), "seen": seen}


class _Apart:
    """What keeps two groups of records apart, the weightiest reasons first."""

    def __init__(self, evidence: Evidence, ours: list[int], theirs: list[int]) -> None:
        self.evidence = evidence
        self.sides = (ours, theirs)
        held = [{one for record in side for one in evidence.records[record].holdings} for side in self.sides]
        self.shared = sorted(held[0] & held[1], key=lambda one: evidence.nodes[one].identifier)

    def reasons(self) -> Iterator[Document]:
        """Every reason, each once: judgements, contests, and why what both hold doesn't count."""
        told: list[Document] = []
        contested: set[int] = set()
        for reason in [*self._judged(), *self._contests(contested), *self._uncounted(contested)]:
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
            yield {
                "kind": "judgement",
                **_judgement(max(words, key=lambda one: (one.at or 0, one.judgement_id))),
            }

    def _contests(self, contested: set[int]) -> Iterator[Document]:
        of = self.evidence.resolution.group_of
        groups = [of[side[0]] for side in self.sides]
        for contest in self.evidence.resolution.contests:
            if not {of[one] for one in _involved(contest)}.issuperset(groups):
                continue
            contested.update(contest.values)
            direct = [value for value in contest.values if value in self.shared]
            by = [self.evidence.identifier(value) for value in direct or contest.values]
            anchors = {of[one] for one in contest.anchors}
            if anchors.issuperset(groups):
                yield from self._rivals(contest, by, bool(direct))
            else:
                yield from self._between(contest, groups)

    def _rivals(self, contest: Contest, by: list[Document], direct: bool) -> Iterator[Document]:
        if "unique" in contest.kinds and contest.step is not None:
            for place in contest.step.uniques:
                values = [sorted(self._values(side, place)) for side in self.sides]
                if values[0] and values[1] and values[0] != values[1]:
                    name = self.evidence.plan.spaces[place].name
                    yield {
                        "kind": "unique",
                        "by": by,
                        "direct": direct,
                        "namespace": name,
                        "a": values[0],
                        "b": values[1],
                    }
        if "known" in contest.kinds:
            yield {"kind": "known", "by": by, "direct": direct}

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
                owner = (
                    self.evidence.plan.spaces[contest.step.namespace].contested if contest.step else "apart"
                )
                if owner != "apart":
                    yield {"kind": "owner", "by": by, "owner": owner, "part": self.evidence.shown(records[0])}
                continue
            between = [self.evidence.shown(one) for one in _by_key(self.evidence, tied)]
            yield {"kind": "ambiguous", "by": by, "part": self.evidence.shown(records[0]), "between": between}

    def _uncounted(self, contested: set[int]) -> Iterator[Document]:
        tests: tuple[Callable[[int], Document | None], ...] = (
            self._undeclared,
            self._generic,
            self._blocked,
            self._leased,
            self._claimed,
            self._nobodys,
        )
        for value in self.shared:
            reason = next((found for test in tests if (found := test(value))), None)
            if reason is None and value not in contested:
                reason = {"kind": "outweighed"}
            if reason is not None:
                yield {**reason, "by": [self.evidence.identifier(value)]}

    def _flags(self, value: int) -> list[list[int]]:
        records = self.evidence.records
        return [
            [records[one].holdings[value].flags for one in side if value in records[one].holdings]
            for side in self.sides
        ]

    def _undeclared(self, value: int) -> Document | None:
        return {"kind": "undeclared"} if self.evidence.nodes[value].namespace < 0 else None

    def _generic(self, value: int) -> Document | None:
        node = self.evidence.nodes[value]
        if not node.generic:
            return None
        space = self.evidence.plan.spaces[node.namespace]
        above = [place for place, others in node.peers.items() if len(others) > space.generic_above]
        if above:
            other = self.evidence.plan.spaces[min(above)].name
            return {"kind": "generic", "above": space.generic_above, "namespace": other}
        return {"kind": "generic", "above": space.max_records, "namespace": None}

    def _blocked(self, value: int) -> Document | None:
        blocked = any(all(flag & BLOCKED for flag in flags) for flags in self._flags(value))
        return {"kind": "blocked"} if blocked else None

    def _leased(self, value: int) -> Document | None:
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
        return {
            "kind": "lease",
            "until": iso(until),
            "since": iso(since),
            "lease_days": lease // 86_400_000_000,
        }

    def _claimed(self, value: int) -> Document | None:
        claimed = any(all(flag & CLAIMED for flag in flags) for flags in self._flags(value))
        return {"kind": "claimed"} if claimed else None

    def _nobodys(self, value: int) -> Document | None:
        records, plan = self.evidence.records, self.evidence.plan
        if self.evidence.nodes[value].namespace in plan.people:
            return None
        for side in self.sides:
            holders = [one for one in side if value in records[one].holdings]
            if all(is_unattributed(plan, records[one].holdings, self.evidence.generic) for one in holders):
                return {"kind": "unattributed", "part": self.evidence.shown(holders[0])}
        return None
