"""Draws small evidence in which much is shared, for properties of the statement and of the resolver.

Values are few, so that records meet; times are few, so that they tie. What a source claims and which values
are blocked is drawn once for all records, as the rules would have it.
"""

from itertools import combinations
from typing import Literal

from hypothesis import strategies as st

from tests.reference.evidence import (
    BIT,
    Alike,
    Evidence,
    Holding,
    Identifier,
    Judgement,
    Key,
    Namespace,
    Rec,
    Word,
)

VALUES = ("a", "a", "b", "b", "c")
SOURCES = ("crm", "shop", "web")
TIMES = st.integers(0, 12)
JOINS: st.SearchStrategy[Literal["people", "anonymous"]] = st.sampled_from(("people", "people", "anonymous"))
WORDS: st.SearchStrategy[Word] = st.sampled_from(("same", "different"))
LEASES = st.one_of(st.none(), st.integers(1, 4))


@st.composite
def namespaces(draw: st.DrawFn) -> tuple[Namespace, ...]:
    """Two to five namespaces, people-joining and anonymous in any order, one people-joining at least."""
    drawn = []
    for number in range(draw(st.integers(2, 5))):
        joins = draw(JOINS)
        drawn.append(
            Namespace(
                name=f"n{number}",
                joins=joins,
                unique=joins == "people" and draw(st.booleans()),
                generic_above=draw(st.sampled_from((10, 10, 2, 1))),
                max_records=draw(st.sampled_from((10_000, 10_000, 10_000, 3))),
                lease=draw(LEASES),
                contested=draw(st.sampled_from(("apart", "apart", "latest", "earliest"))),
            )
        )
    if all(n.joins == "anonymous" for n in drawn):
        drawn[0] = Namespace(drawn[0].name, "people", unique=True)
    return tuple(drawn)


@st.composite
def holdings(
    draw: st.DrawFn, identifier: Identifier, claimed: bool = False, blocked: bool = False
) -> Holding:
    """One holding, at known times or at none."""
    times = draw(st.one_of(st.none(), st.tuples(TIMES, st.sampled_from((0, 0, 1, 5)))))
    first, last = (None, None) if times is None else (times[0], times[0] + times[1])
    return Holding(*identifier, first=first, last=last, claimed=claimed, blocked=blocked)


@st.composite
def records(
    draw: st.DrawFn,
    rules: tuple[Namespace, ...],
    most: int = 8,
    claimable: tuple[str, ...] | None = None,
    held: tuple[int, int] = (1, 4),
) -> tuple[Rec, ...]:
    """Records of a few sources that share values; some blocked, some namespaces only claimed by a source.

    `claimable` limits what can be claimed (default: any namespace, anonymous ones too). Now and then a value
    is of a namespace that no rule names. A record's first event is no later than what it holds. ``held`` is
    the least and the most that a record holds.
    """
    names = [n.name for n in rules]
    identifiers = st.tuples(st.sampled_from([*names, *names, *names, "undeclared"]), st.sampled_from(VALUES))
    claim = st.tuples(st.sampled_from(SOURCES), st.sampled_from(names if claimable is None else claimable))
    claims = draw(st.sets(claim, max_size=2)) if claimable != () else set()
    blocked = draw(st.one_of(st.just(set()), st.just(set()), st.sets(identifiers, max_size=1)))
    made = []
    for number in range(draw(st.sampled_from(range(1, most + 1)))):
        key: Key = (draw(st.sampled_from(SOURCES)), f"r{number}")
        holds = [
            draw(holdings(one, (key[0], one[0]) in claims, one in blocked))
            for one in sorted(draw(st.sets(identifiers, min_size=held[0], max_size=held[1])))
        ]
        times = [h.first for h in holds if h.first is not None]
        alone = draw(st.one_of(st.none(), TIMES))
        first_at = min(times) - draw(st.integers(0, 1)) if times else alone
        made.append(Rec(key, first_at, tuple(holds)))
    return tuple(made)


@st.composite
def judgements(draw: st.DrawFn, keys: tuple[Key, ...], most: int = 4) -> tuple[Judgement, ...]:
    """Judgements on two sides of these records, that overlap and contradict one another."""
    if len(keys) < 2:
        return ()
    made = []
    for _ in range(draw(st.integers(0, most))):
        order = draw(st.permutations(keys))
        a = draw(st.integers(1, min(3, len(keys) - 1)))
        b = draw(st.integers(1, min(3, len(keys) - a)))
        kind = draw(WORDS)
        at = draw(st.one_of(st.none(), st.integers(0, 2)))
        made.append(Judgement(kind, tuple(order[:a]), tuple(order[a : a + b]), at))
    return tuple(made)


@st.composite
def evidence(draw: st.DrawFn, most: int = 8) -> Evidence:
    """Rules, one to `most` records, and judgements."""
    rules = draw(namespaces())
    drawn = draw(records(rules, most=most))
    return Evidence(rules, drawn, draw(judgements(tuple(r.key for r in drawn))))


WEIGHTS = st.sampled_from((-1, 0, 1, 2, 3, 4))
CONTENTS = tuple("abcde")


@st.composite
def alike(draw: st.DrawFn, rules: tuple[Namespace, ...], keys: tuple[Key, ...]) -> Alike:
    """What records say, and weights in whole bits, so that means tie."""
    after = draw(st.sampled_from([n.name for n in rules if n.joins == "people"]))
    says = {key: draw(st.sampled_from((*CONTENTS, *CONTENTS, None))) for key in keys}
    voting = draw(st.sets(st.sampled_from(CONTENTS), min_size=2))
    pairs = [frozenset(pair) for pair in combinations(CONTENTS, 2)]
    weights = {pair: draw(WEIGHTS) for pair in draw(st.sets(st.sampled_from(pairs), min_size=3))}
    return Alike(
        after,
        merge=draw(st.sampled_from((0, 1))) * BIT,
        review=-BIT,
        missing=draw(st.sampled_from((-3, -1))) * BIT,
        cap=draw(st.sampled_from((1, 2, 3, 300))),
        most=4 * BIT,
        says={key: content for key, content in says.items() if content is not None},
        own={content: draw(st.integers(1, 4)) * BIT for content in sorted(voting)},
        weights={pair: weight * BIT for pair, weight in weights.items() if pair <= voting},
        against=frozenset(draw(st.sets(st.sampled_from(pairs), min_size=3, max_size=7))),
    )


@st.composite
def shuffled(draw: st.DrawFn, original: Evidence) -> Evidence:
    """The same evidence with records, holdings, judgements and their sides in another order."""
    return Evidence(
        original.namespaces,
        tuple(
            Rec(r.key, r.first_at, tuple(draw(st.permutations(r.holdings))))
            for r in draw(st.permutations(original.records))
        ),
        tuple(
            Judgement(j.kind, j.b[::-1], j.a[::-1], j.at) for j in draw(st.permutations(original.judgements))
        ),
    )
