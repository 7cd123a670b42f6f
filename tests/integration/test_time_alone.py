"""A server moves whom time alone moves, and says what hinders it."""

import logging
import time
from collections.abc import Callable

import httpx
import pytest

from graph_schema.memory import MemoryStore
from profiles.moments import DAY
from serving.app import make_app
from serving.service import Settings
from stream.engine import Engine
from tests.integration.running import running
from tests.unit.portraits import RETAIL, START
from tests.unit.test_upkeep import BOUGHT, FEWER, members

SOON = Settings(due_seconds=0.05)


def bought() -> MemoryStore:
    store = MemoryStore()
    engine = Engine(store, RETAIL, clock=lambda: START)
    engine.ingest([engine.intake.take(BOUGHT, START)])
    return store


def eventually(is_so: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not is_so() and time.monotonic() < until:
        time.sleep(0.02)
    return is_so()


def test_without_any_event_a_server_moves_whom_time_moves() -> None:
    store, now = bought(), [START + DAY]
    with running(make_app(Engine(store, RETAIL, clock=lambda: now[0]), SOON)) as url:
        assert httpx.get(f"{url}/readyz").status_code == 200
        assert members(store, "lapsed") == []
        now[0] = START + 400 * DAY
        assert eventually(lambda: len(members(store, "lapsed")) == 1)


def test_it_says_why_it_can_not(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "onefold"), running(make_app(Engine(bought(), FEWER), SOON)):
        assert eventually(lambda: "onefold rebuild" in caplog.text)
    assert "audiences could not be brought up to date" in caplog.text


class Stumbling(Engine):
    """An engine that meets something nobody foresaw, once."""

    stumbled = False

    def fall_due(self, until: int) -> int:
        if not self.stumbled:
            self.stumbled = True
            raise ZeroDivisionError
        return super().fall_due(until)


def test_what_nobody_foresaw_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    store, now = bought(), START + 400 * DAY
    engine = Stumbling(store, RETAIL, clock=lambda: now)
    with caplog.at_level(logging.ERROR, "onefold"), running(make_app(engine, SOON)):
        assert eventually(lambda: len(members(store, "lapsed")) == 1)
    assert "ZeroDivisionError" in caplog.text
