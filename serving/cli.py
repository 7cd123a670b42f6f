"""The command line: `onefold`, its commands, and how it ends."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn

import typer

from graph_schema.errors import OnefoldError

_HOMES: Final = {
    "serving.commands_serve": ("demo", "serve", "worker", "access-key"),
    "serving.commands_ingest": ("ingest", "simulate"),
    "serving.commands_read": ("person", "why", "how", "export"),
    "serving.commands_match": ("train", "evaluate"),
    "serving.commands_decide": ("decide", "audience", "report", "fit"),
    "serving.commands_care": ("check", "doctor", "rebuild", "replay"),
}


def make_app(command: str | None = None) -> typer.Typer:
    """The application with all its commands; for a command that there is, only with those of its file, as
    the libraries of the others take longer to load than most commands to run."""
    app = typer.Typer(
        name="onefold",
        help="Many records, one person: identity resolution in the stream, and a golden profile for each.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    homes = [home for home, commands in _HOMES.items() if command in commands]
    for home in homes or _HOMES:
        import_module(home).register(app)
    return app


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
