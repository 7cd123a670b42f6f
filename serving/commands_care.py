"""Commands that look after a store and its rules: check, doctor, rebuild, replay."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from graph_schema.errors import StoreUnavailable
from graph_schema.rules import Rules
from graph_schema.store import Store
from resolver.sentences import counted
from serving import diagnosis
from serving.diagnosis import Finding
from serving.scenarios import run_files, store_factory
from serving.stores import DEFAULT_STORE, open_store, without_password
from serving.terminal import (
    SPOKEN,
    RulesOption,
    StoreOption,
    check_folders,
    check_source,
    engine_on,
    id_key,
    progress,
    rules_of,
)
from stream.rebuilding import rebuild
from stream.replaying import Choice, put_back, replay
from stream.whole import whole_file


def check_scenarios(
    scenarios: Annotated[list[Path], typer.Argument(metavar="SCENARIO…", help="YAML files, or folders.")],
    store: Annotated[
        str, typer.Option(metavar="KIND", help="What they are played into: memory, sqlite, neo4j://….")
    ] = "memory",
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="The outcome as JUnit's XML.")] = None,
) -> None:
    """Play stories, in order, reversed, shuffled and twice; ends with 0 only if everything holds."""
    check_folders(junit)
    with TemporaryDirectory() as folder:
        report = run_files(scenarios, store_factory(store, Path(folder)))
    if junit is not None:
        with whole_file(junit) as out:
            out.write(report.junit().encode())
    for line in report.lines():
        typer.echo(line)
    raise typer.Exit(1 if report.failures else 0)


def doctor(
    kafka: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="A broker to look for.")] = None,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Look whether everything is well: store, schema, rules, broker; and what stands out in the data.

    Ends with 0 where nothing must be done, else with 1.
    """
    loaded = rules_of(rules)
    opened: list[Store] = []

    def reach() -> list[Finding]:
        found = open_store(store, create=False)
        opened.append(found)
        with found.read() as tx:
            tx.last_change()
        return [Finding("store", f"{without_password(store)} answers")]

    wanted: dict[str, Callable[[], list[Finding]]] = {"store": reach}
    if kafka is not None:
        wanted["kafka"] = lambda: diagnosis.kafka(kafka, os.environ)
    if loaded.destinations:
        wanted["destinations"] = lambda: diagnosis.destinations(loaded, rules)
    findings = diagnosis.reached(wanted)
    for finding in findings:
        _show(finding)
    if findings[0].well:
        with closing(opened[0]) as found:
            looked = any(one.what == "lag" for one in findings)
            for finding in _of_store(found, loaded, kafka if looked else None):
                _show(finding)
                findings.append(finding)
    well = all(finding.well for finding in findings)
    typer.echo("All is well." if well else "Something must be done: see what is marked with ✗.")
    raise typer.Exit(0 if well else 1)


def _of_store(store: Store, rules: Rules, kafka: str | None) -> Iterator[Finding]:
    yield diagnosis.schema(store)
    agree = diagnosis.rules_agree(store, rules, id_key())
    yield agree
    if kafka is not None:
        yield diagnosis.published(store, kafka, os.environ)
    if agree.well:
        try:
            yield from diagnosis.content(store, rules, id_key())
        except StoreUnavailable as error:  # all of it is read here alone
            yield Finding("content", error.what, False, error.way_out)


def _show(finding: Finding) -> None:
    mark = "✓" if finding.well else "✗"
    typer.echo(f"{mark} {finding.what:15} {finding.told}")
    if finding.way_out:
        typer.echo(f"  {'':15} → {finding.way_out}")


def replay_dead_letters(
    source: Annotated[
        str | None, typer.Option(metavar="NAME", help="The source of messages that name none.")
    ] = None,
    field: Annotated[
        str | None, typer.Option(metavar="FIELD", help="Only those of this field, as doctor names it.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only those whose reason holds these words.")
    ] = None,
    kafka: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Put them back on the topic of this broker.")
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Take dead letters in again: those that can be taken now become events, the rest stay."""
    check_source(source)
    choice = Choice(field, reason)
    with engine_on(store, rules, create=False) as engine:
        if kafka is not None:
            sending = import_module("stream.sending")
            cluster = import_module("stream.kafka").Kafka.of(kafka, os.environ)
            number = put_back(engine, sending.putting_back(cluster), choice)
            SPOKEN.print(f"{counted(number, 'dead letter')} put back on {cluster.events}")
            return
        counts = replay(engine, source, choice)
    SPOKEN.print(f"{counted(counts.taken, 'dead letter')} taken, {counts.dead_letters:,} still can't be")


def rebuild_store(store: StoreOption = DEFAULT_STORE, rules: RulesOption = "retail") -> None:
    """Derive everything again from the stored evidence, by other rules or the same.

    What stands is replaced at once when all is ready. Person ids that were given out go on answering. It does
    its work in the background, after whatever answers somebody.
    """
    loaded = rules_of(rules)
    with closing(open_store(store, create=False)) as opened, progress() as shown:
        task = shown.add_task("rebuilding", total=None, events=0)
        told = rebuild(opened, loaded, id_key(), lambda done: shown.update(task, events=done))
    SPOKEN.print(
        f"{counted(told.events, 'event')} replayed: {counted(told.persons_before, 'person', 'persons')} "
        f"before, {told.persons:,} now; {counted(told.judgements, 'judgement')} kept"
    )
    if told.moot:
        SPOKEN.print(
            f"{counted(told.moot, 'judgement')} to divide what has become one record: without effect"
        )
    if told.refused:
        SPOKEN.print(f"{counted(told.refused, 'event')} left out: by these rules they are of erased records")
