"""What comparators say of pairs that people write, how groups join, and when a value forbids it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from resolver.matching.components import Graph, Group, Key
from resolver.matching.content import prepare
from resolver.matching.kinds import KINDS
from resolver.matching.looks import look
from resolver.matching.model import BIT, Comparison, Model, Prepared, from_dict, rarity_text, to_dict
from resolver.matching.placeholders import placeholders
from resolver.matching.proposing import propose
from resolver.matching.quick import ASK, QUICK
from resolver.matching.scoring import compare, veto_weight
from resolver.matching.table import Cell, Column
from tests.engine.at_once import Linked, link, match_all
from tests.people_table import people_table

MODEL = from_dict(json.loads(Path("graph_schema/bundled/people.json").read_text()))


_ODD_NAMES = [
    *[("Bob", "Li"), ("Robert", "Ng"), ("R.", "Smith-Jones"), ("Anna Maria", "Jones"), ("X", "Y")],
    *[("Maria", "de la Cruz"), ("Cruz", "Maria"), ("Mari", "Cruz"), ("Abcdefghijkl", "Abcuvwxyzmnopq")],
]


@pytest.mark.parametrize(
    ("kind", "traits", "others", "level"),
    [
        ("given name", {"firstName": "José"}, {"firstName": "JOSE"}, "same"),
        ("given name", {"firstName": "Bob"}, {"firstName": "Robert"}, "known short form"),
        ("given name", {"firstName": "Ольга"}, {"firstName": "Olga"}, "same"),
        ("given name", {"firstName": "राहुल"}, {"firstName": "रोहिल"}, "unlike"),
        ("given name", {"firstName": "สุดา"}, {"firstName": "สิริ"}, "unlike"),
        ("given name", {"firstName": "だいき"}, {"firstName": "たいき"}, "unlike"),
        ("given name", {"firstName": "ޢަލީ"}, {"firstName": "ޢާލިމް"}, "unlike"),
        ("given name", {"firstName": "مُحَمَّد"}, {"firstName": "محمد"}, "same"),
        ("given name", {"name": "Anna Meier"}, {"name": "Meier, Anna"}, "same"),
        ("given name", {"name": "Anna Meier"}, {"name": "Meier Anna"}, "first and last swapped"),
        ("given name", {"firstName": "Meier"}, {"name": "Anna Meyer"}, "first and last swapped"),
        ("given name", {"name": "Meier"}, {"name": "Anna de Meier"}, "first and last swapped"),
        ("given name", {"firstName": "Don"}, {"firstName": "Donald"}, "known short form"),
        ("given name", {"firstName": "A."}, {"firstName": "Anna"}, "initial"),
        ("given name", {"firstName": "Micheal"}, {"firstName": "Michael"}, "close"),
        ("given name", {"firstName": "Anna"}, {"firstName": "Boris"}, "unlike"),
        ("surname", {"lastName": "Müller"}, {"lastName": "Mueller"}, "close"),
        ("surname", {"lastName": "Garcia"}, {"lastName": "García López"}, "part of a double name"),
        ("birth date", {"birthday": "1980-04-03"}, {"birthday": "03.04.1980"}, "same"),
        ("birth date", {"birthday": "1980-04-03"}, {"birthday": "1980-03-04"}, "day and month swapped"),
        ("birth date", {"birthday": "1980-04-03"}, {"birthday": "1980-04-08"}, "one digit wrong"),
        (
            "birth date",
            {"birthday": "1980-04-03"},
            {"birthday": "1980-01-01"},
            "same year, 1 January as placeholder",
        ),
        ("birth date", {"birthday": "1980-04-03"}, {"birthday": "1931-12-25"}, "unlike"),
        ("birth date", {"birthday": "1980-04-03"}, {"birthday": "03-Apr-1980"}, "same"),
        (
            "street",
            {"address.street": "12a High Street"},
            {"address.street": "High St. 12A"},
            "same street and number",
        ),
        (
            "street",
            {"address.street": "Hauptstraße 5"},
            {"address.street": "Hauptstr. 7"},
            "same street, other number",
        ),
        (
            "street",
            {"address.street": "Hauptstr. 5 a"},
            {"address.street": "Hauptstraße 5a"},
            "same street and number",
        ),
        (
            "street",
            {"address.street": "Hauptstr. 5 a"},
            {"address.street": "Hauptstraße 5 b"},
            "same street, other number",
        ),
        (
            "street",
            {"address.street": "12 bis rue Foch"},
            {"address.street": "12bis, rue Foch"},
            "same street and number",
        ),
        (
            "street",
            {"address.street": "500 C St"},
            {"address.street": "500 D St"},
            "close street, same number",
        ),
        (
            "place code",
            {"address.postalCode": "SW1A 1AA"},
            {"address.postalCode": "sw1a1ab"},
            "one letter or digit wrong",
        ),
        ("email", {"email": "a.na+x@gmail.com"}, {"email": "Ana@googlemail.com"}, "same"),
        ("email", {"email": "ana.diaz@x.org"}, {"email": "ana.diza@x.org"}, "one or two letters wrong"),
        ("phone", {"phone": "+33 6 12 34 56 78"}, {"phone": "06 12 34 56 78"}, "same"),
        ("phone", {"phone": "001-202-555-0143x123"}, {"phone": "(202) 555-0143"}, "same"),
    ],
)
def test_levels(kind: str, traits: dict[str, str], others: dict[str, str], level: str) -> None:
    names = {"surname": ("lastName", "name"), "given name": ("firstName", "name")}.get(kind, tuple(traits))
    one, two = (KINDS[kind].values({k: (v,) for k, v in side.items()}, names)[0] for side in (traits, others))
    assert KINDS[kind].levels[KINDS[kind].level(one, two)] == level
    assert KINDS[kind].level(two, one) == KINDS[kind].level(one, two)


def test_a_title_alone_is_no_given_name() -> None:
    said = {"firstName": ("Sir",), "lastName": ("Lord",)}
    assert not KINDS["given name"].values(said, ("firstName", "lastName"))
    assert KINDS["surname"].values(said, ("firstName", "lastName")) == (("lord", ""),)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([f"19{n:02d}-0{n % 9 + 1}-11" for n in range(60)], "date"),
        ([f"person{n}@mail.example" for n in range(60)], "email"),
        (["red", "green", "blue"] * 20, "exact"),
        ([f"{n} High Street" for n in range(60)], "street"),
        ([f"{n:07d}" for n in range(1_000_000, 1_000_060)], "code"),
        ([f"SW{n % 9}A {n % 10}BT" for n in range(60)], "code"),
        ([f"{5_551_234_000 + n}" if n % 2 else f"(555) 123-4{n:03}x12" for n in range(60)], "phone"),
        ([f"{5_551_234_000 + n}" for n in range(60)], "code"),
        ([chr(65 + n % 20) for n in range(60)], "exact"),
        ([f"1{n + 620}-0{n % 9 + 1}-11" for n in range(60)], "date"),
    ],
)
def test_kinds_of_unknown_traits_come_from_their_values(values: list[str], kind: str) -> None:
    assert look(values).kind == kind


def test_names_are_found_by_changing_places_or_in_e_mail_addresses() -> None:
    rows = [(f"Kan{chr(97 + n % 20)}o", f"Mor{chr(97 + n // 20)}{chr(97 + n % 20)}") for n in range(200)]
    towns = [f"Tow{chr(97 + n % 25)}{chr(97 + n // 25)}n" for n in range(200)]
    plain = [
        {"a": (given,), "b": (last,), "c": (town,)} for (given, last), town in zip(rows, towns, strict=True)
    ]
    swapped = [{"a": row["b"], "b": row["a"], "c": row["c"]} for row in plain[:5]]
    found = {one.name: one.traits for one in propose(plain + swapped) if one.kind}
    assert found["given name"] == found["surname"] == ("a", "b", "", "")
    given = "Anna Paul Maria John Peter Lisa Karl Emma Hugo Clara Felix Ida Max Eva Leo Ruth Ivan".split()
    named = [
        {"g": (given[n % len(given)],), **row, "email": (f"{row['b'][0].lower()}{n}@x.org",)}
        for n, row in enumerate(plain)
    ]
    assert {one.name: one.traits for one in propose(named)}["surname"][:2] == ("g", "b")


def test_a_name_of_one_word_beside_a_given_name_is_a_surname() -> None:
    given = "Anna Paul Maria John Peter Lisa Karl Emma Hugo Clara Felix Ida Max Eva Leo Ruth Ivan".split()
    last = [f"Mor{chr(97 + n % 25)}{chr(97 + n // 25)}n" for n in range(200)]
    rows = [{"vorname": (given[n % len(given)],), "name": (name,)} for n, name in enumerate(last)]
    assert {one.name: one.traits for one in propose(rows)}["surname"] == ("vorname", "name", "", "")


def test_a_town_is_a_place_where_two_people_with_one_telephone_have_it_in_common() -> None:
    towns = [
        f"{'abcdefghijklmnopqrstuvwxy'[home % 25] * 3}ton on {'stuv'[home % 4]}ea" for home in range(100)
    ]
    rows = [
        {"firstName": (f"{'ab'[who]}{home}x",), "phone": (f"+4930{home:07d}",), "where": (town,)}
        for home, town in enumerate(towns)
        for who in (0, 1)
    ]
    assert {one.name: one.kind for one in propose(rows)}["where"] == "place"


@pytest.mark.parametrize("kind", QUICK)
def test_what_is_told_of_many_pairs_at_once_is_what_each_comparison_tells(kind: str) -> None:
    names = {"given name": ("firstName", "lastName", "", ""), "surname": ("firstName", "lastName", "", "")}
    traits = {"street": "street", "email": "email", "phone": "phone", "code": "postalCode"}
    trait = {**traits, "date": "birthday", "birth date": "birthday"}.get(kind, "city")
    rows = [{name: (value,) for name, value in row.items()} for row in people_table(150, 3, 0.6)]
    rows += [{"firstName": (first,), "lastName": (last,)} for first, last in _ODD_NAMES]
    found = {KINDS[kind].values(row, names.get(kind, (trait,))) for row in rows}
    values = sorted({one for several in found for one in several})
    one, two = np.triu_indices(len(values), 1)
    told = QUICK[kind](values, one, two)
    level = KINDS[kind].level
    asked = [level(values[a], values[b]) for a, b in zip(one.tolist(), two.tolist(), strict=True)]
    assert [n for n, each in zip(told.tolist(), asked, strict=True) if n not in (ASK, each)] == []
    assert (told != ASK).mean() > 0.3


def test_two_birth_dates_and_two_unlike_first_names_are_always_a_veto() -> None:
    home = {
        "lastName": ("Diaz",),
        "address.street": ("Calle Nueva 4",),
        "address.city": ("Cádiz",),
        "address.postalCode": ("11001",),
        "address.country": ("ES",),
        "email": ("diaz@x.org",),
    }
    one = prepare({**home, "firstName": ("Ana",), "birthday": ("1980-02-03",)}, MODEL)
    two = prepare({**home, "firstName": ("Boris",), "birthday": ("1955-11-21",)}, MODEL)
    silent = prepare({"gender": ("f",)}, MODEL)
    assert veto_weight(one, two, MODEL) < MODEL.veto
    assert veto_weight(one, silent, MODEL) == 0


def test_what_is_close_counts_less_where_both_are_names_that_many_bear() -> None:
    given = Comparison(
        "given name", "given name", ("firstName",), (BIT * 6, 0, 0, BIT * 5, BIT, 0, -BIT * 4),
        rare={"carla": -BIT, "carlo": -BIT}, rare_other=2 * BIT, slips=((3, -3 * BIT, BIT),),
    )  # fmt: skip
    model = Model((given,), (), 0, (("household", -60 * BIT),), merge=-20 * BIT)
    carla, carlo, carlq = (prepare({"firstName": (name,)}, model) for name in ("Carla", "Carlo", "Carlq"))
    assert compare(carla, carlo, model) == 2 * BIT
    assert compare(carla, carlq, model) == compare(carlq, carla, model) == 6 * BIT
    several = prepare({"firstName": ("Carlo", "Carlq")}, model)
    assert compare(carla, several, model) == 6 * BIT


def test_what_many_have_by_other_names_is_no_value() -> None:
    """But a date that somebody's many rows have is hers, and 1 January may stand for a year."""
    people = [f"{first}{second}" for first in "ABCDEFGHIJ" for second in ("nna", "ob", "yril", "ela")]
    names = [*people, *["Doris"] * 40, *people]
    dates = [*["1970-01-01"] * 40, *["1951-05-05"] * 40, *(f"1980-0{n % 9 + 1}-02" for n in range(40))]
    years = [*people, *people], [*["1860-01-01"] * 40, *(f"1860-0{n % 8 + 1}-1{n % 9}" for n in range(80))]

    def counted_as_none(names: list[str], born: list[str]) -> list[set[Cell]]:
        kinds = {"given name": ("firstName", names), "birth date": ("birthday", born)}
        comparisons = [Comparison(kind, kind, (trait,)) for kind, (trait, _) in kinds.items()]
        columns = [
            Column([KINDS[kind].values({trait: (text,)}, (trait, "", "", "")[:4]) for text in texts])
            for kind, (trait, texts) in kinds.items()
        ]
        return placeholders(comparisons, columns)

    assert counted_as_none(names, dates) == [set(), {(("1970", "01", "01"),)}]
    assert counted_as_none([*years[0], *people], years[1]) == [set(), set()]


