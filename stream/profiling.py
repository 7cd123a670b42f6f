"""Keeps the profile of every changed person the fold of her records' events, at the cost of what changed.

A person who only gained events gains their facts. Persons that became one are merged whole. Only what was
split is folded again from its events. Orders and rewards are folded for themselves, and shown to their
persons. The words by which persons are searched are written only where a name may have changed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import orjson

from graph_schema.store import Document, Transaction
from graph_schema.vocabulary import GHOST_SOURCE, Event, EventKey, ObjectKey, RecordKey, SharedFact
from profiles.objects import RECEIPT, fold_object, speakers, tied, unfold_object, views, whole
from profiles.state import begin, fold, mentions, merge, new_state, show
from resolver.names import keys_of, words_of
from stream.erasure import ghost_object_key
from stream.intake import Intake
from stream.workspace import Workspace

_NAMES: Final = ("firstName", "lastName", "name", "middleName")
_NOBODY = -1
"""Stands for all who were erased, where it is asked whose an order or a reward is."""


class Told(NamedTuple):
    """An event of the batch at hand, by the id of its record."""

    record: int
    event: Event


class Profiling:
    """Brings profiles and objects up to date with one batch. ``restated`` are persons whose state changed
    otherwise than by facts of their own, ``reassembled`` those of them whose records changed, ``begun`` those
    of whom something is known now that happened earlier than all else."""

    def __init__(self, tx: Transaction, ws: Workspace, intake: Intake) -> None:
        self.tx = tx
        self.ws = ws
        self.intake = intake
        self.states: dict[int, Document] = {}
        self.changed: set[int] = set()
        self.restated: set[int] = set()
        self.reassembled: set[int] = set()
        self.begun: set[int] = set()
        self._review: set[ObjectKey] = set()
        self._unsaid: Mapping[int, Event] = {}

    def carry_out(self, told: list[Told], unsaid: Mapping[int, Event]) -> None:
        """Writes into the workspace what the batch changes in profiles and objects. ``unsaid`` are the stored
        events, by number, that others of the same id replace: what they told is taken back."""
        self._unsaid = unsaid
        moves = self._moves()
        beginnings = list(self._beginnings(told))
        self._load(told, moves, {person for person, _ in beginnings})
        self._refold(moves.refold)
        absorbed = self.tx.profiles({one for gone in moves.absorbed.values() for one in gone})
        for person, gone in moves.absorbed.items():
            for one in gone:
                merge(self._state(person), absorbed.get(one) or new_state())
            self.changed.add(person)
        self.reassembled = moves.refold.keys() | moves.absorbed.keys()
        self.restated |= self.reassembled
        for person in self.restated:
            self._review.update(mentions(self._state(person)))
        self._add(told, beginnings)
        self._objects(told)
        for one in self.changed:
            if self.ws.person(one).size:
                self.ws.writes.profiles[one] = self.states[one]

    def _moves(self) -> "_Moves":
        keys = {key for one in self._unsaid.values() for key in (one.record, *(one.also or ())[:1])}
        return _Moves(self.ws, set(self.ws.record_ids(keys).values()))

    def _load(self, told: list[Told], moves: "_Moves", begun: set[int]) -> None:
        """Reads the states that the batch adds to, all at once."""
        wanted = {
            self.ws.record(one.record).person for one in told if one.event.facts.own or one.event.facts.shared
        }
        self.load((wanted | begun | moves.absorbed.keys() | moves.refold.keys()) - moves.broken)

    def _state(self, person: int) -> Document:
        state = self.states.get(person)
        if state is None:
            stored = None if person in self.ws.new_persons else self.tx.profiles((person,)).get(person)
            state = self.states[person] = stored or new_state()
        return state

    def _refold(self, parts: Mapping[int, Collection[int]]) -> None:
        """Folds the stored events of records into their persons' states."""
        persons = {record: person for person, records in parts.items() for record in records}
        for person in parts:
            self.states.setdefault(person, new_state())
        for record, stored in self.tx.history(persons):
            if stored.id in self._unsaid:
                continue
            begin(self.states[persons[record]], stored.at)
            if record != stored.record:
                continue
            fold(self.states[persons[record]], self.intake.again(stored).facts)
        self.changed.update(parts)

    def _add(self, told: list[Told], beginnings: Iterable[tuple[int, int]]) -> None:
        for record, event in told:
            if event.facts.own or event.facts.shared:
                person = self.ws.record(record).person
                fold(self._state(person), event.facts)
                self.changed.add(person)
        for person, at in beginnings:
            if begin(self._state(person), at):
                self.changed.add(person)
                self.begun.add(person)

    def _beginnings(self, told: list[Told]) -> Iterator[tuple[int, int]]:
        """The persons to whose records something happened before all else there, and when."""
        for one, event in told:
            records = [self.ws.record(one)]
            if event.also is not None:
                records += self.ws.records(self.ws.record_ids((event.also[0],)).values()).values()
            for record in records:
                if event.at is not None and record.first_at == event.at:
                    yield record.person, event.at

    def _objects(self, told: list[Told]) -> None:
        """Folds orders and rewards, and shows each to its persons."""
        said: list[tuple[SharedFact, EventKey, RecordKey, int | None]] = [
            (shared, event.key, event.record, event.at) for _, event in told for shared in event.facts.shared
        ]
        unsaid = [(one.key, shared.key) for one in self._unsaid.values() for shared in one.facts.shared]
        unsaid_keys = {key for _, key in unsaid}
        keys = {shared.key for shared, *_ in said} | unsaid_keys | self._review
        if not keys:
            return
        objects = self._stored(keys)
        bystanders = {key: speakers(objects[key]) for key in unsaid_keys}
        ties = {key: tied(key, objects[key]) for key in unsaid_keys}
        for event_key, key in unsaid:
            unfold_object(objects[key], event_key)
        for shared, event_key, record, at in said:
            fold_object(objects[shared.key], event_key, record, at, shared.fact)
        shown = self._tied(objects, ties)
        everyone = {key: speakers(found) | bystanders.get(key, set()) for key, found in objects.items()}
        person_of = self._person_of({speaker for group in everyone.values() for speaker in group})
        concerned = {
            key: everyone[key].union(*(everyone[tie] for tie in ties[key] if tie in everyone))
            for key in shown
        }
        self.load({person for group in concerned.values() for person in _persons(group, person_of)})
        changed = {shared.key for shared, *_ in said} | unsaid_keys
        for key in shown:
            seen = views(key, whole(key, objects), person_of)
            spoken = _persons(speakers(objects[key]), person_of)
            for person in _persons(concerned[key], person_of):
                if show(self._state(person), key, seen.get(person), person in spoken):
                    self.changed.add(person)
                    self.restated.add(person)
            if key in changed and not objects[key]:
                self.ws.writes.objects_gone.add(key)
            elif key in changed:
                self.ws.writes.objects[key] = objects[key]

    def _tied(
        self, objects: dict[ObjectKey, Document], ties: dict[ObjectKey, set[ObjectKey]]
    ) -> set[ObjectKey]:
        """Reads what is tied to objects, too, and widens ``ties`` (those of before) to those of now; returns
        what is to be shown anew: these objects, and the orders that receipts among them are or were of."""
        shown = set(objects)
        # First the orders of receipts, then all receipts of these orders.
        for _ in range(2):
            for key, found in objects.items():
                ties[key] = ties.get(key, set()) | tied(key, found)
            near = {tie for one in shown for tie in ties[one]}
            shown |= {tie for tie in near if not tie.key.startswith(RECEIPT)}
            objects |= self._stored(near - objects.keys(), back=False)
        return shown

    def _stored(self, keys: set[ObjectKey], back: bool = True) -> dict[ObjectKey, Document]:
        """Orders and rewards as they are stored, empty where nothing was; what only the erased spoke of comes
        back under its own key, unless it is only looked at."""
        found: dict[ObjectKey, Document] = dict(self.tx.objects(keys))
        if self.ws.any_ghosts:
            hashed = {ghost_object_key(key, self.ws.id_key): key for key in keys - found.keys()}
            for ghost, told in self.tx.objects(hashed.keys()).items():
                found[hashed[ghost]] = told
                if back:
                    self.ws.writes.objects_gone.add(ghost)
        return {key: found.get(key, {}) for key in keys}

    def _person_of(self, keys: set[RecordKey]) -> dict[RecordKey, int]:
        """The persons of records. The erased are one nobody: what was theirs is shown to no one, now or
        later."""
        erased = {key for key in keys if key.source == GHOST_SOURCE}
        ids = self.ws.record_ids(keys - erased)
        records = self.ws.records(set(ids.values()))
        found = {key: records[one].person for key, one in ids.items() if one in records}
        return {key: person for key, person in found.items() if person} | dict.fromkeys(erased, _NOBODY)

    def load(self, persons: Collection[int]) -> None:
        """Reads the states of persons, all at once, so that each has one."""
        missing = [one for one in persons if one not in self.states and one not in self.ws.new_persons]
        self.states.update(self.tx.profiles(missing))
        for one in persons:
            self.states.setdefault(one, new_state())
        self.ws.persons(persons)

    def note_names(self, told: Iterable[Told]) -> None:
        """Adds to what the batch writes the words of those whose name it can have changed."""
        ws = self.ws
        spoken = {
            ws.record(record).person
            for record, event in told
            if any(fact[0] == "trait" and fact[1] in _NAMES for fact in event.facts.own)
        }
        erased = {ws.record(one).person for one in ws.writes.erased_records}
        for one in spoken | self.reassembled | erased:
            if not ws.person(one).size:
                continue
            words = frozenset() if one in erased else words_of(_names_of(self.states[one]))
            if words or one not in ws.new_persons:
                ws.writes.names[one] = words
                ws.writes.name_keys |= {word: keys_of(word) for word in words}


