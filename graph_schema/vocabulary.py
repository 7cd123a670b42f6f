"""The words of the identity graph as types: what evidence is made of, and what is derived from it.

Times are whole microseconds since 1970 in UTC; ``None`` is no time. Numbers named ``id`` are a store's own
and never leave it: records, identifiers and persons are compared, ordered and hashed by their keys alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple

CLAIMED: Final = 1
"""Flag of a holding: the source only claims this value (a typed e-mail, not verified)."""
BLOCKED: Final = 2
"""Flag of a holding: the value is blocked or not valid for its namespace; it links nothing."""
GHOST_SOURCE: Final = "#"
"""Source of the key of every record that was erased."""
UNDECLARED: Final = -1
"""Position of a namespace that the rules do not declare: kept as evidence, links nothing."""

CONTESTED_PEOPLE: Final = 1
"""Flag of a person: some people-joining value of hers was contested, so she may have neighbours by it."""
CONTESTED_ANONYMOUS: Final = 2
"""Flag of a person: some anonymous or claimed value of hers was contested."""
JUDGED: Final = 4
"""Flag of a person: a record of hers is on a side of a judgement."""
KNOWN: Final = 8
"""Flag of a person: she holds a people-joining identifier that is live."""
TWO_VALUES: Final = 16
"""Flag of a person: she holds more than one value of a unique namespace."""
ALIKE: Final = 32
"""Flag of a person: matching compares records of hers with those of others, so she may have neighbours by
it."""
BETWEEN: Final = 64
"""Flag of a person: whenever values of hers were contested, it was between others."""
LEADS: Final = 128
"""Flag of a known person: some anonymous evidence of hers may have to leave when she comes to be in conflict
with somebody. It went along with her where others were, or it, or what she is in conflict over, stands itself
under a ``different``."""


class Identifier(NamedTuple):
    """A value in a namespace, in its match form (a scoped one reads ``source/value``)."""

    namespace: str
    value: str


class RecordKey(NamedTuple):
    """What one source calls one record. Tuples of it are the order in which every tie is broken."""

    source: str
    record_id: str


class EventKey(NamedTuple):
    """What one source calls one message: the unit in which evidence is counted, once."""

    source: str
    message_id: str


class Held(NamedTuple):
    """An identifier as one event names it: its match form, the form shown to people, and its flags."""

    namespace: str
    value: str
    shown: str
    flags: int


class ObjectKey(NamedTuple):
    """An order or a reward: a thing that is folded over all persons, by its kind and its own key."""

    kind: str
    key: str


Fact = tuple[Any, ...]
"""One thing that a message says for profiles: scalars and tuples, of a shape that ``profiles`` alone
knows."""


class SharedFact(NamedTuple):
    """A fact that goes to an order or reward instead of a person."""

    key: ObjectKey
    fact: Fact


class Facts(NamedTuple):
    """Everything that a message contributes to profiles: to its person's own, and to shared objects."""

    own: tuple[Fact, ...]
    shared: tuple[SharedFact, ...]


class Event(NamedTuple):
    """One message, made ready for the engine: everything that its content and the rules alone decide.

    ``facts`` is the message's contribution to profiles (see ``profiles.facts``), ``content`` its canonical
    JSON, ``traits`` (name, text) what it says that matching compares. ``also`` is the second record that an
    alias founds, with what it holds. ``stamped`` says that ``at`` is a time of receipt and not part of the
    content. ``ready`` is what the traits come to by themselves, in the shape that ``resolver`` compares,
    where that was made beside the engine.
    """

    key: EventKey
    type: str
    name: str | None
    at: int | None
    stamped: bool
    received: int
    record: RecordKey
    held: tuple[Held, ...]
    also: tuple[RecordKey, tuple[Held, ...]] | None
    facts: Facts
    content: bytes
    traits: tuple[tuple[str, str], ...] = ()
    ready: Any = None


class StoredEvent(NamedTuple):
    """An event as a store keeps it. ``previous`` is the event of the same record stored before it, 0 for
    none."""

    id: int
    key: EventKey
    at: int | None
    stamped: bool
    received: int
    record: int
    previous: int
    content: bytes


class DeadLetter(NamedTuple):
    """Input that could not be taken: where it stood, which field was wrong, why, and the input itself."""

    source: str | None
    message_id: str | None
    field: str
    reason: str
    raw: bytes
    at: int
    position: str | None = None


class Holding(NamedTuple):
    """That a record holds an identifier: position of its namespace, first and last sighting, flags."""

    namespace: int
    first: int | None
    last: int | None
    flags: int

    @property
    def links(self) -> bool:
        """Whether it can link: neither blocked nor of a namespace that the rules don't name."""
        return self.namespace >= 0 and not self.flags & BLOCKED


