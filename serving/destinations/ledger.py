"""The ledger: what one list of one destination was told, row by row, and what it answered.

It is operational state of the store, written through the engine, so it is as durable as the events, and the
same in every store:

    sync/…/head                                    how far the list is (which list: see registry.py)
    …/person/PERSON_ID                             the handles by which she is to be known there
    …/left/PERSON_ID                               why she was not taken out as she was to be
    …/row/KEYED_HASH                               a handle: of whom, since when, what was answered
    …/flight/NUMBER                                a request that is about to be made, or under way
    …/later/REQUEST_ID, …/sent/REQUEST_ID          a request whose outcome comes later; its rows
    sync/DESTINATION/lease                         which process keeps its lists
    receipt/PERSON_ID/…                            what of an erased person was taken out there

A handle is hashed personal data: the name of its row is a keyed hash, so that nothing of it is left when the
row is gone.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from graph_schema.errors import Conflict
from graph_schema.store import Transaction
from resolver.founding import CROCKFORD
from serving.destinations.platforms import Op, Published, Row
from serving.destinations.settings import Target
from stream.ghosts import keyed_hash

State = dict[str, Any]
Part = Literal["person", "left", "row", "flight", "later", "sent"]
"""What a ledger holds of a list, but for its head: see above."""
SHARDS: Final = [f"per_{first}{second}" for first in CROCKFORD for second in CROCKFORD]
"""The beginnings of person ids: a ledger of any size is gone over one of them at a time."""

WITHHELD: Final = "withheld"
"""Stands in a row for why it was refused, where it was we who left it out, as it was about to be sent."""


@dataclass
class Head:
    """How far a list is: the feeds are followed up to ``delta`` and ``change``; ``walk`` is the place in the
    members from which it goes on being filled, None where it is full; ``sweep`` the shard of the ledger from
    which it goes on being compared with the truth, ``renew`` and ``retry`` what that does besides.

    ``replacing``: all members are being replaced at once. ``dirty``: it changed since it was published. The
    rest are figures: members there, handles sent and taken out, and refusals by reason, since it was begun.
    """

    delta: int
    change: int
    walk: tuple[str, int] | None = ("", 0)
    sweep: int | None = None
    renew: bool = False
    retry: bool = False
    refresh_at: int | None = None
    flights: int = 0
    replacing: bool = False
    dirty: bool = True
    members: int = 0
    added: int = 0
    removed: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    match_rate: str = ""
    at: int = 0

    def __post_init__(self) -> None:
        """A place comes out of JSON as a list."""
        self.walk = None if self.walk is None else (self.walk[0], self.walk[1])


class Flight(NamedTuple):
    """A request of a list, kept until it is settled. ``delta`` and ``change`` are how far the feeds were when
    its rows were made."""

    name: str
    op: Op
    rows: Sequence[Row]
    delta: int
    change: int

    def kept(self) -> list[Any]:
        """As the ledger has it."""
        return [self.op, kept_rows(self.rows), self.delta, self.change]


class Entry(NamedTuple):
    """A row: a handle, the persons whose it is, when it was last sent, by which request, why it was refused
    ("" where it wasn't), and what was told for it."""

    handle: str
    persons: tuple[str, ...]
    at: int
    request: str = ""
    refused: str = ""
    told: Any = None


class Ledger:
    """The names and the reading of one list's part."""

    def __init__(self, target: Target, prefix: str, id_key: bytes) -> None:
        self.target = target
        self._prefix = prefix
        self._key = id_key
        self.head_name = f"{self._prefix}head"

    def name(self, part: Part, one: str = "") -> str:
        """The name of an entry of a part; without one, how all names of the part begin."""
        return f"{self._prefix}{part}/{one}"

    def digest(self, handle: str) -> str:
        """A handle's keyed hash."""
        return keyed_hash(handle.encode(), self._key)

    def row(self, handle: str) -> str:
        """The name of a handle's row."""
        return self.name("row", self.digest(handle))

    def flight(self, number: int) -> str:
        """The name of a flight."""
        return self.name("flight", f"{number:010d}")

    def receipt(self, person_id: str) -> str:
        """The name of an erased person's receipt: of the list, whatever the rules call it by then."""
        return f"receipt/{person_id}/{self._prefix.removeprefix('sync/')}"

    def head(self, tx: Transaction) -> Head | None:
        """How far the list is, None where it was never begun."""
        found = tx.get(self.head_name)
        return None if found is None else Head(**found)

    def begun(self, tx: Transaction) -> Head:
        """How far a list is that was begun. Raises ``Conflict`` where it never was."""
        found = self.head(tx)
        if found is None:
            raise Conflict("nothing was ever sent to this list", way_out="Run onefold sync first")
        return found

    def handles(self, tx: Transaction, persons: Iterable[str]) -> dict[str, list[str]]:
        """The handles by which each of these persons is known there."""
        names = {one: self.name("person", one) for one in persons}
        found = tx.states(names.values())
        return {one: found.get(name) or [] for one, name in names.items()}

    def entries(self, tx: Transaction, handles: Iterable[str]) -> dict[str, Entry]:
        """The rows of these handles, of those that there are."""
        names = {one: self.row(one) for one in handles}
        found = tx.states(names.values())
        return {one: _entry(found[name]) for one, name in names.items() if name in found}

    def flights(self, tx: Transaction) -> list[Flight]:
        """The requests that are not settled, in their order."""
        found = tx.scan(self.name("flight"))
        return [
            Flight(name, op, rows_of(rows), delta, change)
            for name, (op, rows, delta, change) in sorted(found.items())
        ]

    def held(self, tx: Transaction, part: Part, begins: str = "") -> Mapping[str, Any]:
        """The entries of a part by the names that they have in it, of those that begin so."""
        prefix = self.name(part)
        return {name.removeprefix(prefix): kept for name, kept in tx.scan(prefix + begins).items()}

    def is_empty(self, tx: Transaction) -> bool:
        """Whether nobody is in the list, nor on the way."""
        parts: tuple[Part, ...] = ("flight", "later", "person")
        return not any(self.held(tx, part) for part in parts)

    def published(self, tx: Transaction) -> Iterator[Published]:
        """Every handle that the list holds."""
        for shard in range(256):
            for kept in self.held(tx, "row", f"{shard:02x}").values():
                entry = _entry(kept)
                if not entry.refused:
                    yield entry.handle, entry.told


class Stopped(Conflict):
    """Another process took this destination over."""

    def __init__(self) -> None:
        super().__init__("another onefold sync has taken over", way_out="Let one run at a time")


class Lease:
    """A process's right to write to a destination's ledger, and to make requests. The one that came last has
    it: it takes over at once, for one that was killed gives nothing back."""

    def __init__(self, destination: str) -> None:
        self._name = f"sync/{destination}/lease"
        self._token = secrets.token_hex(8)

    def taken(self) -> State:
        """What is to be written to take over."""
        return {self._name: self._token}

    def check(self, tx: Transaction) -> None:
        """Raises ``Stopped`` where another process took over since."""
        if tx.get(self._name) != self._token:
            raise Stopped


def _entry(kept: Sequence[Any]) -> Entry:
    return Entry(*kept)._replace(persons=tuple(kept[1]))


def kept_rows(rows: Iterable[Row]) -> list[list[Any]]:
    """Rows as the ledger has them."""
    return [[row.person_id, row.said, list(row.handles)] for row in rows]


def rows_of(kept: Sequence[Sequence[Any]]) -> list[Row]:
    """Rows as they come out of the ledger."""
    return [Row(person, said, tuple(handles)) for person, said, handles in kept]
