"""Messages of which many wait are typed in a process beside: the same comes of them, whatever befalls it."""

import os
import signal
from collections.abc import Iterator

import orjson
import pytest

from graph_schema.errors import OnefoldError
from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from stream import consuming
from stream.consuming import Arrived, Consuming, Figures, typed
from stream.engine import Engine
from stream.intake import Intake
from stream.simulation import simulate

CLOCK = 1_800_000_000_000_000


def messages() -> list[Arrived]:
    town = [orjson.dumps(one.message) for one in simulate(20, 100, 3)]
    batch = b'{"batch":[' + b",".join(town[:5]) + b"]}"
    values = [*town, batch, b"no JSON", b"[]"]
    return [
        Arrived("topic", 1, at, CLOCK - at, one, "web" if at % 2 else None) for at, one in enumerate(values)
    ]


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Consuming]:
    monkeypatch.setattr(consuming, "_FEW_BYTES", 1_000)
    working = Consuming(Engine(MemoryStore(), load_rules(), clock=lambda: CLOCK), Figures())
    yield working
    if working._typing is not None:
        working._typing.stop()


def test_the_same_comes_of_messages_wherever_they_are_typed(worker: Consuming) -> None:
    known, *waiting = messages()
    known.items = []
    worker.read_ahead([known, *waiting])
    assert worker._typing is not None
    assert known.items == []
    intake = Intake(worker._engine.rules, worker._engine.id_key)
    for one, same in zip(waiting, messages()[1:], strict=True):
        assert one.items == typed(intake, same, CLOCK)


def test_few_messages_need_no_process(worker: Consuming) -> None:
    few = messages()[-2:]
    worker.read_ahead(few)
    assert worker._typing is None
    assert all(one.items for one in few)


def test_where_that_process_is_killed_another_goes_on(worker: Consuming) -> None:
    worker.read_ahead(messages())
    assert worker._typing is not None
    os.kill(worker._typing.pid, signal.SIGKILL)
    waiting = messages()
    with pytest.raises(OnefoldError):
        worker.read_ahead(waiting)
    assert not any(one.items for one in waiting)
    worker.read_ahead(waiting)
    assert all(one.items for one in waiting)
