"""What a server tells of itself while its store neither answers nor refuses."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from serving import health
from serving.app import make_app
from stream.engine import Engine
from tests.integration.running import running


class Hanging(MemoryStore):
    """A store that answers nobody for as long as it is told not to."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()
        self.answers.set()

    @contextmanager
    def read(self) -> Iterator[MemoryStore]:
        self.answers.wait(60)
        with super().read() as tx:
            yield tx


def test_figures_and_readiness_come_in_time_and_recover(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_STORE_SECONDS", 0.2)
    store = Hanging()
    with (
        running(make_app(Engine(store, load_rules()))) as url,
        httpx.Client(base_url=url, timeout=9) as client,
    ):

        def told() -> tuple[int, bool, Any]:
            ready, metrics = client.get("/readyz"), client.get("/metrics")
            assert "onefold_waiting_bytes 0" in metrics.text
            return ready.status_code, "onefold_feed_position 0" in metrics.text, ready.json().get("type")

        assert told() == (200, True, None)
        store.answers.clear()
        for _ in range(12):
            assert told() == (503, False, "urn:onefold:problem:store-unavailable")
        store.answers.set()
        assert told() == (200, True, None)
