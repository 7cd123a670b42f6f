"""The part of the workspace that is about who holds an identifier; and how much of what was read is kept."""

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any

from resolver.plan import Plan
from stream.contents import REMEMBERED, Contents


def forget_some(remembered: Iterable[dict[Any, Any]], times: int = 1) -> None:
    """Of kinds of which more than so many times ``REMEMBERED`` things are remembered, forgets half."""
    for things in remembered:
        if len(things) > times * REMEMBERED:
            for one in list(islice(things, len(things) - times * REMEMBERED // 2)):
                del things[one]


class Holders(Contents):
    """What a batch reads and changes of who holds what. Remembered as the rest of the workspace is."""

    def __init__(self, plan: Plan, id_key: bytes) -> None:
        super().__init__(plan, id_key)
        self._holders: dict[int, set[int]] = {}
        self._came_to_hold: dict[int, set[int]] = {}
        self._let_go: set[tuple[int, int]] = set()

    def _fresh_holders(self) -> None:
        self._came_to_hold.clear()
        self._let_go.clear()

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
