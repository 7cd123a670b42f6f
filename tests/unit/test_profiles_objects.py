"""Orders and rewards: whose they are, and what became of them."""

import zlib
from typing import Any

import pytest

from graph_schema.vocabulary import ObjectKey, RecordKey
from profiles.objects import (
    fold_object,
    forget_numbers,
    ghost_object,
    speakers,
    spoken_of,
    views,
    whole,
)
from profiles.orders import Orders
from profiles.reward_views import claimed_view, reward_conflict
from profiles.rewards import shown_rewards, state_at
from tests.unit.portraits import Said, at, bought, event, portrait, track


class Told:
    """One object with the persons of its records: the user id's number."""

    def __init__(self, *said: Said) -> None:
        self.obj: dict[str, Any] = {}
        self.person_of: dict[RecordKey, int] = {}
        self.key = ObjectKey("", "")
        for one in map(event, said):
            for shared in one.facts.shared:
                self.key = shared.key
                fold_object(self.obj, one.key, one.record, one.at, shared.fact)
            users = [held.value for held in one.held if held.namespace == "user_id"]
            self.person_of[one.record] = int(users[0].removeprefix("u-")) if users else 9

    def views(self) -> dict[int, dict[str, Any]]:
        return views(self.key, self.obj, self.person_of)

    def conflict(self) -> tuple[int, ...]:
        return reward_conflict(self.obj, self.person_of)


def nameless(event: str) -> str:
    """What an erased event is called."""
    return f"#/{zlib.crc32(event.encode())}"


def test_an_order_counts_for_who_reported_it_first_and_no_time_is_last() -> None:
    told = Told(
        bought(2, "o-1", "tea", userId="u-1"), bought(1, "o-1", "tea", userId="u-2"),
        track("Order Completed", None, order_id="o-1", userId="u-3"),
    )  # fmt: skip
    assert told.views().keys() == {2}


def test_of_one_moment_the_smaller_record_key_is_first() -> None:
    told = Told(
        bought(1, "o-1", "tea", source="b", userId="u-1"), bought(1, "o-1", "tea", source="a", userId="u-2")
    )
    assert told.views().keys() == {2}


def test_an_order_that_nobody_completed_is_nobodys() -> None:
    assert (
        Told(track("Order Shipped", 1, order_id="o-1"), track("Order Delivered", 2, order_id="o-1")).views()
        == {}
    )


def test_what_the_first_report_leaves_out_the_next_one_tells() -> None:
    told = Told(track("Order Completed", 1, order_id="o-1"), bought(2, "o-1", "tea", "cup", source="erp"))
    assert told.views()[1]["total"] == 20
    assert [line[0] for line in told.views()[1]["products"]] == ["tea", "cup"]


def test_an_update_replaces_what_it_tells() -> None:
    told = Told(bought(1, "o-1", "tea"), track("Order Updated", 2, order_id="o-1", total=8))
    assert (told.views()[1]["total"], told.views()[1]["currency"]) == (8, "EUR")


def test_a_total_that_nobody_told_is_the_sum_of_the_lines() -> None:
    lines = [{"product_id": "a", "price": 0.1, "quantity": 3}, {"product_id": "b", "price": 0.2}]
    assert Told(track("Order Completed", 1, order_id="o-1", products=lines)).views()[1]["total"] == 0.5


@pytest.mark.parametrize(
    ("later", "state"),
    [
        ([], "placed"),
        (["Order Shipped"], "shipped"),
        (["Order Delivered", "Order Shipped"], "delivered"),
        (["Order Cancelled", "Order Shipped"], "cancelled"),
    ],
)
def test_the_state_of_an_order(later: list[str], state: str) -> None:
    steps = [track(name, 2 + number, order_id="o-1") for number, name in enumerate(later)]
    assert Told(bought(1, "o-1", "tea"), *steps).views()[1]["state"] == state


def test_a_purchase_in_the_store_is_handed_over_at_once() -> None:
    view = Told(bought(1, "s-1", "tea", context={"channel": "store"})).views()[1]
    assert (view["state"], view["delivered_at"], view["channel"]) == ("delivered", at(1), "store")


