"""Commands that look after a store and its rules: check, doctor, rebuild, replay."""

from pathlib import Path
from typing import Annotated

import typer

from graph_schema.migrations import migrations
from graph_schema.rules import load_rules
from graph_schema.store import Store
from serving import diagnosis
from serving.diagnosis import Finding
from serving.scenarios import check
from serving.stores import DEFAULT_STORE, open_store
from serving.terminal import SPOKEN, RulesOption, StoreOption, counted, engine_on, id_key, progress
from stream.rebuilding import rebuild, replay


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("check")(check_scenarios)
    app.command("doctor")(doctor)
    app.command("rebuild")(rebuild_store)
    app.command("replay")(replay_dead_letters)


def check_scenarios(
    scenarios: Annotated[list[Path], typer.Argument(metavar="SCENARIO…", help="YAML files, or folders.")],
    store: Annotated[
        str, typer.Option(metavar="KIND", help="What they are played into: memory or sqlite.")
    ] = "memory",
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="The outcome as JUnit's XML.")] = None,
) -> None:
    """Play stories, in order, reversed, shuffled and twice; ends with 0 only if everything holds."""
    raise typer.Exit(check(scenarios, store, junit))


def doctor(
    kafka: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="A broker to look for.")] = None,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Look whether everything is well: store, schema, rules, broker; and what stands out in the data.

    Ends with 0 where nothing must be done, else with 1.
    """
    loaded = load_rules(rules)
    opened: list[Store] = []

    def reach() -> str:
        found = open_store(store, create=False)
        opened.append(found)
        with found.read() as tx:
            tx.last_change()
        return f"{store} answers"

    findings = [diagnosis.reached("store", reach)]
    if kafka is not None:
        findings.append(diagnosis.kafka(kafka))
    for finding in findings:
        _show(finding)
    if findings[0].well:
        schema = max(one.number for one in migrations("sqlite_migrations", ".sql"))
        found = opened[0]
        checks = [Finding("schema", f"version {schema}"), diagnosis.rules_agree(found, loaded)]
        for finding in checks:
            _show(finding)
        findings += checks
        if checks[-1].well:
            for finding in diagnosis.content(found, loaded, id_key()):
                _show(finding)
                findings.append(finding)
        found.close()
    well = all(finding.well for finding in findings)
    typer.echo("All is well." if well else "Something must be done: see what is marked with ✗.")
    raise typer.Exit(0 if well else 1)


def _show(finding: Finding) -> None:
    mark = "✓" if finding.well else "✗"
    typer.echo(f"{mark} {finding.what:15} {finding.told}")
    if finding.way_out:
        typer.echo(f"  {'':15} → {finding.way_out}")


def replay_dead_letters(
    source: Annotated[
        str | None, typer.Option(metavar="NAME", help="The source of messages that name none.")
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Take dead letters in again: those that can be taken now become events, the rest stay."""
    with engine_on(store, rules, create=False) as engine:
        counts = replay(engine, source)
    SPOKEN.print(f"{counted(counts.taken, 'dead letter')} taken, {counts.dead_letters:,} still can't be")


def rebuild_store(store: StoreOption = DEFAULT_STORE, rules: RulesOption = "retail") -> None:
    """Derive everything again from the stored evidence, by other rules or the same.

    What stands is replaced at once when all is ready. Person ids that were given out go on answering.
    """
    loaded = load_rules(rules)
    opened = open_store(store, create=False)
    try:
        with progress() as shown:
            task = shown.add_task("rebuilding", total=None, events=0)
            told = rebuild(opened, loaded, id_key(), lambda done: shown.update(task, events=done))
    finally:
        opened.close()
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
