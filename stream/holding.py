"""The part of the workspace that is about who holds an identifier, and what stands between records: words,
ambiguities and cases. And how much of what was read is kept."""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import replace
from itertools import islice
from typing import Any

from graph_schema.store import StoredCase
from graph_schema.vocabulary import EventKey, IdentifierNode, Judgement, Record
from resolver.plan import Plan
from stream.awaited import Awaited
from stream.contents import REMEMBERED, Contents


def forget_some(remembered: Iterable[dict[Any, Any]], times: int = 1) -> None:
    """Of kinds of which more than so many times ``REMEMBERED`` things are remembered, forgets half."""
    for things in remembered:
        if len(things) > times * REMEMBERED:
            for one in list(islice(things, len(things) - times * REMEMBERED // 2)):
                del things[one]


class Between(Contents):
    """What a batch reads and changes of who holds what, which is remembered as the rest of the workspace is,
    and of what keeps records apart, or may."""

    awaited: Awaited
    any_judgements: bool

    def __init__(self, plan: Plan, id_key: bytes) -> None:
        super().__init__(plan, id_key)
        self._holders: dict[int, set[int]] = {}
        self._came_to_hold: dict[int, set[int]] = {}
        self._let_go: set[tuple[int, int]] = set()

    def _fresh_holders(self) -> None:
        self._came_to_hold.clear()
        self._let_go.clear()
        self._closed: dict[int, int] = {}
        """How many cases this batch had opened when those of a record were closed."""

    def holders(self, identifiers: Collection[int]) -> Mapping[int, Collection[int]]:
        """The records that hold each identifier, as this batch sees them."""
        missing = [one for one in identifiers if one not in self._holders]
        if missing:
            for one, records in self.tx.holders(missing).items():
                held = {*records, *self._came_to_hold.get(one, ())}
                self._holders[one] = {record for record in held if (one, record) not in self._let_go}
        return {one: self._holders[one] for one in identifiers}

    def hold(self, identifier: int, record: int) -> None:
        """Notes that a record has come to hold an identifier."""
        self._came_to_hold.setdefault(identifier, set()).add(record)
        self._let_go.discard((identifier, record))
        if identifier in self._holders:
            self._holders[identifier].add(record)
        self.writes.holders.add((identifier, record))

    def let_go(self, identifier: int, record: int) -> None:
        """Notes that a record no longer holds an identifier."""
        for held in (self._came_to_hold, self._holders):
            held.get(identifier, set()).discard(record)
        self._let_go.add((identifier, record))
        self.writes.holders.discard((identifier, record))
        self.writes.holders_gone.append((identifier, record))

    def persons_holding(self, identifiers: Collection[int]) -> set[int]:
        """The persons of the living records that hold one of some identifiers."""
        holders = {one for records in self.holders(identifiers).values() for one in records}
        return {record.person for record in self.records(holders).values() if not record.ghost}

    def is_nobodys(self, node: IdentifierNode) -> bool:
        """Whether no living record holds an identifier; whom it can't link it only counts."""
        held = self.holders((node.id,))[node.id]
        return node.holders <= len(held) and all(one.ghost for one in self.records(held).values())

    def judgements(self, records: Collection[int]) -> Collection[Judgement]:
        """The judgements, not retracted, that name one of these records; those of this batch among them."""
        stored = self.tx.judgements(records) if self.any_judgements else ()
        new = self.awaited.words
        ours = self.awaited.of({one.key for one in self.records(records).values()}) if new else ()
        standing = [*(one for one in stored if one.judgement_id not in new), *ours]
        return [one for one in standing if one.retracted_at is None]

    def found_words(self, record: Record, gone: EventKey, first: EventKey | None) -> None:
        """Lets words that remember a record by an event which leaves it remember it by its next, if any."""
        stored = self.tx.judgements((record.id,)) if self.any_judgements else ()
        words = {one.judgement_id: one for one in stored} | self.awaited.words
        for word in words.values():
            events = {*word.founders.get(record.key, ())}
            if gone in events:
                left = events - {gone} | (set() if first is None else {first})
                told = {**word.founders, record.key: tuple(sorted(left))}
                self.awaited.say(replace(word, founders={key: each for key, each in told.items() if each}))

    def settle(self, records: Set[int]) -> None:
        """Takes back every ambiguity of these records, and every case that names one; of this batch too."""
        self.writes.related_gone |= records
        self.writes.cases_gone |= records
        for one in records:
            self.writes.related.pop(one, None)
        self._closed.update(dict.fromkeys(records, len(self.writes.cases)))

    def _open_cases(self) -> list[StoredCase]:
        """The cases of this batch that were not closed again."""
        closed, opened = self._closed, enumerate(self.writes.cases)
        return [case for at, case in opened if all(closed.get(one, 0) <= at for one in case.records)]
