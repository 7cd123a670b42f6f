"""Every scenario holds, as written, reversed, shuffled, twice, in memory and SQLite; as written in Neo4j."""

import os
from pathlib import Path

import pytest

from graph_schema.rules import load_rules
from serving.scenario_files import Scenario, read_scenarios, scenario_files
from serving.scenarios import STORES, Report, run_scenario, store_factory

HERE = Path(__file__).parent
WHOLE = bool(os.environ.get("ONEFOLD_TEST_WHOLE"))
"""Whether Neo4j gets every order of every scenario, which takes minutes."""
WRITTEN = [(path, scenario) for path in scenario_files([HERE]) for scenario in read_scenarios(path)]


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize(
    ("path", "scenario"),
    [pytest.param(path, scenario, id=f"{path.stem}: {scenario.story}") for path, scenario in WRITTEN],
)
def test_the_scenario_holds(path: Path, scenario: Scenario, kind: str, tmp_path: Path) -> None:
    rules = load_rules(scenario.rules_source(path.parent))
    report = Report(tuple(run_scenario(scenario, rules, store_factory(kind, tmp_path))))
    assert report.outcomes
    assert not report.failures, "\n".join(report.lines())


@pytest.mark.neo4j
def test_every_scenario_holds_in_neo4j(neo4j_url: str, tmp_path: Path) -> None:
    stores = store_factory(neo4j_url, tmp_path)
    outcomes = [
        outcome
        for path, scenario in WRITTEN
        for outcome in run_scenario(
            scenario, load_rules(scenario.rules_source(path.parent)), stores, reorder=WHOLE
        )
    ]
    report = Report(tuple(outcomes))
    assert {one.where for one in outcomes} == {scenario.where for _, scenario in WRITTEN}
    assert not report.failures, "\n".join(report.lines())


def test_there_are_as_many_identity_scenarios_as_the_readme_says() -> None:
    number = sum(path.parent.name == "identity" for path, _ in WRITTEN)
    assert f"{number} stories" in (HERE / "README.md").read_text(encoding="utf-8")
