"""The golden profile: its names, where its values come from, and what it says is missing."""

import orjson
import pytest

from graph_schema.rules import Rules, load_rules
from profiles.golden import golden
from profiles.schema import GoldenProfile, golden_schema
from tests.unit.portraits import RETAIL, Said, at, bought, identify, portrait, track

NAMES = (
    "person_id aliases version as_of identifiers attributes missing consents preferences orders cart rewards "
    "messages accounts lifecycle value households ambiguous records"
).split()


def shown(*messages: Said, day: float = 10, rules: Rules = RETAIL) -> dict[str, object]:
    found = golden(portrait(*messages, rules=rules), rules, at(day))
    return orjson.loads(orjson.dumps(found))  # type: ignore[no-any-return]


def test_the_names_are_those_of_the_contract() -> None:
    assert list(shown(identify())) == NAMES
    assert set(GoldenProfile.model_fields) == set(NAMES)
    assert set(golden_schema()["properties"]) == set(NAMES)


def test_every_field_of_the_schema_says_what_it_is() -> None:
    schema = golden_schema()
    assert all(part.get("description") for part in schema["$defs"].values())


def test_a_full_profile_fits_its_schema() -> None:
    address = {"street": "1 Rue Haute", "postalCode": "69001", "city": "Lyon"}
    found = shown(
        identify(email="Ana.L@Example.com", phone="+33612345678", firstName="Ana", address=address),
        {"type": "group", "userId": "u-1", "groupId": "g-1", "day": 0},
        bought(1, "o-1", "tea", "cup"),
        track("Order Refunded", 2, order_id="o-1", total=10),
        track("Product Added", 2, product_id="pot", price=30, quantity=1),
        track("Reward Issued", 2, reward_code="R-1", amount=5, media="paper", expires_at="2026-03-05"),
        track("Reward Redeemed", 3, reward_code="R-1", order_id="o-1"),
        track("Reward Redeemed", 4, "till", reward_code="R-1", order_id="o-2", channel="store"),
        track("Message Sent", 3, campaign="newsletter", channel="email", message_id="m-1"),
        track("Consent Granted", 1, purpose="marketing"),
        track("Preference Set", 1, channel="email"),
        track("Account Opened", 1, account_id="a-1", product="card"),
    )
    assert GoldenProfile.model_validate(found).orders.count == 1


def test_the_largest_numbers_that_are_taken_are_shown() -> None:
    line = {"product_id": "tea", "price": 1e15, "quantity": 10**15}
    orders = [
        track("Order Completed", day, order_id=f"o-{day}", currency="EUR", products=[line] * 3)
        for day in (1, 2)
    ]
    found = GoldenProfile.model_validate(shown(*orders))
    assert found.orders.total == pytest.approx(6e30)


def test_without_a_clock_what_depends_on_it_is_left_open() -> None:
    found = golden(portrait(bought(1, "o-1", "tea")), RETAIL, None)
    GoldenProfile.model_validate(orjson.loads(orjson.dumps(found)))
    assert (found["as_of"], found["lifecycle"]["stage"], found["value"]["clv"]) == (None, None, None)


def test_an_identifier_is_compared_in_one_form_and_shown_in_another() -> None:
    identifiers = shown(identify(2, email="Ana+Shop@Example.com"))["identifiers"]
    (found,) = (one for one in identifiers if one["namespace"] == "email")  # type: ignore[attr-defined]
    assert (found["value"], found["shown"]) == ("ana@example.com", "Ana+Shop@example.com")
    assert (found["first_seen"], found["sources"]) == ("2026-03-04T09:00:00Z", ["web"])


@pytest.mark.parametrize("days", [({"day": 1}, {"day": 2}), ({}, {})])
def test_an_address_is_shown_as_who_gave_it_last_gave_it(days: tuple[dict[str, int], dict[str, int]]) -> None:
    said = [
        {"type": "identify", "userId": "u-1", "source": source, "traits": {"email": email}, **day}
        for source, email, day in zip(
            ("crm", "shop"), ("Ana+News@example.com", "ana@example.com"), days, strict=True
        )
    ]
    for messages in (said, said[::-1]):
        found = GoldenProfile.model_validate(shown(*messages))
        email = found.attributes["email"]
        assert (email.value, email.source) == ("ana@example.com", "shop")
        assert [one.shown for one in found.identifiers] == ["u-1", "ana@example.com"]


@pytest.mark.parametrize("numbers", [("2900 1", "29001"), ("29001", "2900 1"), ("29-001", "2900 1")])
def test_a_card_is_shown_as_it_was_given_last(numbers: tuple[str, str]) -> None:
    swiped = [
        track("Seen", day, context={"externalIds": [{"type": "loyalty_card", "id": number}]})
        for day, number in enumerate(numbers)
    ]
    for messages in (swiped, swiped[::-1]):
        found = GoldenProfile.model_validate(shown(*messages))
        assert [one.shown for one in found.identifiers] == ["u-1", numbers[1]]


