"""What every command shares: its options, the opened store, and speaking to the terminal."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Final, TypeVar

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from graph_schema.errors import Invalid, RulesError
from graph_schema.iso_time import asked_time
from graph_schema.messages import flaw_of_source
from graph_schema.rules import Rules, load_rules, placed
from graph_schema.store import Transaction
from profiles.profile_rules import profile_rules
from resolver.founding import DEFAULT_ID_KEY
from serving.stores import open_store
from stream.engine import Engine, disagreement, now_us
from stream.reader import Reader
from stream.turns import undisturbed

T = TypeVar("T")

SPOKEN: Final = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
"""Where a command speaks; standard output is for its result alone."""

StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="ONEFOLD_STORE",
        metavar="URL",
        help="sqlite:///file.db (four slashes: absolute), neo4j://host:7687, memory:",
    ),
]
RulesOption = Annotated[
    str, typer.Option("--rules", metavar="FILE", help="A rules file, or the name of bundled rules.")
]
MappingOption = Annotated[
    Path | None,
    typer.Option("--mapping", metavar="MAP.toml", help="What the columns of CSV and Parquet mean."),
]
SourceOption = Annotated[
    str | None, typer.Option("--source", metavar="NAME", help="The source of lines that name none.")
]
AtOption = Annotated[str | None, typer.Option("--at", metavar="TIME", help="The clock; now by default.")]
JsonOption = Annotated[bool, typer.Option("--json", help="All of it as JSON.")]
ReferenceArgument = Annotated[str, typer.Argument(metavar="ID", help="A person id, or namespace:value.")]


def id_key() -> bytes:
    """The key of person ids: ONEFOLD_ID_KEY, else the one by which any two stores agree."""
    return os.environ.get("ONEFOLD_ID_KEY", "").encode() or DEFAULT_ID_KEY


def rules_of(source: str, check: Callable[[Rules], object] = profile_rules) -> Rules:
    """The rules of a file or a bundled name, with every part checked, campaigns and audiences too; or what
    ``check`` looks at.

    Raises RulesError, which names the file and the line.
    """
    rules = load_rules(source)
    try:
        check(rules)
    except RulesError as error:
        raise placed(error, source) from error
    return rules


@contextmanager
def engine_on(store: str, rules: Rules | str, create: bool = True) -> Iterator[Engine]:
    """An engine on a store that is closed at the end."""
    loaded = rules_of(rules) if isinstance(rules, str) else rules
    with closing(open_store(store, create)) as opened:
        yield Engine(opened, loaded, id_key())


@contextmanager
def reader_on(store: str, rules: str) -> Iterator[Reader]:
    """A view of a store that exists, to tell of all that it has."""
    with engine_on(store, rules, create=False) as engine, engine.reader() as reader:
        warn_of_rules(reader.tx, engine.rules)
        yield reader


def told_of_one(store: str, rules: str, ask: Callable[[Reader], T]) -> T:
    """What a store that exists answers to a question about few persons, all of it as of one moment."""

    def answer() -> T:
        with engine.reader(whole=True) as reader:
            return ask(reader)

    with engine_on(store, rules, create=False) as engine:
        with engine.store.read() as tx:
            warn_of_rules(tx, engine.rules)
        return undisturbed(answer)


def warn_of_rules(tx: Transaction, rules: Rules) -> None:
    """Says so where a store that is about to be read was not built by these rules and this version."""
    wrong = disagreement(tx, rules, id_key())
    if wrong is not None:
        SPOKEN.print(f"Careful: {wrong}.", style="yellow")


def moment(option: str, text: str | None) -> int:
    """A time that an option names, in microseconds; now where it names none."""
    return now_us() if text is None else asked_time(option, text)


def check_folders(*paths: Path | None) -> None:
    """Raises ``Invalid`` for a file that is to be written into a folder that isn't there."""
    for path in paths:
        if path is not None and not path.parent.is_dir():
            raise Invalid(str(path), "Its folder does not exist; make it first.")


def check_source(name: str | None) -> None:
    """Raises ``Invalid`` where --source can't be the name of one: by it every line would be refused."""
    if name is not None and (flaw := flaw_of_source(name or " ")):
        raise Invalid("--source", flaw)


def show_json(value: object) -> None:
    """One JSON value on standard output, indented where somebody looks on."""
    out = typer.get_binary_stream("stdout")
    indented = orjson.OPT_INDENT_2 if typer.get_text_stream("stdout").isatty() else 0
    out.write(orjson.dumps(value, option=indented | orjson.OPT_APPEND_NEWLINE))
    out.flush()


def show(told: object, lines: Iterable[str], as_json: bool) -> None:
    """All of it as JSON, or what somebody who looks on reads of it."""
    if as_json:
        show_json(told)
        return
    for line in lines:
        typer.echo(line)


def progress(counts: str = "{task.fields[events]:,} lines") -> Progress:
    """A progress bar where somebody looks on; its tasks have the fields that ``counts`` shows."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn(counts),
        TimeElapsedColumn(),
        console=SPOKEN,
        transient=True,
        disable=not SPOKEN.is_terminal,
    )
