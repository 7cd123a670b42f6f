"""Why two records are one person, or are not, and how a person came to be: read off a traced resolution.

The links that joined somebody make a graph of records and of what ties them (values, judgements, likeness):

    crm/4711 ── email ana@… ── the web record of user_id u-1 ── user_id u-1 ── record app/9

The answer to *why* is its shortest path, of two the one by the stronger namespaces. What was refused is read
off the contests. Answers are documents that JSON can hold; ``resolver.sentences`` says them in plain English.
"""

from collections.abc import Collection, Iterator
from itertools import islice

import networkx as nx

from graph_schema.store import Document
from graph_schema.vocabulary import CLAIMED, Judgement
from resolver.apart import Apart
from resolver.likened import closest, in_bits, likened
from resolver.resolution import Join
from resolver.sentences import how_said, why_said
from resolver.traced import Evidence, involved, iso, judgement_shown

Link = tuple[str, int | str, int]
"""What ties records: ("value", identifier, number of lease), ("judgement", id, side), ("likeness", n, 0).
Where claims count too, leases are others, and their numbers below 0."""

_MOST_REFUSED = 20


def why(
    evidence: Evidence, ours: Collection[int], theirs: Collection[int], aliased: Collection[str] = ()
) -> Document:
    """Why the records ``ours`` and ``theirs`` (each of one person) are one person, or what keeps them apart.

    ``outcome`` is one_person (then ``path``: records and what ties each to the next), kept_apart (then
    ``reasons``) or unconnected; ``likeness`` weighs what both say; ``sentences`` tell the same. ``aliased``:
    sources that are not trusted with aliases and sent one between the two.
    """
    one, two = (min(side) for side in (ours, theirs))
    if evidence.resolution.group_of[one] == evidence.resolution.group_of[two]:
        document: Document = {"outcome": "one_person", "path": _path(evidence, ours, theirs), "reasons": []}
    else:
        reasons = [*Apart(evidence, evidence.of(one), evidence.of(two)).reasons()]
        reasons += [{"kind": "alias", "source": source} for source in aliased]
        outcome = "kept_apart" if reasons else "unconnected"
        document = {"outcome": outcome, "path": [], "reasons": reasons}
    document |= {"a": evidence.shown(one), "b": evidence.shown(two)}
    document["likeness"] = likened(evidence, ours, theirs)
    return document | {"sentences": why_said(document)}


def how(evidence: Evidence, record: int) -> Document:
    """How the person of a record came to be: her records, what joined them, and who was kept apart."""
    members = set(evidence.of(record))
    group = evidence.resolution.group_of[record]
    steps = [
        {
            "by": evidence.plan.step_name(join.step),
            "values": [evidence.identifier(value) for value in join.values],
            "likeness": _likeness(evidence, join),
            "judgements": [judgement_shown(one) for one in _speaking(evidence, join)],
            "joined": [[evidence.shown(one) for one in sorted(part)] for part in join.groups],
        }
        for join in evidence.resolution.joins
        if members.issuperset(join.groups[0])
    ]
    others: dict[int, int] = {}
    for contest in evidence.resolution.contests:
        met = {evidence.resolution.group_of[one]: one for one in reversed(involved(contest))}
        if group in met:
            others |= {other: one for other, one in met.items() if other != group and other not in others}
    refused = []
    for one in islice(sorted(others.values()), _MOST_REFUSED):
        reasons = [*Apart(evidence, [*members], evidence.of(one)).reasons()]
        refused.append({"from": evidence.shown(one), "reasons": reasons})
    document = {
        "records": [evidence.shown(one) for one in sorted(members)],
        "steps": steps,
        "kept_apart": refused,
    }
    return document | {"sentences": how_said(document)}


def _likeness(evidence: Evidence, join: Join) -> Document | None:
    """How alike the groups were that likeness joined: in the mean, and the two records that are most so."""
    if join.step is None or not join.step.matching:
        return None
    found = likened(evidence, *join.groups) or {}
    return {"mean_bits": in_bits(join.weight or 0), **found}


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


def _links(evidence: Evidence, number: int, join: Join) -> Iterator[tuple[Link, list[int]]]:
    """What a join rests on: each link with the records that it ties."""
    members = {one for part in join.groups for one in part}
    if join.step is None:
        ids = {evidence.records[one].key: one for one in members}
        for judgement in _speaking(evidence, join):
            for side, keys in enumerate(_sides(judgement)):
                held = [ids[key] for key in sorted(keys) if key in ids]
                yield ("judgement", judgement.judgement_id, side), held
    elif join.step.matching:
        one, two = join.groups
        yield ("likeness", number, 0), [*(closest(evidence, one, two) or (one[0], two[0]))]
    claims = join.step is not None and join.step.claims
    for value in sorted(join.values):
        for span, holders in enumerate(evidence.spans(value, claims)):
            lease = -1 - span if claims else span
            yield ("value", value, lease), sorted({h.record for h in holders} & members)


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
    ends = [one for one in sorted(theirs) if one in found]
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
        return {
            "judgement": next(judgement_shown(one) for one in evidence.judgements if one.judgement_id == name)
        }
    if kind == "likeness" or not isinstance(name, int):
        join = evidence.resolution.joins[int(name)]
        return {"matching": True, "likeness": _likeness(evidence, join)}
    holdings = [evidence.records[one].holdings[name] for one in ends]
    seen = [
        {"first_seen": iso(h.first), "last_seen": iso(h.last), "claimed": bool(h.flags & CLAIMED)}
        for h in holdings
    ]
    return {"identifier": evidence.identifier(name), "seen": seen}
