"""Commands that ask: person, why, how, export."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from graph_schema.errors import Invalid
from graph_schema.store import Document
from resolver.sentences import counted
from serving.stores import DEFAULT_STORE
from serving.terminal import (
    SPOKEN,
    AtOption,
    ReferenceArgument,
    RulesOption,
    StoreOption,
    check_folders,
    engine_on,
    moment,
    reader_on,
    show,
    show_json,
    told_of_one,
)
from stream.as_of import By
from stream.as_of import as_of as then_profile
from stream.engine import now_us
from stream.exporting import Form, export
from stream.whole import whole_file

_EXPLAINING: Final = "stream.explaining"  # with a large library, which the others don't need
_FORMS: Final[dict[str, Form]] = {
    ".csv": "csv",
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "jsonl"),
}


What = Literal["links", "events", "persons"]


def person(
    reference: ReferenceArgument,
    at: AtOption = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="By the evidence there was then, with its clock.")
    ] = None,
    as_of_by: Annotated[
        By, typer.Option(help="received: what this store had by then; event: what had happened.")
    ] = "received",
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Show the golden profile of one person as JSON."""
    if as_of is not None:
        if at is not None:
            raise Invalid("--at", "--as-of sets the clock too; give one of them.")
        then = moment("--as-of", as_of)
        with engine_on(store, rules, create=False) as engine:
            show_json(then_profile(engine.store, engine.rules, engine.id_key, reference, then, as_of_by))
        return
    if as_of_by != "received":
        raise Invalid("--as-of-by", "it says by which time --as-of counts; give --as-of too.")
    clock = moment("--at", at)
    show_json(told_of_one(store, rules, lambda reader: reader.profile(reference, clock)))


def why(
    a: Annotated[str, typer.Argument(help="A record (source/record_id), identifier or person id.")],
    b: Annotated[str, typer.Argument(help="The same of the other.")],
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Tell what joins two records or identifiers, or keeps them apart."""
    explain = import_module(_EXPLAINING).why
    _tell(told_of_one(store, rules, lambda reader: explain(reader, a, b)))


def how(
    reference: Annotated[str, typer.Argument(metavar="PERSON", help="A person id, or namespace:value.")],
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Tell how a person came to be, step by step."""
    explain = import_module(_EXPLAINING).how
    _tell(told_of_one(store, rules, lambda reader: explain(reader, reference)))


def _tell(told: Document) -> None:
    """Sentences for somebody who looks on, for a program all of it as JSON."""
    show(told, told["sentences"], not typer.get_text_stream("stdout").isatty())


def export_file(
    what: Annotated[What, typer.Argument(help="links, events or persons.")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=".csv, .parquet or .jsonl; - is standard output.")
    ],
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Write links (source, record_id, person_id), events with their person, or golden profiles to a file."""
    form = _form(what, file)
    check_folders(file)
    with reader_on(store, rules) as reader, whole_file(file) as out:
        rows = export(reader, what, out, form, now_us())
    if str(file) != "-":
        SPOKEN.print(f"{file}: {counted(rows, 'row')}")


def _form(what: What, file: Path) -> Form:
    if str(file) == "-":
        return "jsonl" if what == "persons" else "csv"
    suffix = file.suffix.lower()
    if suffix not in _FORMS:
        raise Invalid("FILE", f"The name tells the form: {what}.csv, .parquet or .jsonl, or - for a pipe.")
    return _FORMS[suffix]
