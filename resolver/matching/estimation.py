"""m, u and the odds of each explanation, without labels: expectation and maximisation over candidate
pairs."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import NamedTuple

import numpy as np

from resolver.matching.blocking import Floats, Ints
from resolver.matching.explanations import (
    AT_HOME,
    BEARERS,
    EXPLANATIONS,
    NEIGHBOURS,
    ORIGIN,
    PER_HOUSEHOLD,
    TWIN,
    by_chance_of_one_name,
)
from resolver.matching.kinds import KINDS, Bounds, Kind
from resolver.matching.names import GIVEN_LEVELS, SURNAME_LEVELS

_PSEUDO_PAIRS = 0.03
"""The prior on m weighs as much as this many pairs per record: without it EM drifts where duplicates are
rare."""

_MIN_PSEUDO_PAIRS = 20.0
_LOCAL_PSEUDO_PAIRS = 300.0
_ROUNDS = 30
_M_HELD = 6
"""For so many steps m stays as expected, while families, neighbours and namesakes find what is theirs."""

_LEAST_AT_HOME = 0.02
"""Of pairs of one home there are at least so many a record: where few share a number, they would else become
less and less, and their families persons."""

_ONE_HOME = 2
"""Up to this level of a street, phone or e-mail two records are of one home."""

_U_EVERY = 4
_MOST_OF_ONE_ORIGIN = 0.5
_SAME_AND_NEAR = [SURNAME_LEVELS.index("same"), SURNAME_LEVELS.index("near")]
_EVEN = [1.0] * 12
_OUTCOMES = 1 + max(len(kind.levels) for kind in KINDS.values())
_AT_ONCE = 3
_PLACES = _OUTCOMES ** np.arange(_AT_ONCE)[::-1]
"""So many comparisons are looked up together, in a table of all that can come out of them."""

_PRUNE_AFTER = 2
_HOPELESS = 1e-5
_MOST_IN_COMMON = 0.95
_MORE_UNLIKE = 0.02
_NEIGHBOURS = [explanation.name for explanation in EXPLANATIONS].index(NEIGHBOURS)
_BY_CHANCE = {("namesakes", False), ("namesakes", True), (NEIGHBOURS, True)}
"""Where people who have something in common agree as any two do: neighbours aren't born on one day."""

_NEVER = 2.0**-10
"""Two twins don't bear one given name."""


@dataclass
class Pairs:
    """Outcomes of many pairs: ``levels`` (pairs, comparisons), -1 where nothing; ``rarity`` in bits, alike.

    Each stands for ``counts_for`` pairs of the table.
    """

    levels: Ints
    rarity: Floats
    counts_for: float = 1.0

    @cached_property
    def outcomes(self) -> list[Ints]:
        """Per so many comparisons one number for each pair that stands for their levels, nothing first."""
        parts = np.split(self.levels + 1, range(_AT_ONCE, self.levels.shape[1], _AT_ONCE), axis=1)
        return [part @ _PLACES[: part.shape[1]] for part in parts]

    def seen(self, weights: Floats | None = None) -> list[Floats]:
        """How often each level of each comparison is."""
        found = []
        for outcomes in self.outcomes:
            counts = np.bincount(outcomes, weights, _OUTCOMES**_AT_ONCE).astype(np.float64, copy=False)
            table = counts.reshape([_OUTCOMES] * _AT_ONCE)
            found += [table.sum(axis=beside)[1:] for beside in ((1, 2), (0, 2), (0, 1))]
        return found

    def only(self, kept: Ints) -> "Pairs":
        """Some of the pairs."""
        levels, rarity = np.asfortranarray(self.levels[kept]), np.asfortranarray(self.rarity[kept])
        return Pairs(levels, rarity, self.counts_for)


class Apart(NamedTuple):
    """Random pairs, most of two people: any; of one place; of one given name; of one surname."""

    random: Pairs
    local: Pairs
    given: Pairs
    surname: Pairs


