"""What is written in another script, or what a country is called elsewhere, speaks against nobody."""

import json
from pathlib import Path

import pytest

from resolver.matching.content import prepare
from resolver.matching.countries import read
from resolver.matching.kinds import KINDS
from resolver.matching.model import from_dict
from resolver.matching.scoring import veto_weight
from resolver.matching.text import fold

MODEL = from_dict(json.loads(Path("graph_schema/bundled/people.json").read_text()))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("de", ("DE", "deu", "276", "Germany", "Deutschland", "ALLEMAGNE", "ドイツ", "Germny")),
        ("us", ("USA", "U.S.A.", "United States of America", "the United States")),
        ("gb", ("UK", "England", "United Kingdom", "GBR")),
        ("au", ("Australia", "Australien")),
        ("at", ("Austria", "Österreich")),
        ("narnia", ("Narnia",)),
        ("nowhere land", ("Nowhere  Land",)),
    ],
)
def test_a_country_is_one_however_it_is_called(code: str, said: tuple[str, ...]) -> None:
    assert {read(text) for text in said} == {(code,)}
    named = [prepare({"address.country": (text,)}, MODEL) for text in said]
    assert len({one.content for one in named}) == 1


def test_what_is_written_in_two_scripts_says_nothing() -> None:
    for kind, one, two in (
        ("given name", ("太郎", ""), ("taro", "")),
        ("surname", ("علي", ""), ("ali", "")),
        ("place", ("東京",), ("tokyo",)),
        ("street", ("ถนน", "5"), ("thanon", "5")),
    ):
        assert KINDS[kind].level(one, two) == KINDS[kind].level(two, one) == -1
    mail = {"email": ("taro@yamada.example",)}
    here = prepare({**mail, "firstName": ("太郎",), "lastName": ("山田",)}, MODEL)
    there = prepare({**mail, "firstName": ("Taro",), "lastName": ("Yamada",)}, MODEL)
    assert veto_weight(here, there, MODEL) >= 0
    mother, son = (
        prepare({**mail, "firstName": (name,), "birthday": (born,)}, MODEL)
        for name, born in (("花子", "1950-03-07"), ("Taro", "1981-11-25"))
    )
    assert veto_weight(mother, son, MODEL) < MODEL.veto


@pytest.mark.parametrize(
    ("one", "two"),
    [("タロウ", "たろう"), ("ﾀﾛｳ", "たろう"), ("علی", "علي"), ("مصطفى", "مصطفي"), ("محـــمد", "محمد")],
)
def test_two_ways_to_write_one_letter_are_one(one: str, two: str) -> None:
    assert fold(one) == fold(two)
