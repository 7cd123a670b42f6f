"""Groups, their edges, and how far a change can reach: components, cut where they grow too large."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from resolver.matching.model import BIT, Model, Weight

Key: TypeAlias = tuple[str, ...]
"""A record's key (source, record_id), or any other tuple that sorts with its like."""

Edges: TypeAlias = Mapping[int, Mapping[int, Weight]]
"""Weights by content and content, both ways round: all of at least ``min(floor, review)``, candidates
only."""


class Group(NamedTuple):
    """Records that are one person before matching. ``key`` is the smallest of its records' keys.

    ``contents`` are the distinct contents of its records that vote. ``unique`` are (namespace, value) of
    unique namespaces; two groups with different values of one can't join.
    """

    key: Key
    contents: frozenset[int]
    unique: frozenset[tuple[Hashable, Hashable]] = frozenset()


@dataclass
class Graph:
    """Groups under their keys, edges between their contents; ``own`` is each content's weight with itself."""

    groups: Mapping[Key, Group]
    edges: Edges
    own: Mapping[int, Weight]
    holders: Mapping[int, Iterable[Key]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.holders:
            held: dict[int, list[Key]] = {}
            for key, group in self.groups.items():
                for content in group.contents:
                    held.setdefault(content, []).append(key)
            self.holders = held

    def around(self, key: Key) -> Iterator[tuple[Key, int, int, Weight]]:
        """Each edge of a group: the other group, this one's content, the other's, the weight."""
        for content in self.groups[key].contents:
            for holder in self.holders.get(content, ()):
                if holder != key:
                    yield holder, content, content, self.own[content]
            for other, weight in self.edges.get(content, {}).items():
                for holder in self.holders.get(other, ()):
                    if holder != key:
                        yield holder, content, other, weight


def component(graph: Graph, start: Key, model: Model) -> tuple[frozenset[Key], Weight]:
    """The groups that must be looked at together with this one, and the floor that holds among them.

    Edges of at least the floor connect. Where more than ``component_cap`` groups would be, the floor rises
    by a bit and the search begins again; above the largest weight the group is alone. All members of the
    answer have the same answer, so it does not matter where one starts. The search stops at the cap.
    """
    floor = model.floor
    while floor <= model.clip:
        found = _reach(graph, start, floor, model.component_cap)
        if found is not None:
            return frozenset(found), floor
        floor += BIT
    return frozenset((start,)), floor


def _reach(graph: Graph, start: Key, floor: Weight, cap: int) -> set[Key] | None:
    found, waiting = {start}, [start]
    while waiting:
        for other, _, _, weight in graph.around(waiting.pop()):
            if weight >= floor and other not in found:
                if len(found) == cap:
                    return None
                found.add(other)
                waiting.append(other)
    return found


def components(graph: Graph, starts: Iterable[Key], model: Model) -> Iterator[tuple[Sequence[Key], Weight]]:
    """The components of these groups, each once, its keys sorted, with its floor."""
    seen: set[Key] = set()
    for start in sorted(starts):
        if start not in seen:
            found, floor = component(graph, start, model)
            seen |= found
            yield sorted(found), floor
