"""Matching in the stream: customer tables without a key in common, record by record into SQLite.

`python -m tests.bench.matching`; PEOPLE in the environment sets the size (50,000). As `onefold ingest` does
it: parsed in a process beside the one that writes, without the collector of cycles. The last records come one
at a time, each in a transaction of its own, all in one process, and are what the latencies are of.
"""

import gc
import os
import resource
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from stream.engine import Engine
from stream.files import RawLine
from stream.parsing import Job, Parsing
from tests.bench.figures import Figure, percentile, tell
from tests.people_table import people_table

_AT_ONCE = 1_000
_SINGLES = 2_000
_DIRTY = 0.3
_PLACE = ("street", "city", "postalCode", "country")


def messages(people: int, seed: int = 1) -> Iterator[bytes]:
    """The rows of a dirty customer table as messages, e-mail and phone among what is only compared."""
    for row in people_table(people, seed, _DIRTY):
        traits: dict[str, Any] = {n: row[n] for n in ("firstName", "lastName", "birthday") if row[n]}
        traits["address"] = {name: row[name] for name in _PLACE if row[name]}
        context = {"recordId": row["record_id"]}
        yield orjson.dumps(
            {"type": "identify", "source": row["source"], "context": context, "traits": traits}
        )


def jobs(lines: Iterator[tuple[int, bytes]], size: int) -> Iterator[Job]:
    """Numbered lines to parse, so many at a time."""
    while part := [RawLine(number, line) for number, line in islice(lines, size)]:
        yield Job(part, "table", None, None, 1)


def _beside() -> float:
    """Seconds of processor time of processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(folder: Path, people: int) -> Iterator[Figure]:
    """Throughput in batches of a thousand, then the latency of single records."""
    least = 1_000 if people <= 100_000 else 500
    store = SqliteStore(folder / "matching.db")
    engine = Engine(store, load_rules())
    lines = list(messages(people))
    singles = min(_SINGLES, len(lines) // 10)
    rest = enumerate(lines, 1)
    taken = len(lines) - singles
    gc.disable()
    started, spent, beside = time.perf_counter(), time.process_time(), _beside()
    with Parsing(engine.rules, engine.id_key, workers=1) as parsing:
        for items in parsing.run(jobs(islice(rest, taken), _AT_ONCE)):
            engine.ingest(items)
    seconds, spent = time.perf_counter() - started, time.process_time() - spent
    note = f"{taken:,} records of {people:,} people"
    yield Figure("streamed with matching", taken / seconds, "records/s", least, True, note)
    yield Figure("processor time of the process that writes", spent / taken * 1e6, "µs/record", 1e6 / least)
    yield Figure("processor time of the one that parses", (_beside() - beside) / taken * 1e6, "µs/record")
    walls, works = [], []
    for _, line in rest:
        began, worked = time.perf_counter(), time.process_time()
        engine.ingest([engine.intake.take(line, 1)])
        walls.append((time.perf_counter() - began) * 1e3)
        works.append((time.process_time() - worked) * 1e3)
    for name, values in (("a single record", walls), ("processor time of a single record", works)):
        yield Figure(f"{name}, p50", percentile(values, 0.5), "ms", 2)
        yield Figure(f"{name}, p99", percentile(values, 0.99), "ms", 10)
    store.close()
    size = sum(each.stat().st_size for each in folder.glob("matching.db*"))
    yield Figure("the store on disk", size / len(lines), "bytes/record")


def main() -> None:
    """Prints each figure as it comes, and the table at the end."""
    people = int(os.environ.get("PEOPLE", "50000"))
    with TemporaryDirectory(prefix="onefold-bench-") as folder:
        tell(f"PEOPLE={people} python -m tests.bench.matching", measure(Path(folder), people))


if __name__ == "__main__":
    main()
