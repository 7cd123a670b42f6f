"""The store in a Neo4j database, which several processes write to at once.

Each process remembers what it read and learns from the graph what others changed (``neo4j_known``). A batch
reads without stopping anybody, and takes its turn only to write (``neo4j_transaction``).
"""

import os
import random
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

from graph_schema import neo4j_queries as q
from graph_schema.errors import Invalid, Lost, OnefoldError, Overtaken, StoreUnavailable
from graph_schema.neo4j_asking import Ask, begun
from graph_schema.neo4j_ids import Ids
from graph_schema.neo4j_known import Known
from graph_schema.neo4j_pace import Pace
from graph_schema.neo4j_refusals import PASSWORD, TURN_SECONDS, USER, told
from graph_schema.neo4j_rows import Graph
from graph_schema.neo4j_schema import drift, migrate, shipped
from graph_schema.neo4j_swap import Neo4jSwap, alone, left_over, remove, remove_left_over
from graph_schema.neo4j_transaction import Neo4jTransaction, changed_since
from graph_schema.store import Transaction, View

_CONNECT_SECONDS: Final = 5
_RACE_SECONDS: Final = 60
_EVERYTHING: Final = 100_000
"""Rows that the driver fetches at once: all that one question gives."""


class Address(NamedTuple):
    """Where a graph is: the server's address, who asks, and the graph's name within the database."""

    server: str
    auth: tuple[str, str] | None
    graph: str


