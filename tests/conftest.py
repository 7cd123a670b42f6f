"""Settings of the whole suite: hypothesis, and an environment that no user's settings reach."""

import os

import pytest
from hypothesis import HealthCheck, settings

# Examples stay random in CI too, so that each run looks somewhere new; a failure prints the blob that
# repeats it. No deadline: the machines differ, and a slow example is the benchmark's business.
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile(
    "ci", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow], max_examples=200
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") == "true" else "dev"))

# ONEFOLD_TEST_… are the suite's own settings: which services it may use, and how much it takes upon itself.
for name in [name for name in os.environ if name.startswith("ONEFOLD_")]:
    if not name.startswith("ONEFOLD_TEST_"):
        del os.environ[name]

_ALONE = {"kafka_alone", "neo4j_graph"}
_SERVICES = {"kafka_service", "neo4j_service", "services"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts first what needs a service for itself, then what needs one at all: one process does that, in which
    hardly any waits for another, while the rest goes on in the others."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    needs = set(getattr(item, "fixturenames", ()))
    marked = {marker.name for marker in item.iter_markers()} & {"kafka", "neo4j"}
    return 0 if needs & _ALONE else 1 if needs & _SERVICES or marked else 2