def test_a_blocked_value_is_not_shown() -> None:
    found = shown({"type": "identify", "userId": "u-1", "traits": {"email": "noreply@example.com"}, "day": 0})
    assert [one["namespace"] for one in found["identifiers"]] == ["user_id"]  # type: ignore[attr-defined]
    assert "email" in found["missing"]  # type: ignore[operator]


def _rules(tmp_path_text: str, tmp_path: object) -> Rules:
    path = f"{tmp_path}/rules.toml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'extends = "retail"\n{tmp_path_text}')
    return load_rules(path)


NAMED = (
    identify(1, "crm", firstName="Anna-Lena"),
    identify(2, "web", firstName="Ana"),
    identify(3, "app", firstName="Ana"),
    identify(4, "till", firstName="A"),
)


@pytest.mark.parametrize(
    ("rule", "value", "source"),
    [
        ('rule = "latest"', "A", "till"),
        ('rule = "trusted"\nsources = ["web", "crm"]', "Ana", "web"),
        ('rule = "verified"\nsources = ["crm", "web"]', "Ana", "web"),
        ('rule = "frequent"', "Ana", "app"),
        ('rule = "longest"', "Anna-Lena", "crm"),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_which_value_survives(rule: str, value: str, source: str, order: int, tmp_path: object) -> None:
    rules = _rules(f"[profile.attributes.firstName]\n{rule}\n", tmp_path)
    found = golden(portrait(*NAMED[::order], rules=rules), rules, at(10))["attributes"]["firstName"]
    assert (found["value"], found["source"]) == (value, source)
    assert {one["value"] for one in found["alternatives"]} == {"A", "Ana", "Anna-Lena"} - {value}


def test_the_longest_value_is_so_as_it_reads_and_not_as_json(tmp_path: object) -> None:
    rules = _rules('[profile.attributes.firstName]\nrule = "longest"\n', tmp_path)
    named = identify(1, "crm", firstName="Johanna"), identify(2, "web", firstName='Jo "J"')
    found = golden(portrait(*named, rules=rules), rules, at(10))
    assert found["attributes"]["firstName"]["value"] == "Johanna"


def test_of_two_values_of_one_moment_the_smaller_stands() -> None:
    one, other = identify(1, "a", city="Nice"), identify(1, "b", city="Lyon")
    for messages in ((one, other), (other, one)):
        assert shown(*messages)["attributes"]["city"]["value"] == "Lyon"  # type: ignore[index]


def test_an_answer_fills_the_attribute_that_was_asked_for() -> None:
    found = shown(track("Survey Answered", 1, "app", question="birthday", answer="1990-03-12"))
    assert found["attributes"]["birthday"]["value"] == "1990-03-12"  # type: ignore[index]
    assert "birthday" not in found["missing"]  # type: ignore[operator]


def test_the_consents_are_those_of_the_address_in_use() -> None:
    ana = {"traits": {"email": "ana@example.com"}}
    found = shown(
        identify(email="ana.old@example.com"),
        identify(2, email="ana@example.com"),
        track("Consent Granted", 3, purpose="marketing", channel="email", context=ana),
        track("Consent Withdrawn", 1, purpose="marketing", channel="sms"),
    )["consents"]
    assert found == {
        "email": {
            "marketing": {"state": "granted", "at": "2026-03-05T09:00:00Z", "address": "ana@example.com"}
        },
        "sms": {"marketing": {"state": "withdrawn", "at": "2026-03-03T09:00:00Z", "address": None}},
    }


def test_messages_are_counted_once_and_returned_ones_not() -> None:
    found = shown(
        track("Message Sent", 1, campaign="c", channel="email", message_id="m-1"),
        track("Email Delivered", 1, message_id="m-1"),
        track("Message Sent", 2, campaign="c", channel="email", message_id="m-2"),
        track("Message Bounced", 2, channel="email", message_id="m-2"),
        track("Email Bounced", 3, message_id="m-2", source="gateway"),
        track("Email Opened", 3, message_id="m-1"),
    )["messages"]
    assert (found["count"], found["opened"], found["bounced"]) == (1, 1, 1)  # type: ignore[index]


def test_messages_of_long_ago_are_still_counted() -> None:
    many = [track("Message Sent", day, channel="email", message_id=f"m-{day}") for day in range(230)]
    assert shown(*many)["messages"]["count"] == 230  # type: ignore[index]


def test_two_neighbours_share_a_place_and_stay_two() -> None:
    one = shown(identify(address={"street": "1, Rue HAUTE", "postalCode": "69001"}))
    other = shown(identify(address={"street": "1 rue Hauté", "postalCode": "69001", "city": "Lyon"}))
    assert one["households"][0]["key"] == other["households"][0]["key"]  # type: ignore[index]
