"""What matching holds to over whole sets: weights by every road, rivals apart, training that repeats.

That any order and one by one come to the same is shown of the engine, in test_incremental.
"""

import random
from collections import Counter
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.likeness import Likeness, linked
from resolver.matching.components import Graph, Group, Key
from resolver.matching.content import prepare
from resolver.matching.kinds import KINDS
from resolver.matching.linking import Linkage
from resolver.matching.model import Model, Prepared, from_dict, to_dict
from resolver.matching.scoring import compare, edge, explain
from resolver.matching.training import train
from resolver.matching.values import Traits
from tests.engine import alike
from tests.engine.at_once import components, edges_of, match_all, weigh

SYLLABLES = "ba ke li mo nu ra se ti vo za".split()
CITIES = ("paris", "bonn", "lyon", "porto", "turin", "ghent")


def _person(pick: random.Random) -> dict[str, str]:
    """Someone: names of syllables, so that some are near each other and few are the same."""
    word = ["".join(pick.choices(SYLLABLES, k=3)) for _ in range(3)]
    born = f"{pick.randint(1950, 1999)}-{pick.randint(1, 12):02d}-{pick.randint(1, 28):02d}"
    mail = f"{word[0]}@{word[2]}.org"
    values = (word[0], word[1], born, mail, pick.choice(CITIES))
    return dict(zip(("firstName", "lastName", "birthday", "email", "address.city"), values, strict=True))


def _traits(pick: random.Random, person: dict[str, str], people: list[dict[str, str]]) -> Traits:
    """What a careless source says of someone: gaps, slips, now and then what belongs to someone else."""
    found = {}
    for trait, value in person.items():
        chance = pick.random()
        if chance < 0.2:
            continue
        if chance < 0.4:
            place = pick.randrange(len(value))
            value = value[:place] + pick.choice("aeiou123") + value[place + 1 :]
        elif chance < 0.5:
            value = pick.choice(people)[trait]
        found[trait] = (value, pick.choice(people)[trait]) if chance > 0.95 else (value,)
    return found


def _said(pick: random.Random, people: int, records: int) -> list[Traits]:
    known = [_person(pick) for _ in range(people)]
    return [_traits(pick, pick.choice(known), known) for _ in range(records)]


@pytest.fixture(scope="module")
def model() -> Model:
    """Small caps, so that blocks close and components fall apart within a few records."""
    fitted = train(_said(random.Random(7), 150, 500)).model
    return replace(fitted, block_cap=6, component_cap=7)