def test_what_stands_for_no_value_is_not_compared() -> None:
    born = next(one for one in MODEL.comparisons if one.kind == "birth date")
    none = replace(born, rare={rarity_text("birth date", ("1970", "01", "01")): None})
    model = replace(MODEL, comparisons=tuple(none if one is born else one for one in MODEL.comparisons))
    told = {"firstName": ("Ana",), "lastName": ("Silva",), "birthday": ("1970-01-01",)}
    assert prepare(told, model) == prepare({**told, "birthday": ()}, model)
    assert from_dict(json.loads(json.dumps(to_dict(model)))) == model


def test_no_number_is_beyond_all_others() -> None:
    for text in ("inf", "-Infinity", "1e400", "nan"):
        assert KINDS["number"].values({"income": (text,)}, ("income",)) == ()


def test_another_home_is_no_veto() -> None:
    """Who moves has another street, postcode and town at once; who marries another surname, too."""
    there = ("Rua Augusta 12",), ("Lisboa",), ("1100-053",), ("PT",)
    here = ("Calle Nueva 4",), ("Cádiz",), ("11001",), ("ES",)
    names = ("address.street", "address.city", "address.postalCode", "address.country")
    first, then = (dict(zip(names, values, strict=True)) for values in (here, there))
    for who in ({}, {"firstName": ("Ana",)}):
        one = prepare({**first, **who, "lastName": ("Diaz",)}, MODEL)
        two = prepare({**then, **who, "lastName": ("Sousa",)}, MODEL)
        assert veto_weight(one, two, MODEL) >= MODEL.veto


