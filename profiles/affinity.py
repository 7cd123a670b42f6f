"""Affinity: which categories a person buys for herself or looks at, and which purchase was out of her way.

Gifts say nothing about the giver, and what was cancelled nothing about anybody; what was sent back was of
interest all the same (it didn't fit, it came broken), and the like can be offered again. An article bought
once by somebody who otherwise always buys something else may be for another person: that is to be asked, not
guessed.
"""

from collections import Counter
from typing import Any, Literal

from graph_schema.store import Document
from profiles.orders import Orders
from profiles.preferences import preference

Relation = Literal["own", "outside", "none"]

_PATTERN = 2
"""Orders with something of other categories from which on a single one elsewhere is outside the pattern."""


def bought_categories(orders: Orders) -> dict[str, int]:
    """In how many orders of her own she bought each category, whether or not she sent some of it back."""
    return dict(sorted(Counter(each for basket in _baskets(orders) for each in basket).items()))


def _own(orders: Orders) -> list[Any]:
    """The lines of each order of her own: a gift tells nothing of her."""
    return [order["products"] for order in orders.counted if not order.get("gift")]


def _baskets(orders: Orders) -> list[set[str]]:
    """The categories of each order of her own."""
    return [{category for _, n, _, category, *_ in lines if n > 0 and category} for lines in _own(orders)]


def category_of(orders: Orders, product: str) -> str | None:
    """The category in which she bought a product for herself, whether or not she sent it back."""
    named = (category for lines in _own(orders) for one, _, _, category, *_ in lines if one == product)
    return next(filter(None, named), None)


def question_of(category: str) -> str:
    """The preference that says for whom she buys a category: "self" makes it her own."""
    return f"buys_{category}_for"


def relation(state: Document, orders: Orders, category: str) -> Relation:
    """What a category is to her: her own, outside her pattern, or nothing that she ever did."""
    answer = preference(state, question_of(category))
    if answer is not None:
        return "own" if answer in ("self", "me", "myself") else "none"
    baskets = _baskets(orders)
    times = sum(category in one for one in baskets)
    # One basket of many things is one order, and no pattern.
    if times == 1 and sum(bool(one - {category}) for one in baskets) >= _PATTERN:
        return "outside"
    return "own" if times or category in state.get("categories", {}) else "none"
