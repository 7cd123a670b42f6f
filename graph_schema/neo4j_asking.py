"""How the Neo4j store speaks to the server, so that it plans each statement once, and not again and again.

The server plans a statement anew for each type of its parameters, sizes of lists among them, and whenever a
graph has grown: planning then takes more of its time than writing. All statements find their nodes by an
index whatever the graph holds, so a plan that was made once stays right: parameters come in one map, whose
type tells nothing of them, and plans are not made again.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, LiteralString

import neo4j

from graph_schema.neo4j_rows import Row

Ask = Callable[[LiteralString, dict[str, Any]], list[Row]]
"""Runs a statement with its parameters, and gives its rows."""

_PARAMETER: Final = re.compile(r"\$(\w+)")


@cache
def spoken(query: LiteralString) -> LiteralString:
    """A statement as it is sent: its parameters are those of the map ``p``."""
    return "CYPHER replan=skip " + _PARAMETER.sub(r"$p.\1", query)


def asking(runner: neo4j.Session | neo4j.Transaction) -> Ask:
    """Asks within a transaction, or each question in one of its own. What has no parameters is of the schema,
    and sent as it is."""

    def ask(query: LiteralString, parameters: dict[str, Any]) -> list[Row]:
        if not parameters:
            return runner.run(query).values()
        return runner.run(spoken(query), {"p": parameters}).values()

    return ask
