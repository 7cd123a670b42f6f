"""Commands that stay: serve, worker, demo."""

import asyncio
import logging.config
import os
import re
import signal
from importlib import import_module
from typing import Annotated, Final

import typer

from graph_schema.access import Role
from graph_schema.errors import Invalid
from resolver.founding import DEFAULT_ID_KEY
from serving import demo
from serving.access import digest, new_key
from serving.handover import Sends
from serving.server import LOGGING, serve
from serving.stores import DEFAULT_STORE, without_password
from serving.terminal import SPOKEN, RulesOption, StoreOption, engine_on, id_key, warn_of_rules
from serving.worker_health import watched
from stream.consuming import Figures
from stream.engine import Engine

_KEY_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_KAFKA: Final = "stream.kafka"
_WORKER: Final = "stream.worker"
"""Loaded when they are needed: their libraries take longer to load than most commands to run."""


HostOption = Annotated[str, typer.Option(help="The address to listen at; beyond loopback keys are needed.")]
PortOption = Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")]
KafkaOption = Annotated[
    str, typer.Option("--kafka", envvar="ONEFOLD_KAFKA", metavar="HOST:PORT", help="The broker, or several.")
]


def play_demo(
    port: PortOption = 8000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Only tell the stories.")] = False,
) -> None:
    """Play a retail day into a fresh store, tell its stories, then serve API and console."""
    _end_well_when_told()
    with demo.played() as day:
        if not no_serve:
            serve(day.engine, port=port, started=lambda url: demo.invite(day, url))


def serve_store(
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
    kafka: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Hand events to this broker instead of writing.")
    ] = None,
    requests_per_second: Annotated[
        int | None,
        typer.Option(min=0, help="Of one key; 0: any number.", show_default="1000, on loopback any number"),
    ] = None,
) -> None:
    """Serve HTTP intake, API and console."""
    _end_well_when_told()
    with engine_on(store, rules) as engine:
        with engine.store.read() as tx:
            warn_of_rules(tx, engine.rules)
        sender = None if kafka is None else _sender(kafka, engine)
        serve(
            engine,
            host,
            port,
            started=lambda url: SPOKEN.print(f"Serving {without_password(store)} at {url} (API: {url}/docs)"),
            sender=sender,
            requests_per_second=requests_per_second,
        )


def _sender(servers: str, engine: Engine) -> Sends:
    """Where intake hands events to; makes the topics that are missing."""
    kafka = import_module(_KAFKA)
    cluster = kafka.Kafka.of(servers, os.environ)
    asyncio.run(kafka.make_topics(cluster))
    sender: Sends = import_module("stream.sending").Sender(cluster, engine.intake.plan.position)
    return sender


def make_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is.")],
    role: Annotated[Role, typer.Option(help="viewer (masked), steward or admin.")] = "steward",
) -> None:
    """Make an access key: standard output is the key, to be given once; the rest goes into the rules."""
    if not _KEY_NAME.fullmatch(name):
        raise Invalid("NAME", "The rules take letters, digits, - and _ in it; write a name of these.")
    key = new_key()
    SPOKEN.print("Into the rules; only this hash of the key is written down:", style="dim")
    SPOKEN.print(f'[access.key.{name}]\nrole = "{role}"\nsha256 = "{digest(key)}"\n')
    typer.echo(key)


def _end_well_when_told() -> None:
    """Lets an interrupt or a request to end close what is open and end with 0: so it is meant to stop."""

    def end(*_: object) -> None:
        raise SystemExit(0)

    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, end)


def run_worker(
    kafka: KafkaOption = "localhost:9092",
    host: Annotated[
        str, typer.Option(help="The address of /metrics and health; whoever reaches it is answered.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="For /metrics and health.")] = 8001,
    partitions: Annotated[int, typer.Option(min=1, help="Of topics that are not there yet.")] = 12,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Take events from Kafka, and tell it of every change. Start as many as there are cores for it."""
    if id_key() == DEFAULT_ID_KEY:
        raise Invalid("ONEFOLD_ID_KEY", "It is not set. Set the same long random text for all that write.")
    logging.config.dictConfig(LOGGING)
    cluster = import_module(_KAFKA).Kafka.of(kafka, os.environ)
    worker = import_module(_WORKER)
    figures = Figures()
    with engine_on(store, rules) as engine, watched(figures, host, port) as url:
        SPOKEN.print(
            f"Taking {cluster.events} at {kafka} into {without_password(store)} (figures: {url}/metrics)"
        )
        worker.run(engine, cluster, figures, worker.Options.of(os.environ, partitions))
