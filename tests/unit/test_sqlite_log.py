"""The write-ahead log of the SQLite store is copied into the file again and again, and so stays in bounds."""

from pathlib import Path

import pytest

from graph_schema import sqlite
from graph_schema.store import Writes

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
