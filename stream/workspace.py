"""The part of the graph that a batch works on: read through the store, changed in memory, written once.

It remembers what it read from batch to batch for as long as nobody else writes, and keeps apart what the
batch at hand has changed. Nothing here decides anything.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from graph_schema.store import Transaction, Writes
from graph_schema.vocabulary import (
    GHOST_SOURCE,
    UNDECLARED,
    EventKey,
    Held,
    Identifier,
    IdentifierNode,
    Person,
    Record,
    RecordKey,
)
from resolver.founding import founding_rank, person_id
from resolver.plan import Plan
from stream.awaited import Awaited, end
from stream.ghosts import ANY_GHOSTS, ghost_identifier
from stream.holding import Between, forget_some

ANY_JUDGEMENTS = "judgements"
"""Operational state: set once a judgement was ever given."""


class Workspace(Between):
    """What a batch reads and changes. The ``Graph`` that neighbourhoods are walked on."""

    def __init__(self, plan: Plan, id_key: bytes) -> None:
        super().__init__(plan, id_key)
        self._records: dict[int, Record] = {}
        self._record_ids: dict[RecordKey, int] = {}
        self._nodes: dict[int, IdentifierNode] = {}
        self._node_ids: dict[tuple[str, str], int] = {}
        self._persons: dict[int, Person] = {}
        self._ghosts: dict[RecordKey, Record] = {}
        self._given: dict[RecordKey, int] = {}  # how many ids of a key answer as erased
        self.any_judgements = True
        self.any_ghosts = False
        self._fresh_start()

    def _fresh_start(self) -> None:
        """Forgets what the last batch changed."""
        self.writes = Writes()
        self._fresh_blocks()
        self._fresh_holders()
        self.origins: dict[int, int] = {}
        self.new_persons: set[int] = set()
        self.dirty_records: set[int] = set()
        self.dirty_nodes: set[int] = set()
        self.flipped: set[int] = set()  # identifiers that became generic, or ceased to be
        self.dirty_persons: set[int] = set()
        self.sizes_before: dict[int, tuple[str, int]] = {}
        self.founders_before: dict[int, int] = {}
        self._arrived: dict[int, set[int]] = {}
        self._absent: set[RecordKey] = set()
        self._names: dict[RecordKey, str] = {}

    def begin(self, tx: Transaction) -> None:
        """Takes up a transaction."""
        self.tx = tx
        if not tx.unchanged:
            self.forget()
        self.any_judgements = bool(tx.get(ANY_JUDGEMENTS))
        self.any_ghosts = bool(tx.get(ANY_GHOSTS))
        self._fresh_start()
        forget_some(self._remembered())
        forget_some(self._remembered_contents(), 2)
        self.awaited = Awaited(tx, self.writes, self.id_key)

    def forget(self) -> None:
        """Forgets everything read, as after a batch that failed."""
        for remembered in (*self._remembered(), *self._remembered_contents(), self._ghosts, self._given):
            remembered.clear()
        self._fresh_start()

    def _remembered(self) -> Iterable[dict[Any, Any]]:
        return self._record_ids, self._node_ids, self._records, self._nodes, self._persons, self._holders

    # Reading

    def records(self, ids: Collection[int]) -> Mapping[int, Record]:
        """Records by id, as this batch sees them."""
        missing = [one for one in ids if one not in self._records]
        if missing:
            for record in self.tx.records(missing).values():
                self._records[record.id] = record
                self._record_ids[record.key] = record.id
        return {one: self._records[one] for one in ids if one in self._records}

    def record(self, one: int) -> Record:
        """A record that exists."""
        return self._records.get(one) or self.records((one,))[one]

    def identifiers(self, ids: Collection[int]) -> Mapping[int, IdentifierNode]:
        """Identifiers by id, as this batch sees them."""
        missing = [one for one in ids if one not in self._nodes]
        if missing:
            for node in self.tx.identifiers(missing).values():
                self._nodes[node.id] = node
                self._node_ids[node.identifier] = node.id
        return {one: self._nodes[one] for one in ids}

    def persons(self, ids: Collection[int]) -> Mapping[int, Person]:
        """Persons by id, as this batch sees them."""
        missing = [one for one in ids if one not in self._persons]
        if missing:
            self._persons.update(self.tx.persons(missing))
        return {one: self._persons[one] for one in ids if one in self._persons}

    def strangers(self, ids: Iterable[int]) -> set[int]:
        """Of persons by id (0 and -1 are none) those of whom nothing is in memory."""
        return {one for one in ids if one > 0 and one not in self._persons}

    def person(self, one: int) -> Person:
        """A person that exists."""
        return self._persons.get(one) or self.persons((one,))[one]

    def members(self, persons: Collection[int]) -> Mapping[int, set[int]]:
        """The records of each person, as this batch sees them."""
        found: dict[int, set[int]] = {}
        for person, stored in self.tx.members(persons).items():
            here = {*stored, *self._arrived.get(person, ())} - self.writes.records_gone
            left = {one for one in here & self.origins.keys() if self._records[one].person != person}
            found[person] = here - left
        return found

    def unmet(
        self, keys: Collection[RecordKey], named: Collection[tuple[str, str]]
    ) -> tuple[list[str], list[Identifier]]:
        """The persons whom records of these keys would found, and the identifiers, of which nothing is
        known."""
        unknown = [key for key in keys if key not in self._record_ids]
        self._names.update((key, person_id(key, 0, self.id_key)) for key in unknown if key not in self._names)
        new = [Identifier(*one) for one in named if one not in self._node_ids]
        return [self._names[key] for key in unknown], new

    def record_ids(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, int]:
        """Ids of the living records with these keys, and of ghosts by theirs, of those that exist."""
        erasures = 0
        missing = [key for key in keys if key not in self._record_ids and key not in self._absent]
        self._absent.update(missing)
        if ghosts := {key.record_id: key for key in missing if key.source == GHOST_SOURCE}:
            self._record_ids |= {ghosts[named]: one for named, one in self.tx.founded(ghosts).items()}
            missing = [key for key in missing if key.source != GHOST_SOURCE]
        while missing:
            if not erasures:
                self.unmet(missing, ())
                person_ids = {self._names[key]: key for key in missing}
            else:
                person_ids = {person_id(key, erasures, self.id_key): key for key in missing}
            founded = self.tx.founded(person_ids.keys())
            records = self.records(set(founded.values()))
            missing = []
            for named, one in founded.items():
                key = person_ids[named]
                if records[one].ghost:
                    self._given[key] = erasures + 1
                    # By other rules it was of somebody else's record that an id of this key was erased.
                    if records[one].key == self._ghost_key(key, erasures):
                        self._ghosts[key] = records[one]
                    missing.append(key)
                else:
                    self._record_ids[key] = one
            erasures += 1
        return {key: self._record_ids[key] for key in keys if key in self._record_ids}

    def record_id(self, key: RecordKey) -> int | None:
        """The id of the living record with this key, None where there is none."""
        one = self._record_ids.get(key)
        return self.record_ids((key,)).get(key) if one is None else one

    def become_ghost(self, record: Record, at: int) -> RecordKey:
        """Makes a ghost of a record; returns the hashed key under which it goes on."""
        key = record.key
        record.key = self._ghost_key(key, record.erasures)
        record.ghost = at
        self._given[key] = record.erasures + 1
        self._keep_still(record)
        record.last_event = 0
        self._ghosts[key] = record
        self._record_ids.pop(key, None)
        # By its key judgements still name it.
        self._record_ids[record.key] = self.writes.founded[record.key.record_id] = record.id
        self.dirty_records.add(record.id)
        return record.key

    def _ghost_key(self, key: RecordKey, erasures: int) -> RecordKey:
        hashed = ghost_identifier(Identifier(key.source, key.record_id), self.id_key).value
        return RecordKey(GHOST_SOURCE, f"{hashed}{erasures}")

    def ghost(self, key: RecordKey) -> Record | None:
        """What is left of the record with this key that was erased last."""
        one = self.record_id(key) if self.any_ghosts else None
        if one is not None and key not in self._given and (past := self.record(one).erasures):
            self._given[key] = past
            ghosts = {self._ghost_key(key, each).record_id: each for each in range(past)}
            if left := self.tx.founded(ghosts):
                self._ghosts[key] = self.record(left[max(left, key=ghosts.__getitem__)])
        return self._ghosts.get(key)

    def identifier_ids(self, wanted: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
        """Ids of identifiers, of those that are known."""
        missing = [Identifier(*one) for one in wanted if one not in self._node_ids]
        if missing:
            found = dict(self.tx.identifier_ids(missing))
            if self.any_ghosts:
                hashed = {ghost_identifier(one, self.id_key): one for one in missing if one not in found}
                found |= {hashed[one]: node for one, node in self.tx.identifier_ids(hashed.keys()).items()}
            self._node_ids.update(found.items())
        return {one: self._node_ids[one] for one in wanted if one in self._node_ids}

    # Changing

    def new_record(self, key: RecordKey, at: int | None) -> Record:
        """A record of which nobody has spoken before."""
        record = Record(self.tx.allocate("record"), key, 0, at, 0, {}, self._given.get(key, 0))
        self._records[record.id] = record
        self._record_ids[key] = record.id
        self.dirty_records.add(record.id)
        self.writes.founded[self._name(record)] = record.id
        if self.any_judgements:
            self.awaited.came(record)
        return record

    def show(self, record: Record, found: bool) -> None:
        """Whether a record of this batch can be found by its key."""
        self._absent.add(record.key)
        self._record_ids.pop(record.key, None)
        self._record_ids |= {record.key: record.id} if found else {}

    def _name(self, record: Record) -> str:
        """The id of the person that a record founds."""
        known = None if record.erasures else self._names.get(record.key)
        return known or person_id(record.key, record.erasures, self.id_key)

    def identifier(self, held: Held) -> int:
        """The id of the identifier that an event names; a new one where nobody named it before."""
        one = self._node_ids.get(held[:2])
        if one is not None and not self.any_ghosts:
            return one
        identifier = Identifier(held.namespace, held.value)
        if one is None:
            one = self._node_ids[identifier] = self.tx.allocate("identifier")
            self._nodes[one] = IdentifierNode(one, identifier, self.place_of(held))
            self.dirty_nodes.add(one)
        elif self.identifiers((one,))[one].identifier != identifier:
            self._nodes[one].identifier = identifier
            self.dirty_nodes.add(one)
        return one

    def place_of(self, held: Held) -> int:
        """The position of the namespace of what an event names."""
        return self.plan.position.get(held.namespace, UNDECLARED)

    def rename(self, node: IdentifierNode, identifier: Identifier) -> None:
        """Gives an identifier another form: its hash, when the last who held it was erased."""
        self._node_ids.pop(node.identifier, None)
        node.identifier = identifier
        self._node_ids[identifier] = node.id
        self.dirty_nodes.add(node.id)

    def new_person(self, founder: Record) -> Person:
        """A person with no record yet, to be founded by ``founder``."""
        person = Person(self.tx.allocate("person"), self._name(founder), founder.id, 0, 0, 0)
        self._persons[person.id] = person
        self.new_persons.add(person.id)
        self.dirty_persons.add(person.id)
        return person

    def touch(self, person: Person) -> None:
        """Notes that a person changes in this batch, and who she was before it."""
        if person.id not in self.dirty_persons:
            self.dirty_persons.add(person.id)
            self.sizes_before[person.id] = (person.person_id, person.size)
            self.founders_before[person.id] = person.founder

    def move(self, record: Record, person: Person) -> None:
        """Makes a record one of a person's."""
        self.origins.setdefault(record.id, record.person)
        if record.person:
            before = self.person(record.person)
            self.touch(before)
            before.size -= 1
        self.touch(person)
        person.size += 1
        record.person = person.id
        self.dirty_records.add(record.id)
        self._arrived.setdefault(person.id, set()).add(record.id)
        self._voiced.setdefault(person.id, set()).add(record.content)

    def found_by(self, person: Person, founder: Record) -> None:
        """Makes a record the founding one of a person."""
        if person.founder != founder.id:
            self.touch(person)
            person.founder = founder.id
            person.person_id = self._name(founder)

    def challenge_founder(self, person: Person, record: Record) -> None:
        """Lets a record of a person found her, if it comes before the one that did."""
        founder = self.record(person.founder)
        if founder is not record and founding_rank(self.plan, record) < founding_rank(self.plan, founder):
            self.found_by(person, record)

    def remove(self, record: Record, event: EventKey) -> None:
        """Takes away a record of which no event is left."""
        for one in self.judgements((record.id,)):
            self.awaited.wait(record.key, one.judgement_id)
        self.ghost(record.key)  # who comes under its key again is no other than it was
        self.origins.setdefault(record.id, record.person)
        version = 0
        if record.person:
            person = self.person(record.person)
            version = person.version
            self.touch(person)
            person.size -= 1
            record.person = 0
        self.dirty_records.discard(record.id)
        self.show(record, False)
        self.writes.records_gone.add(record.id)
        self.settle({record.id})
        end(self.writes, self._name(record), event, version)

    def persons_left(self) -> Iterable[Person]:
        """The persons that this batch changed and that still have records; the others are noted as gone."""
        for one in self.dirty_persons:
            person = self._persons[one]
            if person.size:
                yield person
            elif one not in self.new_persons:
                self.writes.persons_gone.add(one)

    def collect(self) -> Writes:
        """All that the batch changed in records, identifiers and persons, ready to be written."""
        writes = self.writes
        writes.records = {one: self._records[one] for one in self.dirty_records}
        writes.identifiers = {one: self._nodes[one] for one in self.dirty_nodes}
        writes.persons = {person.id: person for person in self.persons_left()}
        writes.cases = self._open_cases()
        for gone in self.dirty_persons - writes.persons.keys():
            self._persons.pop(gone)
        return writes