@dataclass
class Odds:
    """What EM learns.

    ``m``, ``u``, and ``local`` and ``origin``, which are u of people who live in one place, and who are of
    one origin, per comparison and level; ``others`` per explanation, comparison and level, None where people
    agree as strangers do. ``match`` and
    ``shares``: the share of all pairs that each explanation holds.
    """

    kinds: Sequence[Kind]
    m: list[Floats]
    u: list[Floats]
    local: list[Floats]
    origin: list[Floats]
    others: list[list[Floats | None]]
    match: float
    shares: list[float]
    steps: list[tuple[float, ...]] = field(default_factory=list)

    def ratios(self) -> list[list[Floats]]:
        """log2 against random of match and then each explanation, per comparison and level."""
        found = [[np.log2(m / u) for m, u in zip(self.m, self.u, strict=True)]]
        for explanation, others in zip(EXPLANATIONS, self.others, strict=True):
            row = []
            apart = self.origin if explanation.name == ORIGIN else self.local
            for kind, m, u, local, other in zip(self.kinds, self.m, self.u, apart, others, strict=True):
                if explanation.name == BEARERS:
                    row.append(by_chance_of_one_name(kind, u))
                elif explanation.like_one(kind):
                    row.append(np.log2(m / u))
                elif explanation.name == TWIN and kind.twin_never:
                    row.append(np.array([np.log2(_NEVER), *[0.0] * (len(u) - 1)]))
                elif other is None and (explanation.name, kind.twin_same) not in _BY_CHANCE:
                    row.append(np.log2(local / u))
                else:
                    row.append(np.zeros(len(u)) if other is None else np.log2(other / u))
            found.append(row)
        return found


def start(kinds: Sequence[Kind], samples: Apart, records: int) -> Odds:
    """Before any step: m and the explanations as expected, u as counted among random pairs."""
    per_pair = records / max(1.0, records * (records - 1) / 2)
    seen = zip(samples.random.seen(), kinds, strict=False)
    u = [_learnt(found, _EVEN[: len(kind.levels)]) for found, kind in seen]
    m = [np.array(kind.prior) / sum(kind.prior) for kind in kinds]
    others: list[list[Floats | None]] = []
    shares = []
    for explanation in EXPLANATIONS:
        priors = [explanation.of(kind) for kind in kinds]
        row = [None if prior is None else np.array(prior.levels) / sum(prior.levels) for prior in priors]
        others.append(row)
        begun = explanation.fixed or explanation.start * per_pair
        shares.append(begun if explanation.applies(kinds) else 0.0)
    odds = Odds(kinds, m, list(u), u, u, others, 0.1 * per_pair, shares)
    _as_strangers(odds)
    learn_apart(odds, samples)
    return odds


def learn_apart(odds: Odds, samples: Apart) -> None:
    """How people agree who live in one place, and who are of one origin: where these have the one name in
    common, the other is alike more often. Of all pairs so many are of one origin that it adds up.

    Not only equal surnames must be more frequent among those of one given name, near ones must be as well:
    else it is pairs of one person that were not seen to be.
    """
    odds.local = _of_two(samples.local, odds)
    both = zip(odds.kinds, _of_two(samples.given, odds), _of_two(samples.surname, odds), strict=True)
    odds.origin = [of_surname if kind.twin_never else of_given for kind, of_given, of_surname in both]
    if odds.shares[-1]:
        place = [kind.levels for kind in odds.kinds].index(SURNAME_LEVELS)
        share = float((odds.u[place] / odds.origin[place])[_SAME_AND_NEAR].max())
        odds.shares[-1] = share if share < _MOST_OF_ONE_ORIGIN else 0.0


def _of_two(pairs: Pairs, odds: Odds) -> list[Floats]:
    """u among such pairs, those of one person or home left out; near to u itself where there are few.

    Where each place of the table is one home, else neighbours would be like a household. What else explains
    pairs of two doesn't here: else what it takes from those of one person would make it take more.
    """
    told = zip(EXPLANATIONS, odds.shares, strict=True)
    at_home = replace(odds, shares=[share if one.name in AT_HOME else 0.0 for one, share in told])
    apart = 1.0 - np.sum(posterior(pairs, at_home), axis=0)
    for place, kind in enumerate(odds.kinds):
        if kind.household and kind.private and not (kind.neighbours or kind.own):
            level = pairs.levels[:, place]
            apart[(level >= 0) & (level <= _ONE_HOME)] = 0.0
    seen = zip(pairs.seen(apart), odds.u, strict=False)
    return [_learnt(found, u.tolist(), _LOCAL_PSEUDO_PAIRS) for found, u in seen]


