"""A person with thousands of records: what one event costs there, and what a merge and a split cost.

Three such persons: rows of a customer table that name one e-mail; anonymous sessions of one device; and half
and half. Each event is a batch of its own, durable when the time is taken.
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from stream.engine import Engine
from stream.judging import Judging, Word
from tests.bench.figures import Figure, percentile

Message = dict[str, Any]

_BATCH: Final = 1_000
_START: Final = 1_767_225_600
EMAIL: Final = {"email": "ana@example.com"}


def measure(folder: Path, records: int, times: int) -> Iterator[Figure]:
    """Each kind of person in a store of its own."""
    halves = [*_rows(records // 2), *_sessions(records - records // 2 - 1), _tie()]
    kinds: Mapping[str, list[Message]] = {
        "rows": list(_rows(records)),
        "sessions": list(_sessions(records)),
        "half rows, half sessions": halves,
    }
    for name, messages in kinds.items():
        yield from _Person(folder / f"{name.replace(' ', '-')}.db", name, records).measure(messages, times)


class _Person:
    """One big person in a fresh store."""

    def __init__(self, path: Path, name: str, records: int) -> None:
        self._store = SqliteStore(path)
        self._engine = Engine(self._store, load_rules())
        self._kind = name
        self._name = f"{records:,} records ({name})"
        self._sent = 0
        self._at = _START

    def measure(self, messages: list[Message], times: int) -> Iterator[Figure]:
        while messages:
            self._take(*messages[:_BATCH])
            messages = messages[_BATCH:]
        yield from self._quiet(times)
        yield from self._merge_and_split()
        yield from self._judged()
        self._store.close()

    def _quiet(self, times: int) -> Iterator[Figure]:
        """Events by which no person changes: of a record that is known, and of a new record of hers."""
        self._engine = Engine(self._store, load_rules())
        cold = self._take(self._known_record(0))
        again = [self._take(self._known_record(n)) for n in range(times)]
        new = [self._take(self._new_record(n)) for n in range(times)]
        named = [self._take(self._new_row(n)) for n in range(times)] if self._kind == "rows" else []
        known = [self._take(self._respelt(n)) for n in range(3)] if self._kind == "rows" else []
        yield self._figure("event of a known record, first after a start", cold, 50)
        yield self._figure("event of a known record, median", percentile(again, 0.5), 50)
        yield self._figure("event of a known record, slowest", max(again), 50)
        yield self._figure("new record of hers, median", percentile(new, 0.5), 50)
        yield self._figure("new record of hers, slowest", max(new), 50)
        if named:
            yield self._figure("new row that says her name, median", percentile(named, 0.5), 50)
            yield self._figure("new row that says her name, slowest", max(named), 50)
            yield self._figure("known row that says it otherwise, slowest", max(known), 50)

    def _merge_and_split(self) -> Iterator[Figure]:
        """A customer's login ties her to all these records; then another's on the same value unties them."""
        self._take({"type": "identify", "source": "app", "userId": "u-1", "traits": {"plan": "gold"}})
        self._take({"type": "identify", "source": "app", "userId": "u-2", "traits": {"plan": "blue"}})
        before = self._persons()
        merge = self._take({"type": "identify", "source": "web", "userId": "u-1", **self._shared()})
        assert self._persons() == before - 1, "it was to merge"
        yield self._figure("merge", merge, 1_000)
        split = self._take({"type": "identify", "source": "web", "userId": "u-2", **self._shared()})
        assert self._persons() == before, "it was to split"
        yield self._figure("split", split, 1_000)
        contested = [self._take(self._new_record(-1 - n)) for n in range(3)]
        assert self._persons() == before, "nobody was to change"
        yield self._figure("new record where two claim them, median", percentile(contested, 0.5), 50)

    def _judged(self) -> Iterator[Figure]:
        """A steward splits one record off, and takes it back."""
        before = self._persons()
        with self._store.read() as tx:
            reader = Judging(tx, self._engine.intake, self._engine.id_key)
            with_all = max(tx.all_persons(), key=lambda person: person.size)
            record = reader.find(with_all.person_id).records[-1].key
            word = Word("different", (f"{record.source}/{record.record_id}",), (), _START, "bench", "bench")
            judgement = reader.judgement(word)
        began = time.perf_counter()
        self._engine.judge([judgement])
        yield self._figure("split by a steward", (time.perf_counter() - began) * 1e3, 1_000)
        assert self._persons() >= before, "it was not to merge"
        with self._store.read() as tx:
            reader = Judging(tx, self._engine.intake, self._engine.id_key)
            retracted = reader.retracted(judgement.judgement_id, _START + 1)
        began = time.perf_counter()
        self._engine.judge([retracted])
        yield self._figure("and taken back", (time.perf_counter() - began) * 1e3, 1_000)
        assert self._persons() == before, "it was to be as before"

    def _figure(self, what: str, measured_ms: float, asked_ms: float) -> Figure:
        return Figure(f"{self._name}: {what}", measured_ms, "ms", asked_ms)

    def _known_record(self, n: int) -> Message:
        properties = {"product_id": f"p-{n}", "price": 9.9}
        if self._kind == "sessions":
            return {**next(_sessions(1)), "event": "Product Added", "properties": properties}
        row = {"type": "track", "source": "crm", "context": {"recordId": "row-0"}}
        return {**row, "event": "Product Added", "properties": properties}

    def _new_record(self, n: int) -> Message:
        if self._kind == "rows":
            row = {"type": "identify", "source": "crm", "context": {"recordId": f"late-{n}"}}
            return {**row, "traits": EMAIL}
        return {"type": "page", "source": "web", "anonymousId": "c-1", "context": {"sessionId": f"late-{n}"}}

    def _new_row(self, n: int) -> Message:
        """As the others are; one in ten writes her name as none did before."""
        name = f"Lima {n % 7}" if n % 10 else f"Lima-{n}"
        traits = {**EMAIL, "firstName": "Ana", "lastName": name, "visits": n}
        row = {"type": "identify", "source": "crm", "context": {"recordId": f"row-late-{n}"}}
        return {**row, "traits": traits}

    def _respelt(self, n: int) -> Message:
        """A row that is there, by a name that none has."""
        row = {"type": "identify", "source": "crm", "context": {"recordId": f"row-{n}"}}
        return {**row, "traits": {**EMAIL, "firstName": "Anna", "lastName": f"Lima.{n}"}}

    def _shared(self) -> Message:
        """What the big person's records hold in common."""
        return {"anonymousId": "c-1"} if self._kind == "sessions" else {"traits": EMAIL}

    def _take(self, *messages: Message) -> float:
        """Takes messages as one batch; returns the milliseconds until they were durable."""
        began = time.perf_counter()
        items = []
        for message in messages:
            self._sent += 1
            self._at += 1
            said = {"messageId": f"m-{self._sent}", "timestamp": _iso(self._at), **message}
            items.append(self._engine.intake.take(said, self._at * 1_000_000))
        counts = self._engine.ingest(items)
        assert counts.taken == len(messages)
        return (time.perf_counter() - began) * 1e3

    def _persons(self) -> int:
        with self._store.read() as tx:
            return sum(1 for _ in tx.all_persons())


def _rows(count: int) -> Iterator[Message]:
    for n in range(count):
        traits = {**EMAIL, "firstName": "Ana", "lastName": f"Lima {n % 7}", "visits": n}
        yield {"type": "identify", "source": "crm", "context": {"recordId": f"row-{n}"}, "traits": traits}


def _sessions(count: int) -> Iterator[Message]:
    for n in range(count):
        yield {
            "type": "track",
            "source": "web",
            "event": "Product Viewed",
            "anonymousId": "c-1",
            "context": {"sessionId": f"s-{n}"},
            "properties": {"product_id": f"p-{n % 50}", "category": f"c-{n % 5}", "price": 9.9},
        }


def _tie() -> Message:
    return {
        "type": "identify",
        "source": "crm",
        "context": {"recordId": "tie"},
        "anonymousId": "c-1",
        "traits": EMAIL,
    }


def _iso(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
