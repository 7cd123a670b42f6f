"""Explanations agree with the store that they explain, whatever evidence it holds."""

import json
from itertools import combinations

from hypothesis import given, settings

from graph_schema.memory import MemoryStore
from resolver.founding import DEFAULT_ID_KEY
from stream.engine import Engine
from stream.explaining import how, why
from stream.reader import Reader
from tests.engine.drawn import RECEIVED, History, histories


def played(history: History) -> Engine:
    """All of a history in one store."""
    engine = Engine(MemoryStore(), history.rules, clock=lambda: RECEIVED)
    for event in history.events:
        engine.ingest([event])
    engine.judge(history.judgements)
    return engine


@settings(max_examples=100)
@given(histories(most=8))
def test_why_and_how_tell_what_the_store_holds(history: History) -> None:
    engine = played(history)
    with engine.store.read() as tx:
        reader = Reader(tx, engine.intake, DEFAULT_ID_KEY)
        records = list(tx.all_records())
        for one, two in combinations(records, 2):
            told = why(reader, "/".join(one.key), "/".join(two.key))
            assert (told["outcome"] == "one_person") == (one.person == two.person)
            assert told["sentences"], told
            assert json.loads(json.dumps(told)) == told
            if one.person == two.person:
                ends = [told["path"][0]["record"], told["path"][-1]["record"]]
                assert [tuple(end[name] for name in ("source", "record_id")) for end in ends] == [
                    one.key,
                    two.key,
                ]
            elif one.holdings.keys() & two.holdings.keys():
                assert told["reasons"]
        for person in tx.all_persons():
            story = how(reader, person.person_id)
            assert len(story["records"]) == person.size
            joined = sum(len(step["joined"]) - 1 for step in story["steps"])
            assert joined == person.size - 1
            assert story["sentences"]
