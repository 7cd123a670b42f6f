"""The command line: `onefold`, its commands, and how it ends."""

import ast
import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from io import FileIO, TextIOWrapper
from pathlib import Path
from typing import Any, Final, NoReturn, cast

import typer

from graph_schema.errors import OnefoldError

_HOMES: Final = {
    "commands_serve": {
        "demo": "play_demo",
        "serve": "serve_store",
        "access-key": "make_key",
        "worker": "run_worker",
    },
    "commands_ingest": {"ingest": "ingest_files", "simulate": "simulate_stream"},
    "commands_read": {"person": "person", "why": "why", "how": "how", "export": "export_file"},
    "commands_match": {"train": "train_model", "evaluate": "evaluate", "diff": "diff"},
    "commands_decide": {"decide": "decide"},
    "commands_report": {"report": "tell_report", "fit": "fit"},
    "commands_sync": {"audience": "audience", "sync": "sync", "destinations": "tell_destinations"},
    "commands_care": {
        "check": "check_scenarios",
        "doctor": "doctor",
        "rebuild": "rebuild_store",
        "replay": "replay_dead_letters",
    },
}
"""Where each command is, and what it is called there."""
_SILENT: Final = ("aiokafka", "cel", "neo4j")
"""Libraries that would else speak to the terminal by themselves, beside our errors."""


def make_app(command: str | None = None) -> typer.Typer:
    """The application: for a command that there is with those of its file, else with all of them, but in
    name alone: the libraries that they work with take longer to load than most commands to run."""
    app = typer.Typer(
        name="onefold",
        help="Many records, one person: identity resolution in the stream, and a golden profile for each.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_among_others)
    for home, commands in _HOMES.items():
        if command in commands:
            module = import_module(f"serving.{home}")
            for name, function in commands.items():
                app.command(name)(getattr(module, function))
            return app
    for home, commands in _HOMES.items():
        told = _told(home)
        for name, function in commands.items():
            app.command(name, help=told[function])(_in_name_alone)
    return app


def look_for_cycles_rarely() -> None:
    """Of the many small things that are loaded, and that a batch makes, hardly any is in a cycle: to look for
    them takes a sixth of a batch's time. It is done among few at a time, for everybody waits meanwhile: among
    a million a quarter of a second; and among all that stays hardly ever."""
    gc.set_threshold(10_000, 10, 10_000)


def _open_what_is_closed() -> None:
    """What a process that was begun without one of its standard streams opens next would be taken for it. So
    nothing is put there: it refuses a result, as a full disk does, and takes what is told beside."""
    for number, given in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        if given is None:
            nothing = os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_WRONLY)
            if nothing != number:
                os.dup2(nothing, number)
                os.close(nothing)
    if sys.stdout is None:
        sys.stdout = TextIOWrapper(cast(Any, FileIO(1, "w", closefd=False)), "utf-8", write_through=True)


@contextmanager
def _ending_at_once() -> Iterator[None]:
    """Lets an interrupt end the process without a word: while modules load, nothing is open yet."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _told(home: str) -> dict[str, str]:
    """What the functions of a file say of themselves, read from its text."""
    tree = ast.parse(Path(__file__).with_name(f"{home}.py").read_bytes())
    return {one.name: ast.get_docstring(one) or "" for one in tree.body if isinstance(one, ast.FunctionDef)}


def _among_others() -> None:
    """What a file's only command needs to be called by its name."""


def _in_name_alone() -> None:
    """A command that is listed; to be run, it is loaded."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and ends the process: 0 done, 1 the answer is no, 2 what was given is wrong, 3 the
    store can't serve this program now."""
    look_for_cycles_rarely()
    _open_what_is_closed()
    for library in _SILENT:
        logging.getLogger(library).addHandler(logging.NullHandler())
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with _ending_at_once():
            app = make_app(given[0] if given else None)
        app(args=given, prog_name="onefold")
    except OnefoldError as error:
        _end(str(error), error.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _end(f"{where}{error.strerror or error}", 2)
    sys.exit(0)


def _end(message: str, code: int) -> NoReturn:
    typer.echo(f"onefold: {message}", err=True)
    sys.exit(code)
