"""Decisions beyond the stories: channels, caps, dues, and what is asked."""

from functools import partial
from typing import Any

import pytest

from graph_schema.errors import Invalid
from graph_schema.vocabulary import Membership
from profiles.audiences import memberships
from profiles.cart import cart_of
from profiles.decide import Decision, decide, nobody
from profiles.golden import golden
from profiles.messages import shown_messages
from profiles.orders import Orders
from profiles.scene import Request
from tests.unit.portraits import RETAIL, Said, at, bought, identify, portrait, track

ANA = identify(email="ana@example.com", phone="+33612345678")
GRANTED = track("Consent Granted", 0, purpose="marketing")
TO_ANA = {"traits": {"email": "ana@example.com"}}
BOUNCED = track("Message Bounced", 1, channel="email", message_id="m", context=TO_ANA)


def decided(campaign: str, *messages: Said, day: float = 50, **request: Any) -> Decision:
    return decide(portrait(*messages), Request(campaign, **request), RETAIL, at(day))


def test_an_unknown_campaign_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(Invalid, match="newsletter"):
        decided("newsleter", ANA)


def test_nobody_is_suppressed() -> None:
    assert nobody("ambiguous").reasons == ("ambiguous",)


def test_all_reasons_are_named() -> None:
    closed = [
        track("Account Opened", 1, account_id="a", product="card"),
        track("Account Closed", 2, account_id="a"),
        track("Processing Objected", 3, purpose="marketing"),
    ]
    found = decided("promotion", ANA, *closed, offer={"price": 99, "reference_price": 100})
    assert set(found.reasons) == {"relationship_ended", "not_eligible", "objected", "no_consent"}


@pytest.mark.parametrize(
    ("preferred", "channel"), [("sms", "sms"), ("E-Mail", "email"), ("app", "email"), ("fax", "email")]
)
def test_the_preferred_channel_goes_first_where_it_is_open(preferred: str, channel: str) -> None:
    assert (
        decided("promotion", ANA, GRANTED, track("Preference Set", 1, channel=preferred)).channel == channel
    )


def test_a_bounce_is_over_when_a_letter_is_opened() -> None:
    opened = track("Email Opened", 2, message_id="n", context=TO_ANA)
    assert decided("newsletter", ANA, GRANTED, BOUNCED).reasons == ("no_channel",)
    assert decided("newsletter", ANA, GRANTED, BOUNCED, opened).channel == "email"


def test_another_address_takes_over_from_one_that_bounced_if_it_is_granted() -> None:
    other = identify(0, "crm", email="ana@example.net")
    own = track(
        "Consent Granted",
        0,
        purpose="marketing",
        channel="email",
        context=TO_ANA,
    )
    assert decided("newsletter", ANA, GRANTED, other, BOUNCED).outcome == "send"
    assert decided("newsletter", ANA, own, other, BOUNCED).reasons == ("no_consent",)


def test_a_confirmation_goes_out_without_consent_but_not_without_a_channel() -> None:
    order = bought(1, "o-1", "tea")
    assert decided("order_confirmation", ANA, order, order_id="o-1").channel == "email"
    assert decided("order_confirmation", order, order_id="o-1").reasons == ("no_channel",)
    assert decided("order_confirmation", ANA, order, order_id="o-9").reasons == ("not_eligible",)


def test_confirmations_are_not_what_she_has_had_enough_of() -> None:
    sent = [
        track("Message Sent", 40 + n, campaign=name, channel="email", message_id=f"m-{n}", order_id=f"o-{n}")
        for n, name in enumerate(("order_confirmation", "shipping_confirmation", "newsletter", "newsletter"))
    ]
    assert decided("newsletter", ANA, GRANTED, *sent).outcome == "send"
    unnamed = track("Message Sent", 45, channel="sms", message_id="m-9")
    assert decided("newsletter", ANA, GRANTED, *sent, unnamed).reasons == ("frequency_cap",)


@pytest.mark.parametrize(("day", "outcome"), [(29.9, "suppress"), (30, "send")])
def test_the_cap_is_over_a_month(day: float, outcome: str) -> None:
    sent = [track("Message Sent", 0, channel="email", message_id=f"m-{n}") for n in range(3)]
    assert decided("newsletter", ANA, GRANTED, *sent, day=day).outcome == outcome


