"""The resolver against the naive statement, and neighbourhoods against everything, on drawn evidence."""

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from graph_schema.vocabulary import Record
from resolver.kinship import Kinship
from resolver.likeness import Likeness
from resolver.neighbourhood import Neighbourhood, neighbourhood
from resolver.resolution import Resolution
from resolver.resolve import resolve_near
from tests.engine.posed import Posed, pose, stated, told
from tests.reference import strategies as drawing
from tests.reference.evidence import Evidence
from tests.reference.spelled import RETAIL, judgements, records
from tests.reference.statement import resolve_evidence


@st.composite
def evidence(draw: st.DrawFn, most: int = 8) -> Evidence:
    """Evidence as rules can have it: only people-joining namespaces are claimed. Half of it with matching and
    with fewer identifiers, so that there is something left to match."""
    rules = draw(drawing.namespaces())
    people = tuple(n.name for n in rules if n.joins == "people")
    matched = draw(st.booleans())
    held = (0, 3) if matched else (1, 4)
    records = draw(drawing.records(rules, most=most, claimable=people, held=held))
    keys = tuple(r.key for r in records)
    alike = draw(drawing.alike(rules, keys)) if matched else None
    return Evidence(rules, records, draw(drawing.judgements(keys)), alike)


@settings(max_examples=400)
@given(evidence())
def test_the_resolver_says_what_the_statement_says(drawn: Evidence) -> None:
    posed = pose(drawn)
    found = posed.resolved()
    event(f"contested: {bool(found.contests)}, ambiguous: {bool(found.ambiguities)}")
    assert told(posed, found) == stated(resolve_evidence(drawn))


def test_a_claim_elsewhere_contests_nothing_here() -> None:
    """Step by step nobody would hear of it."""
    apart, held = judgements("A#D"), "A email:b; B email:b; D email:b"
    here = pose(Evidence(RETAIL, records(held), apart)).resolved()
    with_claim = pose(Evidence(RETAIL, records(f"{held}; G ?email:a"), apart)).resolved()
    assert with_claim.contests == here.contests != []


CLAIMED = {
    "a known person says it, but in another lease": (
        "A phone:p@0; B ?phone:p@30; G ?phone:p@31",
        "A=B",
    ),
    "what nobody claims brings in whom a judgement keeps away": (
        "A uid:a; B uid:a uid:b; G ?uid:b",
        "G#A",
    ),
}


@pytest.mark.parametrize(("held", "said"), CLAIMED.values(), ids=CLAIMED.keys())
def test_the_resolver_says_of_claims_what_the_statement_says(held: str, said: str) -> None:
    one = Evidence(RETAIL, records(held), judgements(said))
    posed = pose(one)
    assert told(posed, posed.resolved()) == stated(resolve_evidence(one))


@pytest.mark.parametrize("contested", ["apart", "latest"])
def test_a_claim_heeds_a_unique_namespace_that_is_weaker(contested: Literal["apart", "latest"]) -> None:
    rules = (replace(RETAIL[2], contested=contested), RETAIL[0])
    held = "A email:e@1 uid:a; B email:e@2 uid:b; C ?email:e@3; D ?email:e@4"
    one = Evidence(rules, records(held), judgements("C#D"))
    posed = pose(one)
    found = posed.resolved()
    assert told(posed, found) == stated(resolve_evidence(one))
    assert not found.ambiguities


@settings(max_examples=100)
@given(evidence())
def test_a_trace_changes_nothing_and_tells_every_join(drawn: Evidence) -> None:
    posed = pose(drawn)
    plain = posed.resolved()
    said = {one.judgement_id: one for one in posed.judgements}
    components = Kinship(posed.plan, posed.graph(posed.records)).components(posed.records)
    likeness = posed.given(Likeness(components))
    everything = Neighbourhood(posed.records, {}, posed.generic, said, likeness)
    traced = resolve_near(posed.plan, everything, trace=True)
    assert told(posed, plain) == told(posed, traced)
    made = sum(len(join.groups) - 1 for join in traced.joins)
    assert made == len(posed.records) - len(plain.groups)


def whose(posed: Posed, found: Resolution) -> dict[int, Record]:
    """The records, each with whom all of the evidence makes its person."""
    return {one: replace(record, person=found.group_of[one]) for one, record in posed.records.items()}


@settings(max_examples=400)
@given(evidence(), st.data())
def test_a_neighbourhood_gives_what_everything_gives(drawn: Evidence, data: st.DataObject) -> None:
    posed = pose(drawn)
    whole = posed.resolved()
    seeds = data.draw(st.sets(st.sampled_from(sorted(posed.records)), min_size=1, max_size=2))
    local = data.draw(st.booleans())
    graph = posed.graph(whose(posed, whole))
    near = neighbourhood(posed.plan, graph, seeds, local=local)
    near.likeness = posed.given(near.likeness)
    found = resolve_near(posed.plan, near)
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
