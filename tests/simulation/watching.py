"""What must hold of a store after every step, whatever came: checked from outside, by what it tells."""

from collections import Counter
from collections.abc import Iterable

from graph_schema.errors import Erased
from graph_schema.store import Store, Transaction
from graph_schema.vocabulary import Change, EventKey
from profiles.state import views
from stream.intake import Intake
from stream.reader import Reader


class Watch:
    """Follows one store by its feed and remembers every person id that it ever told."""

    def __init__(self, intake: Intake, id_key: bytes) -> None:
        self._intake = intake
        self._id_key = id_key
        self._read = 0
        self.issued: set[str] = set()
        self.current: set[str] = set()

    def check(self, store: Store, taken: set[EventKey], every_id: bool) -> None:
        """All that must hold. ``taken`` are the events acknowledged so far."""
        with store.read() as tx:
            fresh = self._follow(tx)
            self._every_id_answers(tx, self.issued if every_id else fresh)
            every_event_once(tx, taken)
            if every_id:
                every_order_once(tx)
                every_value_names_a_living_record(tx)

    def _follow(self, tx: Transaction) -> set[str]:
        """Replays the feed; it must give the persons that there are."""
        changes = tx.changes(self._read, 1_000_000)
        assert [one.seq for one in changes] == list(range(self._read + 1, tx.last_change() + 1))
        self._read += len(changes)
        for change in changes:
            self._replay(change)
        people = list(tx.all_persons())
        assert len({person.person_id for person in people}) == len(people)
        now = {person.person_id for person in people}
        assert self.current == now, f"told {self.current - now}, not {now - self.current} by {changes}"
        fresh = {person.person_id for person in people} - self.issued
        fresh.update(one for change in changes for one in _ids(change))
        self.issued |= fresh
        return fresh

    def _replay(self, change: Change) -> None:
        if change.kind in ("created", "merged"):
            self.current -= set(change.came_from) if change.kind == "merged" else set()
            self.current.add(change.person_id)
        elif change.kind == "split":
            self.current |= set(change.went_into)

    def _every_id_answers(self, tx: Transaction, ids: Iterable[str]) -> None:
        """Invariant 3: with a living person, or as erased."""
        reader = Reader(tx, self._intake, self._id_key)
        for one in ids:
            try:
                found = reader.find(one)
            except Erased:
                continue
            assert found.records, f"{one} leads to nobody"


def _ids(change: Change) -> tuple[str, ...]:
    return (change.person_id, *change.came_from, *change.went_into)


def every_event_once(tx: Transaction, taken: set[EventKey]) -> None:
    """Every acknowledged event is there, once, and in the history of one record."""
    stored = Counter(event.key for event in tx.all_events())
    assert set(stored) == taken
    assert set(stored.values()) <= {1}


def every_order_once(tx: Transaction) -> None:
    """Invariant 4: an order counts for one person, and every order for somebody."""
    shown = Counter(
        (kind, key)
        for state in tx.profiles([person.id for person in tx.all_persons()]).values()
        for kind in ("order",)
        for key in views(state, kind)
    )
    assert [key for key, times in shown.items() if times > 1] == []


def every_value_names_a_living_record(tx: Transaction) -> None:
    """Invariant 4: what a profile says was said by a record of that person."""
    owners = {(*record.key,): record.person for record in tx.all_records() if not record.ghost}
    for person, state in tx.profiles([one.id for one in tx.all_persons()]).items():
        for sources in state.get("traits", {}).values():
            for source, values in sources.items():
                assert {owners.get((source, said[1])) for said in values.values()} == {person}
