"""Matching without labels stays as good as it was measured, at the threshold that training proposes."""

import json
from pathlib import Path

import pytest

from resolver.matching.content import prepare
from resolver.matching.model import from_dict
from tests.accuracy.measure import measured, score
from tests.accuracy.tables import febrl, one_name, renamed, simulated
from tests.bench import unseen
from tests.bench.lives import Made, made
from tests.engine.at_once import match_all

PEOPLE = Path("graph_schema/bundled/people.json")


def test_a_dirty_table_of_all_fields() -> None:
    assert measured(simulated(2500, 2, 0.3)).rates.f1 >= 0.97


def test_names_of_traits_don_t_matter() -> None:
    table = simulated(2500, 2, 0.3)
    assert measured(renamed(table)).rates.f1 >= measured(table).rates.f1 - 0.005


def test_a_table_of_few_fields() -> None:
    table = simulated(2500, 5, 0.3, ("birthday", "street", "city", "country", "phone"))
    assert measured(one_name(table)).rates.f1 >= 0.92


@pytest.mark.parametrize(("columns", "precision"), [("born code", 0.95), ("phone mail", 0.99)])
def test_a_table_without_names(columns: str, precision: float) -> None:
    """Nothing else explains there why two rows are alike, neither a home nor a name that two people bear."""
    table = made(Made(("english",), 600, {name: name for name in columns.split()}))
    assert measured(table).rates.precision >= precision


def test_people_without_duplicates_stay_apart() -> None:
    assert measured(simulated(5000, 6, 0.1, once=True)).wrong <= 2


@pytest.mark.slow
def test_twenty_five_thousand_people_without_duplicates_stay_apart() -> None:
    assert measured(simulated(25_000, 6, 0.1, once=True)).wrong <= 2


@pytest.mark.slow
@pytest.mark.parametrize("names", [("dataset3",), ("dataset4a", "dataset4b")])
def test_febrl(names: tuple[str, ...]) -> None:
    assert measured(febrl(*names)).rates.f1 >= 0.9999


def test_the_bundled_model_matches_people_it_has_not_seen() -> None:
    model = from_dict(json.loads(PEOPLE.read_text()))
    table = simulated(2500, 7, 0.3)
    prepared = {key: prepare(traits, model) for key, traits in table.records.items()}
    assert score(match_all(prepared, model).persons, table.truth).rates.f1 >= 0.97


@pytest.mark.parametrize(
    ("name", "precision", "f1"),
    [
        ("six origins, four fields", 0.98, 0.96),
        ("six origins, names, place", 0.98, 0.96),
        ("english, name, city, postcode, state", 0.98, 0.96),
        ("english, whole name, postcode, city", 0.98, 0.96),
        ("english, surname, postcode, city", 0.95, 0.85),
        ("english, surname, city, e-mail", 0.93, 0.9),
    ],
)
def test_what_goes_together_anyhow_is_not_counted_twice(name: str, precision: float, f1: float) -> None:
    found = measured(made(unseen.TABLES[name]))
    assert (found.rates.precision >= precision, found.rates.f1 >= f1) == (True, True), found


def test_what_many_type_who_were_not_told_is_no_value() -> None:
    assert measured(made(unseen.TABLES["english homes, an eighth unasked"])).rates.f1 >= 0.96


def test_rows_of_one_person_in_one_place_are_no_neighbours() -> None:
    assert measured(made(unseen.TABLES["ten rows each, postcode"])).rates.f1 >= 0.95


def test_many_twins_are_told_by_their_names() -> None:
    assert measured(made(unseen.TABLES["twins in towns"])).rates.precision >= 0.92


def test_a_code_s_beginning_tells_of_a_town_where_other_countries_have_it_too() -> None:
    assert measured(made(unseen.TABLES["5,000 once, six origins"])).wrong <= 2
