"""What the Neo4j store keeps beside the graph: feeds, audiences, dead letters, operational state, and for the
stewards' console the words of names and the audit log.

A person is called by words, a word is like its spellings; nothing stays of a word that is nobody's name now.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, LiteralString, TypeVar

import orjson

from graph_schema import neo4j_known as marks
from graph_schema import neo4j_more_queries as more
from graph_schema.neo4j_asking import Asked
from graph_schema.neo4j_reading import Reading
from graph_schema.neo4j_rows import Row, changes_of, deltas_of, own, short_hash, within
from graph_schema.store import Writes
from graph_schema.vocabulary import Audited, Change, DeadLetter, Delta, Enrolment, Membership

T = TypeVar("T", Change, Delta)

_SEPARATOR: Final = "\x1f"
_EVER: Final = (1 << 63) - 1
_NODES: Final = 16
"""Batches of a feed that are read at once."""
_AUDIT: Final = marks.of_other("audit")


class Beside(Reading):
    """The part of a transaction that is about what is beside the graph. Whoever follows a feed looks for more
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

    # Names, and the log of what stewards did

    def _rows(
        self, query: LiteralString, rows: Sequence[object], of: Iterable[int] | None = None
    ) -> list[Row]:
        return self._ask(query, {"rows": rows}, of) if rows else []

    def _tell(self, query: LiteralString, rows: Sequence[object], name: str = "rows") -> None:
        if rows:
            self._ask.tell(query, {name: rows})

    def _spelt(self, text: str) -> Row:
        return [self._low + short_hash(text), text]

    def alike(self, keys: Collection[str]) -> set[str]:
        """See ``Transaction``."""
        rows = self._rows(more.ALIKE, [self._spelt(key) for key in keys])
        return {row[0] for row in rows}

    def named(self, words: Collection[str], limit: int) -> Mapping[str, list[int]]:
        """See ``Transaction``."""
        found: dict[str, list[int]] = {word: [] for word in words}
        asked = {"rows": [self._spelt(word) for word in words], "page": limit}
        for word, persons in self._ask(more.CALLED, asked):
            found[word] = [within(one) for one in persons]
        return found

    def audit(self, before: int | None, limit: int) -> list[Audited]:
        """See ``Transaction``."""
        self.read.add(_AUDIT)
        end = self.graph.end if before is None else self._place(before)
        rows = self._ask(more.AUDIT, {"low": self._low, "end": end, "page": limit})
        return [Audited(*own(row))._replace(about=tuple(row[5])) for row in rows]

    def _apply_audit(self, writes: Writes) -> set[int]:
        """Adds to the audit log; returns the marks of what changed by it."""
        rows = [[self._low + one.seq, *one[1:5], list(one.about), one.why] for one in writes.audit]
        self._tell(more.NOTE, rows)
        return {_AUDIT} if rows else set()

    def _asked_of_names(self, writes: Writes) -> list[Asked]:
        """What must be known to write names: who is called what so far, and which words there are."""
        stored = [one for one in writes.names.keys() | writes.persons_gone if one not in self._new["person"]]
        words = [self._spelt(word) for word in sorted(set().union(*writes.names.values()))]
        return [(more.NAMES, {"ids": self._numbered(stored, marks.PERSON)}), (more.WORDS, {"rows": words})]

    def _apply_names(self, writes: Writes, called: list[Row], there: list[Row]) -> None:
        """Before persons who are gone are removed; with what ``_asked_of_names`` is answered."""
        before = {(within(row[0]), row[1]) for row in called}
        now = {(one, word) for one in writes.names.keys() - writes.persons_gone for word in writes.names[one]}
        came, went = sorted(now - before), sorted(before - now)
        self._tell(more.UNCALL, [[self._low + one, word] for one, word in went])
        words = {word for _, word in came} - {row[0] for row in there}
        spellings = [
            [*self._spelt(word), [self._spelt(key) for key in sorted(writes.name_keys[word])]]
            for word in sorted(words)
        ]
        self._tell(more.SPELL, spellings)
        self._tell(more.CALL, [[self._low + one, *self._spelt(word)] for one, word in came])
        self._tell(more.FORGET_WORDS, [self._spelt(word) for word in sorted({word for _, word in went})])


def path_of(graph: int, name: str) -> str:
    """Where a piece of operational state of a graph lies."""
    return f"{graph}/{name}"


def place_of(graph: int, one: Enrolment) -> str:
    """A place in an audience as a text: places are read in the order of audience, product, person."""
    return _SEPARATOR.join((str(graph), one.audience, one.product, f"{one.person:019d}"))
