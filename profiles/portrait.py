"""A person as the store has her: her records, their identifiers, and her state. All that is shown or
decided is drawn from it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from graph_schema.store import Document
from graph_schema.vocabulary import BLOCKED, CLAIMED, IdentifierNode, Record
from profiles.moments import UNTIMED, kept


class Portrait(NamedTuple):
    """A person at one moment of the store. `identifiers` is by identifier id and holds all of her records';
    `ambiguous` is the evidence that may be hers, as it is to be shown; `namespaces` are the rules',
    strongest first."""

    person_id: str
    aliases: list[str]
    version: int
    flags: int
    records: Sequence[Record]
    identifiers: Mapping[int, IdentifierNode]
    state: Document
    ambiguous: Sequence[Document]
    namespaces: Sequence[str]


class Address(NamedTuple):
    """An e-mail address or telephone number of a person, in its match form; times are kept ones."""

    value: str
    first: int
    last: int
    claimed: bool
    record: Record


def addresses(portrait: Portrait, namespace: str) -> list[Address]:
    """Her usable values of a namespace: not blocked, not generic; best first (verified, then last seen)."""
    found: dict[str, Address] = {}
    for record in portrait.records:
        if record.ghost:
            continue
        for one, holding in record.holdings.items():
            node = portrait.identifiers[one]
            if node.identifier.namespace != namespace or holding.flags & BLOCKED or node.generic:
                continue
            first, last, claimed = kept(holding.first), kept(holding.last), bool(holding.flags & CLAIMED)
            value = node.identifier.value
            old = found.get(value)
            if old is not None:
                record_seen = max(
                    (last, record.key, record), (old.last, old.record.key, old.record), key=_by_time
                )[2]
                timed = [time for time in (first, old.first) if time != UNTIMED]
                found[value] = Address(
                    value,
                    min(timed, default=UNTIMED),
                    max(last, old.last),
                    claimed and old.claimed,
                    record_seen,
                )
            else:
                found[value] = Address(value, first, last, claimed, record)
    return sorted(found.values(), key=lambda one: (one.claimed, -one.last, one.value))


def _by_time(seen: tuple[int, tuple[str, str], Record]) -> tuple[int, tuple[str, str]]:
    return seen[:2]


def first_seen(portrait: Portrait) -> int | None:
    """When anything of hers happened first, None where nobody knows."""
    return min((one.first_at for one in portrait.records if one.first_at is not None), default=None)


def shown_form(portrait: Portrait, namespace: str, value: str) -> str:
    """How an identifier is written: as it was last given, the match form where it was given so."""
    form = portrait.state.get("shown", {}).get(namespace, {}).get(value)
    return value if form is None else str(form[1])
