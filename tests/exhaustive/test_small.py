"""All small evidence against the naive statement: every way in which a few records can share a few values.

Up to three records all shapes of every split are compared, of four those of the usual split. Of the rest each
run takes as many as fit in its time, at equal steps; EXHAUSTIVE=all in the environment takes all.
"""

import os
from collections.abc import Iterator
from itertools import islice

import pytest

from tests.engine.posed import pose, stated, told
from tests.reference.evidence import Evidence
from tests.reference.small import SPLITS, Split, judged, small
from tests.reference.statement import resolve_evidence

WHOLE = os.environ.get("EXHAUSTIVE") == "all"
"""Set so, nothing is left out: some minutes."""


def compare(some: Iterator[Evidence]) -> int:
    """How many evidences were compared; fails at the first of which the two say different things."""
    count = 0
    for count, one in enumerate(some, start=1):  # noqa: B007 - the count is wanted after the loop
        posed = pose(one)
        assert told(posed, posed.resolved()) == stated(resolve_evidence(one)), one
    return count


def note(capsys: pytest.CaptureFixture[str], what: str, count: int, of: str) -> None:
    """Says how much was compared."""
    with capsys.disabled():
        print(f"\n{what}: {count} evidences compared ({of})", end="")


@pytest.mark.slow
@pytest.mark.parametrize("one", SPLITS, ids=lambda one: one.name)
def test_every_shape(one: Split, capsys: pytest.CaptureFixture[str]) -> None:
    number = SPLITS.index(one)
    upto_three = compare(small(one, 3))
    fours = (e for e in small(one, 4) if len(e.records) == 4)
    step = 1 if WHOLE or number == 0 else 8
    sliced = compare(islice(fours, number % step, None, step))
    note(capsys, one.name, upto_three + sliced, f"all of 1 to 3 records, 1 in {step} of 4")
    assert upto_three + sliced > 1_000


@pytest.mark.slow
@pytest.mark.parametrize("one", SPLITS, ids=lambda one: one.name)
def test_every_shape_with_generic_values(one: Split, capsys: pytest.CaptureFixture[str]) -> None:
    step = 1 if WHOLE else 2
    count = compare(islice(small(one.with_generic_above(1), 3), 0, None, step))
    note(capsys, f"{one.name}, generic above 1", count, f"1 in {step} of 1 to 3 records")
    assert count > 700


@pytest.mark.slow
@pytest.mark.parametrize("one", SPLITS, ids=lambda one: one.name)
def test_judged(one: Split, capsys: pytest.CaptureFixture[str]) -> None:
    step = 1 if WHOLE else 17
    pairs = compare(judged(one, 2))
    count = pairs + compare(islice(judged(one, 3), SPLITS.index(one) % step, None, step))
    note(capsys, f"{one.name}, judged", count, f"all of 2 records, 1 in {step} of 3")
    assert count > 1_000
