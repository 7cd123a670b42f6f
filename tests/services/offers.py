"""Which services there are and the ways to each: a Docker engine that answers, else Maven Central."""

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.services import artefacts
from tests.services.engines import DockerEngine, Engine, JavaEngine, docker, free_port
from tests.services.probes import kafka_answers, neo4j_answers
from tests.services.unavailable import Unavailable

NEO4J_IMAGE = f"neo4j:{artefacts.NEO4J_VERSION}-community"
KAFKA_IMAGE = f"apache/kafka:{artefacts.KAFKA_VERSION}"
NAMES = ("neo4j", "kafka")

COLLECTOR = "-XX:-UseG1GC -XX:+UseParallelGC"
"""How Java collects garbage for Neo4j: as in compose.yaml, and as docs/operations.md advises."""

LAUNCHERS = Path(__file__).parent / "launchers"
LABEL = "onefold.tests"

Offer = Callable[[Path], Engine]


def start(name: str, directory: Path) -> Engine:
    """A running engine of the service `name`, with its files in `directory`; Unavailable if none can be."""
    reasons: list[str] = []
    for offer in OFFERS[name]:
        try:
            engine = offer(directory / name)
        except Unavailable as error:
            reasons.append(str(error))
            continue
        try:
            engine.start()
        except Unavailable as error:
            engine.discard()
            reasons.append(str(error))
            continue
        except BaseException:
            engine.discard()
            raise
        return engine
    raise Unavailable("; ".join(reasons))


def remove_containers(directory: Path) -> None:
    """Remove the containers of a run that was killed."""
    found = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}={directory}")
    for container in found.stdout.split():
        docker("rm", "--force", "--volumes", container)


def neo4j_from_docker(directory: Path) -> Engine:
    """Neo4j Community in a container."""
    port = free_port()
    return _container(
        "neo4j",
        directory,
        port,
        {
            "NEO4J_AUTH": "none",
            "NEO4J_server_memory_heap_initial__size": "1G",
            "NEO4J_server_memory_heap_max__size": "1G",
            "NEO4J_server_memory_pagecache_size": "512M",
            "NEO4J_server_jvm_additional": COLLECTOR,
            "NEO4J_server_bolt_advertised__address": f"127.0.0.1:{port}",
        },
    )


def neo4j_from_jars(directory: Path) -> Engine:
    """Neo4j Community as a Java process."""
    port = free_port()
    heap = ["-Xms1g", "-Xmx1g", *COLLECTOR.split()]
    # What Neo4j's own start script opens for it.
    opens = [f"--add-opens=java.base/{each}=ALL-UNNAMED" for each in ("java.nio", "java.io", "sun.nio.ch")]
    command = [artefacts.java(), *heap, *opens, "-cp", f"{artefacts.jars(artefacts.NEO4J)}/*"]
    command += [str(LAUNCHERS / "Neo4jLauncher.java"), str(directory / "data"), str(port)]
    return JavaEngine(directory, command, port, neo4j_answers)


def kafka_from_docker(directory: Path) -> Engine:
    """A Kafka broker in a container."""
    port = free_port()
    settings = _kafka_settings(port, listener=":9092", controller=":9093", logs="/var/lib/kafka/data")
    environment = {f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in settings.items()}
    return _container("kafka", directory, port, {**environment, "KAFKA_HEAP_OPTS": "-Xms256m -Xmx512m"})


def kafka_from_jars(directory: Path, secured: Mapping[str, str] | None = None) -> Engine:
    """A Kafka broker as a Java process; ``secured`` are settings of a listener besides, PORT its address'."""
    port, controller = free_port(), free_port()
    settings = _kafka_settings(
        port, listener=f"127.0.0.1:{port}", controller=f"127.0.0.1:{controller}", logs=str(directory / "data")
    )
    for name, value in (secured or {}).items():
        settings[name] = f"{settings[name]},{value}" if name in settings else value
    properties = "".join(f"{key}={value}\n" for key, value in settings.items())
    command = [artefacts.java(), "-Xms256m", "-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    command += ["-cp", f"{artefacts.jars(artefacts.KAFKA)}/*", str(LAUNCHERS / "KafkaLauncher.java")]
    return JavaEngine(
        directory,
        [*command, str(directory / "server.properties")],
        port,
        kafka_answers,
        {"server.properties": properties},
    )


def _kafka_settings(port: int, *, listener: str, controller: str, logs: str) -> dict[str, str]:
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller.rpartition(':')[2]}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{listener},CONTROLLER://{controller}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "log.dirs": logs,
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        # A topic that a program forgot to make is a fault that tests must see.
        "auto.create.topics.enable": "false",
        # Deleted topics leave the disk at once; index files are allocated whole, so small ones are faster.
        "file.delete.delay.ms": "100",
        "log.segment.delete.delay.ms": "100",
        "log.index.size.max.bytes": "1048576",
    }


def _container(name: str, directory: Path, port: int, environment: dict[str, str]) -> Engine:
    answer = docker("version", "--format", "{{.Server.Version}}")
    if answer.returncode != 0:
        raise Unavailable("no Docker engine answers")
    image, inner_port, probe = {
        "neo4j": (NEO4J_IMAGE, 7687, neo4j_answers),
        "kafka": (KAFKA_IMAGE, 9092, kafka_answers),
    }[name]
    return DockerEngine(
        name=f"onefold-tests-{name}-{uuid.uuid4().hex[:12]}",
        label=f"{LABEL}={directory.parent}",
        image=image,
        inner_port=inner_port,
        environment=environment,
        port=port,
        probe=probe,
    )


OFFERS: dict[str, tuple[Offer, ...]] = {
    "neo4j": (neo4j_from_docker, neo4j_from_jars),
    "kafka": (kafka_from_docker, kafka_from_jars),
}
