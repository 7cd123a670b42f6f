"""Judgements that name records which are not there: not yet, or no longer.

A judgement is of records, and stands whenever they come: before, after, or again.
"""

from collections.abc import Sequence

from graph_schema.store import Transaction, Writes
from graph_schema.vocabulary import Judgement, Record, RecordKey
from resolver.founding import person_id

AWAITED = "awaited/"
"""Operational state: judgements that name an absent record, by the id of the person whom it would found."""
ISSUED = "issued/"
"""Operational state: the founding event of a person id that no record founds any more."""


class Awaited:
    """What judgements wait for in one transaction. ``back`` are the records that came, ``words`` what was
    waiting for them."""

    def __init__(self, tx: Transaction, writes: Writes, id_key: bytes) -> None:
        self._tx = tx
        self._writes = writes
        self._id_key = id_key
        self.back: set[int] = set()
        self.words: list[Judgement] = []

    def wait(self, key: RecordKey, judgement: str) -> None:
        """Remembers that a judgement names a record that isn't there."""
        named = AWAITED + person_id(key, 0, self._id_key)
        self._writes.state[named] = sorted({*self._waiting(named), judgement})

    def came(self, record: Record) -> None:
        """Lets the judgements that were waiting for a new record speak of it."""
        waiting = self._waiting(AWAITED + person_id(record.key, record.erasures, self._id_key))
        if waiting:
            self.back.add(record.id)
            self._writes.judged_records += [(record.id, one) for one in waiting]
            self.words += self._tx.given(waiting).values()

    def _waiting(self, named: str) -> Sequence[str]:
        found: Sequence[str] | None = self._writes.state.get(named) or self._tx.get(named)
        return found or ()
