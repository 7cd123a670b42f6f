"""Average linkage: the two groups that agree most in the mean join first, until none agree enough."""

from collections.abc import Hashable, Mapping, Sequence, Set
from heapq import heapify, heappop, heappush
from typing import Literal, NamedTuple

from resolver.matching.components import Graph, Key
from resolver.matching.model import Model, Weight

_FINE = 20
"""Means are compared to 2**-20 of a unit."""


class Review(NamedTuple):
    """Two persons that a steward should look at: their smallest keys, the mean weight, and why they are
    apart."""

    one: Key
    two: Key
    weight: Weight
    why: Literal["review", "unique", "ambiguous"]


class Joined(NamedTuple):
    """One step of linkage: the keys of the two clusters that became one, and their mean weight."""

    one: tuple[Key, ...]
    two: tuple[Key, ...]
    weight: Weight


class Linkage:
    """One component under joining. ``joins`` are the steps, ``ambiguous`` pairs of a group that rivals would
    take and one of these.

    Clusters have numbers; a join makes a new one, so old heap entries are stale.
    """

    def __init__(
        self, graph: Graph, keys: Sequence[Key], model: Model, apart: Mapping[Key, Set[Key]]
    ) -> None:
        self._model = model
        self.joins: list[Joined] = []
        self.ambiguous: list[tuple[Key, Key]] = []
        self.members: dict[int, list[Key]] = {number: [key] for number, key in enumerate(keys)}
        contents = graph.contents
        self._votes = [
            graph.groups[key].size * max(1, sum(contents[one].votes for one in graph.groups[key].contents))
            for key in keys
        ]
        self._unique: list[dict[Hashable, frozenset[Hashable]]] = []
        for key in keys:
            held: dict[Hashable, frozenset[Hashable]] = {}
            for namespace, value in graph.groups[key].unique:
                held[namespace] = held.get(namespace, frozenset()) | {value}
            self._unique.append(held)
        self._sums: dict[int, dict[int, Weight]] = {number: {} for number in self.members}
        self._banned: set[tuple[int, int]] = set()
        self._next = len(keys)
        number = {key: place for place, key in enumerate(keys)}
        self._apart = {
            number[key]: {number[one] for one in apart.get(key, ()) if one in number} for key in keys
        }
        self._add_edges(graph, number)

    def _add_edges(self, graph: Graph, number: Mapping[Key, int]) -> None:
        """Sums of the weights between two clusters above what a missing pair counts, by the votes of both."""
        missing, contents = self._model.missing, graph.contents
        for key, place in number.items():
            sums, size = self._sums[place], graph.groups[key].size
            for other, mine, theirs, weight in graph.around(key):
                there = number.get(other)
                if there is not None:
                    votes = contents[mine].votes * contents[theirs].votes * size * graph.groups[other].size
                    sums[there] = sums.get(there, 0) + (weight - missing) * votes

    def _mean(self, one: int, two: int) -> int:
        """The mean weight over all pairs of votes, in 2**-20 of a unit."""
        return (self._sums[one][two] << _FINE) // (self._votes[one] * self._votes[two]) + (
            self._model.missing << _FINE
        )

    def _rivals(self, one: int, two: int) -> bool:
        """Whether unique values keep two clusters apart."""
        mine, theirs = self._unique[one], self._unique[two]
        if not mine or not theirs:
            return False
        return any(len(mine[namespace] | theirs[namespace]) > 1 for namespace in mine.keys() & theirs.keys())

    def _entry(self, one: int, two: int) -> tuple[int, Key, Key, int, int] | None:
        mean = self._mean(one, two)
        if mean < self._model.merge << _FINE or self._rivals(one, two) or two in self._apart[one]:
            return None
        first, second = self.members[one][0], self.members[two][0]
        if second < first:
            first, second, one, two = second, first, two, one
        return -mean, first, second, one, two

    def run(self) -> None:
        """Joins until no two clusters reach ``merge``."""
        heap = [
            entry
            for one, sums in self._sums.items()
            for two in sums
            if one < two and (entry := self._entry(one, two))
        ]
        heapify(heap)
        while heap:
            _, _, _, one, two = heappop(heap)
            if one not in self.members or two not in self.members or (one, two) in self._banned:
                continue
            if self._contested(one, two) or self._contested(two, one):
                continue
            joined = self._join(one, two)
            for other in self._sums[joined]:
                entry = self._entry(joined, other)
                if entry:
                    heappush(heap, entry)

    def _contested(self, taker: int, taken: int) -> bool:
        """Whether a rival of the taker would take the same cluster; then neither does."""
        if not self._unique[taker]:
            return False
        rivals = [
            other
            for other in self._sums[taken]
            if other != taker
            and self._rivals(taker, other)
            and not self._rivals(taken, other)
            and other not in self._apart[taken]
            and self._mean(taken, other) >= self._model.merge << _FINE
        ]
        for holder in [taker, *rivals] if rivals else ():
            self._banned |= {(taken, holder), (holder, taken)}
            self.ambiguous.append((self.members[taken][0], self.members[holder][0]))
        return bool(rivals)

    def _join(self, one: int, two: int) -> int:
        joined, self._next = self._next, self._next + 1
        mean = self._mean(one, two) >> _FINE
        self.joins.append(Joined(tuple(self.members[one]), tuple(self.members[two]), mean))
        self.members[joined] = sorted(self.members.pop(one) + self.members.pop(two))
        self._votes.append(self._votes[one] + self._votes[two])
        both = dict(self._unique[one])
        for namespace, values in self._unique[two].items():
            both[namespace] = both.get(namespace, frozenset()) | values
        self._unique.append(both)
        self._apart[joined] = self._apart[one] | self._apart[two]
        for other in self._apart[joined]:
            self._apart[other].add(joined)
        sums: dict[int, Weight] = {}
        for old in (one, two):
            for other, weight in self._sums.pop(old).items():
                if other not in (one, two):
                    sums[other] = sums.get(other, 0) + weight
                    del self._sums[other][old]
        for other, weight in sums.items():
            self._sums[other][joined] = weight
        self._sums[joined] = sums
        return joined

    def reviews(self) -> list[Review]:
        """Pairs of clusters that agree enough to be looked at, and are not kept apart by a judgement."""
        of = {key: number for number, members in self.members.items() for key in members}
        undecided = {tuple(sorted((of[one], of[two]))) for one, two in self.ambiguous}
        found = []
        for one, sums in self._sums.items():
            for two in sums:
                first, second = self.members[one][0], self.members[two][0]
                mean = self._mean(one, two)
                if first > second or mean < self._model.review << _FINE or two in self._apart[one]:
                    continue
                why: Literal["review", "unique", "ambiguous"] = "review"
                if tuple(sorted((one, two))) in undecided:
                    why = "ambiguous"
                elif self._rivals(one, two):
                    why = "unique"
                found.append(Review(first, second, mean >> _FINE, why))
        return found
