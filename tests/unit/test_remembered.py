"""What is remembered from batch to batch, and what was made ready beside the engine, changes no result."""

import sqlite3
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from graph_schema.vocabulary import DeadLetter, Event
from resolver.founding import DEFAULT_ID_KEY
from stream import contents, holding
from stream.engine import Engine
from stream.files import RawLine
from stream.parsing import Job, Parser
from stream.simulation import simulate

_AT = 1_800_000_000_000_000
_BATCH = 100
RULES = load_rules()


def _items(id_key: bytes | None) -> list[Event | DeadLetter]:
    town = islice(simulate(120, 1_500, 3), 1_500)
    lines = [RawLine(number, orjson.dumps(one.message)) for number, one in enumerate(town, 1)]
    return Parser(RULES, id_key).parse(Job(lines, "town", received=_AT))


def _rows(path: Path, items: list[Event | DeadLetter]) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of a store that took these in."""
    store = SqliteStore(path)
    engine = Engine(store, RULES, clock=lambda: _AT)
    for start in range(0, len(items), _BATCH):
        engine.ingest(items[start : start + _BATCH])
    store.close()
    with sqlite3.connect(path) as opened:
        names = [row[0] for row in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        names.remove("migration")
        return {name: sorted(opened.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}


def test_it_matters_to_no_row_what_is_remembered_or_made_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _rows(tmp_path / "whole.db", _items(None))
    ready = _items(DEFAULT_ID_KEY)
    assert sum(isinstance(one, Event) and one.ready is not None for one in ready) > 100
    assert _rows(tmp_path / "ready.db", ready) == whole
    for module in (holding, contents):
        monkeypatch.setattr(module, "REMEMBERED", 10)
    assert _rows(tmp_path / "forgetful.db", _items(None)) == whole
