"""The command line: `onefold`, its commands, and how it ends."""

import ast
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, NoReturn

import typer

from graph_schema.errors import OnefoldError

_HOMES: Final = {
    "serving.commands_serve": ("demo", "serve", "worker", "access-key"),
    "serving.commands_ingest": ("ingest", "simulate"),
    "serving.commands_read": ("person", "why", "how", "export"),
    "serving.commands_match": ("train", "evaluate", "diff"),
    "serving.commands_decide": ("decide", "report", "fit"),
    "serving.commands_sync": ("audience", "sync", "destinations"),
    "serving.commands_care": ("check", "doctor", "rebuild", "replay"),
}


def make_app(command: str | None = None) -> typer.Typer:
    """The application: for a command that there is with those of its file, else with all of them, but in
    name alone: the libraries that they work with take longer to load than most commands to run."""
    app = typer.Typer(
        name="onefold",
        help="Many records, one person: identity resolution in the stream, and a golden profile for each.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for home, commands in _HOMES.items():
        if command in commands:
            import_module(home).register(app)
            return app
    for home, commands in _HOMES.items():
        for name, told in _told(home):
            if name in commands:
                app.command(name, help=told)(_in_name_alone)
    return app


def _told(home: str) -> Iterator[tuple[str, str]]:
    """The commands that a file registers with what they say of themselves, read from its text."""
    tree = ast.parse(Path(__file__).with_name(f"{home.rpartition('.')[2]}.py").read_bytes())
    told = {one.name: ast.get_docstring(one) or "" for one in tree.body if isinstance(one, ast.FunctionDef)}
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                ast.Call(ast.Attribute(attr="command"), [ast.Constant(str(name))]), [ast.Name(id=by)]
            ):
                yield name, told[by]


def _in_name_alone() -> None:
    """A command that is listed; to be run, it is loaded."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and ends the process: 0 done, 1 the answer is no, 2 what was given is wrong, 3 the
    store can't serve this program now."""
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        make_app(given[0] if given else None)(args=given, prog_name="onefold")
    except OnefoldError as error:
        _end(str(error), error.exit_code)
    except OSError as error:
        _end(f"{error.filename or 'onefold'}: {error.strerror or error}", 2)
    sys.exit(0)


def _end(message: str, code: int) -> NoReturn:
    typer.echo(f"onefold: {message}", err=True)
    sys.exit(code)
