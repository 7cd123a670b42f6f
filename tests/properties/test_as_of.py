"""As of an earlier moment: a reference's closure answers what all evidence of then would."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from graph_schema.errors import AmbiguousIdentifier, OnefoldError
from graph_schema.memory import MemoryStore
from graph_schema.store import Store
from resolver.founding import DEFAULT_ID_KEY
from stream.as_of import as_of, replay
from stream.engine import Engine
from stream.reader import Reader
from tests.engine.drawn import HALF_DAY, START, History, histories

MOMENTS = st.integers(0, 8).map(lambda number: START + number * HALF_DAY)


def kept(history: History, data: st.DataObject) -> Store:
    """A store of a history, received, judged and taken back at drawn moments."""
    engine = Engine(MemoryStore(), history.rules, clock=lambda: START)
    for event in history.events:
        engine.ingest([event._replace(received=data.draw(MOMENTS))])
    for judgement in history.judgements:
        at = data.draw(MOMENTS)
        back = data.draw(st.one_of(st.none(), MOMENTS))
        engine.judge([replace(judgement, at=at, retracted_at=back and max(at, back))])
    return engine.store


def everything(store: Store, history: History, at: int, by: str) -> Store:
    """All the evidence that qualifies, played into a store of its own."""
    with store.read() as tx:
        events = list(tx.all_events())
        judgements = tx.judgements()
    engine = Engine(MemoryStore(), history.rules, clock=lambda: at)
    chosen = [one for one in events if (one.received if by == "received" or one.at is None else one.at) <= at]
    replay(engine, chosen, judgements, at)
    return engine.store


def answered(profile: dict[str, Any]) -> object:
    """A profile but for its version, which counts what a store saw."""
    return {name: value for name, value in profile.items() if name != "version"}


def who(profile: dict[str, Any]) -> object:
    """Who somebody is and what was said of her: not what several told of one order at one time, which
    a replay puts in another order once one of them was erased."""
    objects = ("version", "orders", "value", "lifecycle", "rewards")
    return {name: value for name, value in profile.items() if name not in objects}


def refused(error: OnefoldError) -> object:
    """An error, with the persons between whom one is ambiguous."""
    return type(error).__name__, error.persons if isinstance(error, AmbiguousIdentifier) else ()


@settings(max_examples=60)
@given(histories(most=8), MOMENTS, st.sampled_from(("received", "event")), st.data())
def test_a_closure_answers_as_everything_does(
    history: History, at: int, by: str, data: st.DataObject
) -> None:
    store = kept(history, data)
    then = Engine(everything(store, history, at, by), history.rules)
    with store.read() as tx:
        references = [f"{node.identifier.namespace}:{node.identifier.value}" for node in tx.all_identifiers()]
        references += [person.person_id for person in tx.all_persons()]
    with then.store.read() as tx:
        reader = Reader(tx, then.intake, DEFAULT_ID_KEY)
        for reference in references:
            try:
                expected = answered(reader.profile(reference, at))
            except OnefoldError as error:
                expected = refused(error)
            try:
                came = answered(as_of(store, history.rules, DEFAULT_ID_KEY, reference, at, by))
            except OnefoldError as error:
                came = refused(error)
            assert came == expected, reference


def erase(engine: Engine, person: int, at: int) -> None:
    engine.carry_out(lambda batch: batch.erase(person, at))


@settings(max_examples=60)
@given(histories(most=8), st.lists(st.integers(0, 9), min_size=1, max_size=3), st.data())
def test_after_erasures_the_past_is_as_now_for_who_is_left(
    history: History, places: list[int], data: st.DataObject
) -> None:
    now = START + 100 * HALF_DAY
    # What an alias says of two persons goes with either of them; what was judged of the erased is not told.
    alone = tuple(event for event in history.events if event.also is None)
    history = replace(history, events=alone, judgements=())
    engine = Engine(kept(history, data), history.rules, clock=lambda: now)
    for place in places:
        with engine.store.read() as tx:
            persons = sorted(tx.all_persons(), key=lambda one: one.person_id)
            records = {one: tx.records(ids) for one, ids in tx.members([one.id for one in persons]).items()}
        living = [one.id for one in persons if not all(each.ghost for each in records[one.id].values())]
        if living:
            erase(engine, living[place % len(living)], now)
    again = data.draw(st.lists(st.sampled_from(history.events or (None,)), max_size=3, unique_by=id))
    bodies = [(one.key.source, json.loads(one.content)) for one in again if one is not None]
    late = [
        engine.intake.take(
            {**body, "messageId": f"{body['messageId']}-late", "timestamp": None}, now + 1, source, now + 1
        )
        for source, body in bodies
    ]
    engine.ingest(late)
    with engine.store.read() as tx:
        references = [person.person_id for person in tx.all_persons()]
        nodes = [node.identifier for node in tx.all_identifiers()]
        references += [f"{one.namespace}:{one.value}" for one in nodes if not one.value.startswith("#")]
        reader = Reader(tx, engine.intake, DEFAULT_ID_KEY)
        for reference in references:
            try:
                expected: object = who(reader.profile(reference, now + 1))
            except OnefoldError as error:
                expected = type(error)
            try:
                came: object = who(
                    as_of(engine.store, history.rules, DEFAULT_ID_KEY, reference, now + 1, "received")
                )
            except OnefoldError as error:
                came = type(error)
            assert came == expected, reference