def test_a_refund_reported_by_two_sources_is_one_refund_and_two_by_one_are_two() -> None:
    refund = {"order_id": "o-1", "total": 10}
    order = bought(1, "o-1", "tea", "cup", "pot")
    twice = Told(
        order, track("Order Refunded", 2, "web", **refund), track("Order Refunded", 3, "erp", **refund)
    )
    two = Told(
        order, track("Order Refunded", 2, "web", **refund), track("Order Refunded", 3, "web", **refund)
    )
    assert (twice.views()[1]["refunded"], twice.views()[1]["state"]) == (10, "partly_refunded")
    assert two.views()[1]["refunded"] == 20


def test_a_refund_without_an_amount_is_of_the_products_it_lists_else_of_all() -> None:
    lines = [{"product_id": "tea", "price": 10, "quantity": 1}]
    order = bought(1, "o-1", "tea", "cup")
    part = Told(order, track("Order Refunded", 2, order_id="o-1", products=lines)).views()[1]
    whole = Told(order, track("Order Refunded", 2, order_id="o-1")).views()[1]
    assert (part["refunded"], part["returned"], part["state"]) == (10, {"tea": 1}, "partly_refunded")
    assert (whole["refunded"], whole["returned"], whole["state"]) == (20, {"tea": 1, "cup": 1}, "returned")


def test_what_comes_back_without_a_price_is_worth_what_was_paid_for_it() -> None:
    back = track("Order Refunded", 2, order_id="o-1", products=[{"product_id": "tea", "quantity": 1}])
    view = Told(bought(1, "o-1", "tea", "cup"), back).views()[1]
    assert (view["refunded"], view["returned"], view["state"]) == (10, {"tea": 1}, "partly_refunded")


def test_what_one_report_of_an_order_names_by_its_id_another_may_name_by_its_sku() -> None:
    by_both = {"product_id": "507f", "sku": "G-32"}
    for ordered, back in ((by_both, {"sku": "G-32"}), ({"sku": "G-32"}, by_both)):
        order = track("Order Completed", 1, order_id="o-1", products=[{**ordered, "price": 9, "quantity": 2}])
        refund = track("Order Refunded", 2, "till", order_id="o-1", products=[{**back, "quantity": 1}])
        view = Told(order, refund).views()[1]
        assert [line[0] for line in view["products"]] == ["507f"]
        assert (view["refunded"], view["returned"]) == (9, {"507f": 1})


def test_a_refund_with_an_id_that_is_told_twice_comes_back_once() -> None:
    tea = [{"product_id": "tea", "price": 10, "quantity": 1}]
    one: dict[str, Any] = {"order_id": "o-1", "refund_id": "A", "total": 10, "products": tea}
    view = Told(
        bought(1, "o-1", "tea", "tea"), track("Order Refunded", 2, **one), track("Order Refunded", 3, **one)
    ).views()[1]
    assert (view["refunded"], view["returned"]) == (10, {"tea": 1})


def test_a_refund_told_twice_is_of_as_much_as_either_word_of_it_whichever_has_a_time() -> None:
    for one, other in ((2, None), (None, 2)):
        little = track("Order Refunded", one, order_id="o-1", refund_id="A", total=5)
        much = track("Order Refunded", other, order_id="o-1", refund_id="A", total=15)
        assert Told(bought(1, "o-1", "tea", "cup"), little, much).views()[1]["refunded"] == 15


def test_what_is_given_back_without_a_list_is_all_that_a_list_left() -> None:
    listed = track("Order Refunded", 2, order_id="o-1", products=[{"product_id": "tea"}])
    view = Told(bought(1, "o-1", "tea", "cup"), listed, track("Order Refunded", 3, order_id="o-1")).views()[1]
    assert (view["refunded"], view["returned"], view["state"]) == (20, {"tea": 1, "cup": 1}, "returned")


def test_an_order_of_which_every_article_came_back_is_returned_whatever_the_shop_kept_of_its_price() -> None:
    back = track("Order Refunded", 2, order_id="o-1", products=[{"product_id": "cup"}, {"product_id": "tea"}])
    view = Told(bought(1, "o-1", "tea", "cup", total=25), back).views()[1]
    assert (view["refunded"], view["state"]) == (20, "returned")


def test_the_update_that_stands_is_the_last_that_has_a_time() -> None:
    updates = [
        track("Order Updated", day, order_id="o-1", total=total) for day, total in ((2, 30), (None, 7))
    ]
    assert Told(bought(1, "o-1", "tea"), *updates).views()[1]["total"] == 30
    assert Told(bought(1, "o-1", "tea"), updates[1]).views()[1]["total"] == 7


