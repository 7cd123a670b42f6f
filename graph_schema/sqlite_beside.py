"""What the SQLite store keeps beside records and persons: who is in which audience, the feed of who came and
went, and what falls due; for the stewards' console the words of names, and the audit log.

Words are few and repeat: a person has rows for her words only, and the keys by which a mistyped word is found
are written once a word.
"""

from collections.abc import Collection, Mapping
from typing import Final

import orjson

from graph_schema.sqlite_rows import GIVEN, Statements
from graph_schema.store import Writes
from graph_schema.vocabulary import Audited, Delta, Enrolment, Membership

_HAD: Final = "EXISTS (SELECT 1 FROM named WHERE named.word = word.word)"
_AUDITED: Final = "seq, at, judged_by, role, what, about, why"
_DELTA: Final = "seq, audience, product, person_id, added, at"


class SqliteBeside(Statements):
    """The part of a transaction that is about audiences, searching and auditing."""

    def memberships(self, persons: Collection[int]) -> Mapping[int, set[Membership]]:
        """See ``Transaction``."""
        found: dict[int, set[Membership]] = {one: set() for one in persons}
        query = f"SELECT person, audience, product FROM membership WHERE person {GIVEN}"
        for person, audience, product in self._rows(query, persons):
            found[person].add(Membership(audience, product))
        return found

    def enrolled(
        self, audience: str, product: str | None, after: tuple[str, int], limit: int
    ) -> list[Enrolment]:
        """See ``Transaction``."""
        # One product is a stretch of the index: with "product = ?" SQLite would go on through all after it.
        until, last = ("", ()) if product is None else ("AND product <= ?", (product,))
        first = after if product is None else max(after, (product, 0))
        query = (
            "SELECT person, audience, product FROM membership "
            f"WHERE audience = ? AND (product, person) > (?, ?) {until} ORDER BY product, person LIMIT ?"
        )
        return [Enrolment(*row) for row in self._connection.execute(query, (audience, *first, *last, limit))]

    def deltas(self, audience: str | None, after: int, limit: int) -> list[Delta]:
        """See ``Transaction``."""
        one = "" if audience is None else "audience = ? AND"
        query = f"SELECT {_DELTA} FROM delta WHERE {one} seq > ? ORDER BY seq LIMIT ?"
        asked = (*(() if audience is None else (audience,)), after, limit)
        rows = self._connection.execute(query, asked)
        return [Delta(row[0], row[1], row[2], row[3], bool(row[4]), row[5]) for row in rows]

    def last_delta(self) -> int:
        """See ``Transaction``."""
        return self._last("delta", "seq")

    def due(self, until: int, limit: int) -> list[tuple[int, int]]:
        """See ``Transaction``."""
        query = "SELECT at, person FROM due WHERE at <= ? ORDER BY at, person LIMIT ?"
        return self._connection.execute(query, (until, limit)).fetchall()

    def _apply_audiences(self, writes: Writes) -> None:
        many = self._many
        many(
            "DELETE FROM membership WHERE person = ? AND audience = ? AND product = ?",
            sorted(writes.enrolled_gone),
        )
        many(
            "INSERT OR REPLACE INTO membership (person, audience, product) VALUES (?, ?, ?)",
            sorted(writes.enrolled),
        )
        many(f"INSERT INTO delta ({_DELTA}) VALUES (?, ?, ?, ?, ?, ?)", writes.deltas)
        many("DELETE FROM due WHERE person = ?", [(one,) for one, at in writes.dues.items() if at is None])
        coming = sorted((person, at) for person, at in writes.dues.items() if at is not None)
        many("INSERT OR REPLACE INTO due (person, at) VALUES (?, ?)", coming)

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
