"""How the Neo4j store speaks to the server, so that it plans each statement once, and not again and again.

The server plans a statement anew for each type of its parameters, sizes of lists among them, and whenever a
graph has grown: planning then takes more of its time than writing. All statements find their nodes by an
index whatever the graph holds, so a plan that was made once stays right: parameters come in one map, whose
type tells nothing of them, and plans are not made again.
"""

import re
from functools import cache
from typing import Any, Final, LiteralString

import neo4j

from graph_schema.neo4j_rows import Row

_PARAMETER: Final = re.compile(r"\$(\w+)")


@cache
def spoken(query: LiteralString) -> LiteralString:
    """A statement as it is sent: its parameters are those of the map ``p``."""
    return "CYPHER replan=skip " + _PARAMETER.sub(r"$p.\1", query)


class Ask:
    """Runs statements within a transaction, or each in one of its own."""

    def __init__(self, runner: neo4j.Session | neo4j.Transaction) -> None:
        self._runner = runner

    def __call__(self, query: LiteralString, parameters: dict[str, Any]) -> list[Row]:
        """Runs a statement with its parameters, and gives its rows. What has no parameters is of the schema,
        and sent as it is."""
        return self._run(query, parameters).values()

    def tell(self, query: LiteralString, parameters: dict[str, Any]) -> None:
        """Runs a statement that answers nothing, within a transaction: whether it went well is told by the
        next, or by the commit, so that the server works while the next is made ready."""
        self._run(query, parameters)

    def _run(self, query: LiteralString, parameters: dict[str, Any]) -> neo4j.Result:
        if not parameters:
            return self._runner.run(query)
        return self._runner.run(spoken(query), {"p": parameters})
