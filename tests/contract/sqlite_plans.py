"""How SQLite carries out what it is asked: by an index, never by looking at everything."""

import re
import sqlite3
from collections.abc import Iterable
from typing import Any, ClassVar

WHOLE = {"SELECT kind, key, state FROM object WHERE kind = ? ORDER BY id"}
"""What reads all of a kind, of which there are two."""
_WHOLE = re.compile(r"SCAN (?!json_each|(main\.)?sqlite_master|\()|USE TEMP B-TREE FOR .*ORDER BY")


class Telling(sqlite3.Connection):
    """A connection that remembers what it and others like it were asked."""

    asked: ClassVar[set[str]] = set()

    def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:
        self.asked.add(sql)
        return super().execute(sql, *given)

    def executemany(self, sql: str, *given: Any) -> sqlite3.Cursor:
        self.asked.add(sql)
        return super().executemany(sql, *given)


def scans(connection: sqlite3.Connection, asked: Iterable[str]) -> list[tuple[str, str]]:
    """Which statements are about some rows, and would look at a whole table, or sort all that
    there is, for them; and the step that does."""
    found = []
    for sql in sorted(set(asked) - WHOLE):
        if re.match(r"SELECT|INSERT|UPDATE|DELETE", sql) and "WHERE" in sql and "fresh." not in sql:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", [1] * sql.count("?"))
            found += [(sql, step) for *_, step in plan if _WHOLE.match(step)]
    return found
