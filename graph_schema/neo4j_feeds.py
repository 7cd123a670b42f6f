"""What the Neo4j store keeps beside the graph: feeds, audiences, dead letters, operational state."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, LiteralString, TypeVar

import orjson

from graph_schema import neo4j_known as marks
from graph_schema import neo4j_more_queries as more
from graph_schema.neo4j_reading import Reading
from graph_schema.neo4j_rows import Row, changes_of, deltas_of, within
from graph_schema.vocabulary import Change, DeadLetter, Delta, Enrolment, Membership

T = TypeVar("T", Change, Delta)

_SEPARATOR: Final = "\x1f"
_EVER: Final = (1 << 63) - 1
_NODES: Final = 16
"""Batches of a feed that are read at once."""


class Feeds(Reading):
    """The part of a transaction that reads what is beside the graph. Whoever follows a feed looks for more
    many times a second; the graph itself tells how far each goes, so nothing is asked where nothing came."""

    def _fed(
        self,
        query: LiteralString,
        after: int,
        limit: int,
        read: Callable[[str], list[T]],
        audience: str | None = None,
    ) -> list[T]:
        """Entries above a number; they lie together by batches."""
        found: list[T] = []
        at = self._place(after)
        while len(found) < limit:
            asked = {"after": at, "end": self.graph.end, "page": _NODES, "audience": audience}
            rows = self._ask(query, asked)
            for last, entries in rows:
                at = last
                found += [one for one in read(entries) if one.seq > after]
            if len(rows) < _NODES:
                break
        return found[:limit]

    def changes(self, after: int, limit: int) -> list[Change]:
        """See ``Transaction``."""
        return self._fed(more.CHANGES, after, limit, changes_of) if after < self.graph.changes else []

    def last_change(self) -> int:
        """See ``Transaction``. Where others write meanwhile, what is written comes after theirs."""
        return self.graph.changes

    def deltas(self, audience: str | None, after: int, limit: int) -> list[Delta]:
        """See ``Transaction``."""

        def read(entries: str) -> list[Delta]:
            return [one for one in deltas_of(entries) if audience in (None, one.audience)]

        return self._fed(more.DELTAS, after, limit, read, audience) if after < self.graph.deltas else []

    def last_delta(self) -> int:
        """See ``Transaction``; as ``last_change``."""
        return self.graph.deltas

    def memberships(self, persons: Collection[int]) -> Mapping[int, set[Membership]]:
        """See ``Transaction``."""
        known = self._known.places
        rows = self._unknown(more.MEMBERSHIPS, known, persons, "person")
        known.update((one, set()) for one in persons if one not in known)
        for person, audience, product in rows:
            known[within(person)].add(Membership(audience, product))
        return {one: set(known.get(one, ())) for one in persons}

    def enrolled(
        self, audience: str, product: str | None, after: tuple[str, int], limit: int
    ) -> list[Enrolment]:
        """See ``Transaction``."""
        number = self.graph.number
        first = place_of(number, Enrolment(after[1], audience, after[0]))
        scope = [str(number), audience, *([] if product is None else [product])]
        begin, end = _SEPARATOR.join([*scope, ""]), _SEPARATOR.join(scope) + " "
        rows = self._ask(more.ENROLLED, {"after": max(first, begin), "end": end, "page": limit})
        return [Enrolment(within(row[0]), row[1], row[2]) for row in rows]

    def due(self, until: int, limit: int) -> list[tuple[int, int]]:
        """See ``Transaction``."""
        known = self._known
        if known.due is not None and until < known.due:
            return []
        rows = self._ask(more.DUE, {"number": self.graph.number, "until": _EVER, "page": limit})
        known.due = rows[0][0] if rows else _EVER
        return [(row[0], within(row[1])) for row in rows if row[0] <= until]

    def dead_letters(self, after: int, limit: int) -> list[tuple[int, DeadLetter]]:
        """See ``Transaction``."""
        if after >= self.graph.letters:
            return []
        asked = {"after": self._place(after), "end": self.graph.end, "page": limit}
        return [(within(row[0]), DeadLetter(*row[1:])) for row in self._ask(more.DEAD_LETTERS, asked)]

    def states(self, names: Collection[str]) -> Mapping[str, Any]:
        """See ``Transaction``."""
        found = self._stated(names)
        return {name: orjson.loads(value) for name, value in found.items() if value is not None}

    def _stated(self, names: Collection[str]) -> dict[str, str | None]:
        """What is stated under names, as it is kept; None for nothing."""
        known, graph = self._known.state, self.graph.number
        asked = {name: marks.of_other("state", name) for name in names}
        self.read.update(asked.values())
        missing = {path_of(graph, name): mark for name, mark in asked.items() if mark not in known}
        if missing:
            known.update(dict.fromkeys(missing.values()))
            for path, value in self._ask(more.GET, {"paths": list(missing)}, missing.values()):
                known[missing[path]] = value
        return {name: known[mark] for name, mark in asked.items()}

    def scan(self, prefix: str) -> Mapping[str, Any]:
        """See ``Transaction``."""
        self.read_all = True
        begin = path_of(self.graph.number, "")
        rows: Iterator[Row] = iter(self._ask(more.SCAN, {"path": begin + prefix}))
        return {row[0].removeprefix(begin): orjson.loads(row[1]) for row in rows}


def path_of(graph: int, name: str) -> str:
    """Where a piece of operational state of a graph lies."""
    return f"{graph}/{name}"


def place_of(graph: int, one: Enrolment) -> str:
    """A place in an audience as a text: places are read in the order of audience, product, person."""
    return _SEPARATOR.join((str(graph), one.audience, one.product, f"{one.person:019d}"))
