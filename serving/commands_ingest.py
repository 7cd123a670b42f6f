"""Commands that bring evidence in: ingest, replay, rebuild, simulate."""

import gc
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from graph_schema.errors import Invalid
from graph_schema.rules import load_rules
from serving.stores import DEFAULT_STORE, open_store
from serving.terminal import SPOKEN, RulesOption, StoreOption, counted, engine_on, id_key
from stream.batch import Counts
from stream.engine import Engine
from stream.ingesting import BATCH, Input, Report, ingest
from stream.mapping import load_mapping
from stream.parsing import Parsing
from stream.rebuilding import rebuild, replay
from stream.simulation import write


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("ingest")(ingest_files)
    app.command("replay")(replay_dead_letters)
    app.command("rebuild")(rebuild_store)
    app.command("simulate")(simulate_stream)


def ingest_files(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="- is standard input.")],
    mapping: Annotated[
        Path | None, typer.Option(metavar="MAP.toml", help="What the columns of CSV and Parquet mean.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="NAME", help="The source of lines that name none.")
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Take in files of events: JSON lines (gzip too), CSV or Parquet with a mapping.

    Ends with 0 when all is durable. Run again after a crash, it goes on to the same end; what was taken
    before counts once.
    """
    read_as = load_mapping(mapping) if mapping is not None else None
    loaded = load_rules(rules)
    # Millions of small things that live long: what is there already is not worth looking through again.
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    started = time.monotonic()
    total = Counts()
    with engine_on(store, loaded) as engine, Parsing(loaded) as parsing, _progress() as progress:
        for path in files:
            task = progress.add_task(Path(path).name, total=_size(path), events=0)
            counts = ingest(engine, Input(path, read_as, source), parsing, _reporter(progress, task), BATCH)
            progress.update(task, total=1, completed=1)
            for name, number in vars(counts).items():
                setattr(total, name, getattr(total, name) + number)
        _summarise(engine, total, time.monotonic() - started)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[events]:,} lines"),
        TimeElapsedColumn(),
        console=SPOKEN,
        transient=True,
        disable=not SPOKEN.is_terminal,
    )


def _size(path: str) -> int | None:
    """The bytes that lines of a file add up to, where its size tells them."""
    file = Path(path)
    return file.stat().st_size if file.suffix in (".jsonl", ".ndjson", ".json") and file.is_file() else None


def _reporter(progress: Progress, task: int) -> Report:
    done = [0]

    def report(lines: int, size: int) -> None:
        done[0] += lines
        progress.update(progress.task_ids[task], advance=size, events=done[0])

    return report


def _summarise(engine: Engine, counts: Counts, seconds: float) -> None:
    with engine.store.read() as tx:
        persons = sum(1 for _ in tx.all_persons())
    read = counts.taken + counts.duplicates + counts.dead_letters + counts.erased
    told = [
        f"{counted(counts.taken, 'event')} taken",
        f"{counted(persons, 'person', 'persons')} in the store",
        counted(counts.duplicates, "duplicate"),
        counted(counts.dead_letters, "dead letter"),
    ]
    if counts.erased:
        told.append(f"{counted(counts.erased, 'message')} of erased persons refused")
    speed = f"{read / seconds:,.0f} events/s" if read and seconds else "nothing new"
    SPOKEN.print(f"{', '.join(told)} ({seconds:.1f} s, {speed})")
    if counts.dead_letters:
        SPOKEN.print("Why lines could not be taken: onefold doctor")


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
        with _progress() as progress:
            task = progress.add_task("rebuilding", total=None, events=0)
            told = rebuild(opened, loaded, id_key(), lambda done: progress.update(task, events=done))
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


def simulate_stream(
    out: Annotated[Path, typer.Option(metavar="FILE", help="JSON lines; .gz compresses.")],
    people: Annotated[int, typer.Option(min=1)] = 1_000,
    events: Annotated[int, typer.Option(min=1)] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same stream.")] = 1,
    truth: Annotated[Path | None, typer.Option(metavar="FILE", help="Who was who, as CSV.")] = None,
) -> None:
    """Make up a town and its stream of events, any size, with the truth of who was who."""
    for path in (out, truth):
        if path is not None and not path.parent.is_dir():
            raise Invalid(str(path), "Its folder does not exist; make it first.")
    with _progress() as progress:
        task = progress.add_task(out.name, total=events, events=0)
        write(people, events, seed, out, truth, lambda n: progress.update(task, completed=n, events=n))
    SPOKEN.print(f"{out}: {counted(events, 'event')} of {counted(people, 'person', 'people')}, seed {seed}")
