"""Audiences: who is in, when time alone changes it, and what a destination may be given."""

import pytest

from graph_schema.rules import Rules
from graph_schema.vocabulary import Membership
from profiles.audiences import concerns_audiences, may_be_given, memberships, permission
from tests.unit.portraits import RETAIL, Said, at, bought, event, identify, portrait, track

ADVERTISED = track("Consent Granted", 0, purpose="advertising")
WITHDRAWN = track("Consent Withdrawn", 1, purpose="advertising")
ADDED = track("Product Added", 1, product_id="tea", quantity=1)
CART = Membership("retarget_abandoned_cart")


def test_a_membership_ends_at_the_moment_that_was_foretold() -> None:
    person = portrait(identify(), ADVERTISED, ADDED)
    found = memberships(person, RETAIL, at(2))
    assert CART in found.members
    assert found.next_at == at(90)  # a customer who never bought is inactive by then
    assert CART not in memberships(person, RETAIL, at(91)).members
    assert CART in memberships(person, RETAIL, at(91) - 1).members


def test_no_cart_is_followed_without_consent_or_against_an_objection() -> None:
    objects = track("Processing Objected", 1, purpose="advertising")
    assert CART not in memberships(portrait(identify(), ADDED), RETAIL, at(2)).members
    assert CART not in memberships(portrait(identify(), ADDED, ADVERTISED, objects), RETAIL, at(2)).members


def test_a_buyer_is_spared_what_she_bought_and_nothing_else() -> None:
    person = portrait(ADVERTISED, ADDED, bought(2, "o-1", "tea", "cup"), bought(3, "o-2", "pot"))
    returned = portrait(bought(2, "o-1", "tea"), track("Order Refunded", 3, order_id="o-1"))
    spared = {
        one.product for one in memberships(person, RETAIL, at(4)).members if one.audience == "suppress_buyers"
    }
    assert spared == {"tea", "cup", "pot"}
    assert not memberships(returned, RETAIL, at(4)).members


@pytest.mark.parametrize(
    ("words", "spared"),
    [
        ([WITHDRAWN], True),
        ([track("Consent Withdrawn", 1, purpose="marketing")], True),
        ([track("Unsubscribed", 1)], True),
        ([ADVERTISED, track("Unsubscribed", 1)], False),
        ([track("Processing Objected", 1, purpose="marketing")], True),
        (
            [
                track("Consent Withdrawn", 1, purpose="advertising"),
                track("Consent Granted", 2, purpose="advertising"),
            ],
            False,
        ),
        ([], False),
    ],
)
def test_who_withdrew_or_objected_is_always_spared(words: list[Said], spared: bool) -> None:
    person = portrait(identify(email="ana@example.com"), *words)
    assert (Membership("suppress_always") in memberships(person, RETAIL, at(5)).members) == spared


def test_a_destination_is_given_no_target_without_consent_but_everybody_to_spare() -> None:
    person = portrait(bought(1, "o-1", "tea", total=900))
    assert Membership("high_value") in memberships(person, RETAIL, at(2)).members
    assert permission(person, RETAIL, at(2)) == "unknown"
    assert permission(portrait(identify(), ADVERTISED), RETAIL, at(2)) == "granted"
    assert permission(portrait(identify(), ADVERTISED, WITHDRAWN), RETAIL, at(2)) == "denied"
    objects = track("Processing Objected", 1, purpose="advertising")
    assert permission(portrait(identify(), objects, ADVERTISED), RETAIL, at(2)) == "denied"
    assert not may_be_given("high_value", "unknown", RETAIL)
    assert may_be_given("suppress_buyers", "denied", RETAIL)
    assert may_be_given("high_value", "granted", RETAIL)


@pytest.mark.parametrize(
    ("said", "concerned"),
    [
        (ADDED, True),
        (bought(1, "o-1", "tea"), True),
        (track("Account Closed", 1, account_id="a"), True),
        (track("Unsubscribed", 1), True),
        (track("Product Viewed", 1, product_id="tea", category="drinks"), False),
        (track("Message Sent", 1, channel="email", message_id="m"), False),
        (identify(firstName="Ana"), False),
    ],
)
def test_only_what_can_move_somebody_is_asked_again(said: Said, concerned: bool) -> None:
    assert concerns_audiences(event(said).facts, RETAIL) == concerned


def test_an_audience_of_those_who_were_sent_something_hears_of_it() -> None:
    audiences = {"told": {"when": 'was_sent("newsletter")'}}
    rules = Rules.model_validate({"namespaces": RETAIL.namespaces, "audiences": audiences})
    sent = track("Message Sent", 1, campaign="newsletter", channel="email")
    assert concerns_audiences(event(sent).facts, rules)
    assert memberships(portrait(identify(), sent), rules, at(2)).members == {Membership("told")}


def test_of_messages_that_are_dated_ahead_the_first_tells_when_she_was_sent_one() -> None:
    rules = Rules.model_validate(
        {"namespaces": RETAIL.namespaces, "audiences": {"told": {"when": 'was_sent("newsletter")'}}}
    )
    ahead = (track("Message Sent", day, campaign="newsletter", channel="email") for day in (9, 5, 7))
    assert memberships(portrait(identify(), *ahead), rules, at(2)) == (frozenset(), at(5))