@pytest.mark.parametrize(("day", "reasons"), [(59.9, ("not_due",)), (60, ())])
def test_two_packs_last_twice_as_long(day: float, reasons: tuple[str, ...]) -> None:
    two = [{"product_id": "vit-c", "quantity": 2, "supply_days": 30}]
    for lines in (two, [{**two[0], "quantity": 1}] * 2):
        order = track("Order Completed", 0, order_id="o-1", products=lines)
        assert decided("reorder_reminder", ANA, GRANTED, order, day=day, product="vit-c").reasons == reasons


def test_a_reorder_reminder_goes_once_for_each_supply() -> None:
    lines = [{"product_id": "vit-c", "quantity": 1, "supply_days": 30}]
    order = track("Order Completed", 0, order_id="o-1", products=lines)
    again = track("Order Completed", 35, order_id="o-2", products=lines)
    sent = track(
        "Message Sent", 31, campaign="reorder_reminder", channel="email", message_id="m", product_id="vit-c"
    )
    assert decided("reorder_reminder", ANA, GRANTED, order, sent, day=40, product="vit-c").reasons == (
        "already_sent",
    )
    assert (
        decided("reorder_reminder", ANA, GRANTED, order, sent, again, day=70, product="vit-c").outcome
        == "send"
    )


def test_what_was_sent_by_a_moment_was_sent_then_though_it_is_sent_again_later() -> None:
    said = ANA, GRANTED, bought(1, "o-1", "tea")
    for campaign, asked in (
        ("first_purchase_thank_you", "first_purchase_thank_you"),
        ("survey_invite", "second_purchase_incentive"),
    ):
        sent = [
            track("Message Sent", day, campaign=campaign, channel="email", message_id=f"m-{day}")
            for day in (45, 100)
        ]
        assert decided(asked, *said, *sent, day=44).outcome == "send"
        for day in (45, 60, 150):
            assert decided(asked, *said, *sent, day=day).reasons == ("already_sent",)


def test_a_cart_is_reminded_of_once_until_it_changes() -> None:
    added = track("Product Added", 1, product_id="tea", quantity=1)
    sent = track("Message Sent", 2, campaign="abandoned_cart", channel="email", message_id="m")
    more = track("Product Added", 3, product_id="cup", quantity=1)
    assert decided("abandoned_cart", ANA, GRANTED, added, sent, day=4).reasons == ("already_sent",)
    assert decided("abandoned_cart", ANA, GRANTED, added, sent, more, day=4).outcome == "send"
    assert decided("abandoned_cart", ANA, GRANTED, day=4).reasons == ("not_eligible",)


def test_what_came_back_was_not_sent() -> None:
    order = track("Order Completed", 1, order_id="o-1", total=5)
    sent = track(
        "Message Sent", 1, campaign="order_confirmation", channel="email", message_id="m", order_id="o-1"
    )
    bounced = track("Message Bounced", 2, channel="email", message_id="m", context=TO_ANA)
    again = track(
        "Message Sent", 3, campaign="order_confirmation", channel="sms", message_id="n", order_id="o-1"
    )
    asked = partial(decided, "order_confirmation", ANA, order, day=4, order_id="o-1")
    assert asked(sent).reasons == ("already_sent",)
    assert (asked(sent, bounced).outcome, asked(sent, bounced).channel) == ("send", "sms")
    assert asked(sent, bounced, again).reasons == ("already_sent",)
    # Nothing came back of what this is about.
    other = track("Message Bounced", 2, channel="email", message_id="another", context=TO_ANA)
    assert asked(sent, other).reasons == ("already_sent",)


def test_what_was_sent_without_naming_an_order_was_about_those_that_there_were() -> None:
    first, next_one = (track("Order Completed", day, order_id=f"o-{day}", total=5) for day in (1, 3))
    sending = partial(track, "Message Sent", campaign="order_confirmation", channel="email")
    unnamed, named = sending(2, message_id="m"), sending(2, message_id="m", order_id="o-1")
    asked = partial(decided, "order_confirmation", ANA, first, day=4)
    assert asked(unnamed).reasons == ("already_sent",)
    assert asked(unnamed, order_id="o-1").reasons == ("already_sent",)
    assert asked(unnamed, next_one).outcome == "send"
    assert asked(unnamed, next_one, order_id="o-1").reasons == ("already_sent",)
    # That another one came back takes nothing away from what arrived.
    gone = [sending(4, message_id="n"), track("Message Bounced", 4, channel="email", message_id="n")]
    assert (
        decided("order_confirmation", ANA, first, named, *gone, order_id="o-1").reasons[0] == "already_sent"
    )
    # A report of arrival needn't say what the message was about.
    arrived = track("Email Delivered", 4, campaign="order_confirmation", message_id="m")
    assert asked(named, next_one, arrived).outcome == "send"


