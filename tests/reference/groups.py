"""What groups of records hold, and how they hang together, stated naively (DESIGN.md, section 5)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from tests.reference.evidence import Group, Identifier, Key, Namespace, Pair, Rec, Word
from tests.reference.values import Sighting, counts, people_joining

T = TypeVar("T")
Contest = Literal["apart", "latest", "earliest"]


def connected(items: Iterable[T], ties: Iterable[frozenset[T]]) -> list[frozenset[T]]:
    """The parts into which the items fall when each tie connects all of its own that are among them."""
    parts = [frozenset({item}) for item in items]
    for tie in ties:
        touched = [part for part in parts if part & tie]
        parts = [part for part in parts if not part & tie]
        if touched:
            parts.append(touched[0].union(*touched))
    return parts


def union(groups: Iterable[Group]) -> Group:
    """All records of some groups."""
    return frozenset(key for group in groups for key in group)


def holder(contested: Contest, sightings: Iterable[Sighting], groups: Collection[Group]) -> Group | None:
    """The group that saw something latest or earliest: no time loses, then the smaller record key wins."""
    if contested == "apart":
        return None

    def rank(row: tuple[Sighting, Group]) -> tuple[bool, int, Key]:
        time = row[0].last if contested == "latest" else row[0].first
        return (time is None, (-1 if contested == "latest" else 1) * (time or 0), row[0].record)

    return min([(s, g) for s in sightings for g in groups if s.record in g], key=rank)[1]


@dataclass(frozen=True)
class Facts:
    """What stays as it is while the steps run; `judged` are the groups that the judgements' step made."""

    namespaces: tuple[Namespace, ...]
    records: tuple[Rec, ...]
    words: dict[Pair, Word]
    generic: frozenset[Identifier]
    known: frozenset[Key]
    unattributed: frozenset[Key]
    judged: frozenset[Group] = frozenset()
    vetoes: frozenset[Pair] = frozenset()

    def values(self, namespace: Namespace, group: Group) -> frozenset[Identifier]:
        """The values of a namespace that count for a group: not blocked, not claimed, not generic."""
        holdings = [
            h for r in self.records if r.key in group for h in r.holdings if h.namespace == namespace.name
        ]
        return frozenset(h.identifier for h in holdings if counts(h) and h.identifier not in self.generic)

    def distinct(self, namespace: Namespace, groups: Iterable[Group]) -> list[frozenset[Identifier]]:
        """The values that these groups hold, those that judgements make one put together."""
        held = frozenset(v for g in groups for v in self.values(namespace, g))
        as_one = [self.values(namespace, g) for g in self.judged]
        return [part & held for part in connected(held.union(*as_one), as_one) if part & held]

    def vetoed(self, a: Group, b: Group) -> bool:
        """Whether a veto is between two groups."""
        return any(frozenset({x, y}) in self.vetoes for x in a for y in b)

    def kept_apart(self, a: Group, b: Group) -> bool:
        """Whether a standing `different` is between two groups."""
        return any(self.words.get(frozenset({x, y})) == "different" for x in a for y in b)


def founding(namespaces: Sequence[Namespace], records: Iterable[Rec]) -> Key:
    """The earliest record with a people-joining identifier (generic or not), else of all."""
    everyone = list(records)
    people = people_joining(namespaces)
    able = [r for r in everyone if any(h.namespace in people and counts(h) for h in r.holdings)]
    return min(able or everyone, key=lambda r: (r.first_at is None, r.first_at or 0, r.key)).key
