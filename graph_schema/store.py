"""The store protocol: what every store answers, and the one way in which anything is written.

A transaction reads as much as it likes and writes once, by ``apply``, a whole batch of ``Writes``: all of it
becomes durable when the transaction ends, or nothing. Ids are the store's own; ``allocate`` gives new ones.
``get`` and ``put`` (through ``Writes.state``) keep operational state: positions, claims, the rules' hash.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from graph_schema.vocabulary import (
    Audited,
    Change,
    Content,
    DeadLetter,
    Delta,
    Enrolment,
    EventKey,
    Identifier,
    IdentifierNode,
    Judgement,
    Membership,
    ObjectKey,
    Person,
    Record,
    Related,
    ShownIdentifier,
    StoredEvent,
)

Document = dict[str, Any]
"""A JSON object whose shape ``profiles`` alone knows."""

Kind = Literal["event", "record", "identifier", "person"]

View = Literal["loose", "whole", "alone"]
"""How the answers of a transaction that only reads hang together, where others write meanwhile. None of that
matters to a store that shows each reader one moment of it.

loose: each is of its own moment, for what takes long; who reads neither waits for writers nor stops them.
whole: all are of one moment; whoever was overtaken learns it at the end. alone: nobody writes meanwhile, for
which it waits: for who was overtaken several times.
"""


class StoredCase(NamedTuple):
    """A case as it is kept: by a record of each of its persons, whoever they come to be."""

    kind: Literal["unique", "veto", "review"]
    records: tuple[int, ...]
    identifiers: tuple[int, ...]
    detail: str


@dataclass
class Writes:
    """Everything that one transaction changes.

    Events, records, identifiers, persons, profiles and objects are written whole, new or not. An event may so
    take the place of another of its id. ``erased_records`` lose all their events. Ambiguities of which a
    record of
    ``related_gone`` is the part go, and cases that name a record of ``cases_gone``, before the new ones come.
    ``dues`` are the next times at which time alone can move persons in or out of audiences, None for never.
    ``names`` are all the words by which a person can be searched, with ``name_keys`` for each of these words;
    those of ``persons_gone`` go.
    The dead letters ``letters_emptied`` lose the input and its message id; that there was one stays.
    A content is in the blocks of its keys, and goes with them. ``edges`` are weights by pair of contents, the
    smaller id first; None takes an edge away.
    ``soon``: the transaction may end before this is durable, in a store that is ``Behindhand``.
    """

    events: dict[int, StoredEvent] = field(default_factory=dict)
    also: list[tuple[int, int]] = field(default_factory=list)
    also_gone: list[tuple[int, int]] = field(default_factory=list)
    records: dict[int, Record] = field(default_factory=dict)
    records_gone: set[int] = field(default_factory=set)
    founded: dict[str, int] = field(default_factory=dict)
    founded_gone: set[str] = field(default_factory=set)
    identifiers: dict[int, IdentifierNode] = field(default_factory=dict)
    holders: set[tuple[int, int]] = field(default_factory=set)
    holders_gone: list[tuple[int, int]] = field(default_factory=list)
    contents: dict[int, Content] = field(default_factory=dict)
    contents_gone: dict[int, Content] = field(default_factory=dict)
    edges: dict[tuple[int, int], int | None] = field(default_factory=dict)
    persons: dict[int, Person] = field(default_factory=dict)
    persons_gone: set[int] = field(default_factory=set)
    profiles: dict[int, Document] = field(default_factory=dict)
    objects: dict[ObjectKey, Document] = field(default_factory=dict)
    objects_gone: set[ObjectKey] = field(default_factory=set)
    related_gone: set[int] = field(default_factory=set)
    related: dict[int, list[Related]] = field(default_factory=dict)  # by their part
    cases_gone: set[int] = field(default_factory=set)
    cases: list[StoredCase] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)
    judged_records: list[tuple[int, str]] = field(default_factory=list)
    judged_gone: set[tuple[int, str]] = field(default_factory=set)  # of words that go as a whole
    changes: list[Change] = field(default_factory=list)
    enrolled: set[Enrolment] = field(default_factory=set)
    enrolled_gone: set[Enrolment] = field(default_factory=set)
    deltas: list[Delta] = field(default_factory=list)
    dues: dict[int, int | None] = field(default_factory=dict)
    names: dict[int, frozenset[str]] = field(default_factory=dict)
    name_keys: dict[str, frozenset[str]] = field(default_factory=dict)
    audit: list[Audited] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    letters_emptied: set[int] = field(default_factory=set)
    soon: bool = False
    erased_records: set[int] = field(default_factory=set)
    state: dict[str, Any] = field(default_factory=dict)


class Transaction(Protocol):
    """A consistent view of a store. What follows from other answers stands here: a store that has a shorter
    way takes that.

    ``unchanged``: nobody else wrote since this process last did, so what it remembers of its last transaction
    still holds. ``far``: each question costs a trip to another process, so many are better asked at once.
    """

    unchanged: bool = False
    far: bool = False

    def allocate(self, kind: Kind) -> int:
        """A new id, unused until now."""

    def seen(
        self, keys: Collection[EventKey], persons: Collection[str] = (), named: Collection[Identifier] = (), /
    ) -> Mapping[EventKey, int]:
        """Ids of the events with these keys, of those that are stored. Which records found ``persons``, and
        the ids of identifiers ``named``, is asked for next: a store that is far away may look for all at
        once."""

    def events(self, ids: Collection[int]) -> Mapping[int, StoredEvent]:
        """Events by id."""

    def history(self, records: Collection[int]) -> Iterator[tuple[int, StoredEvent]]:
        """(record, event) of every event of these records; an alias's comes for both of its records."""

    def all_events(self) -> Iterator[StoredEvent]:
        """Every event, in the order in which they were stored."""

    def records(self, ids: Collection[int]) -> Mapping[int, Record]:
        """Records by id."""

    def all_records(self) -> Iterator[Record]:
        """Every record, ghosts too."""

    def founded(self, person_ids: Collection[str]) -> Mapping[str, int]:
        """The record that founds each person id, of those that exist; a ghost by its hashed key as well."""

    def all_founded(self) -> Iterator[tuple[str, int]]:
        """Every person id that a record founds, ghosts too and by their hashed keys as well, with the
        record."""

    def identifier_ids(self, wanted: Collection[Identifier]) -> Mapping[Identifier, int]:
        """Ids of identifiers, of those that are known."""

    def identifiers(self, ids: Collection[int]) -> Mapping[int, IdentifierNode]:
        """Identifiers by id."""

    def shown(self, ids: Collection[int]) -> Mapping[int, ShownIdentifier]:
        """The same without what only who changes them needs to know."""
        return {one: node.shown() for one, node in self.identifiers(ids).items()}

    def look_up(self, wanted: Collection[Identifier]) -> Mapping[Identifier, IdentifierNode]:
        """Identifiers by what they are, of those that are known."""
        ids = self.identifier_ids(wanted)
        nodes = self.identifiers(ids.values())
        return {one: nodes[ids[one]] for one in ids}

    def all_identifiers(self) -> Iterator[IdentifierNode]:
        """Every identifier."""

    def generic(self, wanted: Collection[Identifier]) -> set[Identifier]:
        """Those of these identifiers that are generic."""
        return {one for one, node in self.look_up(wanted).items() if node.generic}

    def holders(self, identifiers: Collection[int]) -> Mapping[int, list[int]]:
        """Ids of the records that hold each identifier."""

    def contents(self, ids: Collection[int]) -> Mapping[int, Content]:
        """Contents by id, of those that exist."""

    def speakers(self, contents: Collection[int]) -> Mapping[int, list[int]]:
        """Ids of the records that have each content."""

    def said_by(self, person: int) -> Collection[int]:
        """The contents that a person's records have, each once."""

    def blocks(self, keys: Collection[int], limit: int) -> Mapping[int, list[int]]:
        """Ids of the contents in each block, any so many of a larger one."""

    def edges(self, contents: Collection[int]) -> Mapping[int, Mapping[int, int]]:
        """The weight of each edge of each content, by the other content."""

    def members(self, persons: Collection[int]) -> Mapping[int, list[int]]:
        """Ids of the records of each person."""

    def persons(self, ids: Collection[int]) -> Mapping[int, Person]:
        """Persons by id."""

    def all_persons(self) -> Iterator[Person]:
        """Every person."""

    def profiles(self, ids: Collection[int]) -> Mapping[int, Document]:
        """The profile states of persons, of those that have one."""

    def objects(self, keys: Collection[ObjectKey]) -> Mapping[ObjectKey, Document]:
        """Orders and rewards by key, of those that exist."""

    def all_objects(self, kind: str) -> Iterator[tuple[ObjectKey, Document]]:
        """Every object of a kind."""

    def judgements(self, records: Collection[int] | None = None) -> list[Judgement]:
        """Judgements that name one of these records, or all; retracted ones too."""

    def given(self, ids: Collection[str]) -> Mapping[str, Judgement]:
        """Judgements by id, of those that there are; retracted ones too."""

    def given_by(self, name: str, before: tuple[int, str], limit: int) -> list[Judgement]:
        """What somebody said and didn't take back, by (time, id) below ``before``; the newest first."""

    def related(self, records: Collection[int]) -> list[Related]:
        """Ambiguities in which one of these records stands for the part or for an anchor."""

    def cases(self, records: Collection[int] | None = None) -> list[StoredCase]:
        """Stored cases in which one of these records stands for a person, or all."""

    def changes(self, after: int, limit: int) -> list[Change]:
        """The change feed above a sequence number."""

    def last_change(self) -> int:
        """The highest sequence number of the feed, 0 for none."""

    def memberships(self, persons: Collection[int]) -> Mapping[int, set[Membership]]:
        """The places in audiences of each person."""

    def enrolled(
        self, audience: str, product: str | None, after: tuple[str, int], limit: int
    ) -> list[Enrolment]:
        """The members of an audience, of one product or all, by (product, person) above ``after``."""

    def deltas(self, audience: str | None, after: int, limit: int) -> list[Delta]:
        """The feed of one audience, or of all, above a sequence number."""

    def last_delta(self) -> int:
        """The highest sequence number of that feed, 0 for none."""

    def due(self, until: int, limit: int) -> list[tuple[int, int]]:
        """(time, person) of what falls due by then, the earliest first."""

    def alike(self, keys: Collection[str]) -> set[str]:
        """The words of names that somebody has, of those with one of these keys."""

    def named(self, words: Collection[str], limit: int) -> Mapping[str, list[int]]:
        """Persons by each of these words of their names, the first ``limit`` by id."""

    def audit(self, before: int | None, limit: int) -> list[Audited]:
        """The audit log below a sequence number, or its end; the newest first."""

    def dead_letters(self, after: int, limit: int) -> list[tuple[int, DeadLetter]]:
        """Dead letters above a number, each with its own."""

    def get(self, name: str) -> Any:  # noqa: ANN401 - any JSON
        """A piece of operational state, or None."""
        return self.states((name,)).get(name)

    def states(self, names: Collection[str]) -> Mapping[str, Any]:
        """Pieces of operational state by name, of those that there are."""

    def scan(self, prefix: str) -> Mapping[str, Any]:
        """All operational state whose name begins so; what was written as None is none."""

    def apply(self, writes: Writes) -> None:
        """Writes a batch. Called at most once in a transaction, last."""


