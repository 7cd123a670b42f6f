"""What a value counts for, stated naively (DESIGN.md, section 4): generic, known, unattributed, leases."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tests.reference.evidence import Group, Holding, Identifier, Key, Namespace, Rec


@dataclass(frozen=True)
class Sighting:
    """One record's holding of one value: when it was seen there."""

    record: Key
    first: int | None
    last: int | None


@dataclass(frozen=True)
class Tie:
    """One live value within one lease (a judged pair has no identifier) and who holds it."""

    identifier: Identifier | None
    sightings: frozenset[Sighting]
    groups: frozenset[Group] = frozenset()


def counts(holding: Holding) -> bool:
    """Neither blocked nor claimed."""
    return not holding.blocked and not holding.claimed


def people_joining(namespaces: Sequence[Namespace]) -> frozenset[str]:
    """The names of the namespaces that may join two known persons."""
    return frozenset(n.name for n in namespaces if n.joins == "people")


def generic(namespaces: Sequence[Namespace], records: Sequence[Rec]) -> frozenset[Identifier]:
    """The values that link nothing: beside too many values of one other namespace, or on too many records."""
    found = set()
    for namespace in namespaces:
        for value in {h.identifier for r in records for h in r.holdings if h.namespace == namespace.name}:
            unblocked = [
                r for r in records if any(h.identifier == value and not h.blocked for h in r.holdings)
            ]
            holders = [r for r in records if any(h.identifier == value and counts(h) for h in r.holdings)]
            beside = [
                {h.value for r in holders for h in r.holdings if h.namespace == other and counts(h)}
                for other in people_joining(namespaces) - {namespace.name}
            ]
            if len(unblocked) > namespace.max_records or any(
                len(v) > namespace.generic_above for v in beside
            ):
                found.add(value)
    return frozenset(found)


def known(namespaces: Sequence[Namespace], records: Sequence[Rec]) -> frozenset[Key]:
    """The records that hold a people-joining identifier that is neither blocked, claimed nor generic."""
    people, common = people_joining(namespaces), generic(namespaces, records)
    return frozenset(
        r.key
        for r in records
        if any(h.namespace in people and counts(h) and h.identifier not in common for h in r.holdings)
    )


def unattributed(namespaces: Sequence[Namespace], records: Sequence[Rec]) -> frozenset[Key]:
    """The records that have people-joining identifiers (not blocked, not claimed), but only generic ones."""
    people = people_joining(namespaces)
    having = {r.key for r in records if any(h.namespace in people and counts(h) for h in r.holdings)}
    return frozenset(having - known(namespaces, records))


def leases(lease: int | None, sightings: Iterable[Sighting]) -> list[frozenset[Sighting]]:
    """One value's sightings, parted by gaps longer than the lease, oldest first; no time: the youngest."""
    timed = sorted(
        ((s.first, s.last, s) for s in sightings if s.first is not None and s.last is not None), key=_span
    )
    timeless = {s for s in sightings if s.first is None}
    parts: list[set[Sighting]] = []
    seen = 0
    for first, last, one in timed:
        if not parts or (lease is not None and first - seen > lease):
            parts.append({one})
            seen = last
        else:
            parts[-1].add(one)
            seen = max(seen, last)
    if timeless and not parts:
        parts.append(set())
    if timeless:
        parts[-1] |= timeless
    return [frozenset(part) for part in parts]


def _span(row: tuple[int, int, Sighting]) -> tuple[int, int, Key]:
    return (row[0], row[1], row[2].record)


def live_ties(
    namespace: Namespace, records: Sequence[Rec], generics: Collection[Identifier], claims: bool = False
) -> list[Tie]:
    """The live values of a namespace, each within one lease, oldest first; with or without claims."""
    seen: dict[Identifier, list[Sighting]] = {}
    for record in records:
        for h in record.holdings:
            taken = counts(h) or (claims and not h.blocked)
            if taken and h.namespace == namespace.name and h.identifier not in generics:
                seen.setdefault(h.identifier, []).append(Sighting(record.key, h.first, h.last))
    return [Tie(value, part) for value, rows in seen.items() for part in leases(namespace.lease, rows)]
