"""Figures of persons against the truth."""

import pytest

from resolver.evaluation import evaluate


def test_figures_of_a_small_store() -> None:
    truth = {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "b2": "b", "c1": "c"}
    found = {"a1": 1, "a2": 1, "b1": 1, "a3": 2, "b2": 3, "c1": 4, "unknown": 4}
    result = evaluate(found, truth)
    assert (result.records, result.people, result.persons) == (6, 3, 4)
    assert result.pairs == (1, 2, 3)
    assert result.pairs.rates.f1 == pytest.approx(2 / 7)
    assert abs(result.b_cubed.precision - (2 / 3 + 2 / 3 + 1 / 3 + 1 + 1 + 1) / 6) < 1e-12
    assert abs(result.b_cubed.recall - (2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2 + 1) / 6) < 1e-12
    assert result.overlinked == ((("a1", "a2"), ("b1",)),)
    assert result.underlinked == ((("a1", "a2"), ("a3",)), (("b1",), ("b2",)))


def test_nothing_is_never_wrong() -> None:
    assert evaluate({}, {}).pairs.rates == (1.0, 1.0)
    assert evaluate({"a": 1}, {"a": "x"}).b_cubed == (1.0, 1.0)
