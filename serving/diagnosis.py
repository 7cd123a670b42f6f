"""What `onefold doctor` looks at: what can be reached, what the store holds, and what stands out in it."""

import asyncio
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Final, NamedTuple

from graph_schema.errors import Invalid, OnefoldError, RulesError
from graph_schema.rules import Rules, placed
from graph_schema.store import Replaceable, Store, Transaction
from graph_schema.vocabulary import BLOCKED, UNDECLARED
from resolver.sentences import counted
from serving.destinations.settings import Secret, destination_settings
from stream.cases import open_cases
from stream.engine import RULES_STATE, disagreement
from stream.feed import sent
from stream.intake import Intake
from stream.letters import every_letter
from stream.reader import Reader
from stream.replaying import REPLAYED

REACH_SECONDS: Final = 15
_KAFKA: Final = "stream.kafka"
_SHOWN: Final = 10


class Finding(NamedTuple):
    """One thing looked at. ``well`` is False where something must be done, which ``way_out`` says."""

    what: str
    told: str
    well: bool = True
    way_out: str = ""


def destinations(rules: Rules, source: str) -> list[Finding]:
    """Whether every destination of the rules, read from ``source``, can be used: its table, and the secrets
    that it names."""
    try:
        declared = destination_settings(rules)
        for settings in declared.values():
            for _, part in settings:
                if isinstance(part, Secret):
                    part.read()
    except RulesError as error:
        found = placed(error, source)
        return [Finding("destinations", f"{found.where}: {found.what}", False, found.way_out)]
    except Invalid as error:
        return [Finding("destinations", error.reason, False, f"Set {error.field}")]
    return [Finding("destinations", ", ".join(declared))]


def reached(
    wanted: Mapping[str, Callable[[], list[Finding]]], seconds: float = REACH_SECONDS
) -> list[Finding]:
    """What each looks at finds, in their order; all look at the same time, and have so long for it."""
    told: dict[str, queue.SimpleQueue[list[Finding]]] = {what: queue.SimpleQueue() for what in wanted}

    def look(what: str, act: Callable[[], list[Finding]]) -> None:
        try:
            told[what].put(act())
        except OnefoldError as error:
            where = f"{error.where}: " if error.where else ""
            told[what].put([Finding(what, where + error.what, False, error.way_out)])

    for what, act in wanted.items():
        # A daemon, so that something that never answers keeps nobody from going home.
        threading.Thread(target=look, args=(what, act), daemon=True).start()
    until = time.monotonic() + seconds
    found = []
    for what, answer in told.items():
        try:
            found += answer.get(timeout=max(0.01, until - time.monotonic()))
        except queue.Empty:
            late = f"no answer within {seconds:g} s"
            found.append(Finding(what, late, False, "See that it runs and can be reached"))
    return found


def kafka(servers: str, environment: Mapping[str, str]) -> list[Finding]:
    """The topics of a broker, and how many messages wait to be taken; raises ``BrokerUnavailable``."""
    library = import_module(_KAFKA)
    cluster = library.Kafka.of(servers, environment)
    seen = asyncio.run(library.look(cluster))
    ours = (cluster.events, cluster.changes, cluster.dead_letters)
    told = [f"{name} {seen.partitions.get(name, 'missing')}" for name in ours]
    well = all(name in seen.partitions for name in ours)
    way_out = "" if well else "Start a worker, which makes them: onefold worker --kafka HOST:PORT"
    found = [Finding("kafka", f"{servers} answers; partitions: {', '.join(told)}", well, way_out)]
    for name, policy in seen.unfit.items():
        way_out = f"Set cleanup.policy={policy} on it: else it loses what has not been read"
        found.append(Finding("topics", f"{name} has another cleanup.policy than {policy}", False, way_out))
    if seen.lag:
        most = max(seen.lag, key=lambda one: seen.lag[one])
        waits = f"{sum(seen.lag.values()):,} messages wait to be taken (partition {most}: {seen.lag[most]:,})"
        read = seen.lag.keys() if seen.read is None else seen.read
        left = [str(one) for one, lag in sorted(seen.lag.items()) if lag and one not in read]
        way_out = f"No worker reads partition {_listed(left)}; start one, or see the log of those that run"
        found.append(Finding("lag", waits, not left, way_out if left else ""))
    return found


