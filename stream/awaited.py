"""The judgements of one transaction, and those that name records which are not there: not yet, or no longer.

A judgement is of records, and stands whenever they come: before, after, or again.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any

from graph_schema.store import Transaction, Writes
from graph_schema.vocabulary import EventKey, Judgement, Record, RecordKey
from resolver.founding import person_id

AWAITED = "awaited/"
"""Operational state: judgements that name an absent record, by the id of the person whom it would found."""
ISSUED = "issued/"
"""Operational state: the founding event of a person id that no record founds any more, as source and message
id, and unless a rebuild ended it the version up to which it may have been told."""
ANY_ISSUED = "issued"
"""Operational state: set once an id came to be so outside a rebuild."""


def led_to(said: Sequence[Any]) -> EventKey:
    """The founding event in what is kept of such an id."""
    return EventKey(*said[:2])


def issued(tx: Transaction) -> dict[str, EventKey]:
    """Those founding events by person id."""
    return {name.removeprefix(ISSUED): led_to(said) for name, said in tx.scan(ISSUED).items()}


def end(writes: Writes, named: str, event: EventKey, version: int) -> None:
    """Remembers the founding event of a person id whose record goes, and its version."""
    writes.founded.pop(named, None)
    writes.founded_gone.add(named)
    writes.state |= {ISSUED + named: [*event, version], ANY_ISSUED: True}


def lead(tx: Transaction, writes: Writes, ended: Mapping[str, int]) -> None:
    """Lets person ids that led to a message alone lead to these records, but those that are a record's
    again."""
    writes.state.update((ISSUED + named, None) for named in ended)
    again = tx.founded(ended)
    writes.founded.update((named, one) for named, one in ended.items() if named not in again)


def told_up_to(tx: Transaction, writes: Writes, person_ids: Collection[str]) -> dict[str, int]:
    """The versions of those of these ids whose record had gone: who comes under them again goes on from
    there."""
    if not person_ids or (ANY_ISSUED not in writes.state and not tx.get(ANY_ISSUED)):
        return {}
    names = [ISSUED + one for one in person_ids]
    kept = {**tx.states(names), **{one: writes.state[one] for one in names if one in writes.state}}
    return {name.removeprefix(ISSUED): said[2] for name, said in kept.items() if said and len(said) > 2}


class Awaited:
    """What judgements wait for in one transaction. ``back`` are the records that came, ``words`` by id what
    was waiting for them, and what is said in it."""

    def __init__(self, tx: Transaction, writes: Writes, id_key: bytes) -> None:
        self._tx = tx
        self._writes = writes
        self._id_key = id_key
        self.back: set[int] = set()
        self.words: dict[str, Judgement] = {}
        self._naming: dict[RecordKey, list[str]] = {}

    def say(self, judgement: Judgement) -> None:
        """Writes a judgement, a new one or another form of one that there is."""
        self._writes.judgements.append(judgement)
        self._take(judgement)

    def of(self, keys: Set[RecordKey]) -> list[Judgement]:
        """Those of the words that name one of these records."""
        named = {one for key in keys if key in self._naming for one in self._naming[key]}
        words = [self.words[one] for one in sorted(named)]
        return [one for one in words if not keys.isdisjoint((*one.a, *one.b))]

    def _take(self, judgement: Judgement) -> None:
        self.words[judgement.judgement_id] = judgement
        for key in (*judgement.a, *judgement.b):
            self._naming.setdefault(key, []).append(judgement.judgement_id)

    def wait(self, key: RecordKey, judgement: str) -> None:
        """Remembers that a judgement names a record that isn't there."""
        named = AWAITED + person_id(key, 0, self._id_key)
        self._writes.state[named] = sorted({*self._waiting(named), judgement})

    def came(self, record: Record) -> None:
        """Lets the judgements that were waiting for a new record speak of it."""
        # A word on who was erased names her ghost: it is for whoever has the key now.
        waiting = self._waiting(AWAITED + person_id(record.key, 0, self._id_key))
        if waiting:
            self.back.add(record.id)
            self._writes.judged_records += [(record.id, one) for one in waiting]
            for word in self._tx.given([one for one in waiting if one not in self.words]).values():
                self._take(word)

    def _waiting(self, named: str) -> Sequence[str]:
        found: Sequence[str] | None = self._writes.state.get(named) or self._tx.get(named)
        return found or ()
