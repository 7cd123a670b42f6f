"""What the Neo4j store takes in a second, by one process and by two, and how that falls as the graph grows.

`python -m tests.bench.graph` plays EVENTS (40,000) of PEOPLE (4,000) into a Neo4j of its own;
GROW=10000,100000,1000000 measures instead how fast events come in where so many persons are in the graph.
"""

import math
import os
import time
from collections.abc import Iterator
from itertools import chain, islice
from multiprocessing import get_context
from statistics import median
from typing import Any, NamedTuple

import orjson

from graph_schema.rules import load_rules
from graph_schema.vocabulary import Event
from serving.cli import look_for_cycles_rarely
from serving.stores import open_store
from stream.engine import Engine
from stream.files import RawLine
from stream.intake import Items
from stream.parsing import Job, Parser, Parsing
from stream.simulation import simulate
from stream.simulation.people import Population
from tests.bench.figures import Figure, tell
from tests.bench.matching import jobs
from tests.services import Service, Services
from tests.services.neo4j_graph import driver

_SHARDS = 2
_AT_ONCE = 8_000
_WARMING = 8
_STEPS = 10
"""Steps of a stream that come into a grown graph; the median of the last few is told."""
_MEASURED = 5


class Step(NamedTuple):
    """Events a second, and processor time of the process that wrote and of the database, an event."""

    rate: float
    ours_us: float
    theirs_us: float


class Run(NamedTuple):
    """Events a second, and processor time of the process that wrote, an event."""

    rate: float
    cpu_us: float


def items(events: int, people: int, seed: int = 1) -> Items:
    """A simulated town's messages, ready for the engine."""
    lines = [orjson.dumps(one.message) for one in islice(simulate(people, events, seed), events)]
    job = Job([RawLine(at, line) for at, line in enumerate(lines, 1)], "bench", None, None, 1)
    return Parser(load_rules("retail")).parse(job)


def write(url: str, given: Items, size: int) -> Run:
    """Writes all, ``size`` events in a transaction."""
    store = open_store(url)
    run = _written(Engine(store, load_rules("retail")), given, size)
    store.close()
    return run


def warm_up(service: Service, given: Items) -> None:
    """Writes the same again and again, until the database has compiled what it runs and an event costs it
    what it did the last time."""
    spent = math.inf
    for turn in range(_WARMING):
        begun, before = used(service), spent
        write(f"{service.url}/warm{turn}", given, 1_000)
        spent = used(service) - begun
        if spent > 0.9 * before:
            return


def _written(engine: Engine, given: Items, size: int) -> Run:
    started, cpu = time.perf_counter(), time.process_time()
    for at in range(0, len(given), size):
        engine.ingest(given[at : at + size])
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return Run(len(given) / seconds, cpu / len(given) * 1e6)


def _write_when_told(barrier: Any, url: str, given: Items, size: int) -> None:
    barrier.wait()
    write(url, given, size)


def by_several(url: str, given: Items, size: int) -> float:
    """Events a second of processes that each write the events of their own people at once."""
    context = get_context("fork")
    shards: list[Items] = [[] for _ in range(_SHARDS)]
    for one in given:
        key = one.record.record_id if isinstance(one, Event) else ""
        shards[sum(key.encode()) % _SHARDS].append(one)
    barrier = context.Barrier(_SHARDS + 1)
    workers = [context.Process(target=_write_when_told, args=(barrier, url, one, size)) for one in shards]
    for worker in workers:
        worker.start()
    barrier.wait()
    started = time.perf_counter()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * _SHARDS
    return len(given) / (time.perf_counter() - started)


def rows(service: Service) -> int:
    """Nodes and relationships in the whole database."""
    with driver(service) as connection:
        nodes = connection.execute_query("MATCH (n) RETURN count(n)").records[0][0]
        edges = connection.execute_query("MATCH ()-[r]->() RETURN count(r)").records[0][0]
        return int(nodes + edges)