def _linked(
    edges: dict[tuple[int, int], float],
    unique: dict[int, str],
    model: Model,
    votes: dict[int, int] | None = None,
) -> Linked:
    """Groups numbered as their contents, with edges in bits; each content has one vote, or so many."""
    numbers = sorted({number for pair in edges for number in pair})
    groups: dict[Key, Group] = {
        (str(n),): Group(
            (str(n),), frozenset((n,)), frozenset({("user_id", unique[n])} if n in unique else ())
        )
        for n in numbers
    }
    both: dict[int, dict[int, int]] = {number: {} for number in numbers}
    for (one, two), bits in edges.items():
        both[one][two] = both[two][one] = round(bits * BIT)
    contents = {n: Prepared(n, (), (), (), 12 * BIT, (votes or {}).get(n, 1)) for n in numbers}
    return link(Graph(groups, both, contents), model)


EVEN = replace(MODEL, merge=0, floor=0, review=-2 * BIT, missing=-3 * BIT)


def test_the_mean_decides_and_not_the_best_edge() -> None:
    """1 and 2 are one; 3 is like 1 but says nothing with 2: (2 - 3) / 2 is below even odds."""
    found = _linked({(1, 2): 8, (1, 3): 2}, {}, EVEN)
    assert found.persons == ((("1",), ("2",)), (("3",),))
    assert [(review.one, review.two, review.why) for review in found.reviews] == [(("1",), ("3",), "review")]


