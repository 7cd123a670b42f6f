"""The real services that the tests of this directory talk to."""

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
