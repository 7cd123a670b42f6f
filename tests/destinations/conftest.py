"""Secrets of the emulators, in the environment."""

import base64

import pytest

from tests.destinations.platforms import Uid2Emulator
from tests.destinations.shop import SECRETS
from tests.services.fixtures import neo4j_service, neo4j_url, services

__all__ = ["neo4j_service", "neo4j_url", "services"]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"TEST_{name}", value)
    monkeypatch.setenv("TEST_UID2", "uid2-key")
    monkeypatch.setenv("TEST_UID2_SECRET", base64.b64encode(Uid2Emulator.KEY).decode())
