"""What `onefold doctor` looks at: what can be reached, what the store holds, and what stands out in it."""

import queue
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from graph_schema.errors import OnefoldError
from graph_schema.rules import Rules
from graph_schema.store import Store, Transaction
from graph_schema.vocabulary import BLOCKED, UNDECLARED
from stream.cases import open_cases
from stream.engine import RULES_STATE
from stream.intake import Intake
from stream.reader import Reader

REACH_SECONDS: Final = 15
_KAFKA_SECONDS: Final = 5
_SHOWN: Final = 10


class Finding(NamedTuple):
    """One thing looked at. ``well`` is False where something must be done, which ``way_out`` says."""

    what: str
    told: str
    well: bool = True
    way_out: str = ""


def reached(what: str, act: Callable[[], object], seconds: float = REACH_SECONDS) -> Finding:
    """Whether something answers in time."""
    told: queue.SimpleQueue[Finding] = queue.SimpleQueue()

    def look() -> None:
        try:
            told.put(Finding(what, str(act())))
        except OnefoldError as error:
            told.put(Finding(what, error.what, False, error.way_out))

    # A daemon, so that something that never answers keeps nobody from going home.
    threading.Thread(target=look, daemon=True).start()
    try:
        return told.get(timeout=seconds)
    except queue.Empty:
        return Finding(what, f"no answer within {seconds:g} s", False, "See that it runs and can be reached")


def kafka(address: str) -> Finding:
    """Whether a broker takes connections at HOST:PORT."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        return Finding("kafka", "this is no address", False, "Write HOST:PORT, as --kafka localhost:9092")
    try:
        with socket.create_connection((host, int(port)), _KAFKA_SECONDS):
            return Finding("kafka", f"{address} takes connections")
    except OSError as error:
        reason = error.strerror or "it doesn't answer"
        way_out = "Start the broker (docker compose up kafka), or name another with --kafka"
        return Finding("kafka", f"{address} can't be reached ({reason})", False, way_out)


def rules_agree(store: Store, rules: Rules) -> Finding:
    """Whether the store was built by these rules."""
    with store.read() as tx:
        built_by = tx.get(RULES_STATE)
    if built_by is None:
        return Finding("rules", f"{rules.identity_hash[:12]}; the store is empty")
    if built_by == rules.identity_hash:
        return Finding("rules", f"{rules.identity_hash[:12]}, those that the store was built by")
    told = f"these are {rules.identity_hash[:12]}, but the store was built by {str(built_by)[:12]}"
    return Finding(
        "rules", told, False, "Name the store's rules with --rules, or run onefold rebuild with these"
    )


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
        told = f"{events:,} events, {records - ghosts:,} records, {len(sizes):,} persons, {ghosts:,} ghosts"
        yield Finding("content", told)
        yield from _identifiers(tx, blocked)
        yield Finding("biggest", _listed([f"{name} {size:,} records" for size, name in sizes[:3]]))
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
    number = 0
    fields: Counter[str] = Counter()
    done = tx.scan("replayed/")
    while letters := tx.dead_letters(number, 1_000):
        number = letters[-1][0]
        fields.update(letter.field for one, letter in letters if f"replayed/{one}" not in done)
    return Finding("dead letters", f"{_counts(fields)}{' (by field)' if fields else ''}")


def _counts(found: Counter[str]) -> str:
    ranked = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return _listed([f"{name} {number:,}" for name, number in ranked])


def _listed(told: list[str]) -> str:
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return ", ".join(told[:_SHOWN]) + more if told else "none"
