"""What is left on every store once somebody was erased: nothing of her, and everything of the others."""

from typing import Any

import pytest

from graph_schema.rules import load_rules
from graph_schema.store import Store
from graph_schema.vocabulary import Event
from resolver.founding import DEFAULT_ID_KEY
from stream.as_of import as_of
from stream.engine import Engine
from stream.reader import Reader
from stream.stewarding import Doer, erase

NOW = 1_800_000_000_000_000
RULES = load_rules()
MONA = Doer("mona", "admin")


@pytest.fixture
def engine(store: Store) -> Engine:
    return Engine(store, RULES, clock=lambda: NOW)


def crm(engine: Engine, row: str, at: int, **said: Any) -> None:
    """A row of the CRM, seen on a day of March, and its events."""
    message: dict[str, Any] = {
        "type": "identify",
        "timestamp": f"2026-03-{at:02}T00:00:00Z",
        "messageId": f"{row}@{at}",
    }
    message |= said | {"context": {**said.get("context", {}), "recordId": row}}
    item = engine.intake.take(message, NOW, "crm")
    assert isinstance(item, Event)
    engine.ingest([item])


def profile(engine: Engine, reference: str) -> dict[str, Any]:
    with engine.store.read() as tx:
        return Reader(tx, engine.intake, DEFAULT_ID_KEY).profile(reference, NOW)


def values(of: dict[str, Any]) -> set[str]:
    return {identifier["value"] for identifier in of["identifiers"]}


def test_what_links_nothing_stays_with_whoever_else_holds_it(engine: Engine) -> None:
    shared = {"externalIds": [{"type": "tier", "id": "gold"}]}
    for row, user in (("1", "u-1"), ("2", "u-2"), ("3", "u-3")):
        crm(engine, row, 1, userId=user, context=shared)
    erase(engine, "user_id:u-1", MONA)
    assert values(profile(engine, "user_id:u-2")) == {"u-2", "gold"}
    erase(engine, "user_id:u-2", MONA)
    erase(engine, "user_id:u-3", MONA)
    with engine.store.read() as tx:
        assert [node.identifier.value[0] for node in tx.all_identifiers()] == ["#"] * 4


def test_what_others_show_of_a_reward_names_no_record_of_the_erased(engine: Engine) -> None:
    issued, used = ({"reward_code": "R", "amount": 5, "currency": "EUR"}, {"reward_code": "R"})
    crm(engine, "1", 1, userId="u-1", type="track", event="Reward Issued", properties=issued)
    crm(engine, "2", 2, userId="u-2", type="track", event="Reward Redeemed", properties=used)
    [before] = profile(engine, "user_id:u-1")["rewards"]
    assert before["redeemed_by"] == {"source": "crm", "record_id": "2"}
    erase(engine, "user_id:u-2", MONA)
    assert profile(engine, "user_id:u-1")["rewards"] == [{**before, "redeemed_by": None}]
    # What comes later reads the reward again, of which only a hash of the record is left.
    crm(engine, "1", 3, userId="u-1", type="track", event="Reward Issued", properties=issued)
    [after] = profile(engine, "user_id:u-1")["rewards"]
    assert (after["redeemed_by"], after["channel"]) == (None, "crm")


def test_the_past_of_others_is_not_changed_by_an_erasure(engine: Engine) -> None:
    order = {"order_id": "o-1", "total": 10, "currency": "EUR"}
    crm(engine, "1", 1, userId="u-1", type="track", event="Order Completed", properties=order)
    crm(engine, "2", 2, userId="u-2", type="track", event="Order Completed", properties=order)
    crm(engine, "row", 3)
    ids = [profile(engine, f"user_id:u-{number}")["person_id"] for number in (1, 2)]
    before = as_of(engine.store, RULES, DEFAULT_ID_KEY, ids[1], NOW, "received")
    assert before["orders"]["count"] == 0
    erase(engine, ids[0], MONA)
    assert as_of(engine.store, RULES, DEFAULT_ID_KEY, ids[1], NOW, "received") == before
    crm(engine, "1", 4, userId="u-1", timestamp="2029-01-01T00:00:00Z")
    again = profile(engine, "user_id:u-1")["person_id"]
    assert again != ids[0]
    assert as_of(engine.store, RULES, DEFAULT_ID_KEY, again, NOW, "received")["person_id"] == again


