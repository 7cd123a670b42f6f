"""The simulated town: the same for the same seed, well-formed, told truly, and troubled in all known ways."""

import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

import orjson
import phonenumbers
import pytest

from stream.simulation import Simulated, simulate

SOURCES = {"web", "app", "email", "loyalty", "store", "shop"}
KINDS = {"identify", "track", "page", "screen", "alias"}


@lru_cache(maxsize=1)
def town() -> tuple[Simulated, ...]:
    return tuple(simulate(4_000, 40_000, 11))


def part(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def context(one: Simulated) -> dict[str, object]:
    return part(one.message.get("context"))


def properties(one: Simulated) -> dict[str, object]:
    return part(one.message.get("properties"))


def traits(one: Simulated) -> dict[str, object]:
    return {**part(context(one).get("traits")), **part(one.message.get("traits"))}


def moment(one: Simulated) -> datetime:
    return datetime.fromisoformat(str(one.message["timestamp"]))


def external_ids(one: Simulated) -> list[tuple[str, str]]:
    return [(str(entry["type"]), str(entry["id"])) for entry in listed(context(one).get("externalIds"))]


def events(name: str) -> list[Simulated]:
    return [one for one in town() if one.message.get("event") == name and not one.repeat]


def holders(values: Iterator[tuple[object, str]]) -> dict[object, set[str]]:
    people: dict[object, set[str]] = defaultdict(set)
    for value, person in values:
        people[value].add(person)
    return people


def emails() -> dict[object, set[str]]:
    return holders((traits(one)["email"], one.person) for one in town() if "email" in traits(one))


def devices() -> dict[object, set[str]]:
    return holders((one.message["anonymousId"], one.person) for one in town() if "anonymousId" in one.message)


# The contract of the generator


def test_the_same_arguments_give_the_same_stream() -> None:
    assert list(simulate(300, 3_000, 5)) == list(simulate(300, 3_000, 5))


def test_another_seed_gives_other_messages_and_no_shared_ids() -> None:
    first, second = list(simulate(300, 3_000, 5)), list(simulate(300, 3_000, 6))
    assert not {str(one.message["messageId"]) for one in first} & {
        str(one.message["messageId"]) for one in second
    }
    assert {one.message.get("userId") for one in first} & {one.message.get("userId") for one in second} <= {
        None, "null", "undefined", "[object Object]",
    }  # fmt: skip


@pytest.mark.parametrize(("people", "count"), [(1, 1), (1, 500), (50, 7), (10, 0), (2_000, 100)])
def test_any_size_gives_exactly_so_many_messages(people: int, count: int) -> None:
    assert len(list(simulate(people, count, 3))) == count


@pytest.mark.parametrize(("people", "count", "dirty"), [(0, 5, 0), (5, -1, 0), (5, 5, 1.1), (5, 5, -0.1)])
def test_numbers_out_of_range_are_refused(people: int, count: int, dirty: float) -> None:
    with pytest.raises(ValueError, match=":"):
        simulate(people, count, 1, dirty)


def test_every_message_is_a_segment_message_with_an_identifier() -> None:
    for one in town():
        message = one.message
        assert message["source"] in SOURCES
        assert message["type"] in KINDS
        assert isinstance(message["messageId"], str)
        assert str(message["timestamp"]).endswith("Z")
        assert 2023 <= moment(one).year <= 2026
        assert ("event" in message) == (message["type"] == "track")
        keys = ("order_id", "receipt_id", "reward_code", "payment_token")
        identified = (
            message.keys() & {"anonymousId", "userId"}
            or traits(one).keys() & {"email", "phone"}
            or context(one).keys() & {"recordId", "externalIds", "sessionId"}
            or any(key in properties(one) for key in keys)
        )
        assert identified, message
        assert orjson.loads(orjson.dumps(message)) == message


def test_message_ids_are_unique_but_for_exact_repeats() -> None:
    seen: dict[object, object] = {}
    for one in town():
        message_id = one.message["messageId"]
        assert one.repeat == (message_id in seen)
        assert seen.setdefault(message_id, one.message) == one.message
    assert sum(one.repeat for one in town()) > 50


def test_all_come_when_there_are_ten_events_a_person_and_a_few_are_very_active() -> None:
    counts = Counter(one.person for one in town())
    assert len(counts) == 4_000
    assert max(counts.values()) > 100
    assert sorted(counts.values())[2_000] < 10


def test_memory_does_not_grow_with_the_events() -> None:
    assert _peak(200, 30_000) < 1.5 * _peak(200, 5_000) + 500_000


def _peak(people: int, count: int) -> int:
    tracemalloc.start()
    try:
        for _ in simulate(people, count, 2):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_messages_arrive_nearly_in_time_order_but_some_late() -> None:
    latest, late = moment(town()[0]), 0
    for one in town():
        if not one.repeat and moment(one) < latest - timedelta(minutes=1):
            late += 1
        latest = max(latest, moment(one))
    assert 0.003 < late / len(town()) < 0.05


# What people do


@pytest.mark.parametrize(
    "name",
    [
        "Product Viewed", "Product Added", "Cart Viewed", "Order Completed", "Order Shipped",
        "Order Delivered", "Order Refunded", "Email Delivered", "Email Opened", "Message Sent",
        "Reward Issued", "Reward Redeemed",
        "Consent Granted", "Consent Withdrawn", "Unsubscribed", "Preference Set", "Account Opened",
        "Account Closed", "Survey Answered",
    ],
)  # fmt: skip
def test_every_kind_of_event_happens(name: str) -> None:
    assert events(name)


def test_sessions_hold_several_events_and_overlap() -> None:
    times: dict[object, list[object]] = defaultdict(list)
    for one in simulate(20_000, 200_000, 1):
        if "sessionId" in context(one) and not one.repeat:
            times[context(one)["sessionId"]].append(one.message["timestamp"])
    assert 3 < sum(map(len, times.values())) / len(times) < 12
    spans = sorted((min(map(str, each)), max(map(str, each))) for each in times.values())
    assert sum(after[0] < before[1] for before, after in pairwise(spans)) > 0.03 * len(spans)


def test_an_order_says_what_was_bought_and_for_how_much() -> None:
    for one in events("Order Completed"):
        order = properties(one)
        lines = listed(order["products"])
        assert lines
        assert all(
            line.keys() >= {"product_id", "sku", "name", "category", "price", "quantity"} for line in lines
        )
        amount = sum(float(str(line["price"])) * float(str(line["quantity"])) for line in lines)
        assert float(str(order["total"])) == pytest.approx(amount, abs=0.01)
        assert order["currency"] == "EUR"


def test_parcels_follow_their_order() -> None:
    ordered: dict[object, datetime] = {}
    for one in events("Order Completed"):
        ordered.setdefault(properties(one)["order_id"], moment(one))
    shipped = {properties(one)["order_id"]: moment(one) for one in events("Order Shipped")}
    delivered = events("Order Delivered")
    assert all(ordered[order] < at for order, at in shipped.items())
    assert all(shipped[properties(one)["order_id"]] < moment(one) for one in delivered)


def test_rewards_are_issued_by_letter_and_paper_and_used_online_and_on_paper() -> None:
    issued = {properties(one)["reward_code"]: moment(one) for one in events("Reward Issued")}
    assert all(properties(one)["media"] == ["email", "paper"] for one in events("Reward Issued"))
    used = events("Reward Redeemed")
    assert {properties(one)["channel"] for one in used} >= {"web", "store"}
    assert all(issued[properties(one)["reward_code"]] < moment(one) for one in used)


# What goes wrong


def test_a_receipt_is_an_order_completed_of_the_store_with_or_without_card() -> None:
    receipts = [one for one in events("Order Completed") if one.message["source"] == "store"]
    assert all(context(one)["channel"] == "store" and "receipt_id" in properties(one) for one in receipts)
    with_card = sum(bool(external_ids(one)) for one in receipts)
    assert 0 < with_card < len(receipts)
    assert any("payment_token" in properties(one) for one in receipts)


def test_families_share_tablets_cards_and_phones() -> None:
    shared = [people for people in devices().values() if 2 <= len(people) <= 5]
    assert len(shared) > 20
    cards = holders(
        (value.replace(" ", ""), one.person)
        for one in town() for kind, value in external_ids(one) if kind == "loyalty_card"
    )  # fmt: skip
    assert sum(2 <= len(people) <= 5 for people in cards.values()) > 20
    phones = holders((traits(one)["phone"], one.person) for one in town() if "phone" in traits(one))
    assert sum(2 <= len(people) <= 5 for people in phones.values()) > 5


def test_a_kiosk_registers_many_people_and_a_cashiers_card_goes_with_many_addresses() -> None:
    kiosk = {one.message["anonymousId"] for one in town() if "kiosk" in context(one)}
    assert kiosk
    assert all(len(devices()[device]) > 50 for device in kiosk)
    on_card: dict[str, set[str]] = defaultdict(set)
    for one in town():
        for _, card in external_ids(one):
            if "email" in traits(one):
                on_card[card].add(one.person)
    assert max(len(people) for people in on_card.values()) > 10


def test_test_addresses_and_junk_ids_turn_up() -> None:
    assert len(emails()["test@test.com"]) > 3
    assert {one.message.get("userId") for one in town()} >= {"null", "undefined"}
    assert any(traits(one).get("phone") == "0000000000" for one in town())


def test_guests_type_their_address_and_some_mistype_it() -> None:
    guests = [
        one for one in events("Order Completed") if one.message["source"] == "shop" and "email" in traits(one)
    ]
    assert guests
    assert all("userId" not in one.message for one in guests)
    typed = Counter(str(traits(one)["email"]) for one in town() if "email" in traits(one))
    assert any("gmial.com" in email for email in typed)
    assert any("+shop@" in email for email in typed)
    assert any(email != email.lower() for email in typed)


def test_a_mistyped_address_is_nobody_elses() -> None:
    for email, people in emails().items():
        assert len(people) == 1 or email == "test@test.com"


def test_gmail_addresses_come_with_and_without_dots() -> None:
    forms: dict[str, set[str]] = defaultdict(set)
    for email in map(str, emails()):
        local, _, domain = email.partition("@")
        if domain == "gmail.com" and "+" not in local:
            forms[local.replace(".", "")].add(local)
    assert any(len(locals_) > 1 for locals_ in forms.values())


def test_phones_are_real_numbers_written_in_several_ways() -> None:
    typed = {str(traits(one)["phone"]) for one in town() if "phone" in traits(one)}
    plain = [phone for phone in typed if phone.startswith("+") and " " not in phone]
    assert any(" " in phone for phone in typed)
    assert any(not phone.startswith(("+", "00")) for phone in typed)
    valid = sum(phonenumbers.is_valid_number(phonenumbers.parse(phone)) for phone in plain)
    assert valid / len(plain) > 0.9


def test_some_numbers_get_another_owner_after_more_than_18_months() -> None:
    seen: dict[object, list[tuple[datetime, str]]] = defaultdict(list)
    for one in town():
        if str(traits(one).get("phone", "")).startswith("+"):
            seen[traits(one)["phone"]].append((moment(one), one.person))
    gaps = [
        after[0] - before[0]
        for sightings in seen.values()
        for before, after in pairwise(sorted(sightings))
        if before[1] != after[1]
    ]
    assert sum(gap > timedelta(days=540) for gap in gaps) >= 3


def test_the_loyalty_office_has_rows_and_some_people_twice() -> None:
    rows = holders(
        (one.person, str(context(one)["recordId"])) for one in town() if "recordId" in context(one)
    )
    assert len(rows) > 500
    assert any(len(records) > 1 for records in rows.values())
    assert all(
        one.message["source"] == "loyalty" and one.message["type"] == "identify"
        for one in town() if "recordId" in context(one)
    )  # fmt: skip


def test_dirt_is_as_much_as_is_asked_for() -> None:
    def names(dirty: float) -> dict[object, set[str]]:
        return holders(
            (one.person, f"{traits(one)['firstName']} {traits(one)['lastName']}")
            for one in simulate(300, 6_000, 9, dirty=dirty)
            if "lastName" in traits(one)
        )

    assert all(len(forms) == 1 for forms in names(0).values())
    assert sum(len(forms) > 1 for forms in names(0.5).values()) > 20
