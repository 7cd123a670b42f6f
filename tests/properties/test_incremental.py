"""The engine, change by change, holds what all evidence at once would give: any order, any batches, twice too."""

from hypothesis import event, given, note, settings
from hypothesis import strategies as st

from graph_schema.memory import MemoryStore
from graph_schema.store import Store
from stream.engine import Engine
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


@settings(max_examples=400)
@given(histories(), st.data())
def test_step_by_step_is_from_scratch(history: History, data: st.DataObject) -> None:
    steps = data.draw(plays(history))
    event(f"judged: {bool(history.judgements)}")
    play(history, steps, MemoryStore())
