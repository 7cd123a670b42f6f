"""What the naive statement is asked: rules, records and judgements as plain values (DESIGN.md, 3 and 4)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from typing import Literal

Key = tuple[str, str]
"""A record's key: source, record_id."""
Identifier = tuple[str, str]
"""An identifier: namespace, value."""
Group = frozenset[Key]
"""Records that are one person so far."""
Pair = frozenset[Key]
"""Two records."""
Word = Literal["same", "different"]


@dataclass(frozen=True)
class Namespace:
    """One line of the rules; a list is strongest first. `lease` has the unit of the holdings' times."""

    name: str
    joins: Literal["people", "anonymous"]
    unique: bool = False
    generic_above: int = 10
    max_records: int = 10_000
    lease: int | None = None
    contested: Literal["apart", "latest", "earliest"] = "apart"


@dataclass(frozen=True)
class Holding:
    """One identifier of one record, and when first and last seen there (both None: at no known time)."""

    namespace: str
    value: str
    first: int | None
    last: int | None
    claimed: bool = False
    blocked: bool = False

    @property
    def identifier(self) -> Identifier:
        """Namespace and value."""
        return (self.namespace, self.value)


@dataclass(frozen=True)
class Rec:
    """One record. `first_at` is the time of its first event, which only the founding record looks at."""

    key: Key
    first_at: int | None
    holdings: tuple[Holding, ...]


@dataclass(frozen=True)
class Judgement:
    """A steward's word on two sides. Without a time it is older than any that has one."""

    kind: Word
    a: tuple[Key, ...]
    b: tuple[Key, ...]
    at: int | None


BIT = 1024
Content = str


@dataclass(frozen=True)
class Alike:
    """What records say, by content, and what contents weigh for one person. `against`: for several."""

    after: str
    merge: int
    review: int
    missing: int
    cap: int
    most: int
    says: dict[Key, Content]
    own: dict[Content, int]
    weights: dict[frozenset[Content], int]
    against: frozenset[frozenset[Content]] = frozenset()
    floor: int = 0

    def weight(self, one: Content, two: Content) -> int | None:
        """What two contents weigh; None where they are no candidates."""
        return self.own[one] if one == two else self.weights.get(frozenset({one, two}))

    def voting(self, group: Collection[Key]) -> frozenset[Content]:
        """The different contents of some records that have a weight with themselves."""
        return frozenset(self.says[key] for key in group if self.says.get(key) in self.own)

    def opposed(self, one: Collection[Content], two: Collection[Content]) -> bool:
        """Whether all of what speaks for one speaks against all of what speaks for the other."""
        return bool(one and two) and all(frozenset({a, b}) in self.against for a in one for b in two)

    def strongest(self, one: Collection[Key], two: Collection[Key]) -> int | None:
        """The largest weight between two sets of records."""
        found = [self.weight(a, b) for a in self.voting(one) for b in self.voting(two)]
        return max((w for w in found if w is not None), default=None)

    def mean(self, one: Collection[Group], two: Collection[Group]) -> Fraction:
        """The mean weight over all pairs of contents of these groups."""
        mine, theirs = ([c for g in groups for c in self.voting(g)] for groups in (one, two))
        pairs = [(a, b) for a in mine for b in theirs]
        weights = [self.weight(a, b) for a, b in pairs]
        return Fraction(sum(self.missing if w is None else w for w in weights), len(weights))


@dataclass(frozen=True)
class Evidence:
    """All that a resolution is a function of."""

    namespaces: tuple[Namespace, ...]
    records: tuple[Rec, ...]
    judgements: tuple[Judgement, ...] = ()
    alike: Alike | None = None


def check(namespaces: Sequence[Namespace], records: Sequence[Rec], judgements: Sequence[Judgement]) -> None:
    """Raise ValueError for what the contract rules out, so that no test stands on evidence that can't be."""
    if len({n.name for n in namespaces}) < len(namespaces):
        raise ValueError("two namespaces of one name")
    if any(n.unique and n.joins == "anonymous" for n in namespaces):
        raise ValueError("a unique namespace joins people")
    if len({r.key for r in records}) < len(records):
        raise ValueError("two records of one key")
    for record in records:
        if len({h.identifier for h in record.holdings}) < len(record.holdings):
            raise ValueError("a record holds an identifier once")
        for h in record.holdings:
            if (h.first is None) != (h.last is None) or (h.first or 0) > (h.last or 0):
                raise ValueError("a holding has both times, in order, or neither")
    if any(set(j.a) & set(j.b) for j in judgements):
        raise ValueError("a record on both sides of a judgement")


def words(judgement: Judgement) -> set[tuple[Pair, Word]]:
    """What one judgement says of each pair: `same` of all, `different` of pairs across its sides."""
    a, b = set(judgement.a), set(judgement.b)
    if judgement.kind == "same":
        return {(frozenset(pair), "same") for pair in combinations(a | b, 2)}
    inside = {*combinations(a, 2), *combinations(b, 2)}
    held: set[tuple[Pair, Word]] = {(frozenset(pair), "same") for pair in inside}
    return held | {(frozenset(pair), "different") for pair in product(a, b)}


def standing(judgements: Sequence[Judgement]) -> dict[Pair, Word]:
    """The word that stands on each pair: the newest; at one time `different`; without a time the oldest."""
    said: dict[Pair, list[tuple[bool, int, bool]]] = {}
    for judgement in judgements:
        for pair, word in words(judgement):
            when = (judgement.at is not None, judgement.at or 0)
            said.setdefault(pair, []).append((*when, word == "different"))
    return {pair: "different" if max(rows)[2] else "same" for pair, rows in said.items()}
