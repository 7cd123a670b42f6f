"""The engine, change by change, holds what all evidence at once would give: any order, any batches."""

import os
from collections.abc import Iterable, Mapping
from itertools import count, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal
from unittest.mock import patch

import pytest
from hypothesis import currently_in_test_context, event, given, note, settings
from hypothesis import strategies as st

from graph_schema.memory import MemoryStore
from graph_schema.namespaces import Namespace
from graph_schema.neo4j_store import open_store
from graph_schema.rule_parts import Matching, Source
from graph_schema.rules import Rules
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Document, Store
from graph_schema.vocabulary import JUDGED, Event, Judgement, RecordKey
from resolver.founding import DEFAULT_ID_KEY
from resolver.matching.model import to_dict
from stream.engine import Engine
from stream.intake import Intake
from stream.reader import Reader
from tests.engine.alike import MODEL
from tests.engine.drawn import (
    FOES,
    RECEIVED,
    START,
    Batch,
    History,
    Step,
    Word,
    crowds,
    event_of,
    histories,
    plays,
    time_of,
)
from tests.engine.kept import differences, picture, slips
from tests.engine.regulars import regulars
from tests.engine.truth import Truth

NEO4J_EXAMPLES = int(os.environ.get("ONEFOLD_TEST_NEO4J_EXAMPLES", "15"))


class FarStore(MemoryStore):
    """A store of which a batch asks ahead what it is about to need."""

    far = True


STORES = st.sampled_from([MemoryStore, FarStore])


def play(history: History, steps: list[Step], store: Store) -> None:
    """Plays one way of a history, and compares the store with the truth after each step."""
    engine = Engine(store, history.rules, clock=lambda: RECEIVED)
    truth = Truth(history.rules)
    tell = note if currently_in_test_context() else print
    tell(str(list(history.rules.namespaces)))
    for step in steps:
        tell(f"-- {step}")
        if isinstance(step, Batch):
            engine.ingest(step.events)
            truth = truth.with_(step.events, ())
        else:
            engine.judge([step.judgement])
            truth = truth.with_((), [step.judgement])
        folded = truth.folded()
        assert differences(picture(store), folded.picture()) == []
        assert slips(store, folded) == []


def goldens(history: History, steps: list[Step]) -> dict[str, Document]:
    """Every golden profile at the end of a play, but for what counts the changes that the store saw."""
    store = MemoryStore()
    engine = Engine(store, history.rules, clock=lambda: RECEIVED)
    for step in steps:
        if isinstance(step, Batch):
            engine.ingest(step.events)
        else:
            engine.judge([step.judgement])
    with store.read() as tx:
        reader = Reader(tx, engine.intake, DEFAULT_ID_KEY)
        told = {one.person_id: reader.profile(one.person_id, RECEIVED) for one in tx.all_persons()}
    return {one: {**golden, "version": 0} for one, golden in told.items()}


@settings(max_examples=100)
@given(histories(), st.data())
def test_any_order_gives_the_same_golden_profiles(history: History, data: st.DataObject) -> None:
    first, other = data.draw(plays(history)), data.draw(plays(history))
    assert goldens(history, first) == goldens(history, other)


def test_a_claim_that_makes_a_value_generic_parts_those_whom_it_joined() -> None:
    card = Namespace(name="loyalty_card", joins="people", max_records=2)
    by = Rules(namespaces=(card,), sources={"web": Source(claims=frozenset({card.name}))})
    held = {"externalIds": [{"type": card.name, "id": "a"}]}
    said = [
        event_of(Intake(by), source, {"type": "page", "messageId": row, "context": {**held, "recordId": row}})
        for source, row in (("crm", "r0"), ("crm", "r1"), ("web", "r2"))
    ]
    store = MemoryStore()
    play(History(by, tuple(said), ()), [Batch((event,)) for event in said], store)
    assert sorted(map(len, picture(store).persons)) == [1, 1, 1]


def test_who_holds_only_generic_values_is_not_joined_by_what_comes_later() -> None:
    spaces = (
        Namespace(name="phone", joins="people", max_records=2),
        Namespace(name="anonymous_id", joins="anonymous"),
    )
    history = History(Rules(namespaces=spaces), (), ())
    intake = Intake(history.rules)
    said = [
        ("r0", "phone"),
        ("r1", "phone"),
        ("r2", "phone"),
        ("visit", "anonymous_id"),
        ("r0", "anonymous_id"),
    ]
    steps: list[Step] = []
    for number, (row, name) in enumerate(said):
        context = {"recordId": row, "externalIds": [{"type": name, "id": "a"}]}
        message = {"messageId": f"m{number}", "type": "identify", "context": context}
        steps.append(Batch((event_of(intake, "web", message),)))
    play(history, steps, MemoryStore())


