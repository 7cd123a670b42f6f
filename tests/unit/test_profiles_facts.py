"""What a message contributes to profiles, and what it doesn't."""

from typing import Any

import pytest

from graph_schema.vocabulary import ObjectKey
from tests.unit.portraits import Said, at, event, identify, track


def own(said: Said, kind: str) -> list[tuple[Any, ...]]:
    return [fact for fact in event(said).facts.own if fact[0] == kind]


@pytest.mark.parametrize(
    "said",
    [
        {
            "type": "page",
            "name": "Home",
            "anonymousId": "c-1",
            "properties": {"url": "https://shop.example/"},
        },
        {"type": "screen", "name": "Home", "anonymousId": "c-1", "context": {"sessionId": "s-1"}},
        {"type": "track", "event": "Signed In", "userId": "u-1", "properties": {"method": "web"}},
        {"type": "alias", "userId": "u-1", "previousId": "u-2"},
    ],
)
def test_an_event_that_tells_nothing_new_gives_no_facts(said: Said) -> None:
    assert event(said).facts == ((), ())


def test_the_traits_of_a_group_are_not_the_persons() -> None:
    said = {
        "type": "group",
        "userId": "u-1",
        "groupId": "g-1",
        "traits": {"name": "Acme", "city": "Nice"},
        "day": 1,
    }
    assert event(said).facts.own == (("group", "g-1", at(1)),)


def test_the_traits_of_a_track_are_in_its_context() -> None:
    said = track("Signed In", 1, context={"traits": {"email": "ana@example.com", "firstName": "Ana"}})
    assert [(fact[1], fact[2]) for fact in own(said, "trait")] == [("firstName", '"Ana"')]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "  ",
        None,
        [],
        {},
        {"city": ""},
        "%%FIRST NAME%%",
        "{{ first_name }}",
        "null",
        "N/A",
        "[FIRST NAME]",
        "*|FNAME|*",
        "%FIRSTNAME%",
        "{firstName}",
        "<first name>",
        "#FIRST_NAME#",
        "@@firstname@@",
        "FNAME",
        "First Name",
        "Unknown",
        "(none)",
        "NULL NULL",
        "Valued Customer",
        "John {{last}}",
        "<%= user.first %>",
        "{% firstname %}",
        "#N/A",
        "#REF!",
        "...",
        "???",
        "\u200b",
    ],
)
def test_what_says_nothing_is_no_trait(value: object) -> None:
    assert own(identify(firstName=value), "trait") == []


def test_a_name_is_not_taken_for_a_placeholder() -> None:
    names = ["Ann", "Nana", "Nilsen", "O'None", "Null-Meyer", "李", "Guest", "Firstman", "50% Ann", "सुनी"]
    assert [len(own(identify(lastName=name), "trait")) for name in names] == [1] * len(names)


@pytest.mark.parametrize(
    ("properties", "key"),
    [
        ({"order_id": " o-1 ", "receipt_id": "r-1"}, "o-1"),
        ({"order_id": 77}, "77"),
        ({"receipt_id": "r-1"}, "receipt:r-1"),
        ({"order_id": "undefined", "receipt_id": "r-1"}, "receipt:r-1"),
        ({"order_id": "0000", "total": 5}, "message:web/m-1"),
    ],
)
def test_an_order_is_known_by_its_number_else_by_its_receipt_else_by_its_message(
    properties: dict[str, Any], key: str
) -> None:
    said = event(track("Order Completed", 1, messageId="m-1", **properties))
    by, *ties = said.facts.shared
    assert by.key == ObjectKey("order", key)
    assert [one.fact for one in ties] == [("tied", key)] * (key == "o-1")


def test_a_reward_without_a_usable_code_is_nothing() -> None:
    assert event(track("Reward Issued", 1, reward_code="null", amount=5)).facts.shared == ()


def test_a_withdrawal_of_nothing_else_is_of_all_and_a_grant_of_none() -> None:
    withdrawn = own(track("Consent Withdrawn", 1, channel="push"), "consent")
    assert [(fact[1], fact[2], fact[3]) for fact in withdrawn] == [
        ("marketing", "push", ""),
        ("advertising", "push", ""),
    ]
    assert own(track("Consent Granted", 1, channel="push"), "consent") == []


def test_a_word_for_all_channels_that_names_an_address_is_for_that_address_alone() -> None:
    said = track("Consent Granted", 1, purpose="marketing", context={"traits": {"email": "Ana@Example.com"}})
    words = {fact[2]: fact[3] for fact in own(said, "consent")}
    assert words["email"] == "ana@example.com"
    assert words["sms"] == ""
    assert len(words) == 8


def test_amounts_may_be_text_and_are_whole_where_they_can_be() -> None:
    products = [{"sku": "tea", "price": "4.50", "quantity": "2"}]
    (shared,) = event(
        track("Order Completed", 1, order_id="o-1", total="9.00", products=products)
    ).facts.shared
    assert shared.fact[2] == 9
    assert isinstance(shared.fact[2], int)
    assert shared.fact[4] == (("tea", 2, 4.5, None, None, None),)


def test_a_checkout_tells_what_is_in_the_cart() -> None:
    said = track("Checkout Started", 1, products=[{"product_id": "tea", "quantity": 2}, {"name": "Cup"}])
    assert [(fact[2], fact[4]) for fact in own(said, "cart")] == [("tea", 2), ("Cup", 1)]


def test_an_opened_letter_says_that_its_address_works() -> None:
    said = track("Email Opened", 1, email_id="l-1", context={"traits": {"email": "ana@example.com"}})
    assert own(said, "reached") == [("reached", "email", "ana@example.com", 1, at(1))]
