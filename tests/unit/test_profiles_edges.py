"""What only the rarer of two histories tells apart: ties, what is left out, what was never said."""

from pathlib import Path
from typing import Any

import pytest

from graph_schema.rules import load_rules
from graph_schema.vocabulary import ObjectKey, RecordKey
from profiles.accounts import accounts_of, ended
from profiles.audiences import permission
from profiles.cart import cart_of
from profiles.golden import golden
from profiles.lifecycle import lifecycle_of
from profiles.objects import fold_object, views
from profiles.orders import Orders
from profiles.reward_views import reward_conflict
from profiles.settings import LifecycleSettings
from tests.unit.portraits import RETAIL, Said, at, bought, event, identify, portrait, track


def told(*said: Said) -> tuple[ObjectKey, dict[str, Any], dict[RecordKey, int]]:
    """What messages say of the one order or reward that they name, and their records by user number."""
    obj: dict[str, Any] = {}
    person_of: dict[RecordKey, int] = {}
    found = ObjectKey("", "")
    for one in map(event, said):
        for shared in one.facts.shared:
            found = shared.key
            fold_object(obj, one.key, one.record, one.at, shared.fact)
        user = next(held.value for held in one.held if held.namespace == "user_id")
        person_of[one.record] = int(user.removeprefix("u-"))
    return found, obj, person_of


def order(*said: Said) -> dict[str, Any]:
    (view,) = views(*told(*said)).values()
    return view


def test_of_reports_of_one_moment_the_record_decides_and_not_what_the_message_is_called() -> None:
    of: dict[str, Any] = {"context": {"recordId": "b"}, "messageId": "m-1", "userId": "u-1"}
    by: dict[str, Any] = {"context": {"recordId": "a"}, "messageId": "m-2", "userId": "u-2"}
    assert views(*told(bought(1, "o-1", "tea", **of), bought(1, "o-1", "tea", **by))).keys() == {2}


def test_the_whole_price_given_back_is_the_order_given_back_whatever_the_list_names() -> None:
    refund = track("Order Refunded", 2, order_id="o-1", total=20, products=[{"product_id": "tea"}])
    assert order(bought(1, "o-1", "tea", "cup"), refund)["state"] == "returned"


def test_an_order_that_cost_nothing_is_not_given_back_with_its_first_article() -> None:
    refund = track("Order Refunded", 2, order_id="o-1", total=0, products=[{"product_id": "tea"}])
    assert order(bought(1, "o-1", "tea", "cup", total=0), refund)["state"] == "partly_refunded"


def test_a_reward_that_nobody_was_issued_is_nobodys_once_who_used_it_is_not_known() -> None:
    used = track("Reward Redeemed", 1, reward_code="r-1", order_id="o-1")
    key, obj, _ = told(used)
    assert views(key, obj, {}) == {}


def test_the_record_that_used_a_reward_and_the_currency_that_only_one_of_two_told_are_shown() -> None:
    issues = [
        track("Reward Issued", 1, reward_code="r-1", amount=5),
        track("Reward Issued", 2, reward_code="r-1", amount=5, currency="EUR"),
    ]
    used = track("Reward Redeemed", 3, reward_code="r-1", order_id="o-1", context={"recordId": "a"})
    view = order(*issues, used)
    assert (view["currency"], view["redeemed_by"]) == ("EUR", ["web", "a"])


@pytest.mark.parametrize(("owners", "concerned"), [((1,), (1, 2)), ((1, 2), ())])
def test_a_code_used_twice_is_a_conflict_unless_two_were_issued_it(
    owners: tuple[int, ...], concerned: tuple[int, ...]
) -> None:
    issues = [track("Reward Issued", 1, reward_code="r-1", userId=f"u-{one}") for one in owners]
    uses = [
        track("Reward Redeemed", 2 + one, reward_code="r-1", order_id=f"o-{one}", userId=f"u-{one}")
        for one in (1, 2)
    ]
    _, obj, person_of = told(*issues, *uses)
    assert reward_conflict(obj, person_of) == concerned


