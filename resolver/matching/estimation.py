"""m, u and the odds of each explanation, without labels: expectation and maximisation over candidate pairs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from resolver.matching.blocking import Ints
from resolver.matching.kinds import KINDS, Kind
from resolver.matching.table import Floats

_PSEUDO_PAIRS = 0.03
"""The prior on m weighs as much as this many pairs per record: without it EM drifts where duplicates are rare."""

_MIN_PSEUDO_PAIRS = 20.0
_NEVER = 2.0**-10
"""Two twins, or two of a household, don't bear one given name."""


@dataclass
class Pairs:
    """Outcomes of many pairs: ``levels`` (pairs, comparisons), -1 where nothing; ``rarity`` in bits, alike.

    Each stands for ``counts_for`` pairs of the table.
    """

    levels: Ints
    rarity: Floats
    counts_for: float = 1.0


@dataclass
class Odds:
    """What EM learns. ``m``, ``u``, ``h`` per comparison and level; shares of all pairs per explanation."""

    kinds: Sequence[Kind]
    m: list[Floats]
    u: list[Floats]
    h: list[Floats]
    match: float
    household: float
    twin: float
    personal: bool = True
    steps: list[tuple[float, float, float]] = field(default_factory=list)

    def ratios(self) -> tuple[list[Floats], list[Floats], list[Floats]]:
        """log2 of match, household and twin against random, per comparison and level."""
        match, household, twin = [], [], []
        for kind, m, u, h in zip(self.kinds, self.m, self.u, self.h, strict=True):
            match.append(np.log2(m / u))
            household.append(np.log2(h / u) if kind.household else np.zeros(len(u)))
            if kind.twin:
                twin.append(np.log2((h if kind.household else m) / u))
            elif kind is KINDS["given name"]:
                apart = np.zeros(len(u))
                apart[0] = np.log2(_NEVER)
                twin.append(apart)
            else:
                twin.append(np.zeros(len(u)))
        return match, household, twin


def start(kinds: Sequence[Kind], random: Pairs, records: int) -> Odds:
    """Before any step: m and h as expected, u as counted among random pairs."""
    total = max(1.0, records * (records - 1) / 2)
    u = [_shares(random.levels[:, place], len(kind.levels), None) for place, kind in enumerate(kinds)]
    expected = [np.array(kind.prior) / sum(kind.prior) for kind in kinds]
    at_home = [np.array(kind.household or kind.prior) / sum(kind.household or kind.prior) for kind in kinds]
    personal = any(kind.household is None for kind in kinds)
    per_pair = records / total
    return Odds(kinds, expected, u, at_home, 0.1 * per_pair, 0.05 * per_pair, 0.001 * per_pair, personal)


def _shares(levels: Ints, size: int, weights: Floats | None) -> Floats:
    says = levels >= 0
    counts = np.bincount(levels[says], None if weights is None else weights[says], size)
    smooth = np.full(size, 0.5)
    shares: Floats = (counts + smooth) / (counts.sum() + smooth.sum())
    return shares


def posterior(pairs: Pairs, odds: Odds) -> tuple[Floats, Floats, Floats]:
    """Per pair the probabilities of match, household and twins; what is left is two people at random."""
    logs = [
        np.full(len(pairs.levels), np.log2(max(share, 1e-300)))
        for share in (odds.match, odds.household, odds.twin)
    ]
    ratios = odds.ratios()
    for place in range(pairs.levels.shape[1]):
        levels = pairs.levels[:, place]
        for log, ratio in zip(logs, ratios, strict=True):
            padded = np.append(ratio[place], 0.0)
            log += padded[levels]
            if ratio[place].any():
                log += pairs.rarity[:, place]
    top = np.maximum(np.maximum(np.maximum(*logs[:2]), logs[2]), 0.0)
    parts = [np.exp2(log - top) for log in logs]
    whole = parts[0] + parts[1] + parts[2] + np.exp2(-top)
    return parts[0] / whole, parts[1] / whole, parts[2] / whole


def maximise(candidates: Pairs, random: Pairs, odds: Odds, records: int, rounds: int) -> Odds:
    """So many steps of EM; pairs that are no candidates count as two people at random."""
    total = max(1.0, records * (records - 1) / 2)
    pseudo = max(_MIN_PSEUDO_PAIRS, _PSEUDO_PAIRS * records)
    for _ in range(rounds):
        match, household, twin = posterior(candidates, odds)
        among_random = sum(posterior(random, odds))
        apart = 1.0 - np.asarray(among_random)
        each = candidates.counts_for
        for place, kind in enumerate(odds.kinds):
            levels, size = candidates.levels[:, place], len(kind.levels)
            says = levels >= 0
            seen = np.bincount(levels[says], match[says], size) * each
            expected = np.array(kind.prior) / sum(kind.prior)
            odds.m[place] = (seen + pseudo * expected) / (seen.sum() + pseudo)
            if kind.household:
                seen = np.bincount(levels[says], household[says], size) * each
                expected = np.array(kind.household) / sum(kind.household)
                odds.h[place] = (seen + pseudo * expected) / (seen.sum() + pseudo)
            odds.u[place] = _shares(random.levels[:, place], size, apart)
        odds.match = (float(match.sum()) * each + 1.0) / total
        odds.household = (float(household.sum()) * each + 1.0) / total if odds.personal else 1e-18
        odds.twin = (float(twin.sum()) * each + 0.01) / total if odds.personal else 1e-18
        odds.steps.append((odds.match * total, odds.household * total, odds.twin * total))
    return odds
