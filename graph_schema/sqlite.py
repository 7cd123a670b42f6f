"""The embedded store: one SQLite file, no service.

Several processes may use it at once: readers never wait (write-ahead log), writers wait for each other.
What is acknowledged is on disk (``synchronous = FULL``). Who says that it may be so soon goes on while a
thread commits: that is the system's work and the disk's, and needs no interpreter.
"""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from graph_schema.errors import Lost, SchemaMismatch, StoreUnavailable
from graph_schema.migrations import migrations, pending
from graph_schema.sqlite_rows import Known
from graph_schema.sqlite_swap import SqliteSwap, clear
from graph_schema.sqlite_transaction import SqliteTransaction
from graph_schema.store import View

_SHIPPED = ("sqlite_migrations", ".sql")
_BUSY_SECONDS = 60
_WRITER_CACHE_KIB = 64 * 1024
_READER_CACHE_KIB = 8 * 1024
"""Who writes much at once goes over much of the file again and again; of readers there are many, each looks
up little. Who writes little has as little: a commit that splits a page goes through all pages in memory."""
_FEW_ROWS = 2_000
_MAPPED_BYTES = 2_000_000_000
"""So much of the file is read in place: a reader's own pages are void whenever somebody wrote, and a writer
who has few of her own looks up more than these hold. Who has many does without: else the whole file would
count as her memory."""
_PRAGMAS = (
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; "
    "PRAGMA secure_delete = ON"
)
"""Nothing of the erased stays in pages that became free: not every SQLite is built to see to that."""
_LOG_PAGES = 16_384
"""So long the log grows before it is copied into the file, or until it is half as long as the file: a page
that changes in every batch is so copied once for many. The file is measured after so many changed rows."""