def address_of(url: str) -> Address:
    """The parts of ``neo4j://[user:password@]host:port[/graph]``; who asks may come from the environment."""
    parts = urlsplit(url)
    try:
        port = parts.port or 7687
    except ValueError:
        raise Invalid("--store", "The port is no number; write neo4j://host:7687.") from None
    if not parts.hostname:
        raise Invalid("--store", "This names no host; write neo4j://host:7687.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    user = unquote(parts.username or "") or os.environ.get(USER, "neo4j")
    password = unquote(parts.password or "") or os.environ.get(PASSWORD, "")
    return Address(
        f"{parts.scheme}://{host}:{port}",
        (user, password) if password else None,
        parts.path.strip("/") or "onefold",
    )


def open_store(url: str, create: bool = True) -> "Neo4jStore":
    """The store at an address, migrated.

    Raises ``StoreUnavailable`` where nothing answers or nobody is let in, ``SchemaMismatch`` where the
    graph's schema is not this version's.
    """
    return Neo4jStore(address_of(url), create)


def fleeting(url: str) -> "FleetingStore":
    """An empty store in a graph of its own in the database at an address, which is gone when it is closed."""
    address = address_of(url)
    return FleetingStore(address._replace(graph=f"{address.graph} {uuid.uuid4().hex}"))


class Neo4jStore:
    """A store in one graph of a Neo4j database. Several threads may use it: those who write take turns."""

    def __init__(self, address: Address, create: bool = True) -> None:
        self.address = address
        self.name = address.graph
        self._turn = {"name": self.name, "writer": f"{os.getpid()}/{uuid.uuid4().hex[:8]}"}
        self._known = Known()
        self._writing = threading.Lock()
        self._pace = Pace()
        self._committing = ThreadPoolExecutor(1, "onefold-commit")
        self._ending: Future[None] | None = None
        self._last: Neo4jTransaction | None = None
        self._ids = Ids(self._reserve)
        with told(address.server):
            self._driver = neo4j.GraphDatabase.driver(
                address.server,
                auth=address.auth,
                connection_timeout=_CONNECT_SECONDS,
                connection_acquisition_timeout=2 * _CONNECT_SECONDS,
                max_transaction_retry_time=0,
                notifications_min_severity="OFF",
                telemetry_disabled=True,
            )
        try:
            with told(address.server):
                self._driver.verify_connectivity()
            with self._session() as session:
                self._prepare(Ask(session), create)
            self._clear()
        except BaseException:
            self._driver.close()
            raise

    def _prepare(self, ask: Ask, create: bool) -> None:
        until = time.monotonic() + _RACE_SECONDS
        while True:
            try:
                with told(self.address.server):
                    return self._make(ask, create)
            except Overtaken:
                # Another process makes the same schema or graph at this moment.
                if time.monotonic() > until:
                    raise
            time.sleep(random.uniform(0.1, 1))

    def _make(self, ask: Ask, create: bool) -> None:
        migrate(ask)
        if ask(q.GRAPH, {"name": self.name}):
            return
        if not create:
            raise StoreUnavailable(
                f"there is no graph {self.name!r} in the database at {self.address.server}",
                way_out="Name another with --store or ONEFOLD_STORE, or make one: onefold ingest FILE",
            )
        number = ask(q.NEW_NUMBER, {})[0][0]
        ask(q.NEW_GRAPH, {"name": self.name, "number": number})

    @contextmanager
    def _session(self) -> Iterator[neo4j.Session]:
        with told(self.address.server), self._driver.session(fetch_size=_EVERYTHING) as session:
            yield session

    def _reserve(self, counter: str, count: int) -> int:
        with self._session() as session:
            end: int = Ask(session)(q.RESERVE, {"name": counter, "count": count})[0][0]
            return end

    @contextmanager
    def read(self, view: View = "loose") -> Iterator[Transaction]:
        """See ``Store``. Each question is answered as of its own moment."""
        with ExitStack() as stack:
            session = stack.enter_context(self._session())
            ask = Ask(session)
            if view == "alone":
                turn = begun(session, TURN_SECONDS)
                stack.callback(turn.close)
                ask = Ask(turn)
                ask(q.LOCK, self._turn)
            tx = self._transaction(ask, self._graph(ask), Known())
            try:
                yield tx
            except Exception as error:
                foreseen, lost = isinstance(error, OnefoldError), isinstance(error, DriverError | Neo4jError)
                if view == "alone" or lost or (tx.fits() if foreseen else tx.fits_surely(session)):
                    raise
                raise Overtaken from error
            if view == "whole" and not tx.fits():
                raise Overtaken

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """See ``Store``. Raises ``Overtaken`` where others came first: done again, it has its turn from the
        beginning, so that they can't come first once more."""
        pace = self._pace
        with self._writing:
            try:
                with ExitStack() as stack:
                    session = stack.enter_context(self._session())
                    graph, unchanged = self._catch_up(session)
                    transaction = stack.enter_context(begun(session, TURN_SECONDS))
                    last = self._last
                    ask = Ask(transaction) if last is None else Ask(transaction, last.changed, self._wait)
                    locked = graph is None
                    if graph is None:
                        graph, unchanged = self._take_turn(ask)
                    tx = self._transaction(ask, graph, self._known)
                    tx.begin(unchanged, locked)
                    try:
                        yield tx
                    except (Overtaken, Lost):
                        raise
                    except Exception as error:
                        self._wait()
                        # What is read while others write may not fit together.
                        if not tx.locked and self._others_wrote(transaction, graph):
                            raise Overtaken from error
                        raise
                    ending = self._committing.submit(stack.pop_all().close)
                if tx.soon:
                    self._ending, self._last = ending, tx
                else:
                    ending.result()
                    if tx.erased:
                        # Nothing of the erased stays in what a rebuild left.
                        self._clear()
                tx.remember()
                pace.passed(tx.beside)
            except Overtaken:
                pace.overtaken()
                self._known.forget_unless_current()
                raise
            except BaseException:
                pace.broken()
                self._known.forget()
                raise

    def settle(self) -> None:
        """See ``Behindhand``."""
        with self._writing:
            try:
                self._wait()
            except Lost:
                self._ending = self._last = None
                self._pace.broken()
                self._known.forget()
                raise

    def _wait(self) -> None:
        """Returns when the last batch is durable."""
        try:
            if self._ending is not None:
                self._ending.result()
        except Exception as error:
            raise Lost("a batch that was being written is lost", way_out="Give it again") from error
        self._ending = self._last = None

    def _transaction(self, ask: Ask, graph: Graph, known: Known) -> Neo4jTransaction:
        return Neo4jTransaction(ask, graph, known, self._ids.allocate, self._turn)

    def _graph(self, ask: Ask) -> Graph:
        rows = ask(q.GRAPH, {"name": self.name})
        if not rows:
            raise StoreUnavailable(
                f"the graph {self.name!r} is gone from the database", way_out="Open the store again"
            )
        return Graph(*rows[0])

    def _others_wrote(self, transaction: neo4j.Transaction, graph: Graph) -> bool:
        if transaction.closed():
            return True
        now = self._graph(Ask(transaction))
        return (now.number, now.commits) != (graph.number, self._known.commit)

    def _catch_up(self, session: neo4j.Session) -> tuple[Graph | None, bool]:
        """The graph as it stands, or will once the last batch is durable, and whether all that is remembered
        of that holds; None where its turn is to be taken first.

        Where others wrote, it waits until the last of them is through: a commit may be seen in part.
        """
        as_of, first, last = (self._known.graph, self._known.commit), self._pace.first, self._last
        if last is not None and not first and (last.graph.number, last.graph.commits) == as_of:
            if self._ending is not None and self._ending.done():
                self._wait()
            return last.graph, self._pace.begins(others_wrote=False)
        self._wait()
        if first:
            return None, False
        graph = self._graph(Ask(session))
        if (graph.number, graph.commits) == as_of:
            return graph, self._pace.begins(others_wrote=False)
        with begun(session, TURN_SECONDS) as transaction:
            found = self._take_turn(Ask(transaction))
            transaction.rollback()
        return found

    def _take_turn(self, ask: Ask) -> tuple[Graph, bool]:
        """The same, from when nobody else can write any more; drops from memory what others changed."""
        known = self._known
        rows = ask(q.LOCK, self._turn)
        graph = Graph(*rows[0]) if rows else self._graph(ask)
        others = (graph.number, graph.commits) != (known.graph, known.commit)
        changed = changed_since(ask, graph, known.commit) if graph.number == known.graph else None
        if changed is None:
            known.forget()
        else:
            known.drop(changed)
        known.graph, known.commit = graph.number, graph.commits
        return graph, self._pace.begins(others_wrote=others)

    @contextmanager
    def swap(self) -> Iterator[Neo4jSwap]:
        """See ``Replaceable``."""

        def opened(name: str) -> Neo4jStore:
            return Neo4jStore(self.address._replace(graph=name))

        with (
            self._session() as lock,
            alone(lock, self.name),
            self._session() as session,
            closing(Neo4jSwap(session, self.name, opened)) as swap,
        ):
            yield swap

    def _clear(self) -> None:
        """Removes what a rebuild that was killed left beside the graph: all that the graph knew then."""
        with suppress(StoreUnavailable), self._session() as session:
            ask = Ask(session)
            if left_over(ask, self.name):
                with self._session() as lock, alone(lock, self.name, 1):
                    remove_left_over(ask, self.name)

    def remove(self) -> None:
        """Removes the graph from the database."""
        with self._session() as session:
            remove(Ask(session), self.name)

    def schema(self) -> tuple[int, list[str]]:
        """See ``Replaceable``."""
        with self._session() as session:
            return max(one.number for one in shipped()), drift(Ask(session))

    def close(self) -> None:
        """See ``Store``."""
        self._committing.shutdown()
        self._driver.close()


class FleetingStore(Neo4jStore):
    """A store that lives as long as it is open."""

    def close(self) -> None:
        """See ``Store``."""
        try:
            self.remove()
        finally:
            super().close()
