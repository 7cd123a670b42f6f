"""Graphs beside the one that stands: one that takes its place when it is derived again, and fleeting ones.

All lie in one database. What a graph's nodes are found by begins with the graph's number, so a graph takes
the place of another by its name alone, in one small transaction; what the other leaves is removed afterwards.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

from graph_schema import neo4j_more_queries as more
from graph_schema import neo4j_queries as q
from graph_schema.errors import StoreUnavailable
from graph_schema.neo4j_asking import Ask, begun
from graph_schema.neo4j_rows import Graph
from graph_schema.store import Store

_PAGE: Final = 5_000
_BUSY_SECONDS: Final = 60


@contextmanager
def alone(session: neo4j.Session, name: str, seconds: float | None = None) -> Iterator[None]:
    """Keeps others from deriving a graph again: two that fill one fresh graph would remove it for each other.

    The lock is one of a transaction, which ends with its process. It is waited for about so many seconds.
    Raises ``StoreUnavailable``.
    """
    turn = {"name": _fresh(name)}
    try:
        with begun(session, seconds or _BUSY_SECONDS) as waiting:
            Ask(waiting)(q.ALONE, turn)
            waiting.rollback()
    except Neo4jError as error:
        if "Transaction" not in (error.code or ""):
            raise
        what = "another process is rebuilding this store"
        raise StoreUnavailable(what, way_out="Let it end, then run this again") from None
    as_long_as_it_takes = 0
    held = begun(session, as_long_as_it_takes)
    try:
        Ask(held)(q.ALONE, turn)
        yield
    finally:
        with suppress(DriverError, Neo4jError):
            held.close()


def left_over(ask: Ask, name: str) -> bool:
    """Whether there is anything beside a graph: of whoever derives it again, or did and was killed."""
    return any(ask(q.GRAPH, {"name": one}) for one in (_fresh(name), _gone(name)))


def remove_left_over(ask: Ask, name: str) -> None:
    """Removes what there is beside a graph; nothing where there isn't any."""
    for one in (_fresh(name), _gone(name)):
        remove(ask, one)


def _fresh(name: str) -> str:
    return f"{name} (derived again)"


def _gone(name: str) -> str:
    return f"{name} (replaced)"


class Neo4jSwap:
    """See ``Swap``; ``opened`` opens a store in the graph of a name."""

    def __init__(self, session: neo4j.Session, name: str, opened: Callable[[str], Store]) -> None:
        self._session = session
        self._ask = Ask(session)
        self._name = name
        self._opened = opened
        self._fresh, self._gone = _fresh(name), _gone(name)
        # Its number, and how many commits it saw.
        self._standing = self._ask(q.GRAPH, {"name": name})[0][:2]

    def fresh(self) -> Store:
        """See ``Swap``."""
        remove_left_over(self._ask, self._name)
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
        remove_left_over(self._ask, self._name)


def remove(ask: Ask, name: str) -> None:
    """Removes a graph, some at a time; nothing where there is none of this name."""
    for row in ask(q.GRAPH, {"name": name}):
        graph = Graph(*row)
        span = {"low": graph.low, "end": graph.end, "path": f"{graph.number}/", "page": _PAGE}
        for query in more.REMOVALS:
            while ask(query, span)[0][0]:
                pass
        ask(q.REMOVE_GRAPH, {"name": name})
