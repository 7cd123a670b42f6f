"""Decisions from stored profiles: a thousand at a time, one by one, and over HTTP, all in one process.

`python -m tests.bench.decisions`; PEOPLE in the environment sets the size (20,000). A simulated stream is
taken into SQLite first. Everybody is asked about, by an identifier drawn from the stream, each by another
campaign, with the clock at the stream's end. Rates are by processor time: what an idle machine reaches.
"""

import gc
import os
import random
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import orjson

from graph_schema.iso_time import read_time
from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from resolver.founding import DEFAULT_ID_KEY
from serving.app import make_app
from serving.cli import look_for_cycles_rarely
from serving.models import DecisionRequest
from stream.deciding import Asked, decide_all
from stream.engine import Engine
from stream.reader import Reader
from stream.simulation import simulate
from tests.bench.figures import Figure, tell
from tests.bench.naive import identifiers
from tests.integration.running import running

ASKED: Final = 10_000
_AT_ONCE: Final = 1_000
_EVENTS_EACH: Final = 10
_BATCH: Final = 4_000
_AT: Final = "2026-01-01T00:00:00Z"

Question = dict[str, Any]


def fill(store: SqliteStore, people: int) -> list[Question]:
    """Takes a simulated stream into a store; returns a question for each of its people, as HTTP has it."""
    engine = Engine(store, load_rules())
    draw = random.Random(5)
    named: dict[str, list[tuple[str, str]]] = {}
    goods: list[dict[str, str]] = [{}]
    batch = []
    for message, person, _ in simulate(people, people * _EVENTS_EACH, 1):
        kept = named.setdefault(person, [])
        kept += [one for one in identifiers(message) if not one[0].startswith("row of ")]
        said: Any = message.get("properties") or {}
        for line in said.get("products", ()):
            goods.append({"product": line["product_id"], "category": line["category"]})
        batch.append(engine.intake.take(orjson.dumps(message), 1))
        if len(batch) == _BATCH:
            engine.ingest(batch)
            batch.clear()
    engine.ingest(batch)
    campaigns = cycle(sorted(engine.rules.campaigns))
    found = [
        {
            "identifier": ":".join(draw.choice(one)),
            "campaign": next(campaigns),
            "at": _AT,
            **draw.choice(goods),
        }
        for one in named.values()
        if one
    ]
    draw.shuffle(found)
    return found


def measure(folder: Path, people: int) -> Iterator[Figure]:
    """A figure for each way of asking; the store is new, and read for the first time by the first."""
    store = SqliteStore(folder / "decisions.db")
    questions = fill(store, people)
    engine = Engine(store, load_rules())
    at = read_time(_AT) or 0
    asked = [Asked(one["identifier"], DecisionRequest(**one).about(), at) for one in questions]
    known = [0]
    look_for_cycles_rarely()  # this and the next as `onefold serve` does
    gc.freeze()

    def ask(part: list[Asked]) -> None:
        with store.read() as tx:
            found = decide_all(Reader(tx, engine.intake, DEFAULT_ID_KEY), part)
        known[0] += sum("unknown_person" not in one.reasons for one in found)

    yield _figure("a thousand at a time", asked, _AT_ONCE, ask)
    share = known[0] / len(asked)
    yield Figure("of them about somebody known", share, "of all")
    yield _figure("the same once more", asked, _AT_ONCE, ask)
    yield _figure("one at a time", asked[: len(asked) // 4], 1, ask)
    with running(make_app(engine)) as url, httpx.Client(base_url=url, timeout=60) as client:
        client.post("/v1/decisions", json=questions[0]).raise_for_status()

        def send(part: list[Question]) -> None:
            body, kind = orjson.dumps(part), {"content-type": "application/json"}
            client.post("/v1/decisions", content=body, headers=kind).raise_for_status()

        yield _figure("over HTTP, a thousand a request, client and server", questions, _AT_ONCE, send)
    store.close()


def _figure(what: str, questions: list[Any], at_once: int, ask: Callable[[list[Any]], None]) -> Figure:
    began, worked = time.perf_counter(), time.process_time()
    for start in range(0, len(questions), at_once):
        ask(questions[start : start + at_once])
    spent, seconds = time.process_time() - worked, time.perf_counter() - began
    count = len(questions)
    note = f"{spent / count * 1e6:.0f} µs of processor time each; {count / seconds:,.0f}/s by the clock"
    return Figure(what, count / spent, "decisions/s", ASKED, True, note)


def main() -> None:
    """Prints each figure as it comes, and the table at the end."""
    people = int(os.environ.get("PEOPLE", "20000"))
    with TemporaryDirectory(prefix="onefold-bench-") as folder:
        tell(f"PEOPLE={people} python -m tests.bench.decisions", measure(Path(folder), people))


if __name__ == "__main__":
    main()
