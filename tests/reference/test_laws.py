"""What must hold of the naive statement for any evidence, drawn or enumerated."""

from itertools import combinations, islice
from math import comb

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.reference.evidence import Evidence, standing
from tests.reference.small import SPLITS, Split, judged, renamings, shapes, small
from tests.reference.spelled import groups
from tests.reference.statement import Answer, known, live_ties, resolve, resolve_evidence
from tests.reference.strategies import evidence, shuffled


@given(st.data())
def test_order_and_repetition_change_nothing(data: st.DataObject) -> None:
    first = data.draw(evidence())
    again = data.draw(shuffled(first))
    answer, other = resolve_evidence(first), resolve_evidence(again)
    assert answer == other
    assert resolve(first.namespaces, first.records, first.judgements * 2) == answer
    for identifier in {h.identifier for r in first.records for h in r.holdings}:
        assert answer.lookup(identifier) == other.lookup(identifier)


@given(evidence())
def test_laws(drawn: Evidence) -> None:
    answer = resolve_evidence(drawn)
    event(f"ambiguous: {bool(answer.ambiguous)}")
    event(f"contested: {sorted({kind for c in answer.contested for kind in c.kinds})}")
    broken = [law.__name__ for law in LAWS if not law(drawn, answer)]
    assert broken == []


@pytest.mark.parametrize("one", SPLITS, ids=lambda one: one.name)
def test_laws_hold_in_the_small(one: Split) -> None:
    generic = islice(small(one.with_generic_above(1), 3), 0, None, 9)
    for some in (*islice(small(one, 3), 0, None, 4), *generic, *islice(judged(one), 0, None, 197)):
        answer = resolve_evidence(some)
        broken = [law.__name__ for law in LAWS if not law(some, answer)]
        assert broken == [], (some, groups(answer.persons))


@pytest.mark.parametrize("one", SPLITS, ids=lambda one: one.name)
def test_each_shape_comes_once(one: Split) -> None:
    """The shapes, each as often as it can be renamed, are all ways to choose records from the sets."""
    size, most = sum(one.values), 4 if one is SPLITS[0] else 3
    sizes = [0] * (most + 1)
    for shape in shapes(one, most):
        renamed = {
            tuple(sorted(sum(1 << where[bit] for bit in range(size) if r >> bit & 1) for r in shape))
            for where in renamings(one)
        }
        sizes[len(shape)] += len(renamed)
    assert sizes[1:] == [comb((1 << size) - 1 + count - 1, count) for count in range(1, most + 1)]


def every_record_is_in_one_person(drawn: Evidence, answer: Answer) -> bool:
    """Persons part the records."""
    return sorted(key for p in answer.persons for key in p) == sorted(r.key for r in drawn.records)


def different_is_never_broken(drawn: Evidence, answer: Answer) -> bool:
    """No person holds two records that a standing word keeps apart."""
    apart = {pair for pair, word in standing(drawn.judgements).items() if word == "different"}
    return not any(pair <= person for pair in apart for person in answer.persons)


def every_person_hangs_together(drawn: Evidence, answer: Answer) -> bool:
    """A person's records are connected by live values, claims among them, and by words `same`."""
    edges = [pair for pair, word in standing(drawn.judgements).items() if word == "same"]
    for namespace in drawn.namespaces:
        for claims in (False, True):
            for tie in live_ties(namespace, drawn.records, answer.generic, claims):
                edges += [frozenset({a.record, b.record}) for a, b in combinations(tie.sightings, 2)]
    for person in answer.persons:
        reached = set(list(person)[:1])
        while more := {k for edge in edges if edge & reached for k in edge & person} - reached:
            reached |= more
        if reached != person:
            return False
    return True


def unattributed_records_join_by_judgement_only(drawn: Evidence, answer: Answer) -> bool:
    """An unattributed record that nobody judged is a person by itself."""
    said = {key for j in drawn.judgements for key in (*j.a, *j.b)}
    return all(answer.person({key}) == {key} for key in answer.unattributed - said)


def ambiguous_parts_are_apart_from_their_anchors(drawn: Evidence, answer: Answer) -> bool:
    """A part and its anchors are persons, and it is none of them."""
    return all(
        between and part not in between and {part, *between} <= answer.persons
        for part, between in answer.ambiguous
    )


def founders_are_members(drawn: Evidence, answer: Answer) -> bool:
    """Each person has a founding record of its own, among its records."""
    return answer.founding.keys() == answer.persons and all(k in p for p, k in answer.founding.items())


def anonymous_evidence_joins_no_known_persons(drawn: Evidence, answer: Answer) -> bool:
    """Without anonymous namespaces and claims the known records are parted alike.

    Where an anonymous namespace stands before a people-joining one it may tie what that one then joins.
    """
    joins = [n.joins for n in drawn.namespaces]
    if joins != sorted(joins, reverse=True):
        return True
    people = tuple(n for n in drawn.namespaces if n.joins == "people")
    unclaimed = tuple(
        type(r)(r.key, r.first_at, tuple(h for h in r.holdings if not h.claimed)) for r in drawn.records
    )
    if any(n.max_records < len(drawn.records) for n in drawn.namespaces):
        return True
    alone = resolve(people, unclaimed, drawn.judgements)
    who = known(drawn.namespaces, drawn.records)
    return {p & who for p in alone.persons if p & who} == {p & who for p in answer.persons if p & who}


LAWS = (
    every_record_is_in_one_person,
    different_is_never_broken,
    every_person_hangs_together,
    unattributed_records_join_by_judgement_only,
    ambiguous_parts_are_apart_from_their_anchors,
    founders_are_members,
    anonymous_evidence_joins_no_known_persons,
)
