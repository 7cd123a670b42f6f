"""A server in a process of its own, on loopback and a free port: for tests that send to it, and kill it.

`python -m tests.integration.serving_process STORE RULES` is that process; it writes its address on a line.
"""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import httpx

from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from graph_schema.vocabulary import DeadLetter, StoredEvent
from serving.server import serve
from stream.engine import Engine

ROOT = Path(__file__).parents[2]


class Serving:
    """A running server over one SQLite file."""

    def __init__(self, store: Path, rules: str = "retail") -> None:
        self.store = store
        command = [sys.executable, "-m", "tests.integration.serving_process", str(store), rules]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        self.log: list[str] = []
        assert self.url, f"the server did not start: {self._process.communicate()[1]}"
        self._reading = threading.Thread(target=self._read_log)
        self._reading.start()

    def _read_log(self) -> None:
        assert self._process.stderr is not None
        self.log.extend(self._process.stderr)

    def client(self, write_key: str | None = "web") -> httpx.Client:
        """A client that sends with this write key."""
        auth = None if write_key is None else httpx.BasicAuth(write_key, "")
        return httpx.Client(base_url=self.url, auth=auth, timeout=30)

    def kill(self) -> None:
        """Ends the process as a power cut would."""
        self._process.kill()
        self._end()

    def stop(self) -> None:
        """Asks the process to end, and waits until it has."""
        self._process.terminate()
        self._end()

    def _end(self) -> None:
        self._process.wait(30)
        self._reading.join()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def __enter__(self) -> "Serving":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self.stop()

    def events(self) -> list[StoredEvent]:
        """Every event that the store holds."""
        with _opened(self.store) as store, store.read() as tx:
            return list(tx.all_events())

    def dead_letters(self) -> list[DeadLetter]:
        """Every dead letter that the store holds."""
        with _opened(self.store) as store, store.read() as tx:
            return [letter for _, letter in tx.dead_letters(0, 10_000)]


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    try:
        yield store
    finally:
        store.close()


def main(path: str, rules: str) -> None:
    """Serves until it is told to end."""
    store = SqliteStore(path)
    try:
        serve(Engine(store, load_rules(rules)), port=0, started=lambda url: print(url, flush=True))
    finally:
        store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
