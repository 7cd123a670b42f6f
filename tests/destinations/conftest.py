"""Secrets of the emulators, in the environment, and a shop that is kept by commands."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.destinations.platforms import MetaEmulator, Uid2Emulator
from tests.destinations.shop import SECRETS, granted, named
from tests.destinations.shopkeeper import Shopkeeper
from tests.integration.command import Onefold
from tests.services.fixtures import neo4j_service, neo4j_url, services

__all__ = ["neo4j_service", "neo4j_url", "services"]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"TEST_{name}", value)
    monkeypatch.setenv("TEST_UID2", "uid2-key")
    monkeypatch.setenv("TEST_UID2_SECRET", base64.b64encode(Uid2Emulator.KEY).decode())


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shopkeeper]:
    with MetaEmulator() as emulator:
        made = Shopkeeper(Onefold(tmp_path, capsys), emulator)
        made.ingest(named("u-1", "ana@example.com"), granted("u-1"), named("u-2", "boris@example.org"))
        yield made
