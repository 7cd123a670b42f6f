"""Real services for tests: a Neo4j and a Kafka, found or started as needed, shared by a whole test run.

Each comes from its address in the environment (ONEFOLD_TEST_NEO4J as `bolt://[user:password@]host:port`,
ONEFOLD_TEST_KAFKA as `host:port`), else from a Docker engine that answers, else from the artefacts on Maven
Central, which a JDK of version 17 or later runs. A test asks for the fixtures in `tests.services.fixtures`;
benchmarks and other programs use `Services`; `python -m tests.services` starts both for manual work.
"""

from tests.services.service import Service, Services
from tests.services.unavailable import ServiceFailed, Unavailable

__all__ = ["Service", "ServiceFailed", "Services", "Unavailable"]
