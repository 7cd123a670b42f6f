"""What the SQLite store keeps for the stewards' console: the words of names, and the audit log.

Words are few and repeat: a person has rows for her words only, and the keys by which a mistyped word is found
are written once a word.
"""

from collections.abc import Collection, Mapping
from typing import Final

import orjson

from graph_schema.sqlite_rows import GIVEN, Statements
from graph_schema.store import Writes
from graph_schema.vocabulary import Audited

_HAD: Final = "EXISTS (SELECT 1 FROM named WHERE named.word = word.word)"
_AUDITED: Final = "seq, at, judged_by, role, what, about, why"


class SqliteConsole(Statements):
    """The part of a transaction that is about searching and auditing."""

    def alike(self, keys: Collection[str]) -> set[str]:
        """See ``Transaction``."""
        return {row[0] for row in self._rows(f"SELECT DISTINCT word FROM word_key WHERE key {GIVEN}", keys)}

    def named(self, words: Collection[str], limit: int) -> Mapping[str, list[int]]:
        """See ``Transaction``."""
        query = "SELECT person FROM named WHERE word = ? ORDER BY person LIMIT ?"
        return {word: [row[0] for row in self._connection.execute(query, (word, limit))] for word in words}

    def audit(self, before: int | None, limit: int) -> list[Audited]:
        """See ``Transaction``."""
        query = f"SELECT {_AUDITED} FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?"
        rows = self._connection.execute(query, (1 << 62 if before is None else before, limit))
        return [Audited(*row)._replace(about=tuple(orjson.loads(row[5]))) for row in rows]

    def _apply_console(self, writes: Writes) -> None:
        many = self._many
        if writes.names or writes.persons_gone:
            self._apply_names(writes)
        rows = [(*one[:5], orjson.dumps(one.about), one.why) for one in writes.audit]
        many(f"INSERT INTO audit ({_AUDITED}) VALUES (?,?,?,?,?,?,?)", rows)

    def _apply_names(self, writes: Writes) -> None:
        many = self._many
        persons = writes.names.keys() | writes.persons_gone
        before = set(self._rows(f"SELECT word, person FROM named WHERE person {GIVEN}", persons))
        living = writes.names.keys() - writes.persons_gone
        now = {(word, one) for one in living for word in writes.names[one]}
        came, went = sorted(now - before), sorted(before - now)
        many("DELETE FROM named WHERE word = ? AND person = ?", went)
        many("INSERT INTO named (word, person) VALUES (?, ?)", came)
        if came:
            words = {word for word, _ in came}
            words -= {row[0] for row in self._rows(f"SELECT word FROM word WHERE word {GIVEN}", words)}
            keys = [(word, orjson.dumps([*writes.name_keys[word]]).decode()) for word in sorted(words)]
            many("INSERT INTO word (word, keys) VALUES (?, ?)", keys)
            rows = sorted((key, word) for word in words for key in writes.name_keys[word])
            many("INSERT INTO word_key (key, word) VALUES (?, ?)", rows)
        if went:
            self._forget({word for word, _ in went})

    def _forget(self, words: set[str]) -> None:
        """Nothing stays of a word that is nobody's name any more."""
        for word, keys in self._rows(f"SELECT word, keys FROM word WHERE word {GIVEN} AND NOT {_HAD}", words):
            rows = [(key, word) for key in orjson.loads(keys)]
            self._many("DELETE FROM word_key WHERE key = ? AND word = ?", rows)
            self._connection.execute("DELETE FROM word WHERE word = ?", (word,))
