"""A simulated stream through `onefold ingest` into SQLite, in one command, with a reader beside it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from tests.bench import naive
from tests.bench.figures import Figure, percentile
from tests.bench.reading import Reads
from tests.bench.resident import Resident

ONEFOLD = [sys.executable, "-c", "from serving.cli import main; main()"]


def measure(folder: Path, people: int, events: int) -> Iterator[Figure]:
    """Makes the stream, then measures the naive loop and Onefold on it."""
    stream, store = folder / "stream.jsonl", folder / "bench.db"
    size = ["--people", str(people), "--events", str(events), "--seed", "1", "--out", str(stream)]
    subprocess.run([*ONEFOLD, "simulate", *size], check=True, stderr=subprocess.DEVNULL)
    yardstick = naive.run(stream)
    yield Figure("naive loop over the same file", yardstick.events_per_s, "events/s")
    module = [sys.executable, "-m", "tests.bench.reading", str(store), str(stream), str(events)]
    with subprocess.Popen(module, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        started, spent = time.monotonic(), _children_seconds()
        command = [*ONEFOLD, "ingest", str(stream), "--store", f"sqlite:///{store}"]
        with (
            subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as ingest,
            Resident(ingest.pid) as memory,
        ):
            assert ingest.stderr is not None
            said = ingest.stderr.read()
        if ingest.returncode:
            reader.kill()
            raise SystemExit(f"onefold ingest ended with {ingest.returncode}: {said}")
        seconds, spent = time.monotonic() - started, _children_seconds() - spent
        reads = Reads(**orjson.loads(reader.stdout.read()))
    per_second = events / seconds
    yield Figure("ingest, start to end of the command", per_second, "events/s", 10_000, True, said.strip())
    yield Figure("ingest against the naive loop", per_second / yardstick.events_per_s, "times")
    yield Figure("processor time of all its processes", spent / events * 1e6, "µs/event")
    yield Figure("cores that they kept busy", spent / seconds, "cores")
    yield from _steadiness(reads, started, events)
    yield Figure("memory of all its processes, at most", memory.peak_mb, "MB", 1024)
    yield Figure("of it their own, not pages of files", memory.own_mb, "MB")
    note = f"{len(reads.read_ms):,} reads, {reads.ambiguous:,} of nobody alone"
    yield Figure("golden profile while it ingests, p50", percentile(reads.read_ms, 0.5), "ms")
    yield Figure("golden profile while it ingests, p99", percentile(reads.read_ms, 0.99), "ms", 5, note=note)
    bytes_each = sum(each.stat().st_size for each in folder.glob("bench.db*")) / events
    yield Figure("the store on disk", bytes_each, "bytes/event")


def _children_seconds() -> float:
    """Processor time of the processes that have ended and were waited for."""
    times = os.times()
    return times.children_user + times.children_system


def _steadiness(reads: Reads, started: float, events: int) -> Iterator[Figure]:
    """The rate of the first tenth and the last, by when which line was durable."""
    first = rate(reads, 0.0, 0.1, started, events)
    last = rate(reads, 0.9, 1.0, started, events)
    yield Figure("rate of the first tenth", first, "events/s", note="from the first batch on")
    yield Figure("rate of the last tenth", last, "events/s")
    yield Figure("last tenth against the first", last / first, "times", 0.8, True)


def rate(reads: Reads, begin: float, end: float, started: float, events: int) -> float:
    """Lines a second between two shares of the stream, from what was durable at which moment."""
    marks = [(at, done) for at, done in reads.progress if done]
    steps = [mark for n, mark in enumerate(marks) if n == 0 or marks[n - 1][1] != mark[1]]
    before = [mark for mark in steps if mark[1] <= begin * events]
    within = [mark for mark in steps if mark[1] <= end * events]
    first = before[-1] if before else steps[0]
    last = within[-1] if within and within[-1][1] > first[1] else steps[-1]
    if last[1] == first[1]:
        return last[1] / (last[0] - started)
    return (last[1] - first[1]) / (last[0] - first[0])
