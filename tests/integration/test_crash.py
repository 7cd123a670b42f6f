"""A process that is killed while it ingests loses nothing and counts nothing twice."""

import random
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from resolver.founding import DEFAULT_ID_KEY
from stream.exporting import events, links, persons
from stream.intake import Intake
from stream.reader import Reader
from stream.simulation import simulate, write_stream
from tests.integration.command import process

_KILLS = 20
_EVENTS = 8_000
_CLOCK = 1_800_000_000_000_000


def _run(folder: Path, *arguments: str) -> None:
    running = process(folder, *arguments)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 0, said.decode()


def _told(path: Path) -> list[list[Any]]:
    """Everything that a store says of who is who; versions count how often it looked, so they may differ."""
    store = SqliteStore(path)
    with store.read() as tx:
        reader = Reader(tx, Intake(load_rules()), DEFAULT_ID_KEY)
        profiles = [(one, {**orjson.loads(text), "version": 0}) for one, text in persons(reader, _CLOCK)]
        letters = [(letter.field, letter.raw) for _, letter in tx.dead_letters(0, 10)]
        told: list[list[Any]] = [list(links(reader)), list(events(reader)), profiles, letters]
    store.close()
    return told


def _written_at(store: Path) -> int:
    log = store.with_name(store.name + "-wal")
    return log.stat().st_mtime_ns if log.exists() else 0


@pytest.mark.slow
def test_killed_twenty_times_it_comes_to_the_same_end(tmp_path: Path) -> None:
    write_stream(simulate(600, _EVENTS, 5), tmp_path / "events.jsonl")
    with (tmp_path / "events.jsonl").open("ab") as lines:
        lines.write(b'not JSON\n{"type":"track"}\n')
    ingest = ("ingest", "events.jsonl", "--batch", "100", "--store")
    _run(tmp_path, *ingest, "sqlite:///calm.db")
    chance = random.Random(7)
    store = tmp_path / "rough.db"
    in_the_midst = 0
    for _ in range(_KILLS):
        before = _written_at(store)
        running = process(tmp_path, *ingest, "sqlite:///rough.db")
        while running.poll() is None and _written_at(store) == before:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.1))
        in_the_midst += running.poll() is None
        running.kill()
        running.communicate()
    assert in_the_midst == _KILLS
    _run(tmp_path, *ingest, "sqlite:///rough.db")
    told = _told(store)
    assert told == _told(tmp_path / "calm.db")
    assert [len(part) > 100 for part in told] == [True, True, True, False]
    assert [letter[0] for letter in told[3]] == ["message", "source"]
