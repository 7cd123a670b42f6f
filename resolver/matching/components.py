"""Groups and the edges between them, as linkage goes over them."""

from collections.abc import Hashable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from resolver.matching.model import Prepared, Weight

Key: TypeAlias = tuple[str, ...]
"""A record's key (source, record_id), or any other tuple that sorts with its like."""

Edges: TypeAlias = Mapping[int, Mapping[int, Weight]]
"""Weights by content and content, both ways round: all of at least ``min(floor, review)``, candidates
only."""


class Group(NamedTuple):
    """Records that are one person before matching. ``key`` is the smallest of the keys of those that vote.

    ``contents`` are the distinct contents of its records that vote. ``unique`` are (namespace, value) of
    unique namespaces; two groups with different values of one can't join. ``size``: it stands for so many
    groups that say the same, and counts as all of them.
    """

    key: Key
    contents: frozenset[int]
    unique: frozenset[tuple[Hashable, Hashable]] = frozenset()
    size: int = 1


class Graph:
    """Groups under their keys, their contents by number, and the edges between these."""

    def __init__(self, groups: Mapping[Key, Group], edges: Edges, contents: Mapping[int, Prepared]) -> None:
        self.groups, self.edges, self.contents = groups, edges, contents
        self.holders: dict[int, list[Key]] = {}
        for key, group in groups.items():
            for content in group.contents:
                self.holders.setdefault(content, []).append(key)

    def around(self, key: Key) -> Iterator[tuple[Key, int, int, Weight]]:
        """Each edge of a group: the other group, this one's content, the other's, the weight."""
        for content in self.groups[key].contents:
            own = self.contents[content].own
            for other, weight in ((content, own), *self.edges.get(content, {}).items()):
                for holder in self.holders.get(other, ()):
                    if holder != key:
                        yield holder, content, other, weight
