"""What training found, for people: expected errors per threshold, the proposals and their reasons."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from resolver.matching.blocking import Floats
from resolver.matching.kinds import KINDS
from resolver.matching.model import BIT, Comparison, Model, Weight
from resolver.matching.proposing import Proposal
from resolver.sentences import counted

_LEAST_MERGE = 0
_MOST_MERGE = 4 * BIT


class Errors(NamedTuple):
    """At a threshold (bits): the precision, recall and F1 over pairs that the model itself expects."""

    threshold: float
    precision: float
    recall: float
    f1: float


class Training(NamedTuple):
    """A model and how it came about.

    ``proposals``: each trait's comparison, or why there is none. ``keys``: each blocking key type and what
    it finds. ``errors``: expected per threshold. ``histogram``: candidate pairs per bit of weight, from -12
    to 12. ``notes``: what to be careful about.
    """

    model: Model
    proposals: tuple[Proposal, ...]
    keys: tuple[tuple[str, str], ...]
    errors: tuple[Errors, ...]
    histogram: tuple[float, ...]
    notes: tuple[str, ...] = ()


def expected_errors(weights: Floats, counts_for: float) -> tuple[Errors, ...]:
    """Expected errors at thresholds from -6 to 8 bits, half a bit apart, by the pairs' own weights (in
    bits)."""
    chance = np.where(weights <= -12, 0.0, 1.0 / (1.0 + np.exp2(-weights)))
    whole = max(float(chance.sum()), 1e-9)
    found = []
    for threshold in np.arange(-6.0, 8.5, 0.5):
        joined = weights >= threshold
        right = float(chance[joined].sum())
        precision = right / max(int(joined.sum()), 1) if joined.any() else 1.0
        recall = right / whole
        f1 = 2 * right / (int(joined.sum()) + whole)
        found.append(Errors(float(threshold), precision, recall, f1))
    return tuple(found)


def propose_merge(errors: Sequence[Errors]) -> Weight:
    """The threshold with the highest expected F1, never below even odds nor above 16 to 1; the lower of
    equals."""
    best = max(errors, key=lambda one: (round(one.f1, 4), -one.threshold))
    return max(_LEAST_MERGE, min(_MOST_MERGE, round(best.threshold * BIT)))


def propose_veto(comparisons: Sequence[Comparison]) -> Weight:
    """Half of what two unlike first names and two unlike birth dates weigh: so these two together are
    always below."""
    unlike = [
        one.match[-1] for one in comparisons if one.kind in ("given name", "birth date") and one.match[-1] < 0
    ]
    if len(unlike) < 2:
        return -4 * BIT
    return max(-8 * BIT, sum(unlike) // 2)


def lines(training: Training) -> list[str]:
    """The report as text."""
    model, about = training.model, training.model.about
    seen, pairs = (int(about.get(name, 0)) for name in ("records", "pairs"))
    text = [f"model {model.hash}: {counted(seen, 'record')}, {counted(pairs, 'expected pair')}"]
    text += [f"  {note}" for note in training.notes]
    for proposal in training.proposals:
        text.append(f"  {proposal.name}: {proposal.kind or 'left out'} ({proposal.why})")
    for comparison in model.comparisons:
        text.append(f"{comparison.name} ({comparison.kind})")
        rows = zip(KINDS[comparison.kind].levels, comparison.match, comparison.m, comparison.u, strict=True)
        for level, weight, m, u in rows:
            text.append(f"  {level:40} {weight / BIT:+7.2f} bits   m {m:.4f}   u {u:.6f}")
    text += [f"key {name}: {why}" for name, why in training.keys]
    for one in training.errors[::2]:
        expected = f"precision {one.precision:.4f}, recall {one.recall:.4f}, F1 {one.f1:.4f}"
        text.append(f"threshold {one.threshold:+.1f}: {expected}")
    merge, review, veto = (weight / BIT for weight in (model.merge, model.review, model.veto))
    text.append(f"proposed: merge {merge:.1f}, review {review:.1f}, veto {veto:.1f}")
    return text