class Store(Protocol):
    """Where the identity graph is kept."""

    def read(self, view: View = "loose") -> AbstractContextManager[Transaction]:
        """A transaction that only reads. Raises ``Overtaken`` for what does not fit together by what others
        wrote meanwhile: see ``View``."""

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that may ``apply``. Others that write wait, or this raises ``Conflict`` when it
        ends."""

    def close(self) -> None:
        """Gives back everything that is held open."""


class Swap(Protocol):
    """The replacement of a store by another; from when it is made, it watches whether anybody writes."""

    def fresh(self) -> Store:
        """An empty store beside the one that stands; what an earlier attempt left is removed."""

    def take_place(self) -> bool:
        """Puts the (closed) fresh store in the other's place; nothing, and False, where somebody wrote."""


@runtime_checkable
class Behindhand(Protocol):
    """A store where the next transaction may be worked out while the last is still being written."""

    def settle(self) -> None:
        """Returns when all that was applied is durable. Raises ``Lost`` where it can't be; whoever else
        writes is told the same until this was asked."""


@runtime_checkable
class Replaceable(Protocol):
    """A store that outlives its process."""

    def swap(self) -> AbstractContextManager[Swap]:
        """What puts another store in the place of this one."""

    def schema(self) -> tuple[int, list[str]]:
        """The number of its newest migration, and in words what differs from the schema that this version
        wants."""