def test_an_order_delivered_to_another_person_is_a_gift() -> None:
    told = Told(
        bought(1, "o-1", "tea", userId="u-1"), track("Order Delivered", 2, order_id="o-1", userId="u-2")
    )
    assert told.views()[1]["gift"] is True
    assert told.views().keys() == {1}


def test_a_parcel_that_only_its_number_tells_of_is_no_gift() -> None:
    carrier = track("Order Delivered", 2, "carrier", order_id="o-1", anonymousId="c-9")
    assert "gift" not in Told(bought(1, "o-1", "tea"), carrier).views()[1]


def _issued(day: float = 0, user: str = "u-1", **properties: Any) -> Said:
    return track("Reward Issued", day, "loyalty", userId=user, reward_code="R-1", amount=10, **properties)


def _used(day: float | None, user: str | None = "u-1", source: str = "web", **properties: Any) -> Said:
    who = {"userId": user} if user else {"anonymousId": "till-1"}
    return track("Reward Redeemed", day, source, reward_code="R-1", **who, **properties)


def test_a_paper_reward_used_without_a_card_is_used_for_its_owner_too() -> None:
    view = Told(_issued(), _used(2, None, "till", channel="store", order_id="s-1")).views()
    assert view.keys() == {1}
    assert (view[1]["state"], view[1]["redeemed_at"], view[1]["channel"]) == ("redeemed", at(2), "store")


def test_the_first_of_two_redemptions_stands_and_the_other_is_a_conflict() -> None:
    told = Told(
        _issued(), _used(3, "u-1", order_id="o-1"), _used(2, "u-2", "till", channel="store", order_id="s-1")
    )
    view = told.views()[1]
    assert (view["redeemed_at"], view["channel"]) == (at(2), "store")
    assert view["conflict"] == {"redeemed_at": at(3), "channel": "web"}
    assert told.conflict() == (1, 2)


def test_a_redemption_without_a_time_comes_last() -> None:
    assert (
        Told(_issued(), _used(None, order_id="o-1"), _used(2, "u-2", order_id="o-2")).views()[1]["order_id"]
        == "o-2"
    )


@pytest.mark.parametrize(
    ("one", "other"), [({"order_id": "o-1"}, {"order_id": "o-1"}), ({}, {}), ({"order_id": "o-1"}, {})]
)
def test_one_redemption_told_by_two_sources_is_no_conflict(
    one: dict[str, str], other: dict[str, str]
) -> None:
    assert (
        Told(_issued(), _used(2, source="web", **one), _used(2, source="loyalty", **other)).conflict() == ()
    )


def test_the_number_of_a_receipt_is_not_that_of_an_order() -> None:
    till = _used(2, "u-2", "till", receipt_id="17")
    assert Told(_issued(), _used(3, order_id="17"), till).conflict() == (1, 2)
    assert Told(_issued(), _used(3, source="erp", receipt_id="17"), till).conflict() == ()


@pytest.mark.parametrize("day", [1, 2, 3])
def test_what_names_order_and_receipt_tells_that_two_uses_are_one(day: int) -> None:
    by_order, by_receipt = _used(2, order_id="o-1"), _used(2.5, "u-2", "till", receipt_id="r-1")
    both = _used(day, source="erp", order_id="o-1", receipt_id="r-1")
    assert Told(_issued(), by_order, by_receipt).conflict() == (1, 2)
    assert Told(_issued(), by_order, by_receipt, both).conflict() == ()


def test_what_the_first_report_of_a_use_leaves_out_the_next_one_tells() -> None:
    later = _used(2.1, source="loyalty", order_id="o-1", amount=4, channel="store")
    view = Told(_issued(), _used(2, source="till", order_id="o-1"), later).views()[1]
    assert (view["redeemed_at"], view["channel"], view["used"]) == (at(2), "store", 4)


def test_a_promotion_code_expires_for_all_by_a_word_on_the_code() -> None:
    expired = track("Reward Expired", 3, "loyalty", reward_code="R-1", anonymousId="job-1")
    told = Told(_issued(), _issued(0, "u-2"), _used(2, "u-2"), expired)
    assert {person: view["state"] for person, view in told.views().items()} == {1: "expired", 2: "redeemed"}
    own = track("Reward Expired", 3, "loyalty", reward_code="R-1", userId="u-2")
    assert Told(_issued(), _issued(0, "u-2"), own).views()[1]["state"] == "issued"


