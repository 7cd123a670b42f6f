"""The real services that the tests of this directory talk to, and servers: an empty one, and over the demo's
cases."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.console_visit import Served, declared, served
from tests.integration.serving_process import Serving
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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server as a process of its own, over an empty store for a module."""
    with Serving(tmp_path_factory.mktemp("serving") / "store.db") as serving:
        yield serving


@pytest.fixture
def client(server: Serving) -> Iterator[httpx.Client]:
    """Asks that server."""
    with server.client() as client:
        yield client


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return uuid.uuid4().hex[:12]