def matched(by: Rules) -> Rules:
    """The same rules with matching, after the user id."""
    said = {"matching": Matching(after="user_id"), "model": to_dict(MODEL), "model_digest": "small"}
    return by.model_copy(update=said)


def rows(by: Rules, told: Iterable[tuple[str, str, Mapping[str, str], Mapping[str, str]]]) -> list[Step]:
    """Rows of sources, each in a batch of its own: source, key, what it holds, and what it says."""
    intake = Intake(by)
    steps: list[Step] = []
    for number, (source, row, held, traits) in enumerate(told):
        external = [{"type": name, "id": value} for name, value in held.items()]
        context = {"recordId": row, "externalIds": external}
        message = {"messageId": f"m{number}", "type": "identify", "context": context, "traits": traits}
        steps.append(Batch((event_of(intake, source, message),)))
    return steps


def test_who_is_of_two_kins_by_an_anonymous_value_is_matched_with_both() -> None:
    spaces = (Namespace(name="order_id", joins="anonymous"), Namespace(name="user_id", joins="people"))
    by = matched(Rules(namespaces=spaces))
    told = [
        ("r0", {"order_id": "o", "user_id": "u"}, FOES[0]),
        ("r1", {"order_id": "o"}, FOES[1]),
        ("r2", {"order_id": "p"}, FOES[0]),
        *((f"r{number}", {"order_id": "p"}, {}) for number in (3, 4)),
        ("r5", {}, FOES[1]),
    ]
    steps = rows(by, [("crm", *one) for one in told])
    for several in (steps, steps[::-1]):
        store = MemoryStore()
        play(History(by, (), ()), several, store)
        assert sorted(map(len, picture(store).persons)) == [6]


def test_what_a_claim_left_open_is_noted_of_whom_it_went_along_with() -> None:
    spaces = (
        Namespace(name="user_id", joins="people"),
        Namespace(name="email", joins="people"),
        Namespace(name="anonymous_id", joins="anonymous"),
    )
    by = matched(Rules(namespaces=spaces, sources={"shop": Source(claims=frozenset({"email"}))}))
    told = [
        ("web", "r1", {}, {}),
        ("web", "r0", {"email": "a", "user_id": "u"}, FOES[1]),
        ("shop", "r2", {"email": "a", "anonymous_id": "d"}, FOES[0]),
        ("web", "r3", {"email": "a"}, FOES[0]),
        ("web", "r4", {"email": "b", "anonymous_id": "d"}, FOES[0]),
        ("web", "r0", {"email": "b", "user_id": "v"}, FOES[1]),
    ]
    one, two = RecordKey("web", "r1"), RecordKey("web", "r0")
    steps: list[Step] = [Word(Judgement("j", "different", (one,), (two,), START, "steward", "seen"))]
    play(History(by, (), ()), [*steps, *rows(by, told)], MemoryStore())


def test_an_alias_that_turns_out_to_name_another_leaves_nothing_of_its_time() -> None:
    history = History(Rules(namespaces=(Namespace(name="user_id", joins="people"),)), (), ())
    intake = Intake(history.rules)
    alias = {"type": "alias", "userId": "a"}
    said = [
        {**alias, "messageId": "m0", "previousId": "b"},
        {**alias, "messageId": "m1", "previousId": "b", "timestamp": time_of(1)},
        {**alias, "messageId": "m1", "previousId": "a", "timestamp": time_of(1)},
    ]
    play(history, [Batch((event_of(intake, "shop", one),)) for one in said], MemoryStore())


@pytest.mark.parametrize("word", [None, "different"])
def test_only_a_judgement_marks_those_whom_a_veto_keeps_apart(word: Literal["different"] | None) -> None:
    """Whoever is marked is resolved whole when a record of hers comes to share an anonymous value."""
    spaces = (
        Namespace(name="user_id", joins="people", unique=True),
        Namespace(name="email", joins="people"),
        Namespace(name="anonymous_id", joins="anonymous"),
    )
    by = matched(Rules(namespaces=spaces))
    told = [
        ("r0", {"user_id": "u", "email": "a"}, FOES[0]),
        ("r1", {"email": "a"}, FOES[1]),
        ("r2", {"user_id": "u"}, {}),
        ("visit", {"anonymous_id": "c"}, {}),
        ("r1", {"anonymous_id": "c"}, {}),
        ("r0", {"anonymous_id": "c"}, {}),
    ]
    steps = rows(by, [("crm", *one) for one in told])
    one, two, visit = (RecordKey("crm", row) for row in ("r0", "r1", "visit"))
    if word:
        steps.insert(4, Word(Judgement("j", word, (one,), (two,), 1, "steward", "seen")))
    store = MemoryStore()
    play(History(by, (), ()), steps, store)
    shown = picture(store)
    assert sorted(map(len, shown.persons)) == [1, 1, 2]
    assert {kind for kind, *_ in shown.cases} == ({"veto"} if word is None else set())
    with store.read() as tx:
        marked = {person.id for person in tx.all_persons() if person.flags & JUDGED}
        judged = {record.person for record in tx.all_records() if record.key in (one, two)}
        apart = {record.person for record in tx.all_records() if record.key == visit}
    assert marked == (judged if word else set())
    assert not apart & judged