def test_what_only_the_erased_hold_is_hashed_again_where_a_message_says_otherwise_after_all(
    engine: Engine,
) -> None:
    crm(engine, "1", 1, userId="u-1")
    erase(engine, "user_id:u-1", MONA)
    crm(engine, "2", 3, userId="u-1", messageId="m")
    crm(engine, "2", 2, userId="u-2", messageId="m")
    with engine.store.read() as tx:
        named = {node.identifier.value for node in tx.all_identifiers()}
    assert {value for value in named if value[0] != "#"} == {"u-2"}
    crm(engine, "3", 4, userId="u-1")
    assert values(profile(engine, "user_id:u-1")) == {"u-1"}


def order(engine: Engine, row: str, day: int, event: str, source: str = "crm", **said: Any) -> None:
    """An event of a commerce, by the user whom the row is called after."""
    of = {} if row == "till" else {"userId": row}
    message = {"type": "track", "event": event, "timestamp": f"2026-03-{day:02}T00:00:00Z", **of}
    item = engine.intake.take(message | {"messageId": f"{row}{day}", "properties": said}, NOW, source)
    assert isinstance(item, Event)
    engine.ingest([item])


LINES: dict[str, Any] = {"products": [{"product_id": "tea", "price": 10, "quantity": 1}]}
DONE: dict[str, Any] = {"order_id": "o1", "total": 40, "currency": "EUR"}


@pytest.mark.parametrize(
    ("hers", "shown"),
    [
        # Reports of two sources are one refund still, and those of one are two.
        (
            [
                ("web", "Order Refunded", DONE | {"total": 10}),
                ("erp", "Order Refunded", DONE | {"total": 10}),
            ],
            {"refunded": 10, "state": "partly_refunded"},
        ),
        (
            [
                ("crm", "Order Refunded", DONE | {"total": 10}),
                ("crm", "Order Refunded", DONE | {"total": 15}),
            ],
            {"refunded": 25, "state": "partly_refunded"},
        ),
        # What she said of the receipt is of the order.
        (
            [
                ("web", "Order Shipped", {"order_id": "o1"}),
                ("web", "Order Cancelled", {"receipt_id": "k1"}),
            ],
            {"state": "cancelled"},
        ),
        ([("erp", "Order Refunded", {"order_id": "o1", **LINES})], {"refunded": 10}),
    ],
)
def test_what_the_erased_did_to_an_order_stands(
    engine: Engine, hers: list[tuple[str, str, dict[str, Any]]], shown: dict[str, Any]
) -> None:
    order(engine, "ben", 1, "Order Completed", receipt_id="k1", **DONE)
    for day, (source, event, said) in enumerate(hers, 2):
        order(engine, "ana", day, event, source, **said)

    def of_ben() -> dict[str, Any]:
        [item] = profile(engine, "user_id:ben")["orders"]["items"]
        return {name: item[name] for name in shown}

    assert of_ben() == shown
    erase(engine, "user_id:ana", MONA)
    assert of_ben() == shown
    order(engine, "ben", 9, "Order Delivered", **DONE)
    assert of_ben() == shown


def test_an_order_keeps_the_number_that_the_erased_gave_a_receipt(engine: Engine) -> None:
    order(engine, "ben", 1, "Order Completed", receipt_id="k1", total=5, currency="EUR")
    order(engine, "ana", 2, "Order Completed", receipt_id="k1", **DONE)
    order(engine, "till", 3, "Order Cancelled", receipt_id="k1")
    before = profile(engine, "user_id:ben")["orders"]["items"]
    assert (before[0]["order_id"], before[0]["state"]) == ("o1", "cancelled")
    erase(engine, "user_id:ana", MONA)
    order(engine, "ben", 9, "Order Shipped", **DONE)
    [after] = profile(engine, "user_id:ben")["orders"]["items"]
    assert {**after, "shipped_at": None} == before[0]


def test_a_refund_of_part_is_of_part_though_only_the_erased_spoke_of_the_order(engine: Engine) -> None:
    order(engine, "ana", 2, "Order Refunded", order_id="o1", **LINES)
    erase(engine, "user_id:ana", MONA)
    order(engine, "ben", 3, "Order Completed", **DONE)
    [item] = profile(engine, "user_id:ben")["orders"]["items"]
    assert (item["refunded"], item["state"]) == (10, "partly_refunded")
