"""How the Neo4j store speaks to the server, so that it plans each statement once, and not again and again.

The server plans a statement anew for each type of its parameters, sizes of lists among them, and whenever a
graph has grown: planning then takes more of its time than writing. All statements find their nodes by an
index whatever the graph holds, so a plan that was made once stays right: parameters come in one map, whose
type tells nothing of them, and plans are not made again.

Nor does it wait for us between two statements, nor we for it: within a transaction they are sent one behind
the other, and answers are awaited where somebody needs them. The driver knows how to, but keeps it to itself:
``_connection`` is what is under a transaction of its, which a new version may move.

A batch may be read while the one before it is still being written: what that one changes is asked for only
once it is durable (``heed``).
"""

import re
from collections.abc import Callable, Iterable, Set
from functools import cache
from typing import Any, Final, LiteralString

import neo4j
from neo4j.exceptions import TransactionError

from graph_schema.neo4j_rows import Row

_FEW: Final = 50
"""Rows of a statement that wait to be sent along with the next."""
_PARAMETER: Final = re.compile(r"\$(\w+)")


Runner = neo4j.Session | neo4j.Transaction
Wait = Callable[[], None]
Asked = tuple[LiteralString, dict[str, Any]]
"""A statement and its parameters."""


@cache
def spoken(query: LiteralString) -> LiteralString:
    """A statement as it is sent: its parameters are those of the map ``p``."""
    return "CYPHER replan=skip " + _PARAMETER.sub(r"$p.\1", query)


def begun(session: neo4j.Session, seconds: float) -> neo4j.Transaction:
    """A transaction of so many seconds at most. It begins with its first statement: nobody waits for that."""
    with session._pipelined_begin:
        return session.begin_transaction(timeout=seconds)


class _Parameters(dict[str, Any]):
    """The driver makes a line for its log of all that is sent, though nobody reads it: that took longer than
    to send it. This one tells nothing."""

    def __repr__(self) -> str:
        return "…"


class Ask:
    """Runs statements within a transaction, or each in one of its own. ``changed`` are the marks of what is
    still being written, ``wait`` returns once it is durable."""

    def __init__(self, runner: Runner, changed: Set[int] = frozenset(), wait: Wait | None = None) -> None:
        self._runner, self._changed, self._wait = runner, changed, wait

    def __call__(
        self, query: LiteralString, parameters: dict[str, Any], marks: Iterable[int] | None = None
    ) -> list[Row]:
        """Runs a statement with its parameters, and gives its rows: those of things with these marks, or of
        whatever there is. What has no parameters is of the schema, and sent as it is."""
        if isinstance(self._runner, neo4j.Transaction):
            self.heed(marks)
            return self.together((query, parameters))[0]
        asked: Any = (spoken(query), {"p": _Parameters(parameters)}) if parameters else (query,)
        return self._runner.run(*asked).values()

    def heed(self, marks: Iterable[int] | None = None) -> bool:
        """Waits for what is being written, where that changes any of these; tells whether it does."""
        if self._wait is None or not (marks is None or not self._changed.isdisjoint(marks)):
            return False
        self._wait()
        self._wait = None
        return True

    def together(self, *asked: Asked) -> list[list[Row]]:
        """The rows of statements of which none needs another's answer, whatever is being written."""
        if isinstance(self._runner, neo4j.Session):
            return [self(*one) for one in asked]
        found = [self.tell(*one) for one in asked]
        self._connection().send_all()
        self._connection().fetch_all()
        return found

    def tell(self, query: LiteralString, parameters: dict[str, Any]) -> list[Row]:
        """Sends a statement, within a transaction: whether it went well is told with the next answer, or by
        the commit, so that the server works while the next is made ready. Its rows are there then."""
        rows: list[Row] = []
        connection = self._connection()
        # Nothing but plain values goes to and fro. What the driver would make for each statement to look for
        # others in every row is in cycles, so that to find those took longer, and all else waits meanwhile.
        plain = {"dehydration_hooks": connection.hydration_handler.dehydration_hooks, "hydration_hooks": {}}
        connection.run(spoken(query), {"p": _Parameters(parameters)}, **plain)
        connection.pull(on_records=rows.extend, **plain)
        if len(parameters.get("rows", ())) > _FEW:
            connection.send_all()
        return rows

    def _connection(self) -> Any:  # noqa: ANN401 - the driver's own
        runner: Any = self._runner
        if runner.closed() or runner._last_error:
            # The connection under it may be somebody else's by now.
            raise TransactionError(runner, "Transaction failed")
        return runner._error_handling_connection