def _bounded(shares: Floats, bounds: Bounds) -> Floats:
    """The shares, the last ones together at most so large: else EM may take families for persons."""
    for last, most in reversed(bounds):
        start = len(shares) - last
        found = float(shares[start:].sum())
        if found > most:
            kept = shares[:start] * (1.0 - most) / (1.0 - found)
            shares = np.append(kept, shares[start:] * most / found)
    return shares


def _as_strangers(odds: Odds) -> None:
    """Lets explanations agree by chance only in the levels that tell one person from two."""
    for explanation, others in zip(EXPLANATIONS, odds.others, strict=True):
        for kind, other, u in zip(odds.kinds, others, odds.u, strict=True):
            prior = explanation.of(kind)
            if other is not None and prior is not None and prior.strangers:
                rest = other[prior.strangers :]
                other[prior.strangers :] = rest / rest.sum() * u[prior.strangers :].sum()
                other[: prior.strangers] = u[: prior.strangers]


def _as_unlike_as_surnames(odds: Odds) -> None:
    """Holds that one person's given names are unlike as often as her surnames are, or hardly more.

    Where both are spoilt alike, EM would else take whoever is unlike in the given name alone for twins; or
    twins for one person, where there are many.
    """
    levels = [kind.levels for kind in odds.kinds]
    if not {GIVEN_LEVELS, SURNAME_LEVELS} <= set(levels):
        return
    given, other = odds.m[levels.index(GIVEN_LEVELS)], float(odds.m[levels.index(SURNAME_LEVELS)][-1])
    unlike = float(np.clip(given[-1], other, other + _MORE_UNLIKE))
    odds.m[levels.index(GIVEN_LEVELS)] = np.append(given[:-1] * (1.0 - unlike) / (1.0 - given[-1]), unlike)


def posterior(pairs: Pairs, odds: Odds) -> list[Floats]:
    """Per pair the probability of match, then of each explanation; what is left is two people at random."""
    none = np.zeros(len(pairs.levels))
    logs = []
    shares = [odds.match, *odds.shares]
    for of, share, ratios in zip((None, *EXPLANATIONS), shares, odds.ratios(), strict=True):
        log = none + (np.log2(share) if share else -1e3)
        logs.append(log)
        for start, outcomes in enumerate(pairs.outcomes if share else ()):
            log += _of_outcomes(ratios[_AT_ONCE * start :][:_AT_ONCE]).take(outcomes)
        for place, ratio in enumerate(ratios if share else ()):
            if ratio.any() and (of is None or of.has_in_common(odds.kinds[place])):
                log += pairs.rarity[:, place]
    top = reduce(np.maximum, logs, none)
    parts: list[Floats] = [np.exp2(log - top) for log in logs]
    whole = reduce(np.add, parts) + np.exp2(-top)
    return [part / whole for part in parts]


def _of_outcomes(ratios: Sequence[Floats]) -> Floats:
    """What all outcomes of some comparisons together weigh, by their number."""
    each = np.zeros((_AT_ONCE, _OUTCOMES))
    for place, ratio in enumerate(ratios):
        each[place, 1 : 1 + len(ratio)] = ratio
    return reduce(np.add.outer, each).ravel()


