"""The command about what to do: decide."""

import math
from contextlib import suppress
from typing import Annotated

import typer

from graph_schema.errors import Invalid
from profiles.scene import Request
from serving.stores import DEFAULT_STORE
from serving.terminal import AtOption, RulesOption, StoreOption, moment, show_json, told_of_one
from stream.deciding import Asked, decide_all


def _price(text: str) -> float:
    with suppress(ValueError):
        if 0 <= (price := float(text)) < math.inf:
            return price
    raise typer.BadParameter("This must be a number, 0 or more.")


_About = Annotated[str | None, typer.Option(help="What it is about.")]
_Price = Annotated[float | None, typer.Option(parser=_price, metavar="AMOUNT", help="What an offer asks.")]


def decide(
    reference: Annotated[str, typer.Option("--for", metavar="REF", help="A person id, or namespace:value.")],
    campaign: Annotated[str, typer.Option(metavar="NAME", help="The campaign, as the rules name it.")],
    product: _About = None,
    category: _About = None,
    price: _Price = None,
    reference_price: _Price = None,
    account_id: _About = None,
    order_id: _About = None,
    reward_code: _About = None,
    at: AtOption = None,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Decide whether a campaign may go to a person now, by which channel, and if not, why."""
    prices = {"price": price, "reference_price": reference_price}
    offer = {name: amount for name, amount in prices.items() if amount is not None}
    if len(offer) == 1:
        # One price alone would be compared with nothing, and pass for the best offer there is.
        raise Invalid("--price", "an offer has two; give both --price and --reference-price.")
    about = Request(campaign, product, category, offer or None, account_id, order_id, reward_code)
    asked = [Asked(reference, about, moment("--at", at))]
    show_json(told_of_one(store, rules, lambda reader: decide_all(reader, asked))[0])
