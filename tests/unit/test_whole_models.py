"""A model file that was cut short or spoilt is refused, by the field."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resolver.matching.model import from_dict


def _without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda plain: plain.pop(name)


def _with(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda plain: plain.update({name: value})


def _with_in_the_first(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda plain: plain["comparisons"][0].update({name: value})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        *[(_without(name), name) for name in ("merge", "floor", "comparisons", "about")],
        *[
            (_with("merge", value), "merge: ")
            for value in (float("nan"), float("inf"), 1e9, 2**40, "2", None)
        ],
        (_with("component_cap", 0), "component_cap: "),
        (_with("explanations", [["ghosts", 1]]), "explanations: 'ghosts' is none of"),
        (_with("comparisons", {}), "comparisons: "),
        (_with("blocking", [[]]), "blocking.0: "),
        (_with_in_the_first("kind", "colour"), "comparisons.0.kind: 'colour' is none of"),
        (_with_in_the_first("match", [1, 2]), "comparisons.0.match: 2 weights for 7 levels"),
        (_with_in_the_first("match", [float("nan")] * 7), "comparisons.0.match: "),
        (_with_in_the_first("others", []), "comparisons.0.others: "),
        (_with_in_the_first("rare", {"anabel": 0.5}), "comparisons.0.rare: "),
        (_with_in_the_first("m", [float("inf")] * 7), "comparisons.0.m: "),
        (_with_in_the_first("u", [0.5]), "comparisons.0.u: 1 shares for 7 levels"),
        (_with_in_the_first("slips", [[9, 1, 1]]), "comparisons.0.slips: "),
    ],
)
def test_a_model_that_is_not_whole_is_refused_by_field(
    spoil: Callable[[dict[str, Any]], object], said: str
) -> None:
    plain = json.loads(Path("graph_schema/bundled/people.json").read_text())
    spoil(plain)
    with pytest.raises(ValueError, match=f"^{said}") as refused:
        from_dict(plain)
    assert "anabel" not in str(refused.value)