def test_a_use_of_a_reward_is_thanked_for_once_though_no_thanks_name_it() -> None:
    issued, used = track("Reward Issued", 1, reward_code="R"), track("Reward Redeemed", 3, reward_code="R")
    asked = partial(decided, "reward_thank_you", ANA, GRANTED, issued, used, day=5)
    for day, outcome in ((2, "send"), (4, "suppress")):
        thanks = track("Message Sent", day, campaign="reward_thank_you", channel="email", message_id="m")
        assert asked(thanks, reward_code="R").outcome == outcome


def test_ways_of_writing_number_their_messages_each_for_itself() -> None:
    mail, text = (
        track("Message Sent", 1, source=way, campaign="newsletter", channel=way, message_id="1")
        for way in ("email", "sms")
    )
    bounced = track("Message Bounced", 2, source="sms", channel="sms", message_id="1")
    assert shown_messages(portrait(ANA, mail, text, bounced).state)["by_channel"] == {"email": 1}
    unsaid = track("Message Bounced", 2, message_id="1")
    assert shown_messages(portrait(ANA, mail, unsaid).state)["count"] == 0


def test_the_last_order_is_the_last_that_has_a_time() -> None:
    new, old = (track("Order Completed", day, order_id=f"o-{day}", total=5) for day in (40, None))
    gone = track("Order Cancelled", order_id="o-None")
    assert decided("order_confirmation", ANA, new, old, gone).outcome == "send"


def test_what_is_taken_out_of_a_cart_as_a_negative_number_is_taken_out() -> None:
    added = track("Product Added", 1, product_id="tea", quantity=3)
    removed = track("Product Removed", 2, product_id="tea", quantity=-1)
    person = portrait(ANA, added, removed)
    assert [item.quantity for item in cart_of(person.state, Orders(person.state)).items] == [2]


SHOWN = {"product_id": "507f", "sku": "G-32"}


@pytest.mark.parametrize("day", [0.5, 2])
def test_what_a_till_names_by_its_sku_is_what_the_site_names_by_its_id(day: float) -> None:
    """Whichever comes first, and by whichever it is asked about."""
    added = track("Product Added", 1, quantity=1, **SHOWN)
    till = track("Order Completed", day, "till", order_id="o", products=[{"sku": "G-32", "price": 9}])
    said = ANA, GRANTED, added, till
    assert ("cart_converted" in decided("abandoned_cart", *said).reasons) == (day > 1)
    for product in ("507f", "G-32"):
        assert "already_bought" in decided("loyalty_offer", *said, product=product).reasons
    assert "already_bought" not in decided("loyalty_offer", *said, product="G-33").reasons
    gone = track("Order Refunded", 3, "till", order_id="o", products=[{"sku": "G-32", "quantity": 1}])
    assert "already_bought" not in decided("loyalty_offer", *said, gone, product="507f").reasons
    members = memberships(portrait(*said), RETAIL, at(50)).members
    assert Membership("suppress_buyers", "507f") in members


def test_what_was_ordered_by_its_id_and_its_sku_is_hers_by_either() -> None:
    added = track("Product Added", 1, sku="G-32", quantity=1)
    order = track("Order Completed", 2, "till", order_id="o", products=[{**SHOWN, "price": 9}])
    said = ANA, GRANTED, added, order
    assert "cart_converted" in decided("abandoned_cart", *said).reasons
    for product in SHOWN.values():
        assert "already_bought" in decided("loyalty_offer", *said, product=product).reasons
    assert golden(portrait(*said), RETAIL, at(3))["cart"] == {"items": []}


def test_an_order_that_says_nothing_of_its_products_empties_the_cart() -> None:
    added = track("Product Added", 1, product_id="tea", quantity=1)
    order = track("Order Completed", 2, order_id="o-1", total=5)
    assert decided("abandoned_cart", ANA, GRANTED, added, order, day=4).reasons == ("cart_converted",)