def _names_of(state: Document) -> Iterable[str]:
    """Every name that a source gave a person."""
    for trait in _NAMES:
        for values in state.get("traits", {}).get(trait, {}).values():
            yield from (said for text in values if isinstance(said := orjson.loads(text), str))


def _persons(records: Iterable[RecordKey], person_of: Mapping[RecordKey, int]) -> set[int]:
    """The living persons of records."""
    return {person_of[one] for one in records if person_of.get(one, _NOBODY) > 0}


class _Moves:
    """How the batch moved records that were there before it.

    ``absorbed``: persons who are no more, all records having gone to one other; ``broken``: all others who
    lost some; ``refold``: per person the records whose stored events are to be folded (again).
    """

    def __init__(self, ws: Workspace, rewritten: set[int]) -> None:
        self.absorbed: dict[int, list[int]] = {}
        self.refold: dict[int, list[int]] = {}
        targets: dict[int, dict[int, list[int]]] = {}
        for one, origin in ws.origins.items():
            now = 0 if one in ws.writes.records_gone else ws.record(one).person
            if origin and now != origin:
                targets.setdefault(origin, {}).setdefault(now, []).append(one)
        lost = {origin: sum(map(len, to.values())) for origin, to in targets.items()}
        whole = {
            origin
            for origin, to in targets.items()
            if len(to) == 1
            and 0 not in to
            and lost[origin] == ws.sizes_before[origin][1]
            and not ws.person(origin).size
        }
        changed = {ws.record(one).person for one in rewritten if one not in ws.writes.records_gone}
        self.broken = (targets.keys() - whole) | changed
        for origin, to in targets.items():
            for target, records in to.items():
                if target and origin in whole and target not in self.broken:
                    self.absorbed.setdefault(target, []).append(origin)
                elif target and target not in self.broken:
                    self.refold.setdefault(target, []).extend(records)
        left = ws.members([one for one in self.broken if ws.person(one).size])
        self.refold |= {one: list(members) for one, members in left.items()}
