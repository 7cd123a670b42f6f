"""The benchmark runs, on a stream so small that its figures mean nothing, and tells what falls short."""

import re
from pathlib import Path

import pytest

from tests.bench import big_person, console, decisions, destinations, ingesting, spreading, startup, upkeep
from tests.bench.figures import Figure, percentile, table
from tests.bench.reading import Reads


@pytest.mark.slow
def test_everything_is_measured(tmp_path: Path) -> None:
    figures = [
        *startup.measure(tmp_path, 1),
        *ingesting.measure(tmp_path, people=300, events=3_000),
        *big_person.measure(tmp_path, records=30, times=2),
    ]
    assert len({figure.what for figure in figures}) == len(figures) > 30
    assert all(figure.measured > 0 for figure in figures)
    assert len(table(figures).splitlines()) == len(figures) + 2


@pytest.mark.slow
def test_decisions_and_upkeep_are_measured(tmp_path: Path) -> None:
    figures = [*decisions.measure(tmp_path, people=80), *upkeep.measure(tmp_path, events=1_500)]
    assert len(figures) == 8
    assert all(figure.measured > 0 for figure in figures[:-1])
    # Nearly everybody asked about is somebody whom the store knows.
    assert figures[1].measured > 0.8


@pytest.mark.slow
def test_destinations_are_measured(tmp_path: Path) -> None:
    figures = list(destinations.measure(tmp_path, members=2_000, orders=2))
    assert [figure.measured > 0 for figure in figures] == [True] * 5
    assert "4,333 hashes" in figures[0].note


@pytest.mark.slow
def test_pages_are_quick_on_a_small_store_too(tmp_path: Path) -> None:
    figures = {figure.what: figure.measured for figure in console.measure(tmp_path, 1_500)}
    assert figures.pop("persons in the store") > 1_000
    # Of several machines one is slow or busy: what grows with the store would be far beyond this.
    assert {what: took for what, took in figures.items() if took > 5 * console.ASKED_MS} == {}


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (Figure("rate", 10_000, "events/s", 10_000, True), "reached"),
        (Figure("rate", 5_000, "events/s", 10_000, True), "50% of what is asked"),
        (Figure("time", 4.9, "ms", 5), "reached"),
        (Figure("time", 7.5, "ms", 5), "1.50 times what is asked"),
        (Figure("naive", 30_000, "events/s"), ""),
    ],
)
def test_a_figure_says_how_far_short_it_falls(figure: Figure, verdict: str) -> None:
    assert figure.verdict == verdict


def test_the_rate_of_a_tenth_is_that_of_its_lines() -> None:
    marks = [(0.0, 0), *((1.0 + n, 10 * (n + 1)) for n in range(9)), (12.0, 100)]
    reads = Reads(marks, [], 0)
    assert round(ingesting.rate(reads, 0.2, 0.3, 0.0, 100), 3) == 10.0
    assert round(ingesting.rate(reads, 0.9, 1.0, 0.0, 100), 3) == 3.333
    assert percentile([float(n) for n in range(100)], 0.99) == 99.0


def test_the_documents_table_is_one_that_the_benchmark_prints() -> None:
    text = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert "| figure | asked | measured | |" in text
    assert re.search(r"^\| ingest, start to end of the command \| ≥ 10,000 events/s \| ", text, re.MULTILINE)


def test_a_perfect_key_brings_all_evidence_of_a_person_to_one_partition(tmp_path: Path) -> None:
    events, components = spreading.town(60, tmp_path)
    perfect = spreading.spread(events, spreading.KEYS["its person (an oracle)"], 4)
    lot = spreading.spread(events, spreading.KEYS["by lot"], 4)
    assert (perfect.scattered, perfect.meeting) == (0, 0)
    assert lot.scattered > 0.5
    assert all(0 < one.alone <= 1 <= one.largest for one in components.values())
