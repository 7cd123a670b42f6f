"""The schema of the Neo4j store: migrations, their history as a chain in the graph, and what drifted."""

import re
import time
from collections.abc import Iterator
from typing import Final

from graph_schema import neo4j_more_queries as more
from graph_schema.errors import SchemaMismatch
from graph_schema.migrations import Migration, migrations, pending
from graph_schema.neo4j_asking import Ask

_NAMED: Final = re.compile(r"^CREATE (?:CONSTRAINT|INDEX) (\w+)", re.MULTILINE)
_DROPPED: Final = re.compile(r"^DROP INDEX (\w+)", re.MULTILINE)
_COMMENT: Final = re.compile(r"^//.*$", re.MULTILINE)


def shipped() -> list[Migration]:
    """The migrations of this version."""
    return migrations("neo4j_migrations", ".cypher")


def migrate(ask: Ask) -> None:
    """Applies what is missing; done again after a crash, or by two at once, it comes to the same end.

    Raises ``SchemaMismatch`` where the graph was migrated by a newer version, or by other migrations.
    """
    for migration in pending(shipped(), _applied(ask)):
        for statement in _statements(migration.text):
            ask(statement, {})
        # Asked again and again: to await within one statement would hold what others' statements wait for.
        while any(row[1] == "POPULATING" for row in ask(more.INDEXES, {})):
            time.sleep(0.05)
        ask(
            more.MIGRATED,
            {"number": migration.number, "name": migration.name, "checksum": migration.checksum},
        )


def drift(ask: Ask) -> list[str]:
    """What differs from the schema that this version wants, in words; empty where nothing does."""
    states = {row[0]: row[1] for row in ask(more.INDEXES, {})}
    dropped = {name for one in shipped() for name in _DROPPED.findall(one.text)}
    wanted = [name for one in shipped() for name in _NAMED.findall(one.text) if name not in dropped]
    found = [f"index or constraint {name} is missing" for name in wanted if name not in states]
    found += [
        f"index {name} is {states[name].lower()}" for name in wanted if states.get(name, "ONLINE") != "ONLINE"
    ]
    return sorted(found)


def _applied(ask: Ask) -> dict[int, str]:
    chain = ask(more.MIGRATIONS, {})
    if [row[0] for row in chain] != list(range(1, len(chain) + 1)):
        raise SchemaMismatch(
            "the chain of migrations in the graph has a gap",
            way_out="Restore the graph from a backup, or derive it again into an empty database",
        )
    return {row[0]: row[2] for row in chain}


def _statements(script: str) -> Iterator[str]:
    # They are our own files: nothing of what a user says comes into them.
    return filter(None, map(str.strip, _COMMENT.sub("", script).split(";")))
