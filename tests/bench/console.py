"""How long each page of the console takes on a store of many persons.

`python -m tests.bench.console [PEOPLE]`: the store is a simulated town.
"""

import gc
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from serving.app import make_app
from stream.engine import Engine
from tests.bench.figures import Figure, number, percentile, table
from tests.bench.machine import machine
from tests.integration.running import running

ASKED_MS = 100.0
_TIMES = 15
_PLACES = ("", "/timeline", "/records", "/how", "/graph")
_PAGES = ("queue", "search?q=maria+garzia", "search?q=schmdt", "changes", "audit", "values", "health")


def measure(folder: Path, people: int) -> Iterator[Figure]:
    """A figure for each page: the 95th percentile of some looks, in milliseconds."""
    stream, path = folder / "town.jsonl", folder / "town.db"
    size = ("--people", str(people), "--events", str(people * 4), "--out", str(stream))
    for arguments in (("simulate", *size), ("ingest", str(stream), "--store", f"sqlite:///{path}")):
        command = str(Path(sys.executable).with_name("onefold"))
        subprocess.run([command, *arguments], check=True, capture_output=True)
    store = SqliteStore(path)
    try:
        with store.read() as tx:
            persons = sorted(tx.all_persons(), key=lambda one: -one.size)
        found, ids = len(persons), [one.person_id for one in persons[:: max(1, len(persons) // _TIMES)]]
        del persons
        # As `onefold serve` does it, whose process this one stands for.
        gc.freeze()
        gc.set_threshold(50_000, 20)
        app = make_app(Engine(store, load_rules()))
        with running(app) as url, httpx.Client(base_url=url, timeout=60, follow_redirects=True) as client:
            yield Figure("persons in the store", found, "")
            yield _figure("queue, the first look after the start", client, ["/console/queue"])
            yield from _surveyed(client, ids)
            for page in _PAGES:
                yield _figure(page, client, [f"/console/{page}"] * _TIMES)
            for place in _PLACES:
                yield _figure(f"person{place}", client, [f"/console/persons/{one}{place}" for one in ids])
            cases = client.get("/v1/cases").json()["cases"][:_TIMES]
            yield _figure("case", client, [f"/console/cases/{one['case_id']}" for one in cases])
    finally:
        store.close()


def _surveyed(client: httpx.Client, ids: list[str]) -> Iterator[Figure]:
    """Looks at pages until the first survey is made."""
    took: list[float] = []
    while "being counted" in client.get("/console/health").text:
        for path in ("/console/queue", *(f"/console/persons/{one}" for one in ids[::4])):
            took += _times(client, [path])
    if took:
        yield _told("while a survey runs: queue and persons", took)


def _figure(what: str, client: httpx.Client, paths: list[str]) -> Figure:
    return _told(what, _times(client, paths))


def _times(client: httpx.Client, paths: list[str]) -> list[float]:
    took: list[float] = []
    for path in paths:
        started = time.perf_counter()
        answer = client.get(path)
        took.append((time.perf_counter() - started) * 1e3)
        assert answer.status_code == 200, (path, answer.status_code)
    return took


def _told(what: str, took: list[float]) -> Figure:
    note = f"median {number(percentile(took, 0.5))} ms" if took else "none"
    return Figure(f"page: {what}", percentile(took or [0.0], 0.95), "ms", ASKED_MS, note=note)


def main(people: int) -> None:
    """Measures and prints."""
    with TemporaryDirectory(prefix="onefold-console-") as folder:
        figures = list(measure(Path(folder), people))
    sys.stdout.write(f"{machine()}\n{table(figures)}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 125_000)
