"""Puts the content of one SQLite store in the place of another's, in one transaction of the one that stands.

The file stays, so that whoever has it open sees all of the old or all of the new, and learns that it changed.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from graph_schema.errors import StoreUnavailable
from graph_schema.store import Store

_BUSY_SECONDS = 60


def _alone(path: str, seconds: float) -> sqlite3.Connection:
    """Holds a lock until it is closed, or its process ends: two that fill one fresh store would mix in it.
    It is waited for so long.

    Its file stays, empty: whoever waits for it would else hold one that is gone.
    """
    lock = sqlite3.connect(f"{path}-rebuilding", timeout=seconds, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        what = "another process is rebuilding this store"
        raise StoreUnavailable(what, way_out="Let it end, then run this again") from error
    return lock


def clear(path: str) -> None:
    """Removes what a rebuild left beside a store that was killed: all that the store knew then."""
    fresh = _fresh(path)
    if Path(fresh).exists():
        with suppress(StoreUnavailable), closing(_alone(path, 0)):
            _remove(fresh)


def _fresh(path: str) -> str:
    return f"{path}.rebuild"


def _remove(path: str) -> None:
    for ending in ("", "-wal", "-shm"):
        Path(path + ending).unlink(missing_ok=True)


class SqliteSwap:
    """See ``Swap``; ``opened`` opens a store in a file."""

    def __init__(self, path: str, opened: Callable[[str], Store]) -> None:
        self._fresh = _fresh(path)
        self._opened = opened
        self._alone = _alone(path, _BUSY_SECONDS)
        self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        self._connection.execute("PRAGMA secure_delete = ON")
        self._version = self._data_version()

    def close(self) -> None:
        """Gives back what is held open, and removes what is left of the fresh store."""
        self._connection.close()
        _remove(self._fresh)
        self._alone.close()

    def fresh(self) -> Store:
        """See ``Swap``."""
        _remove(self._fresh)
        return self._opened(self._fresh)

    def take_place(self) -> bool:
        """See ``Swap``. Raises ``StoreUnavailable`` where the store that stands is locked or full."""
        execute = self._connection.execute
        try:
            execute("ATTACH DATABASE ? AS fresh", (self._fresh,))
            execute("BEGIN IMMEDIATE")
            try:
                if self._data_version() != self._version:
                    execute("ROLLBACK")
                    return False
                for table in self._tables():
                    execute(f"DELETE FROM main.{table}")
                    execute(f"INSERT INTO main.{table} SELECT * FROM fresh.{table}")
                execute("COMMIT")
                # Nothing that left the store stays in the log.
                execute("PRAGMA main.wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                if self._connection.in_transaction:
                    execute("ROLLBACK")
                execute("DETACH DATABASE fresh")
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(
                f"the SQLite file can't be replaced ({error})",
                way_out="Nothing was changed. See that the disk has room and nobody else holds it locked",
            ) from error
        return True

    def _data_version(self) -> int:
        version: int = self._connection.execute("PRAGMA main.data_version").fetchone()[0]
        return version

    def _tables(self) -> list[str]:
        names = self._connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
        return [row[0] for row in names if row[0] != "migration" and not row[0].startswith("sqlite_")]
