"""Commands about what to do: decide, report, fit."""

import math
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, Literal

import orjson
import typer

from graph_schema.errors import Invalid, nearest
from profiles.decide import Request
from profiles.moments import iso
from serving.report_views import as_html, as_text
from serving.stores import DEFAULT_STORE
from serving.terminal import SPOKEN, AtOption, RulesOption, StoreOption, moment, reader_on, show_json
from stream.deciding import Asked, decide_all
from stream.reporting import fitted, report

_AT_ONCE: Final = 10_000


def decide(
    context: typer.Context,
    reference: Annotated[str, typer.Option("--for", metavar="REF", help="A person id, or namespace:value.")],
    campaign: Annotated[str, typer.Option(metavar="NAME", help="The campaign, as the rules name it.")],
    at: AtOption = None,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Decide whether a campaign may go to a person now, by which channel, and if not, why.

    What it is about can be told too: --product, --category, --price and --reference-price, --account-id,
    --order-id, --reward-code.
    """
    asked = Asked(reference, _request(campaign, context.args), moment("--at", at))
    with reader_on(store, rules) as reader:
        show_json(decide_all(reader, [asked])[0].shown())


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
    then = moment("--at", at)
    with reader_on(store, rules) as reader:
        table = fitted(reader, percentile, then)
    lines = [f"{name} = {_toml(value)}" for name, value in table.items()]
    told = "\n".join([f"# Fitted to the customers as of {iso(then)}.", "[profile.value]", *lines, ""])
    if out is not None:
        told = f"extends = {_toml(rules)}\n\n{told}"
    _give(told, out)


def _toml(value: object) -> str:
    """A number or a text as TOML has it."""
    return orjson.dumps(value).decode()


def _give(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    out.write_text(text, encoding="utf-8")
    SPOKEN.print(f"{out}: written")


_ABOUT: Final = ("product", "category", "account-id", "order-id", "reward-code")
_PRICES: Final = ("price", "reference-price")
_OPTIONS: Final = (*_ABOUT, *_PRICES)


def _request(campaign: str, given: list[str]) -> Request:
    """What a decision is about, from options such as --product vit-c or --product=vit-c."""
    told: dict[str, str] = {}
    words = iter(given)
    for word in words:
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or name not in _OPTIONS:
            raise Invalid(word.partition("=")[0], f"There is no such option. {nearest(name, _OPTIONS)}")
        following = value if equals else next(words, None)
        if following is None:
            raise Invalid(f"--{name}", "It needs a value.")
        told[name] = following
    offer = {name.replace("-", "_"): _price(name, told.pop(name)) for name in _PRICES if name in told}
    about = {name.replace("-", "_"): value for name, value in told.items()}
    return Request(campaign, offer=offer or None, **about)


def _price(name: str, text: str) -> float:
    with suppress(ValueError):
        if 0 <= (price := float(text)) < math.inf:
            return price
    raise Invalid(f"--{name}", "This must be a number, 0 or more.")
