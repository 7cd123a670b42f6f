"""What the Neo4j store keeps for the stewards' console: the words of names, and the audit log.

A person is called by words, a word is like its spellings; nothing stays of a word that is nobody's name now.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import LiteralString

from graph_schema import neo4j_known as marks
from graph_schema import neo4j_more_queries as more
from graph_schema.neo4j_asking import Asked
from graph_schema.neo4j_feeds import Feeds
from graph_schema.neo4j_known import PERSON
from graph_schema.neo4j_rows import Row, own, short_hash, within
from graph_schema.store import Writes
from graph_schema.vocabulary import Audited

_AUDIT = marks.of_other("audit")


class Console(Feeds):
    """The part of a transaction that is about searching and auditing."""

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
        return [(more.NAMES, {"ids": self._numbered(stored, PERSON)}), (more.WORDS, {"rows": words})]

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
