"""What keeping audiences costs an ingest: one stream into two stores, with and without, each batch in turn.

`python -m tests.bench.upkeep`; EVENTS in the environment sets the size (60,000). Processor time of what
writes, in batches of 4,000; parsing, which goes on in another process, is left out. As in `onefold ingest`
nothing looks for cycles: it would go through both stores' memory at the cost of one.
"""

import gc
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from stream.engine import Engine
from stream.simulation import simulate
from tests.bench.figures import Figure, table
from tests.bench.machine import machine

ASKED: Final = 0.2
_AT_ONCE: Final = 4_000
_EVENTS_EACH: Final = 10


def measure(folder: Path, events: int) -> Iterator[Figure]:
    """The share of its rate that an ingest loses by keeping audiences, and in what time."""
    rules = load_rules()
    gc.disable()
    stores = [SqliteStore(folder / f"{name}.db") for name in ("with", "without")]
    engines = [Engine(store, rules, audiences=not place) for place, store in enumerate(stores)]
    spent = [0.0, 0.0]
    taken = 0
    batch: list[Any] = []

    def ingest() -> None:
        # Who goes second finds the processor warm: so they take turns.
        for place in (0, 1) if taken // _AT_ONCE % 2 else (1, 0):
            began = time.process_time()
            engines[place].ingest(batch)
            spent[place] += time.process_time() - began
        batch.clear()

    for message, *_ in simulate(max(1, events // _EVENTS_EACH), events, 1):
        batch.append(engines[0].intake.take(orjson.dumps(message), 1))
        taken += 1
        if len(batch) == _AT_ONCE:
            ingest()
    ingest()
    for store in stores:
        store.close()
    gc.enable()
    kept, without = (each / taken * 1e6 for each in spent)
    yield Figure("ingest without audiences", without, "µs/event")
    yield Figure("ingest with the audiences of retail", kept, "µs/event")
    yield Figure(
        "of the rate, what audiences cost", 1 - without / kept, "of it", ASKED, note=f"{taken:,} events"
    )


def main() -> None:
    """Prints the table."""
    events = int(os.environ.get("EVENTS", "60000"))
    sys.stdout.write(f"EVENTS={events} python -m tests.bench.upkeep\n{machine()}\n\n")
    with TemporaryDirectory(prefix="onefold-bench-") as folder:
        sys.stdout.write(f"{table(measure(Path(folder), events))}\n")


if __name__ == "__main__":
    main()