@dataclass(slots=True)
class Record:
    """What one source said under one key, as far as identity goes. ``holdings`` is by identifier id.

    ``erasures`` counts how often this key was erased before; ``ghost`` is the time at which the record was
    erased, 0 for a living one. ``traits`` is what it says that matching compares, ``content`` the id of all
    that, normalised; 0 where it says nothing.
    """

    id: int
    key: RecordKey
    person: int
    first_at: int | None
    last_event: int
    holdings: dict[int, Holding] = field(default_factory=dict)
    erasures: int = 0
    ghost: int = 0
    content: int = 0
    traits: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def own(self) -> "Record":
        """The same, that nobody else changes."""
        more = dict(self.holdings), self.erasures, self.ghost, self.content, dict(self.traits)
        return Record(self.id, self.key, self.person, self.first_at, self.last_event, *more)


class Content(NamedTuple):
    """What one or more records say, as matching compares it; ``id`` is a keyed hash of it.

    ``keys`` are the blocks that it is in, ``own`` its weight with itself, ``votes`` how many in a mean,
    0 where it says too little to be matched. ``said`` are the normalised values, of a shape that ``resolver``
    alone knows; None once everybody who said so was erased.
    """

    id: int
    keys: tuple[int, ...]
    own: int
    votes: int
    said: Any


class ShownIdentifier(NamedTuple):
    """An identifier as readers need it: what it is, and of its node whose it is and whether it is generic."""

    id: int
    identifier: Identifier
    namespace: int
    sole: int
    generic: bool


@dataclass(slots=True)
class IdentifierNode:
    """An identifier in the graph with what must be known of its holders without reading them.

    ``sole`` is the person of all its holders, 0 for none, -1 for several. ``unknown`` counts holders that
    hold no live people-joining identifier, ``claims`` those that only claim this one, ``timeless`` those who
    held it at no known time (counted where the namespace has a lease). ``peers`` lists, per
    position of a people-joining namespace, the other identifiers that its (unclaimed) holders hold: the
    evidence of genericness, kept only up to the cap.
    """

    id: int
    identifier: Identifier
    namespace: int
    holders: int = 0
    unknown: int = 0
    claims: int = 0
    timeless: int = 0
    sole: int = 0
    generic: bool = False
    peers: dict[int, set[int]] = field(default_factory=dict)

    def own(self) -> "IdentifierNode":
        """The same, that nobody else changes."""
        return replace(self, peers={place: set(others) for place, others in self.peers.items()})

    def shown(self) -> ShownIdentifier:
        """The same, as readers need it."""
        return ShownIdentifier(self.id, self.identifier, self.namespace, self.sole, self.generic)


@dataclass(slots=True)
class Person:
    """A person: a set of records. ``person_id`` is made from the founding record."""

    id: int
    person_id: str
    founder: int
    flags: int
    size: int
    version: int


JudgementKind = Literal["same", "different"]
"""Whether a judgement holds its two sides together or apart."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A steward's word on two sides, each a list of records; ``founders`` are the records' founding events:
    of one that was several when it was given, theirs."""

    judgement_id: str
    kind: JudgementKind
    a: tuple[RecordKey, ...]
    b: tuple[RecordKey, ...]
    at: int | None
    by: str
    why: str
    founders: Mapping[RecordKey, tuple[EventKey, ...]] = field(default_factory=dict)
    retracted_at: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Two persons, or one identifier and its persons, kept apart by something that a steward should see."""

    case_id: str
    kind: str
    persons: tuple[str, ...]
    identifiers: tuple[Identifier, ...]
    detail: str


class Related(NamedTuple):
    """Ambiguous evidence: a record of a part that belongs to one of several persons, and a record of one of
    them.

    Told by records, so that it holds whoever their persons come to be.
    """

    part: int
    anchor: int
    namespace: str


ChangeKind = Literal["created", "merged", "split", "updated", "erased"]


class Change(NamedTuple):
    """An entry of the change feed."""

    seq: int
    kind: ChangeKind
    person_id: str
    came_from: tuple[str, ...]
    went_into: tuple[str, ...]
    version: int
    at: int


class Membership(NamedTuple):
    """A place in an audience; ``product`` is "" where the audience isn't per product."""

    audience: str
    product: str = ""


class Enrolment(NamedTuple):
    """A place of a person (the store's id)."""

    person: int
    audience: str
    product: str


class Delta(NamedTuple):
    """An entry of the feed of audiences: who came in (``added``) or went, by the id that she had then; ``at``
    is when: a due time, or that of the batch."""

    seq: int
    audience: str
    product: str
    person_id: str
    added: bool
    at: int


class Audited(NamedTuple):
    """An entry of the audit log: who did what to whom (person, judgement or case ids), and why."""

    seq: int
    at: int
    by: str
    role: str
    what: str
    about: tuple[str, ...]
    why: str
