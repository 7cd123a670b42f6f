"""Affinity: what is out of her way is asked about, and not guessed."""

from typing import Any

from profiles.decide import Decision, decide
from profiles.scene import Request
from tests.unit.portraits import RETAIL, Said, at, bought, identify, portrait, track

ANA = identify(email="ana@example.com")
GRANTED = track("Consent Granted", 0, purpose="marketing")


def decided(*messages: Said, **request: Any) -> Decision:
    return decide(portrait(ANA, GRANTED, *messages), Request("loyalty_offer", **request), RETAIL, at(50))


def test_an_article_out_of_her_way_is_asked_about_and_the_answer_stands() -> None:
    orders = [bought(n, f"o-{n}", f"p-{n}", category="menswear") for n in range(3)]
    dress = bought(4, "o-4", "dress", category="dresses")
    prefers = track("Preference Set", 1, channel="email")
    asked = decided(prefers, *orders, dress, category="dresses")
    assert (asked.reasons, asked.question) == (("ask_first",), "buys_dresses_for")
    for answer, outcome in (("self", "send"), ("my wife", "suppress")):
        said = track("Survey Answered", 9, question="buys_dresses_for", answer=answer)
        assert decided(prefers, *orders, dress, said, category="dresses").outcome == outcome


def test_one_basket_of_many_things_makes_none_of_them_out_of_her_way() -> None:
    lines = [{"product_id": one, "category": one} for one in ("bread", "milk", "soap", "dress")]
    basket = track("Order Completed", 1, order_id="o-1", products=lines)
    assert decided(basket, category="dress").outcome == "send"
    other = bought(2, "o-2", "p", category="milk")
    assert decided(basket, other, category="dress").reasons == ("ask_first",)


def test_what_she_sent_back_is_out_of_her_way_by_the_category_in_which_she_bought_it() -> None:
    others = [bought(n, f"o-{n}", "coat", category="menswear") for n in (1, 2)]
    back = track("Order Refunded", 4, order_id="o-3")
    for gift, reasons in ((False, ("ask_first",)), (True, ())):
        dress = bought(3, "o-3", "dress", category="dresses", gift=gift)
        asked = decided(*others, dress, back, product="dress")
        assert asked.reasons == reasons