@pytest.mark.neo4j
def test_step_by_step_is_from_scratch_in_neo4j(neo4j_url: str) -> None:
    graphs = count()

    @settings(max_examples=NEO4J_EXAMPLES)
    @given(histories(most=14), st.data())
    def check(history: History, data: st.DataObject) -> None:
        store = open_store(f"{neo4j_url}-{next(graphs)}")
        try:
            play(history, data.draw(plays(history)), store)
        finally:
            store.close()

    check()


@settings(max_examples=300)
@given(histories(most=14), st.data())
def test_step_by_step_is_from_scratch(history: History, data: st.DataObject) -> None:
    steps = data.draw(plays(history))
    event(f"judged: {bool(history.judgements)}")
    play(history, steps, data.draw(STORES)())


@settings(max_examples=200)
@given(histories(most=14, matched=True), st.data())
def test_step_by_step_is_from_scratch_with_matching(history: History, data: st.DataObject) -> None:
    steps = data.draw(plays(history))
    event(f"judged: {bool(history.judgements)}")
    play(history, steps, data.draw(STORES)())


@settings(max_examples=40)
@given(histories(most=14, matched=True), st.data())
def test_step_by_step_is_from_scratch_with_matching_in_sqlite(history: History, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "played.db")
        try:
            play(history, data.draw(plays(history)), store)
        finally:
            store.close()


@settings(max_examples=200)
@given(crowds(), st.data())
def test_a_crowd_step_by_step_is_from_scratch(history: History, data: st.DataObject) -> None:
    play(history, data.draw(plays(history)), data.draw(STORES)())


@settings(max_examples=200)
@given(crowds(feuding=True), st.data())
def test_a_feud_step_by_step_is_from_scratch(history: History, data: st.DataObject) -> None:
    with patch("resolver.likeness._COMPARED", data.draw(st.sampled_from((64, 64, 2)))):
        play(history, data.draw(plays(history)), data.draw(STORES)())


@settings(max_examples=200)
@given(regulars(), st.data())
def test_regulars_step_by_step_are_from_scratch(history: History, data: st.DataObject) -> None:
    play(history, data.draw(plays(history)), data.draw(STORES)())


_MAIL: Final = ({"email": "a"}, {"email": "b"})
_DEVICE: Final = {"anonymous_id": "c"}
_HELD: Final = (*_MAIL, *({**mail, **_DEVICE} for mail in _MAIL), _DEVICE, {"user_id": "u"})


@pytest.mark.parametrize("source", ["web", "shop"])
@pytest.mark.parametrize("claimed", _MAIL)
def test_whatever_follows_a_claim_on_some_of_several_is_from_scratch(
    source: str, claimed: Mapping[str, str]
) -> None:
    """Two who are kept apart share an address with a third, who has another of her own: claimed is either."""
    spaces = [Namespace(name=one, joins="people") for one in ("user_id", "email")]
    spaces.append(Namespace(name="anonymous_id", joins="anonymous"))
    rules = Rules(namespaces=tuple(spaces), sources={"shop": Source(claims=frozenset({"email"}))})
    intake, numbers = Intake(rules), count()

    def told(by: str, row: str, held: Mapping[str, str]) -> Event:
        external = [{"type": name, "id": value} for name, value in held.items()]
        message = {"type": "page", "messageId": f"m{next(numbers)}", "timestamp": time_of(0)}
        return event_of(intake, by, message | {"context": {"externalIds": external, "recordId": row}})

    apart = (RecordKey("web", "r5"),), (RecordKey("web", "r6"),)
    before = [told("web", row, _DEVICE) for row in ("r0", "r1", "r2")]
    before += [told("web", row, {"email": "a"}) for row in ("r5", "r6", "r0")]
    before += [told("web", "r0", {"email": "b"}), told("shop", "r9", claimed)]
    for row, held in product(("r0", "r1", "r5", "r9", "new"), _HELD):
        after = told(source, row, held), told(source, "another", held)
        word = Word(Judgement("j", "different", *apart, START, "steward", "seen"))
        history = History(rules, (*before, *after), (word.judgement,))
        play(history, [word, Batch(tuple(before)), *(Batch((one,)) for one in after)], MemoryStore())
