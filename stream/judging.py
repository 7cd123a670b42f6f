"""What a steward says about whom: references become the two sides of a judgement, each a list of records."""

import base64
import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from graph_schema.errors import AmbiguousIdentifier, Erased, Invalid, OnefoldError, UnknownPerson, naming
from graph_schema.store import Transaction
from graph_schema.vocabulary import EventKey, Judgement, JudgementKind, Record, RecordKey
from resolver.founding import is_person_id
from stream.reader import Reader

ALIASES = "alias/"
"""Operational state: pairs of records that an alias of an untrusted source names."""
_ALIAS = b'"type":"alias"'
"""Stands in the content of every alias."""


def alias_name(key: EventKey) -> str:
    """The name under which what an alias says of its two records is kept, as a judgement or as a case."""
    return f"{ALIASES}{key.source}/{key.message_id}"


def aliases_of(tx: Transaction, records: Collection[int]) -> Iterator[tuple[RecordKey, RecordKey]]:
    """The pairs of records that aliases of untrusted sources name, which name one of these."""
    told = (event for _, event in tx.history(records) if _ALIAS in event.content)
    for first, second in tx.states({alias_name(event.key) for event in told}).values():
        yield RecordKey(*first), RecordKey(*second)


class UnknownJudgement(OnefoldError):
    """There is no judgement with the given id."""

    status = 404


class Word(NamedTuple):
    """A judgement as it is spoken: each side's references are person ids, ``namespace:value`` or
    ``source/record_id``. ``at`` is in microseconds; ``key`` is the request's own, where it has one."""

    kind: JudgementKind
    a: Sequence[str]
    b: Sequence[str]
    at: int
    by: str
    why: str
    key: str = ""

    @property
    def request(self) -> tuple[str, str] | None:
        """Whose request it came with, and which, where that has a key."""
        return (self.by, self.key) if self.key else None


class Judging(Reader):
    """A reader that also makes judgements, and takes them back; nothing is written here."""

    def judgement(self, word: Word) -> Judgement:
        """The judgement that a word makes of the records as they stand now.

        ``different`` without a second side splits off the first from the rest of its person. Raises
        ``Invalid``, ``UnknownPerson``, ``Erased``, or ``AmbiguousIdentifier`` where several persons hold it.
        """
        if not word.a:
            raise Invalid("a", "It is empty; name at least one person, identifier or record.")
        a = self.side("a", word.a)
        b = self.side("b", word.b) if word.b else self._rest(word.kind, a)
        if a.keys() & b.keys():
            raise Invalid("b", "A record is on both sides; name it on one of them.")
        keys = [tuple(sorted(record.key for record in side.values())) for side in (a, b)]
        records = {**a, **b}
        founders = {records[one].key: (event,) for one, event in founding_events(self.tx, records).items()}
        spoken = (word.kind, [[tuple(key) for key in side] for side in keys], word.at, word.by, word.why)
        name = _name(word.request or spoken)
        return Judgement(name, word.kind, keys[0], keys[1], word.at, word.by, word.why, founders)

    def came_before(self, word: Word) -> Judgement | None:
        """What the same request made, where it came before."""
        name = word.request and _name(word.request)
        return self.tx.given((name,)).get(name) if name else None

    def retracted(self, judgement_id: str, at: int) -> Judgement:
        """A judgement as it is once it was taken back, at ``at`` or before; ``UnknownJudgement`` for none."""
        one = self.tx.given((judgement_id,)).get(judgement_id)
        if one is None:
            raise UnknownJudgement(
                "there is no judgement with this id", way_out="GET /v1/judgements has them all"
            )
        return one if one.retracted_at is not None else replace(one, retracted_at=at)

    def side(self, name: str, references: Iterable[str]) -> dict[int, Record]:
        """The living records that the references of a side name, by the store's ids."""
        found: dict[int, Record] = {}
        for place, reference in enumerate(references):
            with naming(f"{name}.{place}"):
                records = self._named(reference)
            living = {record.id: record for record in records if not record.ghost}
            if not living:
                raise Erased
            found |= living
        return found

    def _named(self, reference: str) -> list[Record]:
        if is_person_id(reference):
            return self.find(reference).records
        namespace, colon, value = reference.partition(":")
        if colon and namespace in self.intake.plan.position:
            return self._holding(namespace, value)
        if "/" in reference:
            return [self.record(reference)]
        if colon:
            raise UnknownPerson
        raise Invalid(
            "reference",
            "It is neither a person id, nor namespace:value, nor source/record_id; write one of these.",
        )

    def _holding(self, namespace: str, value: str) -> list[Record]:
        """Every record that holds a value in its youngest lease: all must be of one person."""
        found: dict[int, Record] = {}
        for node in self.tx.look_up(self.forms(namespace, value)).values():
            if not node.generic:
                youngest, records = self._youngest(node, self.tx.holders((node.id,))[node.id])
                found |= {one.record: records[one.record] for one in youngest}
        persons = {record.person for record in found.values()}
        if not persons:
            raise UnknownPerson
        if len(persons) > 1:
            raise AmbiguousIdentifier(one.person_id for one in self.tx.persons(persons).values())
        return list(found.values())

    def _rest(self, kind: str, a: dict[int, Record]) -> dict[int, Record]:
        """What a word with one side is spoken against: the other records of the person, to split off from."""
        if kind == "same":
            if len(a) < 2:
                raise Invalid("b", "It is empty, and the first side is a single record; name both sides.")
            return {}
        persons = {record.person for record in a.values()}
        if len(persons) > 1:
            raise Invalid("a", "To split off, its records must be of one person; name both sides instead.")
        members = self.tx.records(self.tx.members(persons)[persons.pop()])
        rest = {one: record for one, record in members.items() if one not in a and not record.ghost}
        if not rest:
            raise Invalid("a", "These are all the records of the person; name only those to split off.")
        return rest


def founding_events(tx: Transaction, records: Collection[int]) -> dict[int, EventKey]:
    """The earliest event of each record, no time last, ties by key; of those that have one left."""
    first: dict[int, tuple[bool, int, EventKey]] = {}
    for record, event in tx.history(records):
        rank = (event.at is None, event.at or 0, event.key)
        first[record] = min(first.get(record, rank), rank)
    return {record: event for record, (_, _, event) in first.items()}


def _name(said: tuple[object, ...]) -> str:
    """A function of the request, else of what is said, so that the same word told twice is one judgement."""
    digest = hashlib.blake2b(repr(said).encode("utf-8", "surrogatepass"), digest_size=10).digest()
    return "jud_" + base64.b32encode(digest).decode().lower()
