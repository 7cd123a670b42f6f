"""The engine, change by change, holds what all evidence at once would give: any order, any batches."""

from hypothesis import event, given, note, settings
from hypothesis import strategies as st

from graph_schema.memory import MemoryStore
from graph_schema.store import Document, Store
from resolver.founding import DEFAULT_ID_KEY
from stream.engine import Engine
from stream.reader import Reader
from tests.engine.drawn import RECEIVED, Batch, History, Step, histories, plays
from tests.engine.kept import differences, picture, slips
from tests.engine.truth import Truth


def play(history: History, steps: list[Step], store: Store) -> None:
    """Plays one way of a history, and compares the store with the truth after each step."""
    engine = Engine(store, history.rules, clock=lambda: RECEIVED)
    truth = Truth(history.rules)
    note(str(list(history.rules.namespaces)))
    for step in steps:
        note(f"-- {step}")
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


@settings(max_examples=400)
@given(histories(), st.data())
def test_step_by_step_is_from_scratch(history: History, data: st.DataObject) -> None:
    steps = data.draw(plays(history))
    event(f"judged: {bool(history.judgements)}")
    play(history, steps, MemoryStore())
