"""The resolver against the naive statement, and neighbourhoods against everything, on drawn evidence."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from graph_schema.vocabulary import BLOCKED, CLAIMED, IdentifierNode, Judgement, Record, RecordKey
from resolver.evidence import is_known
from resolver.neighbourhood import neighbourhood
from resolver.resolve import Resolution, resolve
from tests.engine.posed import Posed, pose, stated, told
from tests.reference import strategies as drawing
from tests.reference.evidence import Evidence
from tests.reference.evidence import Identifier as Named
from tests.reference.statement import resolve_evidence


@st.composite
def evidence(draw: st.DrawFn, most: int = 8) -> Evidence:
    """Evidence as rules can have it: only people-joining namespaces are claimed."""
    rules = draw(drawing.namespaces())
    people = tuple(n.name for n in rules if n.joins == "people")
    records = draw(drawing.records(rules, most=most, claimable=people))
    return Evidence(rules, records, draw(drawing.judgements(tuple(r.key for r in records))))


@settings(max_examples=400)
@given(evidence())
def test_the_resolver_says_what_the_statement_says(drawn: Evidence) -> None:
    posed = pose(drawn)
    found = posed.resolved()
    event(f"contested: {bool(found.contests)}, ambiguous: {bool(found.ambiguities)}")
    assert told(posed, found) == stated(resolve_evidence(drawn))


@settings(max_examples=100)
@given(evidence())
def test_a_trace_changes_nothing_and_tells_every_join(drawn: Evidence) -> None:
    posed = pose(drawn)
    plain = posed.resolved()
    traced = resolve(posed.plan, posed.records, posed.generic, posed.judgements, trace=True)
    assert told(posed, plain) == told(posed, traced)
    made = sum(len(join.groups) - 1 for join in traced.joins)
    assert made == len(posed.records) - len(plain.groups)


class Everything:
    """All the evidence as a graph that can be walked, every person being whom all of it makes."""

    def __init__(self, posed: Posed, found: Resolution) -> None:
        self._records = {
            one: replace(record, person=found.group_of[one]) for one, record in posed.records.items()
        }
        self._ids = {record.key: one for one, record in posed.records.items()}
        self._judgements = posed.judgements
        self._nodes = {number: self._node(posed, name, number) for name, number in posed.identifiers.items()}

    def _node(self, posed: Posed, name: Named, number: int) -> IdentifierNode:
        holders = [record for record in self._records.values() if number in record.holdings]
        holdings = [record.holdings[number] for record in holders]
        return IdentifierNode(
            number,
            (name[0], name[1]),  # type: ignore[arg-type]  # compared, never read
            holdings[0].namespace,
            len(holders),
            sum(not is_known(posed.plan, record.holdings, posed.generic) for record in holders),
            sum(bool(holding.flags & CLAIMED) for holding in holdings),
            generic=number in posed.generic,
        )

    def records(self, ids: Collection[int]) -> Mapping[int, Record]:
        """See ``Graph``."""
        return {one: self._records[one] for one in ids}

    def identifiers(self, ids: Collection[int]) -> Mapping[int, IdentifierNode]:
        """See ``Graph``."""
        return {one: self._nodes[one] for one in ids}

    def holders(self, identifiers: Collection[int]) -> Mapping[int, Collection[int]]:
        """See ``Graph``."""
        return {
            one: [
                record.id
                for record in self._records.values()
                if one in record.holdings
                and record.holdings[one].namespace >= 0
                and not record.holdings[one].flags & BLOCKED
            ]
            for one in identifiers
        }

    def judgements(self, records: Collection[int]) -> Collection[Judgement]:
        """See ``Graph``."""
        keys = {self._records[one].key for one in records}
        return [one for one in self._judgements if keys.intersection((*one.a, *one.b))]

    def record_ids(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, int]:
        """See ``Graph``."""
        return {key: self._ids[key] for key in keys if key in self._ids}


@settings(max_examples=400)
@given(evidence(), st.data())
def test_a_neighbourhood_gives_what_everything_gives(drawn: Evidence, data: st.DataObject) -> None:
    posed = pose(drawn)
    whole = posed.resolved()
    seeds = data.draw(st.sets(st.sampled_from(sorted(posed.records)), min_size=1, max_size=2))
    local = data.draw(st.booleans())
    near = neighbourhood(posed.plan, Everything(posed, whole), seeds, local=local)
    found = resolve(posed.plan, near.records, near.generic, near.judgements.values(), near.borders)
    event(f"borders: {bool(near.borders)}, part of all: {len(near.records) < len(posed.records)}")

    def person(record: int) -> frozenset[int]:
        members = found.groups[found.group_of[record]]
        outside = {near.borders[one] for one in members if one in near.borders}
        assert len(outside) <= 1
        return frozenset(members).union(*(whole.groups[one] for one in outside))

    inside = near.records.keys() - near.borders.keys()
    assert {one: person(one) for one in inside} == {
        one: frozenset(whole.groups[whole.group_of[one]]) for one in inside
    }
    doubts = {
        (person(one.part), frozenset(map(person, one.anchors)))
        for one in found.ambiguities
        if one.part in inside
    }
    expected = {
        (
            frozenset(whole.groups[whole.group_of[one.part]]),
            frozenset(frozenset(whole.groups[whole.group_of[anchor]]) for anchor in one.anchors),
        )
        for one in whole.ambiguities
        if whole.group_of[one.part] in {whole.group_of[record] for record in inside}
    }
    assert doubts == expected
