"""Who is meant, and what is known of them: the questions that every reader of a store asks.

A reference is a person id, or ``namespace:value``, or (where a record is meant) ``source/record_id``. All
answers come from one consistent view of the store; nothing here writes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from graph_schema.errors import AmbiguousIdentifier, Erased, Invalid, UnknownPerson
from graph_schema.store import Document, Transaction
from graph_schema.vocabulary import (
    BLOCKED,
    CLAIMED,
    Case,
    Identifier,
    IdentifierNode,
    Person,
    Record,
    RecordKey,
)
from profiles.golden import golden
from profiles.lazily import lazily
from profiles.portrait import Portrait
from resolver.evidence import Holder, leases
from resolver.founding import aliases, canonical_person_id, is_person_id, person_id
from resolver.resolve import sighting_rank
from stream.awaited import ISSUED, led_to
from stream.ghosts import ANY_GHOSTS, ghost_identifier, is_hashed
from stream.intake import Intake
from stream.parts import in_parts

_AT_ONCE: Final = 500


class Found(NamedTuple):
    """Who a reference leads to, with all her records, living ones and ghosts."""

    person: Person
    records: list[Record]

    @property
    def living(self) -> list[Record]:
        """The records that nobody erased."""
        return [record for record in self.records if not record.ghost]


class Reader:
    """Answers questions of one transaction."""

    def __init__(self, tx: Transaction, intake: Intake, id_key: bytes) -> None:
        self.tx = tx
        self.intake = intake
        self.id_key = id_key

    def find(self, reference: str) -> Found:
        """The person whom a reference names.

        Raises ``UnknownPerson``, ``AmbiguousIdentifier`` (with the persons between whom) or ``Erased``.
        """
        return self.of(self.named(reference))

    def named(self, reference: str) -> int:
        """The number of the person whom a reference names, erased or not; raises as `find`."""
        if is_person_id(reference):
            return self.founder(canonical_person_id(reference)).person
        return self._owner(reference)

    def record(self, reference: str) -> Record:
        """The living record that ``source/record_id`` names; raises ``UnknownPerson`` for none."""
        source, _, record_id = reference.partition("/")
        for found in self.living((RecordKey(source, record_id),)).values():
            return found
        raise UnknownPerson("there is no record of this source and key")

    def living(self, keys: Iterable[RecordKey]) -> dict[RecordKey, Record]:
        """The records of some keys, without those that were erased since."""
        found: dict[RecordKey, Record] = {}
        left = set(keys)
        for erasures in range(_GENERATIONS):
            named = {person_id(key, erasures, self.id_key): key for key in left}
            founded = self.tx.founded(named)
            records = self.tx.records(set(founded.values()))
            told = {named[one]: records[record] for one, record in founded.items()}
            found |= {key: record for key, record in told.items() if not record.ghost}
            left = {key for key, record in told.items() if record.ghost}
            if not left:
                break
        return found

    def profile(self, reference: str, at: int | None) -> Document:
        """The golden profile of whom a reference names; ``at`` is the clock, in microseconds."""
        return self.profile_of(self.find(reference), at)

    def profile_of(self, found: Found, at: int | None) -> Document:
        """The golden profile of somebody who was found."""
        return golden(self.portrait(found), self.intake.rules, at)

    def portrait(self, found: Found) -> Portrait:
        """Everything that a person's golden profile is made from."""
        living = found.living
        identifiers = self.tx.shown({one for record in living for one in record.holdings})
        return Portrait(
            found.person.person_id,
            aliases(self.intake.plan, living, found.person.founder, self.id_key),
            found.person.version,
            living,
            identifiers,
            self.tx.profiles((found.person.id,)).get(found.person.id, {}),
            self.ambiguous(found),
        )

    def ambiguous(self, found: Found) -> list[Document]:
        """Evidence that may be hers, or persons to whom she may belong; of the erased nothing is told."""
        own = {record.id for record in found.records}
        related = self.tx.related(own)
        if not related:
            return []
        others = self.tx.records({one for each in related for one in (each.part, each.anchor)} - own)
        persons = {record.person for record in others.values()}
        person_ids = {one: person.person_id for one, person in self.tx.persons(persons).items()}
        living = self._alive(others.values()) - {found.person.id}
        told = set()
        for each in related:
            other = others.get(each.anchor if each.part in own else each.part)
            if other is not None and other.person in living:
                how = "may be of" if each.part in own else "may hold"
                told.add((person_ids[other.person], each.namespace, how))
        return [{"person_id": one, "namespace": by, "relation": how} for one, by, how in sorted(told)]

    def _alive(self, records: Collection[Record]) -> set[int]:
        """The persons of records of whom anything is not erased: a record may be, and of somebody of whom
        there is more."""
        members = self.tx.members({record.person for record in records if record.ghost})
        more = self.tx.records({one for each in members.values() for one in each})
        return {record.person for record in chain(records, more.values()) if not record.ghost}

    def cases(self, records: Iterable[Record] | None = None) -> list[Case]:
        """The open cases, all or those of a person's records. Kept apart by judgements: closed. The erased
        are in none."""
        wanted = None if records is None else {record.id for record in records}
        # Between two persons several may be stored of a kind, one for each value: they are one to decide.
        found: dict[tuple[str, tuple[str, ...]], tuple[set[Identifier], set[str]]] = {}
        for part in in_parts(self.tx.cases(wanted), _AT_ONCE):
            held = self.tx.records({one for stored in part for one in stored.records})
            living = self.tx.persons(self._alive(held.values()))
            nodes = self.tx.shown({one for stored in part for one in stored.identifiers})
            for stored in part:
                of = {held[one].person for one in stored.records if one in held} & living.keys()
                if len(of) > 1:
                    persons = tuple(sorted(living[one].person_id for one in of))
                    identifiers, details = found.setdefault((stored.kind, persons), (set(), set()))
                    named = (nodes[one].identifier for one in stored.identifiers if one in nodes)
                    identifiers.update(one for one in named if not is_hashed(one))
                    details.add(stored.detail)
        cases = [
            make_case(kind, persons, identifiers, ", ".join(sorted(details)))
            for (kind, persons), (identifiers, details) in found.items()
        ]
        return sorted(cases, key=lambda case: case.case_id)

    def founder(self, named: str) -> Record:
        """The living record that founds a person id, or that holds the event which founded it.

        Raises ``UnknownPerson`` for an id that nobody was given, ``Erased``.
        """
        record = self.tx.founded((named,)).get(named)
        if record is None:
            said = self.tx.get(ISSUED + named)
            if said is None:
                raise UnknownPerson("nobody has or had this person id")
            found = self.tx.events(self.tx.seen((led_to(said),)).values())
            record = next((stored.record for stored in found.values()), None)
        founding = None if record is None else self.tx.records((record,))[record]
        if founding is None or founding.ghost:
            raise Erased
        return founding

    def of(self, person: int) -> Found:
        """The person with a number; raises ``Erased``."""
        records = list(self.tx.records(self.tx.members((person,))[person]).values())
        if all(record.ghost for record in records):
            raise Erased
        return Found(self.tx.persons((person,))[person], sorted(records, key=lambda record: record.key))

    def _owner(self, reference: str) -> int:
        """The id of the person who owns an identifier."""
        namespace, colon, value = reference.partition(":")
        if not colon and namespace.startswith("per_"):
            raise UnknownPerson("nobody has or had this person id")
        if not colon or not value:
            raise Invalid(
                "identifier", "is neither a person id nor namespace:value, as in email:ana@example.com"
            )
        owners = set[int]().union(*map(self.owners, self.forms(namespace, value)))
        if not owners:
            raise UnknownPerson
        if len(owners) > 1:
            raise AmbiguousIdentifier(person.person_id for person in self.tx.persons(owners).values())
        return owners.pop()

    def forms(self, namespace: str, value: str) -> list[Identifier]:
        """The match forms that a value may have, and as they go on of the erased."""
        held = self.intake.every_form(namespace, value)
        forms = {Identifier(one.namespace, one.value) for one in held if not one.flags & BLOCKED}
        if self._any_ghosts:
            forms |= {ghost_identifier(one, self.id_key) for one in forms}
        return sorted(forms)

    @lazily
    def _any_ghosts(self) -> bool:
        return bool(self.tx.get(ANY_GHOSTS))

    def sole_owner(self, node: IdentifierNode) -> int | None:
        """The person who owns an identifier where the node alone tells; None where its holders must be
        asked."""
        told = node.namespace >= 0 and not node.generic and not node.claims and node.sole > 0
        return node.sole if told else None

    def _youngest(
        self, node: IdentifierNode, held: Collection[int]
    ) -> tuple[list[Holder], Mapping[int, Record]]:
        """Of the records that hold a value those that it links in its youngest lease; and all of them."""
        records = self.tx.records(held)
        holders = [
            Holder(record.id, holding.first, holding.last)
            for record in records.values()
            if not (holding := record.holdings[node.id]).flags & (BLOCKED | CLAIMED)
        ]
        lease = self.intake.plan.spaces[node.namespace].lease
        return leases(holders, lease)[-1] if holders else [], records

    def owners(self, identifier: Identifier, contested: bool = True) -> set[int]:
        """The persons who hold an identifier in its youngest lease; if ``contested``, the owner alone where
        the rules name one."""
        node = self.tx.look_up((identifier,)).get(identifier)
        if node is None or node.generic or identifier.namespace not in self.intake.plan.position:
            return set()
        one = node.id
        space = self.intake.plan.spaces[node.namespace]
        # What is only ever held blocked has a person, but no holder whom it could tell of.
        held = self.tx.holders((one,))[one]
        sole = self.sole_owner(node)
        if held and sole is not None:
            return {sole}
        youngest, records = self._youngest(node, held)
        persons = {records[holder.record].person for holder in youngest}
        rule = space.contested
        if contested and len(persons) > 1 and rule != "apart":

            def rank(holder: Holder) -> tuple[tuple[bool, int], RecordKey]:
                return sighting_rank(rule, holder.first, holder.last), records[holder.record].key

            return {records[min(youngest, key=rank).record].person}
        return persons


_GENERATIONS = 1_000


def make_case(kind: str, persons: Sequence[str], identifiers: Iterable[Identifier], detail: str) -> Case:
    """A case, by an id that is a function of its kind and the founding records of its persons."""
    persons = tuple(sorted(persons))
    case_id = "_".join(("case", kind, *(person.removeprefix("per_") for person in persons)))
    return Case(case_id, kind, persons, tuple(sorted(identifiers)), detail)
