"""Every scenario holds, in the written order, reversed, shuffled and twice, in memory and in SQLite."""

from pathlib import Path

import pytest

from serving.scenario_files import Scenario, read_scenarios, scenario_files
from serving.scenarios import STORES, Report, run_scenario, store_factory

HERE = Path(__file__).parent
WRITTEN = [(path, scenario) for path in scenario_files([HERE]) for scenario in read_scenarios(path)]


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize(
    ("path", "scenario"),
    [pytest.param(path, scenario, id=f"{path.stem}: {scenario.story}") for path, scenario in WRITTEN],
)
def test_the_scenario_holds(path: Path, scenario: Scenario, kind: str, tmp_path: Path) -> None:
    report = Report(tuple(run_scenario(scenario, path.parent, store_factory(kind, tmp_path))))
    assert report.outcomes
    assert not report.failures, "\n".join(report.lines())


def test_there_are_as_many_identity_scenarios_as_the_readme_says() -> None:
    number = sum(path.parent.name == "identity" for path, _ in WRITTEN)
    assert f"{number} stories" in (HERE / "README.md").read_text(encoding="utf-8")