def test_a_code_issued_to_several_persons_has_a_state_for_each() -> None:
    told = Told(_issued(), _issued(0, "u-2"), _used(2, "u-2"))
    assert {person: view["state"] for person, view in told.views().items()} == {1: "issued", 2: "redeemed"}
    assert told.conflict() == ()


def test_a_reward_that_nobody_issued_is_shown_to_who_used_it() -> None:
    assert Told(_used(2, "u-2")).views().keys() == {2}


def test_a_claim_is_judged_by_the_one_state_of_a_reward_whoever_claims_it() -> None:
    told = Told(_issued(expires_at="2026-03-10"), _used(2, None, "till", channel="store"))
    claimed = claimed_view(told.key.key, told.obj, told.person_of, None)
    assert claimed is not None
    assert (state_at(claimed, at(3)), claimed["channel"]) == ("redeemed", "store")
    fresh = Told(_issued(expires_at="2026-03-10"))
    claimed = claimed_view(fresh.key.key, fresh.obj, fresh.person_of, 2)
    assert claimed is not None
    assert [state_at(claimed, at(day)) for day in (3, 9)] == ["issued", "expired"]


def test_a_promotion_code_is_claimed_once_by_each_of_its_owners_and_by_nobody_else() -> None:
    told = Told(_issued(), _issued(0, "u-2"), _used(2, "u-2"))
    claims = {
        person: claimed_view(told.key.key, told.obj, told.person_of, person) for person in (1, 2, 3, None)
    }
    assert {person: claim and claim["state"] for person, claim in claims.items()} == {
        1: "issued",
        2: "redeemed",
        3: None,
        None: None,
    }
    unknown = Told(_used(2))
    assert claimed_view(unknown.key.key, unknown.obj, unknown.person_of, 1) is None


@pytest.mark.parametrize(("used", "rest"), [({}, 0), ({"amount": 4}, 6)])
def test_what_is_left_of_a_reward(used: dict[str, Any], rest: int) -> None:
    person = portrait(_issued(), _used(2, **used))
    assert [reward["left"] for reward in shown_rewards(person.state, at(3))] == [rest]


def test_an_erased_owner_leaves_a_state_and_no_key() -> None:
    told = Told(_issued(), _used(2, "u-2", order_id="o-1"))
    owner = next(key for key, person in told.person_of.items() if person == 1)
    ghost_object(told.obj, {owner: RecordKey("#", "ab12")}, nameless)
    assert speakers(told.obj) == {RecordKey("#", "ab12"), *(told.person_of.keys() - {owner})}
    assert owner.record_id not in str(told.obj)


def test_when_all_are_erased_no_number_is_left() -> None:
    told = Told(bought(1, "o-77", "tea"), track("Order Delivered", 2, order_id="o-77"))
    ghosts = {key: RecordKey("#", f"g{n}") for n, key in enumerate(told.person_of)}
    assert spoken_of({told.key: told.obj}, ghosts) == set()
    ghost_object(told.obj, ghosts, nameless)
    forget_numbers(told.obj, ())
    assert "o-77" not in str(told.obj)
    assert "tea" not in str(told.obj)


def test_sums_are_exact_whatever_the_order() -> None:
    person = portrait(*(bought(day, f"o-{day}", total=0.1) for day in range(10)))
    assert Orders(person.state).total == 1


def test_a_receipt_is_the_order_that_it_is_tied_to_even_when_who_tied_it_is_erased() -> None:
    both = event(bought(1, "o-1", "tea", receipt_id="k-1", source="shop"))
    alone = event(track("Order Completed", 2, source="till", receipt_id="k-1", total=10, userId="u-2"))
    order, receipt = (ObjectKey("order", key) for key in ("o-1", "receipt:k-1"))
    objects: dict[ObjectKey, dict[str, Any]] = {order: {}, receipt: {}}
    for one in (both, alone):
        for shared in one.facts.shared:
            fold_object(objects[shared.key], one.key, one.record, one.at, shared.fact)
    ghost = RecordKey("#", "ab12")
    for erased in (False, True):
        if erased:
            assert spoken_of(objects, {both.record}) == {order, receipt}
            for obj in objects.values():
                ghost_object(obj, {both.record: ghost}, nameless)
        person_of = {ghost: 1, both.record: 1, alone.record: 2}
        shown = views(order, whole(order, objects), person_of)
        assert {person: view["total"] for person, view in shown.items()} == {1: 10}
        assert views(receipt, whole(receipt, objects), person_of) == {}
