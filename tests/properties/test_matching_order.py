"""Matching is a function of the set: any order, any permutation, one by one or at once, the same persons."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.matching.batch import edges_of, match_all
from resolver.matching.components import Key
from resolver.matching.content import Prepared, prepare
from resolver.matching.index import Index, Stream
from resolver.matching.linking import Linked
from resolver.matching.model import Model, from_dict, to_dict
from resolver.matching.scoring import compare, edge, explain
from resolver.matching.table import weigh
from resolver.matching.training import train
from resolver.matching.values import Traits

GIVEN = ("anna", "ana", "bob", "robert", "carl", "karl", "anna maria", "a", "josé")
SURNAMES = ("meier", "meyer", "smith", "smith jones", "garcia", "anna")
DATES = ("1980-04-03", "1980-03-04", "1980-01-01", "1981-04-03", "1990-12-24", "1955-07-30")
CITIES = ("paris", "pariss", "bonn", "lyon")
MAILS = ("anna@x.org", "bob.smith@y.org", "bob.smiht@y.org", "k.meier@z.net")


def _traits(pick: random.Random) -> Traits:
    found = {}
    for trait, values in (
        ("firstName", GIVEN),
        ("lastName", SURNAMES),
        ("birthday", DATES),
        ("address.city", CITIES),
        ("email", MAILS),
    ):
        if pick.random() < 0.85:
            some = pick.sample(values, 2 if pick.random() < 0.1 else 1)
            found[trait] = tuple(some)
    return found


@pytest.fixture(scope="module")
def model() -> Model:
    """Small caps, so that blocks close and components fall apart within a few records."""
    pick = random.Random(7)
    fitted = train([_traits(pick) for _ in range(250)]).model
    return replace(fitted, block_cap=3, component_cap=5, prior=fitted.prior + 4096)


def _records(seed: int, many: int, model: Model) -> dict[Key, Prepared]:
    pick = random.Random(seed)
    return {(pick.choice("ab"), str(number)): prepare(_traits(pick), model) for number in range(many)}


def _unique(records: dict[Key, Prepared], seed: int) -> dict[Key, set[tuple[str, str]]]:
    pick = random.Random(seed)
    return {key: {("user_id", pick.choice("uvw"))} for key in sorted(records) if pick.random() < 0.2}


def _all(stream: Stream, records: dict[Key, Prepared]) -> Linked:
    """What a stream says of everything, by asking for each record's component."""
    persons: dict[Key, tuple[Key, ...]] = {}
    reviews = set()
    for key in records:
        for person in stream.persons_of(key).persons:
            persons[person[0]] = person
        reviews.update(stream.persons_of(key).reviews)
    return Linked(tuple(sorted(persons.values())), tuple(sorted(reviews)))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), many=st.integers(2, 45))
def test_one_by_one_in_any_order_is_the_batch(model: Model, seed: int, many: int) -> None:
    records = _records(seed, many, model)
    unique = _unique(records, seed)
    whole = match_all(records, model, unique)
    order = list(records)
    random.Random(seed + 1).shuffle(order)
    stream, persons = Stream(model), {}
    for key in order:
        for person in stream.put(key, records[key], unique.get(key, ())).persons:
            persons.update(dict.fromkeys(person, person))
    assert tuple(sorted(set(persons.values()))) == whole.persons
    assert _all(stream, records) == whole


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), many=st.integers(4, 40))
def test_what_is_answered_to_changes_keeps_the_persons_whole(model: Model, seed: int, many: int) -> None:
    """Adding, changing and taking away: after each step the answers so far are what a batch makes of the set."""
    pick = random.Random(seed)
    records = _records(seed, many, model)
    stream, now = Stream(model), dict[Key, Prepared]()
    persons: dict[Key, tuple[Key, ...]] = {}
    for key in [*records, *pick.choices(list(records), k=many)]:
        if key in now and pick.random() < 0.6:
            del now[key], persons[key]
            answer = stream.take(key)
        else:
            now[key] = prepare(_traits(pick), model) if key in now else records[key]
            answer = stream.put(key, now[key])
        for person in answer.persons:
            persons.update(dict.fromkeys(person, person))
        assert tuple(sorted(set(persons.values()))) == match_all(now, model).persons


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), many=st.integers(2, 60))
def test_edges_are_a_function_of_the_contents(model: Model, seed: int, many: int) -> None:
    records = _records(seed, many, model)
    contents = {content.content: content for content in records.values()}
    order = sorted(contents)
    random.Random(seed).shuffle(order)
    index = Index(model)
    for number in order:
        index.apply(index.add(contents[number]))
    assert index.edges == edges_of(contents, model)
    gone = set(order[::2])
    for number in gone:
        index.apply(index.remove(number))
        index.edges.pop(number, None)
    assert index.edges == edges_of({n: c for n, c in contents.items() if n not in gone}, model)


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
    pick = random.Random(3)
    records = [_traits(pick) for _ in range(120)]
    assert train(records, seed=5).model.hash == train(records, seed=5).model.hash
    assert from_dict(to_dict(model)) == model
    assert from_dict(to_dict(model)).hash == model.hash
