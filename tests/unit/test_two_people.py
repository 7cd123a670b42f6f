"""Two birth dates and two unlike first names are two people's, whatever else they share."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from resolver.matching.content import prepare
from resolver.matching.model import BIT, Comparison, from_dict
from resolver.matching.scoring import veto_weight
from resolver.matching.values import Traits

MODEL = from_dict(json.loads(Path("graph_schema/bundled/people.json").read_text()))
_CLUB = Comparison(
    "club", "text", ("club",), (18 * BIT, 9 * BIT, 0, -3 * BIT), ((),) * len(MODEL.explanations)
)
LEARNT = replace(MODEL, comparisons=(*MODEL.comparisons, _CLUB))
"""As models are learnt from columns of unknown names: an address may be a text, which no home shares."""
SHARED = {"lastName": ("Diaz",), "club": ("Wallaby Place",)}


def _is_vetoed(one: Traits, two: Traits) -> bool:
    weights = [
        veto_weight(prepare({**SHARED, **mine}, LEARNT), prepare({**SHARED, **theirs}, LEARNT), LEARNT)
        for mine, theirs in ((one, two), (two, one))
    ]
    assert weights[0] == weights[1]
    return weights[0] < LEARNT.veto


@pytest.mark.parametrize("other", ["1955-11-21", "1980-02-04", "1981-02-03", "1980-03-04", "1978", "1980-05"])
def test_unlike_names_and_another_birth_date_are_a_veto(other: str) -> None:
    ana = {"firstName": ("Ana",), "birthday": ("1980-02-03",)}
    assert _is_vetoed(ana, {"firstName": ("Boris",), "birthday": (other,)})


@pytest.mark.parametrize(
    ("name", "born"),
    [
        *[("Boris", same) for same in ("1980-02-03", "1980", "1980-02", "1980-03-02", "1980-01-01", "")],
        *[(name, "1955-11-21") for name in ("Anna", "Ana Maria", "A.", "")],
    ],
)
def test_what_may_be_one_date_or_one_name_is_weighed(name: str, born: str) -> None:
    ana = {"firstName": ("Ana",), "birthday": ("1980-02-03",)}
    assert not _is_vetoed(ana, {"firstName": (name,), "birthday": (born,)})


def test_who_says_one_of_two_dates_is_not_parted_from_who_says_both() -> None:
    both = {"firstName": ("Ana",), "birthday": ("1955-11-21", "1980-02-03")}
    assert not _is_vetoed(both, {"firstName": ("Boris",), "birthday": ("1980-02-03",)})
