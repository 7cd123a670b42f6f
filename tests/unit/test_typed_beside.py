"""Messages of which many wait are typed in a process beside: the same comes of them, whatever befalls it."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import orjson
import pytest

from graph_schema.rules import load_rules
from stream import arrived
from stream.arrived import Arrived, Typing, typed
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
def typing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Typing]:
    monkeypatch.setattr(arrived, "_FEW_BYTES", 1_000)
    made = Typing(Intake(load_rules()), b"a key", lambda: CLOCK)
    yield made
    if made._beside is not None:
        made._beside.stop()


def start_beside(typing: Typing) -> int:
    """Has messages typed until a process beside has started; gives its number."""
    deadline = time.monotonic() + 60
    while not typing._has_started:
        assert time.monotonic() < deadline
        typing.read(messages())
    assert typing._beside is not None
    return typing._beside._process.pid


def test_the_same_comes_of_messages_wherever_they_are_typed(typing: Typing) -> None:
    start_beside(typing)
    known, *waiting = messages()
    known.items = []
    made = typing.read([known, *waiting])
    intake = Intake(typing._intake.rules, b"a key")
    assert made == [[], *(typed(intake, same, CLOCK) for same in messages()[1:])]
    assert made == [one.items for one in (known, *waiting)]


def test_nobody_waits_for_that_process_to_start(typing: Typing) -> None:
    waiting = messages()
    assert all(typing.read(waiting))
    assert typing._beside is not None
    assert not typing._has_started


def test_few_messages_need_no_process(typing: Typing) -> None:
    few = messages()[-2:]
    assert all(typing.read(few))
    assert typing._beside is None


def test_who_asks_meanwhile_waits_and_types_nothing_twice(
    typing: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = start_beside(typing)
    monkeypatch.setattr(arrived, "typed", None)
    waiting = messages()
    os.kill(beside, signal.SIGSTOP)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(typing.read, waiting) for _ in range(2)]
        assert not wait(both, timeout=0.2).done
        os.kill(beside, signal.SIGCONT)
        assert both[0].result(60) == both[1].result(60)


def test_where_that_process_is_killed_another_goes_on(
    typing: Typing, caplog: pytest.LogCaptureFixture
) -> None:
    killed = start_beside(typing)
    os.kill(killed, signal.SIGKILL)
    assert all(typing.read(messages()))
    assert "another takes its place" in caplog.text
    assert typing._beside is None
    assert start_beside(typing) != killed
