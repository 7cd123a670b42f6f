"""Reads golden profiles by random identifiers while another process writes: run as a process of its own.

It looks only for identifiers of lines that are durable by then, at a steady pace that leaves the writer its
cores, and notes how far the writer is each time: so the writer's own rate comes out of it as well.
"""

import gc
import random
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from graph_schema.errors import AmbiguousIdentifier, UnknownPerson
from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Transaction
from resolver.founding import DEFAULT_ID_KEY
from serving.cli import look_for_cycles_rarely
from stream.engine import now_us
from stream.intake import Intake
from stream.reader import Reader
from tests.bench.naive import identifiers

PER_SECOND: Final = 20
_SAMPLE: Final = 20_000


class Reads(NamedTuple):
    """What the reader saw: (seconds, lines durable) at each step, and how long each read took, in ms."""

    progress: list[tuple[float, int]]
    read_ms: list[float]
    ambiguous: int


class _Sample(NamedTuple):
    """Identifiers, with the number of the line that first names each."""

    lines: list[int]
    references: list[str]


def sample(stream: Path, events: int) -> _Sample:
    """One random identifier from lines spread over the whole stream."""
    draw = random.Random(7)
    step = max(1, events // _SAMPLE)
    found = _Sample([], [])
    with stream.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if number % step:
                continue
            named = [each for each in identifiers(orjson.loads(line)) if not each[0].startswith("row of ")]
            if named:
                found.lines.append(number)
                found.references.append(":".join(draw.choice(named)))
    return found


def durable(tx: Transaction) -> int:
    """How many lines of the one file are consumed."""
    return max((int(mark[0]) for mark in tx.scan("position/").values()), default=0)


def read_along(store: Path, stream: Path, events: int) -> Reads:
    """Reads until the last line is durable."""
    given = sample(stream, events)
    intake = Intake(load_rules())
    # As in `onefold serve`, which is who reads profiles.
    look_for_cycles_rarely()
    gc.freeze()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not store.exists() or not store.stat().st_size:
        time.sleep(0.01)
    opened = SqliteStore(store)
    draw = random.Random(11)
    seen = Reads([], [], 0)
    ambiguous = 0
    done = 0
    while done < events:
        started = time.perf_counter()
        with opened.read() as tx:
            done = durable(tx)
        seen.progress.append((time.monotonic(), done))
        usable = next((n for n, line in enumerate(given.lines) if line > done), len(given.lines))
        if usable:
            reference = given.references[draw.randrange(usable)]
            began = time.perf_counter()
            try:
                with opened.read() as tx:
                    orjson.dumps(Reader(tx, intake, DEFAULT_ID_KEY).profile(reference, now_us()))
            except (AmbiguousIdentifier, UnknownPerson):
                ambiguous += 1
            seen.read_ms.append((time.perf_counter() - began) * 1e3)
        time.sleep(max(0.0, 1 / PER_SECOND - (time.perf_counter() - started)))
    opened.close()
    return seen._replace(ambiguous=ambiguous)


if __name__ == "__main__":
    told = read_along(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(orjson.dumps(told._asdict()).decode() + "\n")
