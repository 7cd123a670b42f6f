"""What the SQLite store keeps for matching: contents, their blocks and edges."""

from collections.abc import Collection, Iterable, Mapping

import orjson

from graph_schema.sqlite_rows import CONTENT, GIVEN, Statements, content_of, content_row
from graph_schema.store import Writes
from graph_schema.vocabulary import Content

_BLOCKS = (
    "SELECT value, (SELECT json_group_array(content) FROM "
    "(SELECT content FROM block WHERE key = value LIMIT ?)) FROM json_each(?)"
)


class SqliteLikeness(Statements):
    """The part of a transaction that is about contents."""

    def contents(self, ids: Collection[int]) -> Mapping[int, Content]:
        """See ``Transaction``."""
        return {row[0]: content_of(row) for row in self._rows(CONTENT.by("id"), ids)}

    def speakers(self, contents: Collection[int]) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        query = f"SELECT content, id FROM record WHERE content <> 0 AND content {GIVEN}"
        return self._gathered(query, contents)

    def said_by(self, person: int) -> Collection[int]:
        """See ``Transaction``."""
        query = "SELECT DISTINCT content FROM record INDEXED BY record_person WHERE person = ?"
        return {row[0] for row in self._connection.execute(query, (person,))} - {0}

    def blocks(self, keys: Collection[int], limit: int) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        rows = self._connection.execute(_BLOCKS, (limit, orjson.dumps(list(keys)).decode()))
        return {row[0]: orjson.loads(row[1]) for row in rows}

    def edges(self, contents: Collection[int]) -> Mapping[int, Mapping[int, int]]:
        """See ``Transaction``."""
        found: dict[int, dict[int, int]] = {one: {} for one in contents}
        query = f"SELECT content, other, weight FROM edge WHERE content {GIVEN}"
        for content, other, weight in self._rows(query, contents):
            found[content][other] = weight
        return found

    def _apply_likeness(self, writes: Writes) -> None:
        many = self._many
        gone = writes.contents_gone.values()
        many("DELETE FROM content WHERE id = ?", ((one.id,) for one in gone))
        many("DELETE FROM block WHERE key = ? AND content = ?", _placed(gone))
        many(CONTENT.upsert, map(content_row, writes.contents.values()))
        many("INSERT OR IGNORE INTO block (key, content) VALUES (?, ?)", _placed(writes.contents.values()))
        both = writes.edges | {(two, one): weight for (one, two), weight in writes.edges.items()}
        apart = (pair for pair, weight in both.items() if weight is None)
        many("DELETE FROM edge WHERE content = ? AND other = ?", apart)
        alike = sorted((*pair, weight) for pair, weight in both.items() if weight is not None)
        many("INSERT OR REPLACE INTO edge (content, other, weight) VALUES (?, ?, ?)", alike)


def _placed(contents: Iterable[Content]) -> list[tuple[int, int]]:
    """(key, content) of each place in a block, in the order in which they lie on disk."""
    return sorted((key, one.id) for one in contents for key in one.keys)
