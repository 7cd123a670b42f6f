"""One use of a reward that is told by an order and by its receipt, as the store comes to know of it."""

from typing import Any

from graph_schema.memory import MemoryStore
from graph_schema.vocabulary import Event
from profiles.moments import DAY, iso
from stream.cases import reward_cases
from stream.engine import Engine
from stream.reader import Reader
from tests.unit.portraits import RETAIL, START

NOW = START + 100 * DAY


def say(engine: Engine, day: int, user: str, event: str, **properties: Any) -> None:
    message = {"source": "shop", "type": "track", "userId": user, "event": event, "properties": properties}
    taken = engine.intake.take({**message, "timestamp": iso(START + day * DAY)}, NOW)
    assert isinstance(taken, Event), taken
    engine.ingest([taken])


def conflicts(engine: Engine) -> tuple[bool, int]:
    """Whether the owner of the reward sees one, and how many cases of rewards wait for a steward."""
    with engine.store.read() as tx:
        reader = Reader(tx, engine.intake, engine.id_key)
        (reward,) = reader.profile("user_id:u-1", NOW)["rewards"]
        return reward["conflict"] is not None, len(list(reward_cases(reader)))


def used_twice() -> Engine:
    engine = Engine(MemoryStore(), RETAIL, clock=lambda: NOW)
    say(engine, 1, "u-1", "Reward Issued", reward_code="R-1", amount=10)
    say(engine, 2, "u-1", "Reward Redeemed", reward_code="R-1", order_id="o-9")
    say(engine, 3, "u-2", "Reward Redeemed", reward_code="R-1", receipt_id="k-9")
    assert conflicts(engine) == (True, 1)
    return engine


def test_a_conflict_ends_when_the_receipt_turns_out_to_be_of_the_order() -> None:
    engine = used_twice()
    say(engine, 2, "u-3", "Order Completed", order_id="o-8", receipt_id="k-8", total=5)
    assert conflicts(engine) == (True, 1)
    say(engine, 2, "u-3", "Order Completed", order_id="o-9", receipt_id="k-9", total=5)
    assert conflicts(engine) == (False, 0)
    # Two tills gave this number: whose use it was nobody knows.
    say(engine, 2, "u-3", "Order Completed", order_id="o-7", receipt_id="k-9", total=5)
    assert conflicts(engine) == (True, 1)


def test_it_stays_ended_when_who_told_of_the_receipt_is_erased() -> None:
    engine = used_twice()
    say(engine, 2, "u-2", "Order Completed", order_id="o-9", receipt_id="k-9", total=5)
    with engine.store.read() as tx:
        person = Reader(tx, engine.intake, engine.id_key).find("user_id:u-2").person.id
    engine.carry_out(lambda batch: batch.erase(person, NOW))
    assert conflicts(engine) == (False, 0)
    say(engine, 5, "u-1", "Reward Issued", reward_code="R-1", amount=10)
    assert conflicts(engine) == (False, 0)
