"""The services as pytest fixtures. A conftest imports those that its tests use, and `services` with them.

Without a way to a service its tests are skipped with the reasons, and the summary says so; where CI is set in
the environment they fail instead: a run there that tested less than it seems would be worse than a red one.
"""

import os
import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.services.neo4j_graph import wipe
from tests.services.service import Service, Services
from tests.services.unavailable import Unavailable


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """All services of this test run."""
    with Services() as all_of_them:
        yield all_of_them


@pytest.fixture(scope="session")
def neo4j_service(services: Services) -> Service:
    """A Neo4j. Others may use it at the same moment: see `neo4j_graph`."""
    return _or_skipped(services.neo4j)


@pytest.fixture(scope="session")
def kafka_service(services: Services) -> Service:
    """A Kafka broker. Others may use or end it meanwhile: see `kafka_broker` and `kafka_alone`."""
    return _or_skipped(services.kafka)


@pytest.fixture
def neo4j_graph(neo4j_service: Service) -> Iterator[Service]:
    """An empty Neo4j for this test alone, which it may kill."""
    with neo4j_service.alone():
        neo4j_service.start()
        wipe(neo4j_service)
        yield neo4j_service


@pytest.fixture
def neo4j_url(neo4j_service: Service) -> Iterator[str]:
    """The address of a store in a graph of its own, beside other tests in one database."""
    with neo4j_service.among_others():
        yield f"{neo4j_service.url}/{uuid.uuid4().hex}"


@pytest.fixture
def kafka_broker(kafka_service: Service) -> Iterator[Service]:
    """A Kafka broker beside other tests, so with topics of unique names, and that nobody ends meanwhile."""
    with kafka_service.among_others():
        yield kafka_service


@pytest.fixture
def kafka_alone(kafka_service: Service) -> Iterator[Service]:
    """A Kafka broker for this test alone, which it may kill."""
    with kafka_service.alone():
        kafka_service.start()
        yield kafka_service
        kafka_service.start()


def _or_skipped(service: Callable[[], Service]) -> Service:
    try:
        return service()
    except Unavailable as error:
        reason = f"NOT TESTED, {error}"
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(reason)
    pytest.fail(reason, pytrace=False)
