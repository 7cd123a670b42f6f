"""The command line: `onefold`, its commands, and how it ends."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from graph_schema.errors import OnefoldError
from serving import commands_care, commands_ingest, commands_read, commands_serve

app = typer.Typer(
    name="onefold",
    help="Many records, one person: identity resolution in the stream, and a golden profile for each person.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (commands_serve, commands_ingest, commands_read, commands_care):
    commands.register(app)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and ends the process: 0 done, 1 the answer is no, 2 what was given is wrong, 3 the
    store can't serve this program now."""
    try:
        app(args=arguments, prog_name="onefold")
    except OnefoldError as error:
        _end(str(error), error.exit_code)
    except OSError as error:
        _end(f"{error.filename or 'onefold'}: {error.strerror or error}", 2)
    sys.exit(0)


def _end(message: str, code: int) -> NoReturn:
    typer.echo(f"onefold: {message}", err=True)
    sys.exit(code)