class SqliteStore:
    """A store in one file. One connection writes; of those that read there are as many as read at once."""

    def __init__(self, path: str | Path) -> None:
        """Opens the file, makes it where there is none, and migrates it.

        Raises ``StoreUnavailable`` where it can't be opened and ``SchemaMismatch`` where it is not ours.
        """
        self.path = str(path)
        self._writing = threading.Lock()
        self._committing = ThreadPoolExecutor(1)
        self._ending: Future[None] | None = None
        self._measured = 0
        self._writes_little = False
        self._idle: list[sqlite3.Connection] = []
        self._version: int | None = None
        self._known: Known = {}
        with _answering():
            self._writer = self._connect(little=False)
            self._migrate()
            clear(self.path)

    def _connect(self, little: bool) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        connection.executescript(_PRAGMAS)
        _hold(connection, little)
        return connection

    def _migrate(self) -> None:
        execute = self._writer.execute
        execute("BEGIN IMMEDIATE")
        try:
            tables = {row[0] for row in execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if tables and "migration" not in tables:
                raise SchemaMismatch("this file is a database of something else", way_out="Name another file")
            execute(
                "CREATE TABLE IF NOT EXISTS migration "
                "(number INTEGER PRIMARY KEY, name TEXT, checksum TEXT, at TEXT)"
            )
            applied = dict(execute("SELECT number, checksum FROM migration").fetchall())
            for migration in pending(migrations(*_SHIPPED), applied):
                for statement in _statements(migration.text):
                    execute(statement)
                execute(
                    "INSERT INTO migration (number, name, checksum, at) VALUES (?, ?, ?, datetime('now'))",
                    (migration.number, migration.name, migration.checksum),
                )
            execute("COMMIT")
        except BaseException:
            execute("ROLLBACK")
            raise

    @contextmanager
    def read(self, view: View = "loose") -> Iterator[SqliteTransaction]:
        """See ``Store``."""
        with _answering():
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect(little=True)
            connection.execute("BEGIN")
            try:
                yield SqliteTransaction(connection, {})
            finally:
                connection.execute("ROLLBACK")
                self._idle.append(connection)

    @contextmanager
    def write(self) -> Iterator[SqliteTransaction]:
        """See ``Store``."""
        with self._writing:
            self._wait()
            with self._whole():
                self._writer.execute("BEGIN IMMEDIATE")
                version = self._writer.execute("PRAGMA data_version").fetchone()[0]
                if self._writer.total_changes >= self._measured:
                    self._measured = self._writer.total_changes + _LOG_PAGES
                    pages = self._writer.execute("PRAGMA page_count").fetchone()[0]
                    self._writer.execute(f"PRAGMA wal_autocheckpoint = {max(_LOG_PAGES, pages // 2)}")
                if version != self._version or len(self._known) > _FEW_ROWS:
                    self._known = {}
                tx = SqliteTransaction(self._writer, self._known, version == self._version)
                before = self._writer.total_changes
                yield tx
            if tx.soon:
                self._ending = self._committing.submit(self._commit, version, before)
                return
            self._commit(version, before)
            if tx.erased:
                # Nothing of the erased stays in the log, nor in what a rebuild left.
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                clear(self.path)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Takes back the transaction where something in it goes wrong."""
        with _answering():
            try:
                yield
            except BaseException:
                self._version = None
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def _commit(self, version: int, before: int) -> None:
        with self._whole():
            self._writer.execute("COMMIT")
            self._version = version
            self._keep_pages(self._writer.total_changes - before)

    def settle(self) -> None:
        """See ``Behindhand``."""
        with self._writing:
            try:
                self._wait()
            finally:
                self._ending = None

    def _wait(self) -> None:
        """Returns when the last transaction is durable."""
        try:
            if self._ending is not None:
                self._ending.result()
        except Exception as error:
            raise Lost(f"a batch being written is lost ({error})", way_out="Give it again") from error
        self._ending = None

    def _keep_pages(self, changed: int) -> None:
        """Keeps as many pages in memory as whoever changed so many rows needs."""
        little = changed < _FEW_ROWS
        if self._writes_little != little:
            self._writes_little = little
            _hold(self._writer, little)

    def swap(self) -> closing[SqliteSwap]:
        """See ``Replaceable``."""
        with _answering():
            return closing(SqliteSwap(self.path, SqliteStore))

    def schema(self) -> tuple[int, list[str]]:
        """See ``Replaceable``. A file whose schema is not ours is not even opened."""
        return max(one.number for one in migrations(*_SHIPPED)), []

    def close(self) -> None:
        """See ``Store``."""
        self._committing.shutdown()
        for connection in [*self._idle, self._writer]:
            connection.close()


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, each ending where SQLite itself says that it is complete."""
    text = ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            yield text
            text = ""


_ROOM_AND_RIGHTS: Final = (
    "See that its folder exists and can be written, that its disk has room, "
    "and that no other program holds it locked"
)
_WAYS_OUT: Final = {
    sqlite3.SQLITE_NOTADB: "Name another file; if this was the store, put a backup in its place",
    sqlite3.SQLITE_CORRUPT: "It is damaged: put a backup in its place, and ingest the files since then",
}


@contextmanager
def _answering() -> Iterator[None]:
    """What the file or its disk is at fault for is told as that; what is our own fault is not."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if type(error) not in (sqlite3.OperationalError, sqlite3.DatabaseError):
            raise
        code = getattr(error, "sqlite_errorcode", 0)  # which what sqlite3 says by itself has not
        raise StoreUnavailable(
            f"the SQLite file can't be used ({error})", way_out=_WAYS_OUT.get(code & 0xFF, _ROOM_AND_RIGHTS)
        ) from error


def _hold(connection: sqlite3.Connection, little: bool) -> None:
    """Has a connection hold in memory what it needs whose changes are few, or many."""
    cache_kib, mapped = (_READER_CACHE_KIB, _MAPPED_BYTES) if little else (_WRITER_CACHE_KIB, 0)
    connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    connection.execute(f"PRAGMA mmap_size = {mapped}")
