"""One record at a time: blocks and edges that are at every moment what a batch over the same set would
make."""

from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import combinations
from typing import NamedTuple

from resolver.matching.components import Graph, Group, Key, component
from resolver.matching.content import Prepared
from resolver.matching.linking import Linked, link
from resolver.matching.model import Model, Weight
from resolver.matching.scoring import edge


class Change(NamedTuple):
    """What a content that came or went does to the edges: pairs (smaller first) gained, with weights, and
    lost."""

    gained: Mapping[tuple[int, int], Weight]
    lost: Set[tuple[int, int]]


_NOTHING = Change({}, frozenset())


class Index:
    """Contents, their blocks and edges, in memory. A store keeps the same tables and asks the same
    questions."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.contents: dict[int, Prepared] = {}
        self.blocks: dict[int, set[int]] = {}
        self.edges: dict[int, dict[int, Weight]] = {}

    def add(self, content: Prepared) -> Change:
        """Takes a content in; twice is once. Its candidates are weighed; blocks over the cap by it are
        closed.

        The change of the edges is not made before ``apply``, so that one may look at both sides of it.
        """
        number, cap = content.content, self._model.block_cap
        if number in self.contents or not content.votes:
            return _NOTHING
        self.contents[number] = content
        self.edges[number] = {}
        candidates: set[int] = set()
        closed = []
        for key in content.keys:
            block = self.blocks.setdefault(key, set())
            if len(block) < cap:
                candidates |= block
            elif len(block) == cap:
                closed.append(block)
            block.add(number)
        gained = {}
        for other in candidates:
            weight = edge(content, self.contents[other], self._model)
            if weight is not None:
                gained[_pair(number, other)] = weight
        lost = {
            pair for block in closed for pair in self._edges_within(block) if not self._are_candidates(*pair)
        }
        return Change(gained, lost)

    def remove(self, number: int) -> Change:
        """Lets a content go; blocks that it had closed open again. One that isn't there changes nothing."""
        content = self.contents.pop(number, None)
        if content is None:
            return _NOTHING
        opened = []
        for key in content.keys:
            block = self.blocks[key]
            block.discard(number)
            if len(block) == self._model.block_cap:
                opened.append(block)
            elif not block:
                del self.blocks[key]
        gained = {}
        for pair in {pair for block in opened for pair in combinations(sorted(block), 2)}:
            if pair[1] not in self.edges[pair[0]]:
                weight = edge(self.contents[pair[0]], self.contents[pair[1]], self._model)
                if weight is not None:
                    gained[pair] = weight
        return Change(gained, {_pair(number, other) for other in self.edges[number]})

    def apply(self, change: Change) -> None:
        """Makes a change that ``add`` or ``remove`` gave."""
        for (one, two), weight in change.gained.items():
            self.edges[one][two] = self.edges[two][one] = weight
        for one, two in change.lost:
            del self.edges[one][two], self.edges[two][one]

    def _edges_within(self, block: Set[int]) -> Iterator[tuple[int, int]]:
        for one in block:
            for two in self.edges[one].keys() & block:
                if one < two:
                    yield one, two

    def _are_candidates(self, one: int, two: int) -> bool:
        shared = set(self.contents[one].keys).intersection(self.contents[two].keys)
        return any(len(self.blocks[key]) <= self._model.block_cap for key in shared)


def _pair(one: int, two: int) -> tuple[int, int]:
    return (one, two) if one < two else (two, one)


class Stream:
    """Records that come, change and go, each a group by itself before matching; the persons they are just
    now."""

    def __init__(self, model: Model, apart: Mapping[Key, Set[Key]] | None = None) -> None:
        self._model = model
        self._apart = apart or {}
        self._index = Index(model)
        self._records: dict[Key, Prepared] = {}
        self._holders: dict[int, set[Key]] = {}
        self._groups: dict[Key, Group] = {}
        self._own: dict[int, Weight] = {}

    @property
    def graph(self) -> Graph:
        """The groups and edges as they are now."""
        return Graph(self._groups, self._index.edges, self._own, self._holders)

    def put(self, key: Key, content: Prepared, unique: Iterable[tuple[str, str]] = ()) -> Linked:
        """A record says this now. Answers with the persons of every component that this touches, as they
        are now."""
        affected = self._leave(key)
        number = content.content
        change = self._index.add(content)
        around = self._around(number, change)
        affected |= self._reached(around)
        self._index.apply(change)
        self._own[number] = content.own
        self._records[key] = content
        self._groups[key] = Group(key, frozenset((number,) if content.votes else ()), frozenset(unique))
        if content.votes:
            self._holders.setdefault(number, set()).add(key)
        affected |= self._reached(around | {key})
        return link(self.graph, self._model, self._apart, affected)

    def take(self, key: Key) -> Linked:
        """A record is gone. Answers as ``put`` does."""
        return link(self.graph, self._model, self._apart, self._leave(key))

    def persons_of(self, key: Key) -> Linked:
        """The persons of a record's component, as they are now."""
        return link(self.graph, self._model, self._apart, (key,))

    def _leave(self, key: Key) -> set[Key]:
        content = self._records.pop(key, None)
        if content is None:
            return set()
        number = content.content
        last = self._holders.get(number) == {key}
        change = self._index.remove(number) if last else _NOTHING
        around = self._around(number, change) | {key}
        affected = self._reached(around)
        self._index.apply(change)
        if last:
            del self._index.edges[number], self._holders[number], self._own[number]
        elif content.votes:
            self._holders[number].discard(key)
        del self._groups[key]
        return (affected | self._reached(around - {key})) - {key}

    def _around(self, number: int, change: Change) -> set[Key]:
        """The records that hold a content, its neighbours, or an end of a changed edge."""
        ends = {other for pair in (*change.gained, *change.lost) for other in pair}
        ends.update(self._index.edges.get(number, ()), (number,))
        return {key for end in ends for key in self._holders.get(end, ())}

    def _reached(self, starts: Iterable[Key]) -> set[Key]:
        """All members of the components of these groups."""
        graph, found = self.graph, set[Key]()
        for start in starts:
            if start not in found:
                found |= component(graph, start, self._model)[0]
        return found
