"""The real services that the tests of this directory talk to, and a server over the demo's cases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.console_visit import Served, declared, served
from tests.services.fixtures import (
    kafka_alone,
    kafka_broker,
    kafka_service,
    neo4j_graph,
    neo4j_service,
    neo4j_url,
    services,
)

__all__ = [
    "kafka_alone",
    "kafka_broker",
    "kafka_service",
    "neo4j_graph",
    "neo4j_service",
    "neo4j_url",
    "services",
]


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Served]:
    """The demo's cases for one test alone, where each role has its key."""
    with served(tmp_path, declared()) as found:
        yield found


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo's cases for a module that only looks, open to the machine itself."""
    with served(tmp_path_factory.mktemp("local")) as found:
        yield found
