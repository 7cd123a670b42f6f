"""Two contents into one weight: Fellegi and Sunter's sum, with relatives, neighbours and namesakes in
mind."""

from collections.abc import Sequence, Set
from functools import reduce
from itertools import product, starmap
from math import inf, log2
from typing import NamedTuple

from resolver.matching.kinds import KINDS
from resolver.matching.model import BIT, Model, Prepared, Scale, Weight

GAINS: tuple[Weight, ...] = tuple(round(BIT * log2(1.0 + 2.0 ** (-apart / BIT))) for apart in range(13 * BIT))
"""What the smaller of two weights adds to the larger when their odds are added, by how far they are apart.

Whole numbers from a table: the same on every machine, one at a time and a million at once.
"""


class Step(NamedTuple):
    """One bar of the waterfall: what it compares, with which outcome, what that weighs."""

    comparison: str
    level: str
    weight: Weight


def compare(one: Prepared, two: Prepared, model: Model) -> Weight:
    """The evidence that two contents are of one person, in 1/1024 bit, clipped; the same in either order."""
    match, outcomes = _match(one, two, model)
    return clip(match - others_than_random(outcomes, model), model)


def edge(one: Prepared, two: Prepared, model: Model) -> Weight | None:
    """What ``compare`` gives, or None where that is no edge: the other explanations only ever take away."""
    least = min(model.floor, model.review)
    match, outcomes = _match(one, two, model, least)
    if match < least:
        return None
    weight = clip(match - others_than_random(outcomes, model), model)
    return weight if weight >= least else None


def _match(
    one: Prepared, two: Prepared, model: Model, least: float = -inf
) -> tuple[Weight, list[tuple[Scale, int, Weight]]]:
    """The sum for one person against two at random; and per comparison that says something its level and
    rarity.

    It stops where the sum can no longer reach ``least``: then it is some weight below, of some comparisons.
    """
    values, others = one.fields, two.fields
    # What is known so far, and the most that all the rest could add.
    match = model.most
    outcomes = []
    for scale in model.telling:
        place, compared, weights, _, _, most, slips, _, _ = scale
        mine, theirs = values[place], others[place]
        match -= most
        if not mine or not theirs:
            continue
        if len(mine) == 1 == len(theirs):
            level, rarity = compared(mine[0], theirs[0]), 0
            if level == 0 or slips:
                rarity = scale.rarity(level, one.rarity[place][0], two.rarity[place][0])
        else:
            level, rarity = best(scale, one, two)
        if level >= 0:
            match += weights[level] + rarity
            outcomes.append((scale, level, rarity))
        if match < least:
            break
    return match, outcomes


def clip(weight: Weight, model: Model) -> Weight:
    """No single pair outweighs the rest of a group."""
    return max(-model.clip, min(model.clip, weight))


def others_than_random(outcomes: Sequence[tuple[Scale, int, Weight]], model: Model) -> Weight:
    """log2(1 + the odds of every other explanation): by how much "two people" gains over "two at random"."""
    weights = [prior for _, prior in model.explanations]
    for scale, level, rarity in outcomes:
        for which, levels, rare in scale.others:
            weights[which] += levels[level] + rarity if rare else levels[level]
    return reduce(odds_added, weights, 0)


def odds_added(one: Weight, two: Weight) -> Weight:
    """The weight of the sum of two odds."""
    larger, apart = (one, one - two) if one > two else (two, two - one)
    return larger + GAINS[apart] if apart < len(GAINS) else larger


def best(scale: Scale, one: Prepared, two: Prepared) -> tuple[int, Weight]:
    """The best level among several values, and what the frequencies of those that reach it add at most."""
    place = scale.place
    reached = [
        (-level, scale.rarity(level, rare, rare2))
        for value, rare in zip(one.fields[place], one.rarity[place], strict=True)
        for other, rare2 in zip(two.fields[place], two.rarity[place], strict=True)
        if (level := scale.level(value, other)) >= 0
    ]
    level, rarity = max(reached, default=(1, 0))
    return -level, rarity


def explain(one: Prepared, two: Prepared, model: Model) -> tuple[Step, ...]:
    """The weight as a waterfall: its bars add up to what ``compare`` gives."""
    outcomes = []
    steps = [Step("prior", "two records at random", model.prior)]
    for scale, comparison in zip(model.scales, model.comparisons, strict=True):
        level, rarity = best(scale, one, two)
        if level < 0:
            steps.append(Step(comparison.name, "nothing to compare", 0))
            continue
        label = KINDS[comparison.kind].levels[level]
        steps.append(Step(comparison.name, label, scale.match[level] + rarity))
        outcomes.append((scale, level, rarity))
    taken = others_than_random(outcomes, model)
    steps.append(Step("other explanations", "may be relatives, neighbours, namesakes", -taken))
    total = sum(step.weight for step in steps)
    steps.append(Step("clip", "no pair counts more", clip(total, model) - total))
    return tuple(steps)


def veto_weight(one: Prepared, two: Prepared, model: Model, leaving: Set[int] = frozenset()) -> Weight:
    """What two contents say for or against one person, the prior left out, where an identifier ties them;
    ``leaving`` out the comparisons at these places.

    People who share an address or a card may well be one household, so what a household shares can only speak
    against here; and whoever moves or marries is somebody else in all of it at once, so only what speaks most
    against counts, half a veto at most. Where given names and birth dates are those of two people, nothing
    else speaks for one. Below ``model.veto`` the records are kept apart; contents that say nothing of each
    other give 0.
    """
    total = home = 0
    parted = []
    for scale in [each for each in model.scales if each.place not in leaving]:
        level, rarity = best(scale, one, two)
        said = list(product(one.fields[scale.place], two.fields[scale.place]))
        if said and scale.parts and all(starmap(scale.parts, said)):
            parted.append(min(scale.match))
        if level < 0:
            continue
        if scale.shared_at_home:
            home = min(home, scale.match[level] + rarity)
        else:
            total += scale.match[level] + rarity
    weight = total + max(home, model.veto // 2)
    return min(weight, sum(parted)) if len(parted) > 1 else weight
