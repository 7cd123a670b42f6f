"""What lies beside the file of a SQLite store: its write-ahead log is copied into it again and again, and so
stays in bounds; of what left the store nothing stays in the log, nor in a copy that a rebuild left."""

from contextlib import closing
from pathlib import Path

import orjson
import pytest

from graph_schema import sqlite, sqlite_swap
from graph_schema.rules import load_rules
from graph_schema.store import Writes
from resolver.founding import DEFAULT_ID_KEY
from stream.engine import Engine
from stream.rebuilding import rebuild

_PAGE = 4_096
_TEXT = "x" * 25 * _PAGE


def test_the_log_grows_to_half_of_the_file_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_LOG_PAGES", 40)
    path = tmp_path / "log.db"
    store = sqlite.SqliteStore(path)
    sizes = []
    for kept in (1, 20):
        for number in range(60):
            with store.write() as tx:
                tx.apply(Writes(state={str(number % kept): f"{number}{_TEXT}"}))
        file, log = path.stat().st_size, path.with_name("log.db-wal").stat().st_size
        assert log < max(40 * _PAGE, file / 2) + 2 * len(_TEXT)
        sizes.append(log)
    assert sizes[-1] > 100 * _PAGE, "it is copied before half of the file is to be copied"
    store.close()


def _told(engine: Engine, user: str, name: str) -> int:
    """Takes in what somebody says; returns the number of her person."""
    said = {"source": "web", "type": "identify", "messageId": user, "userId": user}
    engine.ingest([engine.intake.take(orjson.dumps({**said, "traits": {"firstName": name}}), 1)])
    with engine.reader() as reader:
        return reader.find(f"user_id:{user}").person.id


def test_nothing_of_before_a_rebuild_stays_in_the_log(tmp_path: Path) -> None:
    store = sqlite.SqliteStore(tmp_path / "log.db")
    _told(Engine(store, load_rules()), "u-1", "Zephyrine")
    log = tmp_path / "log.db-wal"
    assert b"Zephyrine" in log.read_bytes()
    rebuild(store, load_rules(), DEFAULT_ID_KEY, lambda _: None)
    assert log.read_bytes() == b""
    store.close()


def test_what_a_killed_rebuild_left_goes_with_an_erasure_and_when_the_store_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = sqlite.SqliteStore(path)
    engine = Engine(store, load_rules())
    person = _told(engine, "u-1", "Zephyrine")
    left = tmp_path / "store.db.rebuild"
    with closing(sqlite.SqliteStore(left)) as copy:
        _told(Engine(copy, load_rules()), "u-1", "Zephyrine")
    with closing(sqlite_swap.SqliteSwap(str(path), sqlite.SqliteStore)) as goes_on:
        sqlite.SqliteStore(path).close()
        assert left.exists(), "another process rebuilds"
        goes_on.fresh().close()
    left.write_bytes(b"Zephyrine")
    engine.carry_out(lambda batch: batch.erase(person, 2))
    assert not left.exists()
    left.write_bytes(b"Zephyrine")
    store.close()
    sqlite.SqliteStore(path).close()
    assert not left.exists()
