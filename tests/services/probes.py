"""Whether a service answers: by its real protocol, since an open port is not yet a service."""

import asyncio
import socket

import neo4j
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from neo4j.exceptions import DriverError, Neo4jError

PROBE_SECONDS = 5.0


def neo4j_answers(port: int) -> bool:
    """True if a Neo4j without password runs a query at this port of loopback."""
    if not _listens(port):
        return False
    try:
        with neo4j.GraphDatabase.driver(
            f"bolt://127.0.0.1:{port}", auth=None, connection_timeout=PROBE_SECONDS
        ) as driver:
            driver.execute_query("RETURN 1")
    except (DriverError, Neo4jError, OSError):
        return False
    return True


def kafka_answers(port: int) -> bool:
    """True if a Kafka cluster at this port of loopback has a broker."""
    return _listens(port) and asyncio.run(_has_broker(port))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(PROBE_SECONDS)
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def _has_broker(port: int) -> bool:
    admin = AIOKafkaAdminClient(
        bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=int(PROBE_SECONDS * 1000)
    )
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await admin.start()
            cluster = await admin.describe_cluster()
            return bool(cluster["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()
