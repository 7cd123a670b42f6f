"""Explanations agree with the store that they explain, whatever evidence it holds."""

import json
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from graph_schema.memory import MemoryStore
from graph_schema.store import Document
from resolver.founding import DEFAULT_ID_KEY
from stream.engine import Engine
from stream.explaining import how, why
from stream.reader import Reader
from tests.engine.drawn import RECEIVED, History, crowds, histories


def played(history: History, backwards: bool = False) -> Engine:
    """All of a history in one store, from its beginning or from its end."""
    engine = Engine(MemoryStore(), history.rules, clock=lambda: RECEIVED)
    for event in history.events[:: -1 if backwards else 1]:
        engine.ingest([event])
    engine.judge(history.judgements)
    return engine


def told(engine: Engine) -> list[Document]:
    """How every person came to be, and why neighbours in the order of keys are one or not."""
    with engine.store.read() as tx:
        reader = Reader(tx, engine.intake, DEFAULT_ID_KEY)
        keys = sorted("/".join(record.key) for record in tx.all_records())
        persons = sorted(person.person_id for person in tx.all_persons())
        return [how(reader, one) for one in persons] + [why(reader, *pair) for pair in pairwise(keys)]


EVERY_KIND = st.one_of(histories(most=8), histories(matched=True), crowds(), crowds(feuding=True))


@settings(max_examples=150)
@given(EVERY_KIND)
def test_the_words_of_why_and_how_follow_no_order_of_arrival(history: History) -> None:
    assert told(played(history)) == told(played(history, backwards=True))


@settings(max_examples=100)
@given(histories(most=8))
def test_why_and_how_tell_what_the_store_holds(history: History) -> None:
    engine = played(history)
    with engine.store.read() as tx:
        reader = Reader(tx, engine.intake, DEFAULT_ID_KEY)
        records = list(tx.all_records())
        for one, two in combinations(records, 2):
            answer = why(reader, "/".join(one.key), "/".join(two.key))
            assert (answer["outcome"] == "one_person") == (one.person == two.person)
            assert answer["sentences"], answer
            assert json.loads(json.dumps(answer)) == answer
            if one.person == two.person:
                ends = [answer["path"][0]["record"], answer["path"][-1]["record"]]
                assert [tuple(end[name] for name in ("source", "record_id")) for end in ends] == [
                    one.key,
                    two.key,
                ]
            elif one.holdings.keys() & two.holdings.keys():
                assert answer["reasons"]
        for person in tx.all_persons():
            story = how(reader, person.person_id)
            assert len(story["records"]) == person.size
            joined = sum(len(step["joined"]) - 1 for step in story["steps"])
            assert joined == person.size - 1
            assert story["sentences"]