def _records(seed: int, many: int, model: Model) -> dict[Key, Prepared]:
    pick = random.Random(seed)
    said = _said(pick, max(2, many // 8), many)
    return {(pick.choice("ab"), str(number)): prepare(traits, model) for number, traits in enumerate(said)}


def _unique(records: dict[Key, Prepared], seed: int) -> dict[Key, set[tuple[str, str]]]:
    pick = random.Random(seed)
    return {key: {("user_id", pick.choice("uvw"))} for key in sorted(records) if pick.random() < 0.2}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_weight_is_the_same_both_ways_and_by_every_road(model: Model, seed: int) -> None:
    one, two = _records(seed, 2, model).values()
    weight = compare(one, two, model)
    assert compare(two, one, model) == weight
    assert sum(step.weight for step in explain(one, two, model)) == weight
    ones = [one, two]
    assert weigh(ones, np.array([0]), np.array([1]), model).tolist() == [weight]
    assert edge(one, two, model) == (weight if weight >= min(model.floor, model.review) else None)


@settings(max_examples=1_000, deadline=None)
@given(kind=st.sampled_from(sorted(KINDS)), seed=st.integers(0, 1 << 32))
def test_every_kind_compares_the_same_both_ways(kind: str, seed: int) -> None:
    pick, how = random.Random(seed), KINDS[kind]
    first, last = _written(pick, kind), _written(pick, kind)
    records = [(first, last), (_slipped(pick, first), last), (last, _slipped(pick, _slipped(pick, first)))]
    said = [{"firstName": (one,), "lastName": (two,), "it": (one, two)} for one, two in records]
    values = [one for traits in said for one in how.values(traits, ("it",))]
    for one, two in combinations(values, 2):
        assert how.level(one, two) == how.level(two, one), (one, two)


def _written(pick: random.Random, kind: str) -> str:
    if "date" in kind:
        return f"{pick.randint(1978, 1991)}-{pick.randint(1, 12):02d}-{pick.randint(1, 28):02d}"
    letters = "0129" if kind in ("phone", "number") else "abemr ab5 "
    word = "".join(pick.choices(letters, k=pick.randint(1, 12)))
    return f"{word}@{pick.choice(['aba.org', 'abe.org'])}" if kind == "email" else word


def _slipped(pick: random.Random, text: str) -> str:
    """A text with a letter more, less, or other; two changed round."""
    text = text or "b"
    place = pick.randrange(len(text))
    before, here, after = text[:place], text[place], text[place + 1 :]
    return before + pick.choice(
        [after, pick.choice(text) + here + after, after[:1] + here + after[1:], "a" + after]
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), many=st.integers(2, 40))
def test_rivals_and_judgements_stay_apart(model: Model, seed: int, many: int) -> None:
    records = _records(seed, many, model)
    unique = _unique(records, seed)
    keys = sorted(records)
    apart = {keys[0]: {keys[-1]}, keys[-1]: {keys[0]}} if len(keys) > 1 else {}
    for person in match_all(records, model, unique, apart).persons:
        assert len({value for key in person for value in unique.get(key, ())}) <= 1
        assert not {keys[0], keys[-1]} <= set(person) or len(keys) == 1


def test_training_is_repeatable_and_a_model_survives_its_file(model: Model) -> None:
    records = _said(random.Random(3), 40, 120)
    assert train(records, seed=5).model.hash == train(records, seed=5).model.hash
    assert from_dict(to_dict(model)) == model
    assert from_dict(to_dict(model)).hash == model.hash


def test_the_sets_tried_here_are_hard_enough(model: Model) -> None:
    """Guards the others: within them groups join, floors rise, rivals contend, and blocks close."""
    joined = raised = closed = 0
    reasons = set()
    for seed in range(12):
        records = _records(seed, 40, model)
        whole = match_all(records, model, _unique(records, seed))
        joined += sum(len(person) > 2 for person in whole.persons)
        reasons |= {review.why for review in whole.reviews}
        contents = {content.content: content for content in records.values() if content.votes}
        groups = {
            key: Group(key, frozenset({content.content} & contents.keys()))
            for key, content in records.items()
        }
        graph = Graph(groups, edges_of(contents, model), contents)
        raised += sum(floor > model.floor for _, floor in components(graph, records, model))
        blocks = Counter(key for content in contents.values() for key in content.keys)
        closed += sum(held > model.block_cap for held in blocks.values())
    assert min(joined, raised, closed) > 12
    assert reasons == {"review", "unique", "ambiguous"}


@st.composite
def likely(draw: st.DrawFn) -> tuple[Likeness, dict[Key, Group], dict[Key, set[Key]]]:
    """Groups of one component that say few things, with weights that often tie, and sides kept apart."""
    contents = {one: _said_as(one, draw(st.sampled_from((2, 4, 8)))) for one in range(1, 5)}
    edges: dict[int, dict[int, int]] = {one: {} for one in contents}
    for here, there in combinations(contents, 2):
        if (weight := draw(st.sampled_from((None, -2, 1, 3, 4, 8)))) is not None:
            edges[here][there] = edges[there][here] = weight
    said = st.sampled_from(({1}, {2}, {3}, {4}, {1, 2}, set[int]()))
    sides: dict[Key, tuple[frozenset[int], bool]] = {
        ("crm", f"{number:02}"): (frozenset(draw(said)), draw(st.booleans()))
        for number in range(draw(st.integers(2, 10)))
    }
    apart: dict[Key, set[Key]] = {}
    found = sorted(set(sides.values()), key=str)
    for one, two in draw(st.lists(st.tuples(st.sampled_from(found), st.sampled_from(found)), max_size=3)):
        for a, b in permutations(sides, 2):
            if one != two and {sides[a], sides[b]} == {one, two}:
                apart.setdefault(a, set()).add(b)
    groups = {key: Group(key, side[0]) for key, side in sides.items()}
    return Likeness((), contents, edges), groups, apart


def _said_as(content: int, own: int) -> Prepared:
    return Prepared(content, ((("x",),),), ((0,),), (), own, 1 + content % 2)


@settings(max_examples=400)
@given(likely(), st.sampled_from((3, 5)), st.sampled_from((-8, -3, 0)))
def test_who_says_the_same_is_linked_at_once_as_one_by_one(
    drawn: tuple[Likeness, dict[Key, Group], dict[Key, set[Key]]], merge: int, missing: int
) -> None:
    likeness, groups, apart = drawn
    small = replace(alike.MODEL, merge=merge, review=1, missing=missing)
    slow = Linkage(Graph(groups, likeness.edges, likeness.contents), sorted(groups), small, apart)
    slow.run()
    fast, twins = linked(small, likeness, groups, apart)
    behind = {key: [key] for key in groups}
    for join in twins:
        behind[join.one[0]] += behind.pop(join.two[0])
    clusters = [sorted(key for one in members for key in behind[one]) for members in fast.members.values()]
    assert sorted(clusters) == sorted(slow.members.values())
    assert sorted(fast.reviews()) == sorted(slow.reviews())
