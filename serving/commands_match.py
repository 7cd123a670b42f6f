"""Commands of matching: train, evaluate, diff. What only one of them needs, it loads when it does."""

from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.progress import Progress

from graph_schema.errors import Invalid
from graph_schema.rules import Rules, load_rules
from resolver.matching.model import to_dict
from resolver.matching.report import Training, lines
from resolver.matching.training import train
from resolver.matching.values import Traits
from resolver.sentences import counted
from serving.evaluation_view import evaluation_lines, evaluation_view
from serving.stores import DEFAULT_STORE, open_store
from serving.terminal import (
    SPOKEN,
    JsonOption,
    MappingOption,
    RulesOption,
    SourceOption,
    StoreOption,
    check_folders,
    check_source,
    engine_on,
    id_key,
    progress,
    reader_on,
    show,
)
from stream.evaluating import evaluate_store
from stream.ingesting import Input
from stream.mapping import load_mapping
from stream.training import declared, keys_of, of_file, of_store
from stream.whole import whole_file

_FEW: Final = 100
"""Records: of fewer the weights that are learnt are as good as none."""


def train_model(
    out: Annotated[Path, typer.Option(metavar="MODEL", help="The model file to write.")],
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="What to learn from; by default the store's records.")
    ] = None,
    mapping: MappingOption = None,
    source: SourceOption = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write a report with charts, as HTML.")
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Fit a matching model to records of which nobody said who is who.

    Of the rules it takes what [matching] says of comparisons and blocking. The model file is frozen: rules
    that name it (model = "MODEL" in [matching]) are changed by another.
    """
    check_folders(out, report)
    check_source(source)
    if out.absolute() in [Path(one).absolute() for one in (file, mapping, report) if one is not None]:
        raise Invalid("--out", "It names a file that is read, or the report; name another one.")
    for option, said in (("--mapping", mapping), ("--source", source)):
        if said is not None and file is None:
            raise Invalid(
                option, "It needs a FILE to read by it; a store's records have their names already."
            )
    loaded = load_rules(rules, trained=False)
    kinds, blocking = declared(loaded), keys_of(loaded)
    with progress("{task.fields[events]}") as shown:
        read_as = load_mapping(mapping) if mapping is not None else None
        given = Input(file, read_as, source) if file is not None else None
        records = _records(given, store, loaded, shown)
        task = shown.add_task("learning", total=1.0, events="")
        training = train(
            records,
            progress=lambda what, share: shown.update(task, completed=share, events=what),
            kinds=kinds,
            blocking=blocking,
        )
    text = orjson.dumps(to_dict(training.model), option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
    with whole_file(out) as model:
        model.write(text + b"\n")
    if report is not None:
        page = import_module("serving.training_view").as_html(training)
        with whole_file(report) as charts:
            charts.write(page.encode())
    for line in lines(training):
        typer.echo(line)
    _advise(training, out, report, len(records))


def _records(given: Input | None, store: str, rules: Rules, shown: Progress) -> list[Traits]:
    task = shown.add_task("reading", total=None, events="")

    def tell(number: int) -> None:
        shown.update(task, events=f"{number:,}")

    if given is not None:
        records, refused = of_file(given, rules, tell)
        if refused:
            lost = f"Careful: {counted(refused, 'line')} can't be taken; onefold ingest and doctor tell why."
            SPOKEN.print(lost, style="yellow")
    else:
        with engine_on(store, rules, create=False) as engine, engine.store.read() as tx:
            records = of_store(tx, tell)
    shown.update(task, total=1, completed=1)
    return records


def _advise(training: Training, out: Path, report: Path | None, records: int) -> None:
    if report is not None:
        SPOKEN.print(f"{report}: the report")
    if records < _FEW:
        told = f"Careful: of {counted(records, 'record')} hardly anything can be learnt; some hundreds tell."
        SPOKEN.print(told, style="yellow")
    SPOKEN.print(f"{out}: model {training.model.hash} from {counted(records, 'record')}. To match by it:")
    SPOKEN.print(f'\n[matching]\nafter = "phone"\nmodel = "{out}"\n')


def evaluate(
    truth: Annotated[
        Path, typer.Argument(metavar="TRUTH", help="CSV: source, record_id (or message_id), person.")
    ],
    as_data: Annotated[bool, typer.Option("--json", help="All figures and examples as JSON.")] = False,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Compare the persons in the store with the truth: precision, recall, F1, and examples of what is wrong.

    Overlinks are persons that hold records of several people, underlinks people who are several persons.
    """
    with reader_on(store, rules) as reader:
        told = evaluation_view(*evaluate_store(reader, truth))
    show(told, evaluation_lines(told), as_data)


def diff(
    rules: Annotated[str, typer.Option(metavar="RULES", help="The other rules: a file, or a bundled name.")],
    examples: Annotated[int, typer.Option(min=0, help="So many examples of each kind.")] = 5,
    as_data: JsonOption = False,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Show what other rules or another model would change: persons merged, split, moved, under another id.

    Nothing is written. `onefold rebuild --rules RULES` does it.
    """
    loaded = load_rules(rules)
    counts = "{task.completed:>10,.0f} events"
    with closing(open_store(store, create=False)) as opened, progress(counts) as shown:
        task = shown.add_task("deriving", total=None)
        found = import_module("stream.differing").difference(
            opened, loaded, id_key(), examples, lambda done: shown.update(task, completed=done)
        )
    view = import_module("serving.difference_view")
    show(view.difference_view(found), view.difference_lines(found), as_data)
