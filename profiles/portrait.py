"""A person as the store has her: her records, their identifiers, and her state. All that is shown or
decided is drawn from it."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from graph_schema.store import Document
from graph_schema.vocabulary import Identifier, Record, RecordKey, ShownIdentifier
from profiles.moments import UNTIMED


class Sketch(Protocol):
    """What decisions and audiences are made from, so that no record needs be read for them: her state, and
    the generic ones among her addresses (more does no harm)."""

    @property
    def state(self) -> Document: ...
    @property
    def generic(self) -> Collection[Identifier]: ...


class Outline(NamedTuple):
    """A sketch, and no more."""

    state: Document
    generic: Collection[Identifier] = frozenset()


class Portrait(NamedTuple):
    """A person at one moment of the store, whole. `identifiers` is by identifier id and holds all of her
    records'; `ambiguous` is the evidence that may be hers, as it is to be shown."""

    person_id: str
    aliases: list[str]
    version: int
    records: Sequence[Record]
    identifiers: Mapping[int, ShownIdentifier]
    state: Document
    ambiguous: Sequence[Document]

    @property
    def generic(self) -> Collection[Identifier]:
        """The generic ones among her identifiers."""
        return {node.identifier for node in self.identifiers.values() if node.generic}


class Address(NamedTuple):
    """An e-mail address or telephone number of a person, in its match form; times are kept ones. `record`
    told of it last."""

    value: str
    first: int
    last: int
    claimed: bool
    record: RecordKey


def addresses(sketch: Sketch, namespace: str) -> list[Address]:
    """Her usable values of "email" or "phone": not generic; best first (verified, then last seen)."""
    if not (known := sketch.state.get("addresses", {}).get(namespace)):
        return []
    generic = sketch.generic
    found = [
        Address(value, first, last, bool(claimed), RecordKey(source, record_id))
        for value, (first, (last, source, record_id, *_), claimed) in known.items()
        if not generic or Identifier(namespace, value) not in generic
    ]
    return sorted(found, key=lambda one: (one.claimed, -one.last, one.value))


def shown_form(sketch: Sketch, namespace: str, value: str, last: int = UNTIMED) -> str:
    """How an identifier is written: as it was last given, the match form where it was given so. `last` is
    the kept time at which it was seen last; addresses are kept with their form, but in old states."""
    sighting = sketch.state.get("addresses", {}).get(namespace, {}).get(value)
    if sighting is not None and (form := sighting[1][3:]):
        return str(form[0])
    at, form = sketch.state.get("shown", {}).get(namespace, {}).get(value, (UNTIMED, value))
    return str(form) if at >= last else value
