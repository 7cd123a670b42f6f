"""Commands that bring evidence in: ingest, simulate."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from graph_schema.errors import Invalid
from resolver.sentences import counted
from serving.stores import DEFAULT_STORE
from serving.terminal import (
    SPOKEN,
    MappingOption,
    RulesOption,
    SourceOption,
    StoreOption,
    check_folders,
    check_source,
    engine_on,
    progress,
    rules_of,
)
from stream.batch import Counts
from stream.engine import Engine
from stream.ingesting import BATCH, Input, Report, ingest
from stream.mapping import load_mapping
from stream.parsing import Parsing
from stream.simulation import DIRTY, simulate, write_stream


def ingest_files(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="`-` is standard input.")],
    mapping: MappingOption = None,
    source: SourceOption = None,
    batch: Annotated[int, typer.Option(min=1, help="Events in one transaction.")] = BATCH,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Take in files of events: JSON lines (gzip too; a line may be a Segment batch), CSV or Parquet with a
    mapping.

    Ends with 0 when all is durable. Run again after a crash, it goes on to the same end; what was taken
    before counts once. Of more than some thousand lines it does its work in the background.
    """
    check_source(source)
    read_as = load_mapping(mapping) if mapping is not None else None
    loaded = rules_of(rules)
    started = time.monotonic()
    total = Counts()
    with (
        _no_cycles(),
        engine_on(store, loaded) as engine,
        Parsing(loaded, engine.id_key, behind=True) as parsing,
        progress() as shown,
    ):
        for path in files:
            task = shown.add_task(Path(path).name, total=_size(path), events=0)
            total.add(ingest(engine, Input(path, read_as, source), parsing, _reporter(shown, task), batch))
            shown.update(task, total=1, completed=1)
        _summarise(engine, total, time.monotonic() - started)


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Spares the search for cycles: of the millions of small things that live long here, none is in one."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _size(path: str) -> int | None:
    """The bytes that lines of a file add up to, where its size tells them."""
    file = Path(path)
    return file.stat().st_size if file.suffix in (".jsonl", ".ndjson", ".json") and file.is_file() else None


def _reporter(shown: Progress, task: TaskID) -> Report:
    done = [0]

    def report(lines: int, size: int) -> None:
        done[0] += lines
        shown.update(task, advance=size, events=done[0])

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


def simulate_stream(
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="JSON lines; .gz compresses, - is standard output.")
    ],
    people: Annotated[int, typer.Option(min=1)] = 1_000,
    events: Annotated[int, typer.Option(min=1)] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same stream.")] = 1,
    truth: Annotated[Path | None, typer.Option(metavar="FILE", help="Who was who, as CSV.")] = None,
    dirty: Annotated[
        float, typer.Option(min=0, max=1, help="The share of typed names and addresses with an error.")
    ] = DIRTY,
) -> None:
    """Make up a town and its stream of events, any size, with the truth of who was who."""
    if out == truth:
        raise Invalid("--truth", "It names the file of the stream; name another one.")
    check_folders(out, truth)
    with progress() as shown:
        task = shown.add_task(out.name, total=events, events=0)
        stream = simulate(people, events, seed, dirty)
        write_stream(stream, out, truth, lambda n: shown.update(task, completed=n, events=n))
    SPOKEN.print(f"{out}: {counted(events, 'event')} of {counted(people, 'person', 'people')}, seed {seed}")
