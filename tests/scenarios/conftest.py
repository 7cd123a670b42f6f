"""The real services that the tests of this directory talk to."""

from tests.services.fixtures import neo4j_service, neo4j_url, services

__all__ = ["neo4j_service", "neo4j_url", "services"]
