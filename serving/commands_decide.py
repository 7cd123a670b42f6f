"""The command about what to do: decide."""

import math
from contextlib import suppress
from typing import Annotated, Final

import typer

from graph_schema.errors import Invalid, nearest
from profiles.scene import Request
from serving.stores import DEFAULT_STORE
from serving.terminal import AtOption, RulesOption, StoreOption, moment, reader_on, show_json
from stream.deciding import Asked, decide_all


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
        show_json(decide_all(reader, [asked])[0])


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
