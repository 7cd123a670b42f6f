"""All evidence of up to four records over five identifiers of three namespaces, each shape once.

Two evidences are one shape where they differ only by which record, or which value of a namespace, is which.
No times: what depends on them is left to drawn evidence.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, combinations_with_replacement, permutations, product

from tests.reference.evidence import Evidence, Holding, Identifier, Judgement, Namespace, Rec, Word

Shape = tuple[int, ...]
"""Records as sets of identifiers, each a bit, ascending."""


@dataclass(frozen=True)
class Split:
    """How five identifiers fall to three namespaces: the rules, strongest first, and the values of each."""

    namespaces: tuple[Namespace, ...]
    values: tuple[int, ...]

    @property
    def name(self) -> str:
        """Such as `U2 P2 A1`: unique, people, anonymous, with the number of values."""
        letters = ["U" if n.unique else n.joins[0].upper() for n in self.namespaces]
        return " ".join(f"{letter}{count}" for letter, count in zip(letters, self.values, strict=True))

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """The identifiers, in the order of a shape's bits."""
        return tuple(
            (n.name, f"v{i}")
            for n, count in zip(self.namespaces, self.values, strict=True)
            for i in range(count)
        )

    def with_generic_above(self, limit: int) -> "Split":
        """The same with another limit in every namespace: at 1 two values beside a value make it generic."""
        return replace(self, namespaces=tuple(replace(n, generic_above=limit) for n in self.namespaces))


def split(spelled: str) -> Split:
    """A split from its name."""
    words = spelled.split()
    return Split(
        tuple(
            Namespace(f"n{i}", "anonymous" if word[0] == "A" else "people", unique=word[0] == "U")
            for i, word in enumerate(words)
        ),
        tuple(int(word[1:]) for word in words),
    )


SPLITS = tuple(
    split(name)
    for name in ("U2 P2 A1", "U2 P1 A2", "P2 U2 A1", "A1 U2 P2", "U2 A2 P1", "U2 U2 P1", "U3 P1 A1")
)
"""The first is the usual order of rules; then weaker unique namespaces and anonymous ones before people."""


def renamings(one: Split) -> list[tuple[int, ...]]:
    """Every way to exchange values within the namespaces, as where each bit goes."""
    starts = [sum(one.values[:i]) for i in range(len(one.values))]
    within = [permutations(range(start, start + n)) for start, n in zip(starts, one.values, strict=True)]
    return [tuple(bit for part in parts for bit in part) for parts in product(*within)]


def shapes(one: Split, most: int = 4, empty: bool = False) -> Iterator[Shape]:
    """Each shape of one to `most` records once, with records that hold nothing or without."""
    size = sum(one.values)
    tables = [
        [sum(1 << where[bit] for bit in range(size) if record >> bit & 1) for record in range(1 << size)]
        for where in renamings(one)
    ]
    for count in range(1, most + 1):
        for shape in combinations_with_replacement(range(0 if empty else 1, 1 << size), count):
            if all(shape <= tuple(sorted(table[record] for record in shape)) for table in tables):
                yield shape


def evidence_of(one: Split, shape: Shape) -> Evidence:
    """A shape as evidence: records r0, r1, … of one source."""
    return Evidence(
        one.namespaces,
        tuple(
            Rec(
                ("s", f"r{i}"),
                None,
                tuple(
                    Holding(*identifier, first=None, last=None)
                    for bit, identifier in enumerate(one.identifiers)
                    if record >> bit & 1
                ),
            )
            for i, record in enumerate(shape)
        ),
    )


def small(one: Split, most: int = 4) -> Iterator[Evidence]:
    """All evidence of up to `most` records under one split, without judgements."""
    return (evidence_of(one, shape) for shape in shapes(one, most))


def judged(one: Split, most: int = 3) -> Iterator[Evidence]:
    """All evidence of up to `most` records, with every way to judge their pairs: not, same, different."""
    choices: tuple[Word | None, ...] = (None, "same", "different")
    for shape in shapes(one, most):
        plain = evidence_of(one, shape)
        pairs = list(combinations([r.key for r in plain.records], 2))
        for words in product(choices, repeat=len(pairs)):
            said = [
                Judgement(word, (a,), (b,), at=0)
                for (a, b), word in zip(pairs, words, strict=True)
                if word is not None
            ]
            if said:
                yield replace(plain, judgements=tuple(said))


def count(one: Split, most: int = 4) -> int:
    """How many evidences `small` yields."""
    return sum(1 for _ in shapes(one, most))
