"""How evidence spreads over partitions, by the key that producers give it, and how far persons hang together.

`python -m tests.bench.spreading --people N`: a simulated town through the engine into a file; then each event
is dealt out by each key. The last two keys nobody has when an event is sent: they show how much a perfect key
could win. The tables are for docs/scale.md.
"""

import argparse
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import networkx as nx
import orjson

from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Transaction
from graph_schema.vocabulary import BLOCKED, Event
from stream.engine import Engine
from stream.intake import Intake
from stream.simulation import simulate
from tests.bench.machine import machine

PARTITIONS = (4, 12, 48)
EVENTS_A_PERSON = 10
AT_ONCE = 50
"""Events of each partition that are under way at one moment: what a worker takes in one transaction."""
_BATCH = 5_000
_RANK = {one.name: place for place, one in enumerate(load_rules().namespaces)}


class Dealt(NamedTuple):
    """An event, whose it came to be, and of which household that person is."""

    event: Event
    person: int
    home: int


class Spread(NamedTuple):
    """Of one key: the fullest partition against the mean, the share of events of persons whose evidence lies
    in several, and the share of events whose person another partition is writing at the same moment."""

    fullest: float
    scattered: float
    meeting: float


class Components(NamedTuple):
    """How persons hang together by some values: the share of persons in a component of one, the 99.9th
    percentile of sizes, the largest."""

    alone: float
    most: int
    largest: int


class Town(NamedTuple):
    """What a town came to."""

    events: list[Dealt]
    components: dict[str, Components]


def town(people: int, folder: Path) -> Town:
    """A town of so many people, ten events each, resolved."""
    rules = load_rules()
    intake = Intake(rules)
    messages = (
        intake.take(orjson.dumps(one.message), 0) for one in simulate(people, people * EVENTS_A_PERSON, 1)
    )
    events = [one for one in messages if isinstance(one, Event)]
    with closing(SqliteStore(folder / f"{people}.db")) as store:
        engine = Engine(store, rules, audiences=False)
        for start in range(0, len(events), _BATCH):
            engine.ingest(events[start : start + _BATCH])
        with store.read() as tx:
            records = {record.id: record.person for record in tx.all_records()}
            whose = {event.key: records[event.record] for event in tx.all_events()}
            shared = _shared(tx, {n for n, one in enumerate(rules.namespaces) if one.joins == "people"})
    shared["the same household"] = _households(events, whose)
    persons = set(records.values())
    joined = {name: _joined(persons, groups) for name, groups in shared.items()}
    homes = {one: place for place, home in enumerate(joined["the same household"]) for one in home}
    dealt = [Dealt(one, whose[one.key], homes[whose[one.key]]) for one in events]
    return Town(dealt, {name: _measured(found) for name, found in joined.items()})


def _shared(tx: Transaction, people: set[int]) -> dict[str, list[set[int]]]:
    """Groups of persons who hold one value that is neither blocked nor generic."""
    generic = {node.id for node in tx.all_identifiers() if node.generic}
    by_people: dict[int, set[int]] = defaultdict(set)
    by_any: dict[int, set[int]] = defaultdict(set)
    for record in tx.all_records():
        for one, held in record.holdings.items():
            if one not in generic and not held.flags & BLOCKED and held.namespace >= 0:
                by_any[one].add(record.person)
                if held.namespace in people:
                    by_people[one].add(record.person)
    return {
        "a value that joins people": list(by_people.values()),
        "any value, devices and orders too": list(by_any.values()),
    }


def _households(events: Iterable[Event], whose: dict[Any, int]) -> list[set[int]]:
    """Groups of persons who name one surname at one address."""
    found: dict[str, set[int]] = defaultdict(set)
    for event in events:
        message = orjson.loads(event.content)
        traits = message.get("traits") or message.get("context", {}).get("traits") or {}
        address = traits.get("address") or {}
        told = [traits.get("lastName"), address.get("street"), address.get("postalCode")]
        if all(told):
            found[str(told).casefold()].add(whose[event.key])
    return list(found.values())


def _joined(persons: set[int], groups: list[set[int]]) -> list[set[int]]:
    graph: Any = nx.Graph()
    graph.add_nodes_from(persons)
    for group in groups:
        first, *others = group
        graph.add_edges_from((first, other) for other in others)
    return list(nx.connected_components(graph))


def _measured(found: list[set[int]]) -> Components:
    sizes = sorted(map(len, found))
    return Components(
        sum(size for size in sizes if size == 1) / sum(sizes), sizes[int(0.999 * len(sizes))], sizes[-1]
    )


def _strongest(dealt: Dealt) -> str:
    live = [one for one in dealt.event.held if not one.flags & BLOCKED]
    named = min(live, key=lambda one: _RANK.get(one.namespace, len(_RANK)), default=None)
    return f"{named.namespace}:{named.value}" if named else ""


def _sdk(dealt: Dealt) -> str:
    named = {one.namespace: one.value for one in dealt.event.held}
    return named.get("user_id") or named.get("anonymous_id") or dealt.event.key.message_id


KEYS: dict[str, Callable[[Dealt], str]] = {
    "by lot": lambda one: one.event.key.message_id,
    "`userId`, else `anonymousId`": _sdk,
    "the strongest identifier named": _strongest,
    "its record": lambda one: "/".join(one.event.record),
    "its person (an oracle)": lambda one: str(one.person),
    "its household (an oracle)": lambda one: f"home {one.home}",
}


def spread(events: Sequence[Dealt], key: Callable[[Dealt], str], partitions: int) -> Spread:
    """How events come to lie, and how often partitions meet at a person."""
    placed = [(zlib.crc32(key(one).encode()) % partitions, one.person) for one in events]
    full = Counter(place for place, _ in placed)
    where: dict[int, set[int]] = defaultdict(set)
    for place, person in placed:
        where[person].add(place)
    scattered = sum(len(where[person]) > 1 for _, person in placed)
    meeting, window = 0, partitions * AT_ONCE
    for start in range(0, len(placed), window):
        now: dict[int, set[int]] = defaultdict(set)
        for place, person in placed[start : start + window]:
            now[person].add(place)
        meeting += sum(len(now[person]) > 1 for _, person in placed[start : start + window])
    count = len(placed)
    return Spread(max(full.values()) * partitions / count, scattered / count, meeting / count)


def main() -> None:
    """Prints two tables: how persons hang together, and, of the last town, how its events spread."""
    options = argparse.ArgumentParser(prog="python -m tests.bench.spreading", description=__doc__)
    options.add_argument("--people", type=int, nargs="+", default=[1_000, 10_000])
    _row("people", "tied by", "alone", "99.9 % have at most", "largest")
    _row("---:", "---", "---:", "---:", "---:")
    events: list[Dealt] = []
    with TemporaryDirectory(prefix="onefold-spread-") as folder:
        for people in options.parse_args().people:
            events, components = town(people, Path(folder))
            for name, one in components.items():
                _row(f"{people:,}", name, f"{one.alone:.1%}", one.most, one.largest)
    sys.stdout.write("\n")
    _row("key", "partitions", "fullest", "scattered", "meeting")
    _row("---", "---:", "---:", "---:", "---:")
    for name, key in KEYS.items():
        for count in PARTITIONS:
            dealt = spread(events, key, count)
            _row(name, count, f"{dealt.fullest:.2f}", f"{dealt.scattered:.1%}", f"{dealt.meeting:.1%}")
    sys.stdout.write(f"\n{machine()}\n")


def _row(*cells: object) -> None:
    sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
