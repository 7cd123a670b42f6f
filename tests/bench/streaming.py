"""Workers on a real Kafka: events a second, and the time from send to a served profile.

`python -m tests.bench.streaming [--store URL] [--events N]` runs it alone. Kafka, the store and whoever sends
share the machine's cores with the workers: what is measured is all of it together. A database that was just
started runs code that is not compiled yet, at a tenth of its speed: it takes in the same events once before.
Messages lie by whom they name, as producers should send them (docs/decisions/0032).
"""

import argparse
import asyncio
import os
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import orjson

from stream.kafka import Kafka, make_topics
from stream.simulation import simulate
from tests.bench import graph as graph_bench
from tests.bench import latency
from tests.bench.figures import Figure, tell
from tests.integration.working import Sent, Worker, send
from tests.services import Service, Services, Unavailable, kafka_topics

PARTITIONS = 4
IN_A_BATCH = 20
_PATIENCE_SECONDS = 900


def measure(folder: Path, events: int, store: str = "sqlite") -> Iterator[Figure]:
    """Throughput of one worker and of two, with one event a message and with twenty; then the latency."""
    with Services() as services:
        try:
            broker = services.kafka()
            database = services.neo4j() if store == "neo4j" else None
        except Unavailable as error:
            sys.stderr.write(f"not measured: {error}\n")
            return
        made = [one.message for one in simulate(max(10, events // 10), events, 1)]
        if database is not None:
            graph_bench.warm_up(database, graph_bench.items(events, max(10, events // 10)))
        runs = [(1, 1, 2_000), (2, 1, None), (1, IN_A_BATCH, 4_000), (2, IN_A_BATCH, None)]
        for number_, (workers, size, asked) in enumerate(runs):
            kafka = Kafka(broker.address, prefix=kafka_topics.unique("bench"))
            address = f"{database.address}/bench{number_}" if database else f"sqlite:///{folder}/{number_}.db"
            load = _Load(workers, made, size, asked)
            yield from _throughput(kafka, address, folder, load, database)
        kafka = Kafka(broker.address, prefix=kafka_topics.unique("bench"))
        address = f"{database.address}/latency" if database else f"sqlite:///{folder}/latency.db"
        asyncio.run(make_topics(kafka, PARTITIONS))
        with working(kafka, address, folder, 1) as (worker,):
            worker.wait_until_ready()
            yield from latency.measure(kafka, address, made)


class _Load:
    """What is sent: all events, so many a message, to so many workers; ``asked`` are events a second."""

    def __init__(
        self, workers: int, made: Sequence[dict[str, object]], size: int, asked: float | None
    ) -> None:
        self.workers = workers
        self.asked = asked
        self.events = len(made)
        self.name = (
            f"{workers} worker{'s' if workers > 1 else ''}, {size} event{'s' if size > 1 else ''} a message"
        )
        lying: list[list[dict[str, object]]] = [[] for _ in range(PARTITIONS)]
        for one in made:
            named = str(one.get("userId") or one.get("anonymousId") or "")
            lying[zlib.crc32(named.encode()) % PARTITIONS].append(one)
        self.messages = [
            Sent(place, orjson.dumps(part[0] if size == 1 else {"batch": part}))
            for start in range(0, max(map(len, lying)), size)
            for place, there in enumerate(lying)
            if (part := there[start : start + size])
        ]


def _throughput(
    kafka: Kafka, store: str, folder: Path, load: _Load, database: Service | None
) -> Iterator[Figure]:
    asyncio.run(make_topics(kafka, PARTITIONS))
    with working(kafka, store, folder, load.workers) as workers:
        # None is still starting, nor are partitions still being shared out, while the others work.
        for one in workers:
            one.wait_until_ready()
        asyncio.run(send(kafka, load.messages))
        begun, before = _at(workers, 0.1 * load.events, database)
        ended, after = _at(workers, 0.95 * load.events, database)
    taken = after.taken - before.taken
    yield Figure(load.name, taken / (ended - begun), "events/s", load.asked, True)
    spent = (after.processor - before.processor) / taken * 1e6
    yield Figure(f"{load.name}: processor time of the workers", spent, "µs/event")
    main = (after.main - before.main) / taken * 1e6
    yield Figure(f"{load.name}: of it Faust, sending and receiving", main, "µs/event")
    if database is not None:
        theirs = (after.database - before.database) / taken
        yield Figure(f"{load.name}: processor time of Neo4j", theirs, "µs/event")


class _Progress:
    """How far workers are, and what they spent, in seconds of processor time; what the database did, in
    microseconds."""

    def __init__(self, workers: Sequence[Worker], database: Service | None) -> None:
        self.taken = sum(map(_taken, workers))
        self.database = 0.0 if database is None else graph_bench.used(database)
        self.processor = sum(_spent(Path(f"/proc/{one.process.pid}/stat")) for one in workers)
        self.main = sum(
            _spent(task / "stat")
            for one in workers
            for task in Path(f"/proc/{one.process.pid}/task").iterdir()
            if task.name not in _busiest(one)
        )


def _busiest(worker: Worker) -> list[str]:
    """The threads that type and that write batches: the two that worked most, apart from the first."""
    tasks = list(Path(f"/proc/{worker.process.pid}/task").iterdir())
    others = [one for one in tasks if one.name != str(worker.process.pid)]
    return [one.name for one in sorted(others, key=lambda one: _spent(one / "stat"))[-2:]]


def _spent(stat: Path) -> float:
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _taken(worker: Worker) -> float:
    try:
        lines = worker.get("/metrics").text.splitlines()
    except httpx.TransportError:
        return 0
    return sum(float(line.split()[1]) for line in lines if line.startswith("onefold_messages_total{"))


def _at(workers: Sequence[Worker], events: float, database: Service | None) -> tuple[float, _Progress]:
    """When workers had taken so many events."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        if any(one.process.poll() is not None for one in workers):
            raise SystemExit(workers[0].log.read_text())
        if sum(map(_taken, workers)) >= events:
            return time.monotonic(), _Progress(workers, database)
        time.sleep(0.1)
    raise SystemExit(f"the workers did not take {events:.0f} events in {_PATIENCE_SECONDS} s")


@contextmanager
def working(kafka: Kafka, store: str, folder: Path, number_: int) -> Iterator[list[Worker]]:
    workers = [Worker(kafka, store, folder) for _ in range(number_)]
    try:
        yield workers
    finally:
        for one in workers:
            one.stop()


def main() -> None:
    """Measures, telling each figure as it comes, and prints the table at the end."""
    options = argparse.ArgumentParser(prog="python -m tests.bench.streaming", description=__doc__)
    options.add_argument("--store", choices=["sqlite", "neo4j"], default="neo4j")
    options.add_argument("--events", type=int, default=40_000)
    given = options.parse_args()
    command = f"python -m tests.bench.streaming --store {given.store} --events {given.events}"
    with TemporaryDirectory(prefix="onefold-bench-") as folder:
        tell(command, measure(Path(folder), given.events, given.store))


if __name__ == "__main__":
    main()
