"""What the SQLite store does where its disk is full, and where many threads come and go."""

import os
import sqlite3
from pathlib import Path
from threading import Thread

import orjson
import pytest

from graph_schema import sqlite
from graph_schema.errors import StoreUnavailable
from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from stream.arrived import Arrived
from stream.consuming import Consuming, Figures, Stopped
from stream.engine import Engine
from stream.simulation import simulate
from tests.integration.command import Onefold

OPEN_FILES = Path("/dev/fd")


def full(path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteStore:
    """A store on whose disk there is hardly room for more than its tables."""
    SqliteStore(path).close()
    with sqlite3.connect(path) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    monkeypatch.setattr(sqlite, "_PRAGMAS", f"{sqlite._PRAGMAS}; PRAGMA max_page_count = {pages + 4}")
    return SqliteStore(path)


def test_a_full_disk_is_told_as_the_stores_and_no_message_is_to_blame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = full(tmp_path / "full.db", monkeypatch)
    engine = Engine(store, load_rules())
    made = [orjson.dumps(one.message) for one in simulate(20, 200, 1)]
    with pytest.raises(StoreUnavailable, match="full"):
        engine.ingest([engine.intake.take(one, 1) for one in made])
    figures = Figures()
    consuming = Consuming(engine, figures)
    consuming.stop()
    with pytest.raises(Stopped):
        consuming.take([Arrived("t", 0, at, 1, one) for at, one in enumerate(made)])
    assert not figures.store_answers
    assert "a batch waits: the SQLite file can't be used (database or disk is full)" in caplog.text
    with store.read() as tx:
        assert (tx.dead_letters(0, 9), list(tx.all_events())) == ([], [])
    store.close()


def test_a_damaged_file_is_told_with_its_own_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    onefold, path = Onefold(tmp_path, capsys), tmp_path / "store.db"
    monkeypatch.setenv("ONEFOLD_STORE", f"sqlite:////{str(path).lstrip('/')}")
    lines = [one.message for one in simulate(40, 2_000, 1)]
    assert onefold("ingest", onefold.lines("town.jsonl", *lines)).code == 0
    with sqlite3.connect(path) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'person'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xde" * size)
    told = onefold("export", "persons", "-")
    assert (told.code, "put a backup in its place" in told.err) == (3, True)
    looked = onefold("doctor")
    assert (looked.code, looked.err) == (1, "")
    assert "✗ content" in looked.out
    assert "put a backup in its place" in looked.out
    path.write_bytes(b"id,name\n" * 1_000)
    told = onefold("person", "user_id:u-1")
    assert (told.code, "Name another file" in told.err) == (3, True)


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="a system that does not tell which files are open")
def test_threads_that_come_and_go_leave_no_file_open(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")

    def read() -> None:
        with store.read() as outer, store.read() as inner:
            assert outer.last_change() == inner.last_change() == 0

    read()
    before = len(os.listdir(OPEN_FILES))
    for _ in range(20):
        thread = Thread(target=read)
        thread.start()
        thread.join()
    assert len(os.listdir(OPEN_FILES)) == before
    store.close()
