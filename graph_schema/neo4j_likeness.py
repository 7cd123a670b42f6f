"""What the Neo4j store keeps for matching: contents, their blocks and edges."""

from collections.abc import Collection, Iterable, Mapping
from typing import LiteralString

from graph_schema import neo4j_known as marks
from graph_schema import neo4j_more_queries as more
from graph_schema.neo4j_beside import Beside
from graph_schema.neo4j_rows import Row, content_of, content_row, keyed, within
from graph_schema.store import Writes
from graph_schema.vocabulary import Content


class Likeness(Beside):
    """The part of a transaction that is about contents. ``_full`` are the blocks that were found too full."""

    _full: set[int]

    def _said(self, query: LiteralString, contents: Collection[int]) -> list[Row]:
        of = [marks.of_content(one) for one in contents]
        self.read.update(of)
        return self._rows(query, [keyed(one, self._low) for one in contents], of)

    def contents(self, ids: Collection[int]) -> Mapping[int, Content]:
        """See ``Transaction``."""
        return {row[0]: content_of(row) for row in self._said(more.CONTENTS, ids)}

    def speakers(self, contents: Collection[int]) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        found: dict[int, list[int]] = {one: [] for one in contents}
        for content, records in self._said(more.SPEAKERS, contents):
            found[content] = [within(one) for one in records]
        return found

    def said_by(self, person: int) -> Collection[int]:
        """See ``Transaction``. Of whom all records are in memory nothing is asked."""
        known = self._known
        members = set[int]() if person in self._new["person"] else known.members.get(person)
        if members is None or not members <= known.records.keys():
            return [row[0] for row in self._by_id(more.SAID_BY, (person,), marks.PERSON)]
        self.read.add(person << 3 | marks.PERSON)
        return {known.records[one].content for one in members} - {0}

    def blocks(self, keys: Collection[int], limit: int) -> Mapping[int, list[int]]:
        """See ``Transaction``."""
        of = {*map(marks.of_block, keys)}
        self.read |= of
        found: dict[int, list[int]] = {key: [] for key in keys}
        if keys:
            asked = {"rows": [keyed(key, self._low) for key in keys], "page": limit}
            # In one row: the driver takes longer for each than to read what is in it.
            found.update(self._ask(more.BLOCKS, asked, of.union(map(marks.of_crowd, keys)))[0][0])
            self._full.update(key for key, contents in found.items() if len(contents) >= limit)
        return found

    def edges(self, contents: Collection[int]) -> Mapping[int, Mapping[int, int]]:
        """See ``Transaction``."""
        found: dict[int, dict[int, int]] = {one: {} for one in contents}
        for content, other, weight in self._said(more.EDGES, contents):
            found[content][other] = weight
        return found

    def _apply_likeness(self, writes: Writes) -> None:
        low = self._low
        gone = [one for _, one in sorted(writes.contents_gone.items())]
        self._tell(more.FORGET_CONTENTS, [keyed(one.id, low) for one in gone])
        self._tell(more.DISPLACE, self._places(gone))
        contents = [content for _, content in sorted(writes.contents.items())]
        self._tell(more.MERGE_CONTENTS, [content_row(content, low) for content in contents])
        self._tell(more.PLACE, self._places(contents))
        edges = [
            [*keyed(one, low), *keyed(two, low), weight]
            for (one, two), weight in sorted(writes.edges.items())
        ]
        self._tell(more.UNRESEMBLE, [row for row in edges if row[4] is None])
        self._tell(more.RESEMBLE, [row for row in edges if row[4] is not None])

    def _places(self, contents: Iterable[Content]) -> list[Row]:
        return [[*keyed(key, self._low), content.id] for content in contents for key in content.keys]

    def _mind(self, writes: Writes) -> None:
        """Before its turn: nobody minds one more in a block that is too full, but who takes some out."""
        gone = {key for content in writes.contents_gone.values() for key in content.keys}
        self.read.update(map(marks.of_crowd, gone))

    def _marks_of_likeness(self, writes: Writes) -> set[int]:
        """The marks of all that a batch changes in contents, blocks and edges, and of who says what."""
        contents = {*writes.contents, *writes.contents_gone, *(one for pair in writes.edges for one in pair)}
        known, here = self._known.records, {*writes.records, *writes.records_gone}
        # What the engine remembers may be forgotten here.
        self.records(here - known.keys())
        for one in here:
            was, now = (each[one].content if one in each else 0 for each in (known, writes.records))
            if was != now:
                contents |= {was, now}
        contents.discard(0)
        came, gone = (
            {key for content in each.values() for key in content.keys}
            for each in (writes.contents, writes.contents_gone)
        )
        keys = (came - self._full) | gone
        return {
            *map(marks.of_content, contents),
            *map(marks.of_block, keys),
            *map(marks.of_crowd, came & self._full),
        }
