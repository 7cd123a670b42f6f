"""What would follow: the engine's own batch on a transaction that keeps what it would write, and writes
nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

from graph_schema.store import Document, Kind, Transaction, Writes
from graph_schema.vocabulary import Judgement, Person
from profiles.orders import Orders
from stream.batch import Batch
from stream.engine import Engine
from stream.workspace import Workspace

_FIRST: Final = 1 << 60
"""Ids that are given out for show: no store has counted so far."""


class _Kept:
    """A transaction that reads from another, and keeps what is applied."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._next = _FIRST
        self.unchanged = False
        self.writes = Writes()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transaction has
        return getattr(self._tx, name)

    def allocate(self, kind: Kind) -> int:
        """An id that is nobody's."""
        self._next += 1
        return self._next

    def apply(self, writes: Writes) -> None:
        """Keeps it."""
        self.writes = writes


def rehearse(engine: Engine, tx: Transaction, work: Callable[[Batch], None]) -> Writes:
    """What a batch would write after ``work``. Raises what it would raise."""
    kept = _Kept(tx)
    stage = cast(Transaction, kept)
    workspace = Workspace(engine.intake.plan, engine.id_key)
    workspace.begin(stage)
    batch = Batch(stage, workspace, engine.intake, engine.clock())
    work(batch)
    batch.finish({}, engine.upkeep)
    return kept.writes


def consequences(engine: Engine, tx: Transaction, judgement: Judgement) -> Document:
    """What follows from a judgement: the persons that there would be with their records, how many orders
    would count for another person, and which audiences would lose or gain how many."""
    writes = rehearse(engine, tx, lambda batch: batch.judge(judgement))
    before = tx.persons({*writes.persons, *writes.persons_gone})
    moved = {
        person
        for one, record in writes.records.items()
        for was in tx.records((one,)).values()
        if was.person != record.person
        for person in (was.person, record.person)
    }
    living = [writes.persons[one] for one in moved if one in writes.persons]
    return {
        "was": _sized(before[one] for one in moved & before.keys()),
        "now": _sized(living),
        "orders": _moved_orders(tx, writes, before, moved),
        "audiences": _audiences(writes),
    }


def _sized(persons: Iterable[Person]) -> list[Document]:
    ranked = sorted(persons, key=lambda one: (-one.size, one.person_id))
    return [{"person_id": one.person_id, "records": one.size} for one in ranked]


def _moved_orders(tx: Transaction, writes: Writes, before: Mapping[int, Person], moved: Iterable[int]) -> int:
    """How many orders would count for a person of another id."""
    persons = set(moved)
    stored = tx.profiles(persons & before.keys())
    owners = {key: before[one].person_id for one, state in stored.items() for key in _orders(state)}
    after = {one: writes.profiles.get(one) or stored.get(one, {}) for one in persons & writes.persons.keys()}
    return sum(
        owners.get(key, writes.persons[one].person_id) != writes.persons[one].person_id
        for one, state in after.items()
        for key in _orders(state)
    )


def _orders(state: Document) -> Iterable[str]:
    return {str(order["id"]) for order in Orders(state).counted} if state else ()


def _audiences(writes: Writes) -> list[Document]:
    # Who bought three products has three places in the audience of buyers, and is one person.
    moves = {(one.audience, one.person_id, one.added) for one in writes.deltas}
    told = Counter((audience, added) for audience, _, added in moves)
    return [
        {"audience": name, "gains": told[name, True], "loses": told[name, False]}
        for name in sorted({audience for audience, _ in told})
    ]
