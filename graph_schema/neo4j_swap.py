"""Graphs beside the one that stands: one that takes its place when it is derived again, and fleeting ones.

All lie in one database. What a graph's nodes are found by begins with the graph's number, so a graph takes
the place of another by its name alone, in one small transaction; what the other leaves is removed afterwards.
"""

import uuid
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, LiteralString

import neo4j

from graph_schema import neo4j_more_queries as more
from graph_schema import neo4j_queries as q
from graph_schema.neo4j_asking import Ask
from graph_schema.neo4j_rows import Graph
from graph_schema.store import Store

_PAGE: Final = 5_000


class Neo4jSwap:
    """See ``Swap``; ``opened`` opens a store in the graph of a name."""

    def __init__(self, session: neo4j.Session, name: str, opened: Callable[[str], Store]) -> None:
        self._session = session
        self._ask = Ask(session)
        self._name = name
        self._opened = opened
        self._fresh = f"{name} (derived again)"
        self._gone = f"{name} (replaced)"
        self._standing = self._state(name)

    def __enter__(self) -> "Neo4jSwap":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._remove_others()

    def fresh(self) -> Store:
        """See ``Swap``."""
        self._remove_others()
        return self._opened(self._fresh)

    def take_place(self) -> bool:
        """See ``Swap``."""
        with self._session.begin_transaction() as transaction:
            ask = Ask(transaction)
            rows = ask(q.LOCK, {"name": self._name, "writer": "rebuild"})
            if not rows or rows[0][:2] != self._standing:
                transaction.rollback()
                return False
            ask(q.RENAME, {"name": self._name, "to": self._gone})
            ask(q.RENAME, {"name": self._fresh, "to": self._name})
        return True

    def _state(self, name: str) -> list[int]:
        """The number of a graph and how many commits it saw."""
        numbers: list[int] = self._ask(q.GRAPH, {"name": name})[0][:2]
        return numbers

    def _remove_others(self) -> None:
        for name in (self._fresh, self._gone):
            remove(self._ask, name)


def remove(ask: Ask, name: str) -> None:
    """Removes a graph, some at a time; nothing where there is none of this name."""
    for row in ask(q.GRAPH, {"name": name}):
        graph = Graph(*row)
        span = {"low": graph.low, "end": graph.end, "page": _PAGE}
        for query in more.REMOVALS:
            _while_any(ask, query, span)
        path = {"path": f"{graph.number}/", "page": _PAGE}
        _while_any(ask, more.REMOVE_STATE, path)
        _while_any(ask, more.REMOVE_COUNTERS, path)
        ask(q.REMOVE_GRAPH, {"name": name})


def _while_any(ask: Ask, query: LiteralString, span: Mapping[str, object]) -> None:
    while ask(query, dict(span))[0][0]:
        pass


def unique_name(name: str) -> str:
    """The name of a graph that nobody else uses."""
    return f"{name} {uuid.uuid4().hex}"
