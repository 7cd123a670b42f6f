"""What the SQLite store keeps of audiences: who is in, the feed of who came and went, and what falls due."""

from collections.abc import Collection, Mapping
from typing import Final

from graph_schema.sqlite_rows import GIVEN, Statements
from graph_schema.store import Writes
from graph_schema.vocabulary import Delta, Enrolment, Membership

_DELTA: Final = "seq, audience, product, person_id, added, at"


class SqliteAudiences(Statements):
    """The part of a transaction that is about audiences."""

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
