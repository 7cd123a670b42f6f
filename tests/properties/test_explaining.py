"""Explanations agree with the store that they explain, whatever evidence it holds."""

import json
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from graph_schema.memory import MemoryStore
from graph_schema.namespaces import Namespace
from graph_schema.rule_parts import Rules
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


def test_a_value_too_common_for_two_namespaces_is_so_for_the_stronger_in_any_order() -> None:
    spaces = ("user_id", "loyalty_card", "email")
    declared = tuple(Namespace(name=one, joins="people", generic_above=1) for one in spaces)
    rules = Rules(namespaces=declared, matching=None)
    held = [("r1", {"user_id": "b"}), ("r1", {"email": "a"}), ("r0", {"user_id": "a", "loyalty_card": "a"})]
    held.append(("r0", {"email": "a", "loyalty_card": "b"}))
    said = []
    for order in (held, held[::-1]):
        engine = Engine(MemoryStore(), rules, clock=lambda: RECEIVED)
        for record, each in order:
            named = [{"type": name, "id": value} for name, value in each.items()]
            context = {"recordId": record, "externalIds": named}
            engine.ingest([engine.intake.take({"type": "page", "source": "web", "context": context}, 1)])
        with engine.store.read() as tx:
            reader = Reader(tx, engine.intake, DEFAULT_ID_KEY)
            said.append(why(reader, "web/r0", "web/r1")["reasons"])
    by = [{"namespace": "email", "value": "a"}]
    assert said == [[{"kind": "generic", "above": 1, "namespace": "user_id", "by": by}]] * 2


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