def test_what_is_bought_later_says_nothing_of_her_stage_before() -> None:
    limits = LifecycleSettings()
    soon = at(1) + limits.new_for
    assert lifecycle_of([at(1), soon + 10], [], None, limits, soon + 5).stage == "active"
    assert lifecycle_of([at(1), soon + 10], [], None, limits, soon - 5).stage == "new"


@pytest.mark.parametrize(("opened", "over"), [(2, True), (3, False)])
def test_what_is_opened_at_the_moment_of_a_closing_is_no_new_beginning(opened: float, over: bool) -> None:
    said = [
        track("Account Opened", 1, account_id="a", product="loan"),
        track("Account Closed", 2, account_id="a", product="loan"),
        track("Account Opened", opened, account_id="b", product="loan"),
    ]
    assert ended(accounts_of(portrait(*said).state), "a") is over


def test_a_cart_is_bought_though_some_of_it_was_taken_out_before() -> None:
    tea: dict[str, Any] = {"product_id": "tea", "price": 10}
    put = [track("Product Added", 1, **tea, quantity=2), track("Product Removed", 2, **tea, quantity=1)]
    state = portrait(*put, bought(3, "o-1", "tea")).state
    assert (cart_of(state, Orders(state)).bought, cart_of(state, Orders(state)).items) == (True, [])


@pytest.mark.parametrize("halt", ["Processing Objected", "Processing Restricted"])
def test_who_objects_has_denied_advertising_though_she_said_nothing_of_consent(halt: str) -> None:
    person = portrait(identify(), track(halt, 1, purpose="advertising"))
    assert permission(person, RETAIL, at(2)) == "denied"


@pytest.mark.parametrize("name", ["preference", "name"])
def test_a_preference_is_said_by_name_and_value(name: str) -> None:
    said = {**track("Preference Set", 1), "properties": {name: "size", "value": "M"}}
    facts = event(said).facts.own
    assert [fact[1:4] for fact in facts if fact[0] == "preference"] == [("size", at(1), '"M"')]


@pytest.mark.parametrize(
    "named",
    [{"campaign": "spring"}, {"campaign": {"name": "spring"}}, {"campaign": {"id": "spring"}},
     {"campaign_name": "spring"}, {"campaign_id": "spring"}],
)  # fmt: skip
def test_a_message_names_its_campaign_in_one_of_five_ways(named: dict[str, Any]) -> None:
    facts = event(track("Email Opened", 1, **named)).facts.own
    assert [fact[4] for fact in facts if fact[0] == "message"] == ["spring"]


def test_a_message_of_no_campaign_is_of_none() -> None:
    facts = event(track("Email Opened", 1)).facts.own
    assert [fact[4] for fact in facts if fact[0] == "message"] == [""]


@pytest.mark.parametrize(("sources", "claimed"), [(("kiosk",), True), (("kiosk", "app"), False)])
def test_an_address_is_claimed_until_somebody_says_it_who_knows(
    sources: tuple[str, ...], claimed: bool, tmp_path: Path
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('extends = "retail"\n[source.kiosk]\nclaims = ["email"]\n', "utf-8")
    rules = load_rules(path)
    person = portrait(*(identify(1, one, email="ana@example.com") for one in sources), rules=rules)
    shown = golden(person, rules, at(2))["identifiers"]
    assert [one["claimed"] for one in shown if one["namespace"] == "email"] == [claimed]


@pytest.mark.parametrize(
    ("said", "gift"), [(True, True), ("True", True), ("no", False), (False, False), (1, False)]
)
def test_an_order_is_a_gift_where_it_says_so(said: object, gift: bool) -> None:
    assert order(bought(1, "o-1", "tea", gift=said)).get("gift", False) is gift
