"""Graphs beside the one that stands: one that takes its place when it is derived again, and fleeting ones.

All lie in one database. What a graph's nodes are found by begins with the graph's number, so a graph takes
the place of another by its name alone, in one small transaction; what the other leaves is removed afterwards.
"""

from collections.abc import Callable
from typing import Final

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
        # Its number, and how many commits it saw.
        self._standing = self._ask(q.GRAPH, {"name": name})[0][:2]

    def fresh(self) -> Store:
        """See ``Swap``."""
        self.close()
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

    def close(self) -> None:
        """Removes what there is beside the graph that stands."""
        for name in (self._fresh, self._gone):
            remove(self._ask, name)


def remove(ask: Ask, name: str) -> None:
    """Removes a graph, some at a time; nothing where there is none of this name."""
    for row in ask(q.GRAPH, {"name": name}):
        graph = Graph(*row)
        span = {"low": graph.low, "end": graph.end, "path": f"{graph.number}/", "page": _PAGE}
        for query in more.REMOVALS:
            while ask(query, span)[0][0]:
                pass
        ask(q.REMOVE_GRAPH, {"name": name})