def test_a_group_that_two_rivals_would_take_joins_neither() -> None:
    found = _linked({(1, 2): 8, (2, 3): 6}, {1: "u", 3: "v"}, EVEN)
    assert found.persons == ((("1",),), (("2",),), (("3",),))
    assert {review.why for review in found.reviews} == {"ambiguous"}


def test_different_unique_values_never_join() -> None:
    found = _linked({(1, 2): 12}, {1: "u", 2: "v"}, EVEN)
    assert found.persons == ((("1",),), (("2",),))
    assert [review.why for review in found.reviews] == ["unique"]


def test_records_that_say_the_same_are_one_however_many() -> None:
    """A block's cap counts contents, so many copies don't hide a person."""
    said = {
        "firstName": ("Ana",),
        "lastName": ("Diaz",),
        "birthday": ("1980-02-03",),
        "address.city": ("Bonn",),
        "address.postalCode": ("53111",),
    }
    content = prepare(said, MODEL)
    found = match_all({("shop", str(number)): content for number in range(60)}, MODEL)
    assert [len(person) for person in found.persons] == [60]


def test_who_says_less_has_less_of_a_say() -> None:
    """What is like 1 but not like 2 is hers where 1 says much more than 2 does, and else it isn't."""
    edges = {(1, 2): 8.0, (1, 3): 2.5}
    assert _linked(edges, {}, EVEN, {1: 4, 2: 4}).persons == ((("1",), ("2",)), (("3",),))
    assert _linked(edges, {}, EVEN, {1: 9, 2: 4}).persons == ((("1",), ("2",), ("3",)),)


def test_a_content_has_a_vote_for_each_two_of_its_fields() -> None:
    traits = {"firstName": ("Ana",), "lastName": ("Diaz",), "birthday": ("1980-02-03",)}
    assert prepare(traits, MODEL).votes == 9
    assert prepare({**traits, "email": ("ad@x.org",)}, MODEL).votes == 16
    assert prepare({"firstName": ("Ana",)}, MODEL).votes == 0


def test_a_file_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format"):
        from_dict({"format": 99})
