"""What is asked about few is answered as of one moment, however many others write meanwhile."""

import threading
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from graph_schema.errors import Overtaken
from graph_schema.store import Document, Store, Writes
from graph_schema.vocabulary import Judgement, RecordKey
from serving.stores import open_store
from stream.engine import Engine
from stream.turns import undisturbed, view_of_whole
from tests.contract.test_several_writers import RULES, at_once, kinds, url
from tests.engine.drawn import RECEIVED, event_of

__all__ = ["url"]

ORDERS, SOURCES = 12, 4
TIMES = 25


def write_both(store: Store, number: int) -> None:
    with store.write() as tx:
        tx.get("one")
        tx.apply(Writes(state={"one": number, "two": number}))


def look(store: Store, between: Any) -> tuple[Any, Any]:
    with store.read(view_of_whole()) as tx:
        one = tx.get("one")
        between()
        return one, tx.get("two")


@kinds
def test_who_is_overtaken_asks_again(url: str) -> None:
    with closing(open_store(url)) as mine, closing(open_store(url)) as theirs:
        write_both(theirs, 1)
        numbers = iter((2, 3))

        def meanwhile() -> None:
            if number := next(numbers, None):
                write_both(theirs, number)

        one, two = undisturbed(lambda: look(mine, meanwhile))
        assert one == two


@kinds
def test_who_is_overtaken_each_time_has_the_store_for_herself_at_last(url: str) -> None:
    with closing(open_store(url)) as mine, closing(open_store(url)) as theirs:
        write_both(theirs, 1)
        writers: list[threading.Thread] = []

        def meanwhile() -> None:
            number = len(writers) + 2
            writers.append(threading.Thread(target=write_both, args=(theirs, number)))
            writers[-1].start()
            # In the last look it is in vain that one waits for somebody else to write.
            writers[-1].join(0.5 if view_of_whole() == "alone" else 60)

        one, two = undisturbed(lambda: look(mine, meanwhile))
        assert one == two
        for writer in writers:
            writer.join(60)
        assert look(mine, lambda: None) == (len(writers) + 1,) * 2


@pytest.mark.neo4j
def test_only_what_was_read_can_overtake(neo4j_url: str) -> None:
    with closing(open_store(neo4j_url)) as mine, closing(open_store(neo4j_url)) as theirs:

        def other() -> None:
            with theirs.write() as tx:
                tx.apply(Writes(state={"three": 1}))

        assert look(mine, other) == (None, None)
        with pytest.raises(Overtaken):
            look(mine, lambda: write_both(theirs, 1))


@pytest.mark.neo4j
def test_of_two_people_who_are_merged_and_parted_again_no_answer_is_half(neo4j_url: str) -> None:
    with closing(open_store(neo4j_url)) as store:
        engine = Engine(store, RULES, clock=lambda: RECEIVED)
        told = [(f"s{one % SOURCES}", order(who, one)) for who in "ab" for one in range(ORDERS)]
        engine.ingest([event_of(engine.intake, *one) for one in told])
        with engine.reader() as reader:
            a, b = (reader.find(f"user_id:{who}").living[0].key for who in "ab")
        at_once(neo4j_url, (merge_and_part, (a, b)), (ask, None))
        with engine.reader() as reader:
            assert reader.profile("user_id:a", RECEIVED)["orders"]["count"] == ORDERS


def order(who: str, one: int) -> dict[str, Any]:
    said = {"order_id": f"{who}{one}", "total": 1, "currency": "EUR", "products": []}
    message = {"messageId": f"{who}{one}", "type": "track", "event": "Order Completed", "userId": who}
    return {**message, "timestamp": f"2026-03-02T09:{one:02}:00Z", "properties": said}


def merge_and_part(engine: Engine, given: tuple[RecordKey, RecordKey]) -> None:
    a, b = given
    for one in range(TIMES):
        word = Judgement(f"jud_{one}", "same", (a,), (b,), RECEIVED + one, "steward", "", {})
        engine.judge([word])
        engine.judge([replace(word, retracted_at=RECEIVED + one)])
    engine.put({"over": True})


def ask(engine: Engine, _: None) -> None:
    def profile() -> tuple[bool, Document]:
        with engine.reader(whole=True) as reader:
            return bool(reader.tx.get("over")), reader.profile("user_id:a", RECEIVED)

    over = False
    while not over:
        over, told = undisturbed(profile)
        people = len([one for one in told["identifiers"] if one["namespace"] == "user_id"])
        assert len(told["records"]) == people * SOURCES
        assert told["orders"]["count"] == people * ORDERS