def maximise(candidates: Pairs, samples: Apart, odds: Odds, records: int) -> Odds:
    """Steps of EM until little changes; pairs that are no candidates count as two people at random."""
    total = max(1.0, records * (records - 1) / 2)
    pseudo = max(_MIN_PSEUDO_PAIRS, _PSEUDO_PAIRS * records)
    random = samples.random
    elsewhere = posterior(random, odds)
    for done in range(_ROUNDS):
        match, *others = posterior(candidates, odds)
        if done == _PRUNE_AFTER:
            kept = np.flatnonzero(np.sum([match, *others], axis=0) > _HOPELESS)
            candidates, match = candidates.only(kept), match[kept]
            others = [other[kept] for other in others]
        if done % _U_EVERY == 1:
            elsewhere = posterior(random, odds)
            learn_apart(odds, samples)
        apart = 1.0 - np.sum(elsewhere[:-1], axis=0)
        neighbours = elsewhere[1 + _NEIGHBOURS] * total / max(1, len(apart))
        each = candidates.counts_for
        anywhere, together = random.seen(apart), candidates.seen(match * each)
        seen = [candidates.seen(other * each) for other in others]
        seen[_NEIGHBOURS] = list(map(np.add, seen[_NEIGHBOURS], random.seen(neighbours)))
        for place, kind in enumerate(odds.kinds):
            learnt = _learnt(together[place], kind.prior, pseudo)
            if len(odds.steps) >= _M_HELD:
                odds.m[place] = _bounded(learnt, kind.unlike)
            for explanation, row, found in zip(EXPLANATIONS, odds.others, seen, strict=True):
                prior = explanation.of(kind)
                if prior is not None:
                    expected = _as_typed(prior.levels, kind.prior, odds.m[place])
                    row[place] = _bounded(_learnt(found[place], expected, pseudo), prior.unlike)
                elif explanation.name in AT_HOME and not kind.own:
                    # Who live together may share whatever a column of an unknown name holds.
                    row[place] = _learnt(found[place], odds.u[place].tolist(), pseudo)
            odds.u[place] = _learnt(anywhere[place], _EVEN[: len(kind.levels)])
        _as_unlike_as_surnames(odds)
        _as_strangers(odds)
        odds.match = (float(match.sum()) * each + 1.0) / total
        sums = [float(other.sum()) * each for other in others]
        sums[_NEIGHBOURS] = max(sums[_NEIGHBOURS], float(neighbours.sum()))
        odds.shares = [*_learnt_shares(sums, odds, total)[:-1], odds.shares[-1]]
        odds.steps.append((odds.match * total, *(share * total for share in odds.shares)))
        if done % _U_EVERY == 2 and len(odds.steps) > _M_HELD + 2 and _is_settled(odds.steps):
            break
    return odds


def _as_typed(expected: Sequence[float], prior: Sequence[float], m: Floats) -> list[float]:
    """What is expected of two people, where ``prior`` is expected of one, made as dirty as these data are.

    A value that two people have in common is mistyped as often as one that a person gives twice; what is
    unlike in all (a person who moved) is left out of that.
    """
    said, typed = np.array(expected) / sum(expected), np.array(prior[:-1]) / sum(prior[:-1])
    common = min(_MOST_IN_COMMON, said[0] / typed[0])
    rest = np.maximum(said - common * np.append(typed, 0.0), 0.0)
    found = common * np.append(m[:-1] / m[:-1].sum(), 0.0) + (1.0 - common) * rest / rest.sum()
    return [float(one) for one in found]


def _is_settled(steps: Sequence[tuple[float, ...]]) -> bool:
    """Whether one step changed little, most of all in how many pairs are of one person."""
    (before, *others), (now, *rest) = steps[-2:]
    still = all(abs(one - two) <= 1.0 + 0.02 * two for one, two in zip(others, rest, strict=True))
    return still and abs(now - before) <= 1.0 + 0.001 * now


def _learnt(seen: Floats, expected: Sequence[float], pseudo: float = 0.0) -> Floats:
    """The share of each level, as if ``pseudo`` pairs had been seen as expected; else half a pair a level."""
    pseudo, seen = pseudo or len(expected) / 2, seen[: len(expected)]
    prior = np.array(expected) / sum(expected)
    learnt: Floats = (seen + pseudo * prior) / (seen.sum() + pseudo)
    return learnt


def _learnt_shares(sums: Sequence[float], odds: Odds, total: float) -> list[float]:
    """The share of each explanation that applies; of so many households some have twins, seen or not, and
    few have father and son of one name."""
    shares = [
        (explanation.fixed or (found + 1.0) / total) if explanation.applies(odds.kinds) else 0.0
        for found, explanation in zip(sums, EXPLANATIONS, strict=True)
    ]
    if shares[0]:
        shares[0] = max(shares[0], _LEAST_AT_HOME * (2.0 / total) ** 0.5)
    for place, explanation in enumerate(EXPLANATIONS):
        if shares[place] and explanation.name in PER_HOUSEHOLD:
            least, most = (bound * shares[0] for bound in PER_HOUSEHOLD[explanation.name])
            shares[place] = min(max(shares[place], least), most)
    return shares
