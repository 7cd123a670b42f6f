"""Matching and the veto, stated naively (DESIGN.md, section 6): groups, all their pairs, exact fractions.

What two contents weigh is given here, not worked out; so is which pairs are candidates at all: those that
have a weight. Where the contract leaves a choice:

 1. A *kin* are the records that live people-joining values and judgements connect, leases and conflicts
    aside. Kins are alike where contents of theirs that vote are the same, or have a weight of at least the
    floor. A component are the kins that likeness connects; where these are more than the cap, the floor rises
    by a bit; where no floor is left, a kin is alone.
 2. The mean of two clusters is over all pairs of the voting contents of their groups (as before matching),
    each once a group; `missing` for a pair without a weight, a content's own weight for one that both have.
    Clusters with no weight at all between them don't join.
 3. Two groups that want to join: first the one with the smaller record key is the taker, then the other. A
    taker that holds a unique value is contested where another group holds a different one, could join the
    taken group as well, and reaches `merge` with it. Then the taken one joins none of these, as they stand.
 4. An ambiguous group is told by its smallest record. A case between two groups that a unique namespace keeps
    apart is of matching; between two that reach `review`, it is a review. Ambiguous ones make no case.
 5. A veto is between two records of different groups that a value of a people-joining namespace, which is not
    unique, ties in its own step, within one lease. It holds from that step on. For a record that says nothing
    speaks what all say who hold another people-joining value of its own, in a namespace without a lease; then
    all of it must be opposed. (Where that is more than eight contents, nothing speaks.)
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations

from tests.reference.evidence import BIT, Alike, Group, Key
from tests.reference.groups import connected


def components(alike: Alike, kins: Collection[Group]) -> Iterator[frozenset[Group]]:
    """The kins that are matched together."""
    seen: set[Group] = set()
    for start in kins:
        if start in seen:
            continue
        found: frozenset[Group] = frozenset({start})
        for floor in range(alike.floor, alike.most + 1, BIT):
            ties = [
                frozenset({a, b})
                for a, b in combinations(kins, 2)
                if (strongest := alike.strongest(a, b)) is not None and strongest >= floor
            ]
            reach = next(part for part in connected(kins, ties) if start in part)
            if len(reach) <= alike.cap:
                found = reach
                break
        seen |= found
        yield found


@dataclass
class Matching:
    """Groups of one component under joining."""

    alike: Alike
    groups: set[Group]
    rivals: Callable[[Group, Group], bool]
    apart: Callable[[Group, Group], bool]
    undecided: list[tuple[Key, Key]] = field(default_factory=list)
    joins: list[tuple[Group, Group]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.before = frozenset(self.groups)

    def run(self) -> None:
        """Joins the pair with the highest mean, again and again."""
        refused: set[frozenset[Group]] = set()
        while pairs := [
            (-self._mean(a, b), self._key(a), self._key(b), a, b)
            for a, b in (sorted(pair, key=self._key) for pair in combinations(self.groups, 2))
            if frozenset({a, b}) not in refused and self._may(a, b)
        ]:
            *_, one, two = min(pairs)
            contenders = self._contenders(one, two) or self._contenders(two, one)
            if contenders:
                taken, takers = contenders
                refused |= {frozenset({taken, taker}) for taker in takers}
                self.undecided += [(min(taken), min(taker)) for taker in takers]
                continue
            self.joins.append((one, two))
            self.groups = (self.groups - {one, two}) | {one | two}

    def _key(self, group: Group) -> Key:
        """The smallest record that votes."""
        return min([one for one in group if self.alike.voting((one,))] or group)

    def _may(self, one: Group, two: Group) -> bool:
        touch = self.alike.strongest(one, two) is not None
        if not touch or self.rivals(one, two) or self.apart(one, two):
            return False
        return self._mean(one, two) >= self.alike.merge

    def _mean(self, one: Group, two: Group) -> Fraction:
        mine, theirs = ([g for g in self.before if g <= cluster] for cluster in (one, two))
        return self.alike.mean(mine, theirs)

    def _contenders(self, taker: Group, taken: Group) -> tuple[Group, list[Group]] | None:
        others = [g for g in self.groups if g not in (taker, taken) and self.rivals(taker, g)]
        rivals = [g for g in others if self._may(taken, g)]
        return (taken, [taker, *rivals]) if rivals else None

    def cases(self) -> Iterator[tuple[str, Group, Group]]:
        """What is left to stewards: the kind of each, and between whom."""
        undecided = {frozenset({self._of(a), self._of(b)}) for a, b in self.undecided}
        for one, two in combinations(self.groups, 2):
            if self.alike.strongest(one, two) is None or self.apart(one, two):
                continue
            if self._mean(one, two) >= self.alike.review and frozenset({one, two}) not in undecided:
                yield "matching" if self.rivals(one, two) else "review matching", one, two

    def doubts(self) -> Iterator[tuple[Group, frozenset[Group]]]:
        """The ambiguous groups, and whose each could be."""
        for taken in {key for key, _ in self.undecided}:
            yield (
                self._of(taken),
                frozenset(self._of(holder) for key, holder in self.undecided if key == taken),
            )

    def _of(self, key: Key) -> Group:
        return next(group for group in self.groups if key in group)