def measure(service: Service, events: int, people: int) -> Iterator[Figure]:
    """The figures of one town."""
    given = items(events, people)
    warm_up(service, given[: events // 2])
    before = rows(service)
    for size in (100, 1_000, 4_000):
        run = write(f"{service.url}/one{size}", given, size)
        note = f"{run.cpu_us:.0f} µs an event of the writing process"
        yield Figure(f"one process, {size:,} in a transaction", run.rate, "events/s", 2_000, True, note)
    yield Figure("rows kept an event", (rows(service) - before) / 3 / events, "rows", 3)
    for size in (1_000, 4_000):
        rate = by_several(f"{service.url}/two{size}", given, size)
        yield Figure(f"{_SHARDS} processes, {size:,} in a transaction", rate, "events/s", 2_000, True)


def growth(service: Service, marks: list[int]) -> Iterator[Figure]:
    """The rate at which a town's stream comes in where so many persons are in the graph already.

    Each mark has a town and a graph of its own: first a list of all its people, then their stream.
    Cycles are looked for as in a worker: the whole town is in the memory of the process that writes.
    """
    look_for_cycles_rarely()
    warm_up(service, items(20_000, 2_000))
    before = _persons(service)
    for people in marks:
        stream = (orjson.dumps(one.message) for one in simulate(people, 10 * people, people))
        lines = chain(subscribers(people, people), islice(stream, _STEPS * _AT_ONCE))
        store = open_store(f"{service.url}/grown{people}")
        engine, steps = Engine(store, load_rules("retail")), list[Step]()
        with Parsing(engine.rules, engine.id_key, workers=1) as parsing:
            for given in parsing.run(jobs(enumerate(lines, 1), _AT_ONCE)):
                spent = used(service)
                run = _written(engine, given, 4_000)
                steps.append(Step(run.rate, run.cpu_us, (used(service) - spent) / len(given)))
        store.close()
        rate, ours, theirs = map(median, zip(*steps[-_MEASURED:], strict=True))
        persons = _persons(service) - before
        before += persons
        note = f"{persons:,} at last; processor: process that writes {ours:.0f}, Neo4j {theirs:.0f} µs/event"
        yield Figure(f"{people:,} persons in the graph", rate, "events/s", 2_000, True, note)


def subscribers(people: int, seed: int) -> Iterator[bytes]:
    """Address and number of each person of the town of that stream, as messages: a list without names."""
    population = Population(people, seed)
    for person in map(population.person, range(people)):
        traits = {"email": person.email, "phone": person.phone}
        context = {"recordId": person.key}
        yield orjson.dumps({"type": "identify", "source": "list", "context": context, "traits": traits})


def used(service: Service) -> float:
    """Microseconds of processor time that the database has used."""
    with driver(service) as connection:
        asked = "CALL dbms.queryJmx('java.lang:type=OperatingSystem') YIELD attributes RETURN attributes"
        found = connection.execute_query(asked).records[0]["attributes"]
        return float(found["ProcessCpuTime"]["value"]) / 1_000


def _persons(service: Service) -> int:
    with driver(service) as connection:
        return int(connection.execute_query("MATCH (p:Person) RETURN count(p)").records[0][0])


def main() -> None:
    """Measures and prints."""
    events, people = (
        int(os.environ.get(name, given)) for name, given in (("EVENTS", 40_000), ("PEOPLE", 4_000))
    )
    command = f"EVENTS={events} PEOPLE={people} python -m tests.bench.graph"
    marks = [int(one) for one in os.environ.get("GROW", "").split(",") if one]
    with Services() as services:
        neo4j = services.neo4j()
        if marks:
            tell(f"GROW={','.join(map(str, marks))} python -m tests.bench.graph", growth(neo4j, marks))
        else:
            tell(command, measure(neo4j, events, people))


if __name__ == "__main__":
    main()