def published(store: Store, servers: str, environment: Mapping[str, str]) -> Finding:
    """How much of the change feed Kafka has."""
    cluster = import_module(_KAFKA).Kafka.of(servers, environment)
    with store.read() as tx:
        got, last = sent(tx).numbers.get(cluster.changes, 0), tx.last_change()
    return Finding("published", f"{got:,} of {last:,} changes are on {cluster.changes}")


def schema(store: Store) -> Finding:
    """Whether the store's schema is the one that this version wants."""
    if not isinstance(store, Replaceable):
        return Finding("schema", "none in memory")
    version, drift = store.schema()
    if not drift:
        return Finding("schema", f"version {version}")
    return Finding(
        "schema",
        _listed(drift),
        False,
        "Open it once with the version that wrote it; a missing index: run its line of "
        "graph_schema/neo4j_migrations",
    )


def rules_agree(store: Store, rules: Rules, id_key: bytes) -> Finding:
    """Whether the store was built by these rules and this key of person ids."""
    with store.read() as tx:
        wrong = disagreement(tx, rules, id_key)
        empty = tx.get(RULES_STATE) is None
    if wrong is not None:
        return Finding("rules", wrong.what, False, wrong.way_out)
    told = "the store is empty" if empty else "the store was built by them"
    return Finding("rules", f"{rules.identity_hash[:12]}; {told}")


def content(store: Store, rules: Rules, id_key: bytes) -> Iterator[Finding]:
    """How much the store holds, and what a keeper of data should look at. Reads all of it."""
    with store.read() as tx:
        reader = Reader(tx, Intake(rules), id_key)
        sizes = sorted(((p.size, p.person_id) for p in tx.all_persons()), key=lambda one: (-one[0], one[1]))
        records = ghosts = 0
        blocked: Counter[str] = Counter()
        for record in tx.all_records():
            records += 1
            ghosts += bool(record.ghost)
            for holding in record.holdings.values():
                if holding.flags & BLOCKED and holding.namespace >= 0:
                    blocked[rules.namespaces[holding.namespace].name] += 1
        events = sum(1 for _ in tx.all_events())
        held = {"event": events, "record": records - ghosts, "person": len(sizes), "ghost": ghosts}
        yield Finding("content", ", ".join(counted(number, word) for word, number in held.items()))
        yield from _identifiers(tx, blocked)
        yield Finding("biggest", _listed([f"{name} {counted(size, 'record')}" for size, name in sizes[:3]]))
        cases = Counter(case.kind for case in open_cases(reader))
        yield Finding("open cases", _counts(cases))
        yield _dead_letters(tx)


def _identifiers(tx: Transaction, blocked: Counter[str]) -> Iterator[Finding]:
    generic: Counter[str] = Counter()
    undeclared: Counter[str] = Counter()
    for node in tx.all_identifiers():
        if node.namespace == UNDECLARED:
            undeclared[node.identifier.namespace] += 1
        elif node.generic:
            generic[node.identifier.namespace] += 1
    yield Finding("generic values", f"{_counts(generic)} (too common to say who somebody is)")
    yield Finding("blocked values", f"{_counts(blocked)} (held by records, linking nothing)")
    declare = "; declare them in the rules if they should link" if undeclared else ""
    yield Finding("undeclared", f"{_counts(undeclared)}{declare}")


def _dead_letters(tx: Transaction) -> Finding:
    done = tx.scan(REPLAYED)
    fields: Counter[str] = Counter()
    last = ""
    for one, letter in every_letter(tx):
        if f"{REPLAYED}{one}" not in done:
            fields[letter.field] += 1
            last = f"the last, {letter.position or letter.source}: {letter.field}: {letter.reason}"
    return Finding("dead letters", f"{_counts(fields)}{' (by field)' if fields else ''}", way_out=last)


def _counts(found: Counter[str]) -> str:
    ranked = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return _listed([f"{name} {number:,}" for name, number in ranked])


def _listed(told: list[str]) -> str:
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return ", ".join(told[:_SHOWN]) + more if told else "none"
