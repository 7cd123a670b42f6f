"""What the feed tells of a store that was derived again: who came out otherwise than she was, and no more.

Versions go on from what they were: who follows the feed by them is told nothing twice, and misses nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from graph_schema.store import Transaction, Writes
from graph_schema.vocabulary import EventKey, Person
from resolver.founding import person_id
from stream.engine import Engine
from stream.feed import History, entries
from stream.judging import founding_events
from stream.parts import in_parts

_AT_ONCE: Final = 1_000

T = TypeVar("T")
_Side = tuple[Transaction, Mapping[str, Person]]


def tell_what_changed(was: Transaction, engine: Engine) -> None:
    """Writes versions and entries of the feed; ``was`` is the store from which the engine's was derived."""
    with engine.store.read() as tx:
        before, after = _living(was), _living(tx)
        history = _history((was, before), (tx, after), engine.id_key)
        same = _unchanged((was, before), (tx, after), history)
        first = tx.last_change() + 1
    persons = []
    for one, person in after.items():
        # An id that goes and comes back goes on from whomever its records were.
        known = (before[old].version for old in {one, *history.came.get(person.id, ())} if old in before)
        persons.append(replace(person, version=max(known, default=0) + (one not in same)))
    told = entries((one for one in persons if one.person_id not in same), history, first, engine.clock())
    for start in range(0, max(len(persons), len(told)), _AT_ONCE):
        part = {one.id: one for one in persons[start : start + _AT_ONCE]}
        with engine.store.write() as tx:
            tx.apply(Writes(persons=part, changes=told[start : start + _AT_ONCE]))


def links(was: Transaction, tx: Transaction, id_key: bytes) -> Iterator[tuple[int, int, int]]:
    """Whose the events of each living record were, and whose they are in a store that was derived from it,
    both by number; and the record."""
    records = (record for record in was.all_records() if not record.ghost)
    for part in in_parts(records, _AT_ONCE):
        person_of = {record.id: record.person for record in part}
        # What is told of two records links the first; the second by its key, where nothing else is of it.
        told = {event.key: record for record, event in was.history(person_of) if event.record == record}
        speaking = set(told.values())
        named = {person_id(one.key, one.erasures, id_key): one.id for one in part if one.id not in speaking}
        found = tx.founded(named)
        again = tx.records(set(found.values()))
        alike = ((named[one], again[record].person) for one, record in found.items())
        for record, person in {*_holders(tx, told), *alike}:
            yield person_of[record], person, record


def _holders(tx: Transaction, told: Mapping[EventKey, T]) -> Iterator[tuple[T, int]]:
    """What is said of each event, with the number of the person whose it is."""
    ids = tx.seen(told)
    events = tx.events(ids.values())
    records = tx.records({event.record for event in events.values()})
    for key, one in ids.items():
        yield told[key], records[events[one].record].person


def _living(tx: Transaction) -> dict[str, Person]:
    """Persons of whom there is a record that is not erased, by id."""
    living = {record.person for record in tx.all_records() if not record.ghost}
    return {person.person_id: person for person in tx.all_persons() if person.id in living}


def _history(old_side: _Side, new_side: _Side, id_key: bytes) -> History:
    (was, before), (tx, after) = old_side, new_side
    history = History(defaultdict(set), defaultdict(set), defaultdict(set))
    olds, news = ({person.id: one for one, person in each.items()} for each in (before, after))
    for old, new, _ in links(was, tx, id_key):
        history.came[new].add(olds[old])
        history.went[olds[old]].add(news[new])
    founders = {person.founder: one for one, person in before.items() if one not in after}
    events = founding_events(was, founders)
    for one, new in _holders(tx, {event: founders[record] for record, event in events.items()}):
        history.ended[new].add(one)
    return history


def _unchanged(was: _Side, now: _Side, history: History) -> set[str]:
    """The ids of those who are of the same events as before, and show the same."""

    def shown(side: _Side, part: Iterable[str]) -> list[object]:
        states = side[0].profiles([side[1][one].id for one in part])
        return [states.get(side[1][one].id) or {} for one in part]

    alone = (
        one
        for one in now[1].keys() & was[1].keys()
        if now[1][one].id not in history.ended
        and history.came.get(now[1][one].id, {one}) == history.went.get(one, {one}) == {one}
    )
    same: set[str] = set()
    for part in in_parts(alone, _AT_ONCE):
        pairs = zip(part, shown(was, part), shown(now, part), strict=True)
        same.update(one for one, then, since in pairs if then == since)
    return same
