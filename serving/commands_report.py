"""Commands that tell of all customers: report, fit."""

import os
from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer

from profiles.moments import iso
from serving.report_views import as_html, as_text
from serving.stores import DEFAULT_STORE
from serving.terminal import SPOKEN, AtOption, RulesOption, StoreOption, check_folders, moment, reader_on
from stream.reporting import fitted, report
from stream.whole import whole_file


def tell_report(
    form: Annotated[Literal["text", "html", "json"], typer.Option("--format", help="What to make.")] = "text",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; standard output by default.")
    ] = None,
    at: AtOption = None,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Report customers and revenue by stage and by first-time or repeat, with and without resolution."""
    check_folders(out)
    with reader_on(store, rules) as reader:
        found = report(reader, moment("--at", at))
    if form == "json":
        told = orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    else:
        told = as_html(found) if form == "html" else as_text(found)
    _give(told, out)


def fit(
    percentile: Annotated[
        float, typer.Option(min=0, max=100, help="A customer of high value spends more than so many percent.")
    ] = 95.0,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A rules file to write that extends the given ones.")
    ] = None,
    at: AtOption = None,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Fit lifetime value and the threshold of high value to a store, to freeze them in the rules."""
    check_folders(out)
    then = moment("--at", at)
    with reader_on(store, rules) as reader:
        table = fitted(reader, percentile, then)
    lines = [f"{name} = {_toml(value)}" for name, value in table.items()]
    told = "\n".join([f"# Fitted to the customers as of {iso(then)}.", "[profile.value]", *lines, ""])
    if out is not None:
        # A file is named as seen from the one that is written.
        base = os.path.relpath(rules, out.parent) if Path(rules).is_file() else rules
        told = f"extends = {_toml(base)}\n\n{told}"
    _give(told, out)


def _toml(value: object) -> str:
    """A number or a text as TOML has it."""
    return orjson.dumps(value).decode()


def _give(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    with whole_file(out) as file:
        file.write(text.encode())
    SPOKEN.print(f"{out}: written")