@pytest.mark.parametrize(
    ("born", "day", "due"),
    [
        ("1992-02-29", 364, True),  # 2027-03-01 has none, so it is the day before
        ("1992-02-29", 363.7, True),
        ("1990-03-02T00:00:00Z", 0, True),
        ("--03-02", 0, True),
        ("1990-03-02", 1, False),
        ("1990-12-31", 2_912_382, True),  # the last day that a calendar has
        ("02.03.1990", 0, True),
        ("19900302", 0, True),
        ("1990-3-2", 0, True),
        ("in spring", 0, False),
    ],
)
def test_a_birthday_is_a_day_of_the_calendar(born: str, day: float, due: bool) -> None:
    if born.startswith("1992"):
        day -= 1
    found = decided("birthday", ANA, GRANTED, identify(birthday=born), day=day)
    assert ("not_due" not in found.reasons) == (due or born == "in spring")


@pytest.mark.parametrize("born", ["02/03/1990", "1990-02-29", "0000-00-00", "644371200", "in spring"])
def test_a_birthday_that_no_day_can_be_read_from_is_missing(born: str) -> None:
    person = portrait(ANA, GRANTED, identify(birthday=born))
    assert "birthday" in golden(person, RETAIL, None)["missing"]
    assert decided("birthday", ANA, GRANTED, identify(birthday=born)).missing == ("birthday",)


def test_no_offer_goes_out_for_an_account_that_is_closed_while_another_is_open() -> None:
    ways = [
        track("Account Opened", 1, account_id=one, product=of) for one, of in (("M", "loan"), ("S", "save"))
    ]
    closed = track("Account Closed", 2, product="Loan")
    for campaign in ("promotion", "loyalty_offer", "account_offer", "product_retargeting"):
        abouts: tuple[dict[str, Any], ...] = ({"account_id": "M"}, {"product": "LOAN"})
        for about in abouts:
            assert "relationship_ended" in decided(campaign, ANA, *ways, closed, **about).reasons, campaign
        assert "relationship_ended" not in decided(campaign, ANA, *ways, closed, account_id="S").reasons


def test_the_next_question_is_the_channel_then_what_is_needed_then_the_rest() -> None:
    prefers = track("Preference Set", 1, channel="email")
    assert decided("birthday", ANA, GRANTED).question == "channel"
    assert decided("birthday", ANA, GRANTED, prefers).question == "birthday"
    assert decided("newsletter", ANA, GRANTED, prefers).question == "firstName"
    whole = identify(1, firstName="Ana", birthday="1990-03-12")
    assert decided("newsletter", ANA, GRANTED, prefers, whole).question is None


def test_an_account_of_the_same_kind_opened_later_is_the_relationship_begun_again() -> None:
    old = [
        track("Account Opened", 1, account_id="a", product="card"),
        track("Account Closed", 2, account_id="a", product="card"),
    ]
    new = track("Account Opened", 3, account_id="b", product="card")
    other = track("Account Opened", 3, account_id="b", product="loan")
    assert "relationship_ended" in decided("account_offer", ANA, GRANTED, *old, account_id="a").reasons
    assert "relationship_ended" in decided("account_offer", ANA, GRANTED, *old, other, account_id="a").reasons
    assert decided("account_offer", ANA, GRANTED, *old, new, account_id="a").outcome == "send"


def test_a_closing_that_names_no_product_closes_that_of_the_opening() -> None:
    told = (
        track("Account Opened", 1, account_id="a", product="card"),
        track("Account Closed", 2, account_id="a"),
    )
    for order in (told, told[::-1]):
        assert "relationship_ended" in decided("account_offer", ANA, GRANTED, *order, product="card").reasons
        assert decided("account_offer", ANA, GRANTED, *order, product="loan").outcome == "send"


def test_a_closing_that_names_only_the_product_closes_every_account_of_it() -> None:
    told = [
        track("Account Opened", 1, account_id="a", product="card"),
        track("Account Closed", 2, product="card"),
    ]
    assert "relationship_ended" in decided("account_offer", ANA, GRANTED, *told, account_id="a").reasons
    again = track("Account Opened", 3, account_id="a", product="card")
    assert decided("account_offer", ANA, GRANTED, *told, again, account_id="a").outcome == "send"


def test_a_push_needs_an_app() -> None:
    bare = {"source": "app", "type": "identify", "userId": "u-1", "day": 0}
    phone = {**bare, "context": {"device": {"type": "ios", "token": "t"}}}
    gone = track("Application Uninstalled", 5, "app")
    assert decided("promotion", bare, GRANTED).reasons == ("no_channel",)
    assert decided("promotion", phone, GRANTED).channel == "push"
    assert decided("promotion", phone, GRANTED, gone).reasons == ("no_channel",)
