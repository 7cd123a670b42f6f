"""What the Neo4j store keeps for matching: contents, their blocks and edges."""

from collections.abc import Collection, Iterable, Mapping

from graph_schema import neo4j_known as marks
from graph_schema import neo4j_more_queries as more
from graph_schema.neo4j_console import Console
from graph_schema.neo4j_rows import Row, content_of, content_row, keyed, within
from graph_schema.store import Writes
from graph_schema.vocabulary import Content


class Likeness(Console):
    """The part of a transaction that is about contents."""

    def _said(self, contents: Iterable[int]) -> list[Row]:
        asked = list(contents)
        self.read.update([marks.of_content(one) for one in asked])
        return [keyed(one, self._low) for one in asked]

    def contents(self, ids: Collection[int]) -> Mapping[int, Content]:
        """See ``Transaction``."""
        return {row[0]: content_of(row) for row in self._rows(more.CONTENTS, self._said(ids))}

    def speakers(self, contents: Collection[int]) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        found: dict[int, list[int]] = {one: [] for one in contents}
        for content, records in self._rows(more.SPEAKERS, self._said(contents)):
            found[content] = [within(one) for one in records]
        return found

    def blocks(self, keys: Collection[int], limit: int) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        self.read.update([marks.of_block(one) for one in keys])
        found: dict[int, list[int]] = {key: [] for key in keys}
        if keys:
            asked = {"rows": [keyed(key, self._low) for key in keys], "page": limit}
            found.update((row[0], row[1]) for row in self._ask(more.BLOCKS, asked))
        return found

    def edges(self, contents: Collection[int]) -> Mapping[int, Mapping[int, int]]:
        """See ``Transaction``."""
        found: dict[int, dict[int, int]] = {one: {} for one in contents}
        for content, other, weight in self._rows(more.EDGES, self._said(contents)):
            found[content][other] = weight
        return found

    def _apply_likeness(self, writes: Writes) -> None:
        low = self._low
        gone = [keyed(one, low) for one in sorted(writes.contents_gone)]
        for row in self._rows(more.FORGET_CONTENTS, gone):
            self._rows(more.FORGET_BLOCKS, [[key] for key in row[0]])
        contents = [content for _, content in sorted(writes.contents.items())]
        self._rows(more.MERGE_CONTENTS, [content_row(content, low) for content in contents])
        places = [[*keyed(one.id, low), *keyed(key, low)] for one in contents for key in one.keys]
        self._rows(more.PLACE, places)
        edges = [
            [*keyed(one, low), *keyed(two, low), weight]
            for (one, two), weight in sorted(writes.edges.items())
        ]
        self._rows(more.UNRESEMBLE, [row for row in edges if row[4] is None])
        self._rows(more.RESEMBLE, [row for row in edges if row[4] is not None])

    def _marks_of_likeness(self, writes: Writes) -> set[int]:
        """The marks of all that a batch changes in contents, blocks and edges, and of who says what."""
        contents = {*writes.contents, *writes.contents_gone, *(one for pair in writes.edges for one in pair)}
        for one, record in writes.records.items():
            was = self._known.records.get(one)
            if was is None or was.content != record.content:
                contents |= {record.content, was.content if was is not None else 0}
        contents.discard(0)
        both = [*writes.contents.values(), *writes.contents_gone.values()]
        keys = {key for content in both for key in content.keys}
        return {*map(marks.of_content, contents), *map(marks.of_block, keys)}
