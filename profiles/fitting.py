"""Fits the parameters of lifetime value to all customers, by maximum likelihood: for a command, never in
the stream.

What comes out is frozen into the rules ([profile.value]). The same customers give the same parameters,
whatever their order.
"""

from collections.abc import Callable, Sequence
from math import lgamma
from typing import Final

import numpy as np
from numpy.typing import NDArray

from profiles.settings import ValueSettings
from profiles.value import Purchases

Numbers = NDArray[np.float64]
_LARGEST_STEP: Final = 1.0
_ENOUGH: Final = 1e-10
_ROUNDS: Final = 1000
_RESTARTS: Final = 10


def fit(customers: Sequence[Purchases], start: ValueSettings) -> ValueSettings:
    """The parameters under which what these customers did is most likely; all else as in `start`.

    Raises ValueError where no customer bought twice: nothing can be learnt then.
    """
    ordered = sorted(customers)
    repeating = [one for one in ordered if one.frequency > 0 and one.mean > 0]
    if not repeating:
        raise ValueError("no customer bought twice, so there is nothing to fit lifetime value to")
    r, alpha, a, b = _climb(_purchases(ordered), [start.r, start.alpha, start.a, start.b])
    p, q, v = _climb(_spending(repeating), [start.p, start.q, start.v])
    found = {"r": r, "alpha": alpha, "a": a, "b": b, "p": p, "q": q, "v": v}
    return start.model_copy(update={name: round(value, 6) for name, value in found.items()})


def _purchases(customers: list[Purchases]) -> Callable[[list[float]], float]:
    """The log-likelihood of BG/NBD (Fader, Hardie, Lee 2005, equation 7) by its four parameters."""
    x = np.array([one.frequency for one in customers], dtype=float)
    recency = np.array([one.recency for one in customers])
    age = np.array([one.age for one in customers])
    several = x > 0

    def likelihood(parameters: list[float]) -> float:
        r, alpha, a, b = parameters
        head = _lgamma(x, r) - lgamma(r) + r * np.log(alpha)
        head += lgamma(a + b) - lgamma(b) + _lgamma(x, b) - _lgamma(x, a + b)
        alive = -(r + x) * np.log(alpha + age)
        gone = np.log(a) - np.log(np.maximum(b + x - 1, 1e-300)) - (r + x) * np.log(alpha + recency)
        return float(np.sum(head + np.where(several, np.logaddexp(alive, gone), alive)))

    return likelihood


def _spending(customers: list[Purchases]) -> Callable[[list[float]], float]:
    """The log-likelihood of Gamma-Gamma (Fader, Hardie 2013, equation 1a) by its three parameters."""
    x = np.array([one.frequency for one in customers], dtype=float)
    mean = np.array([one.mean for one in customers])

    def likelihood(parameters: list[float]) -> float:
        p, q, v = parameters
        whole = _lgamma(x, q, p) - _lgamma(x, 0.0, p) - lgamma(q)
        parts = q * np.log(v) + (p * x - 1) * np.log(mean) + p * x * np.log(x)
        return float(np.sum(whole + parts - (p * x + q) * np.log(x * mean + v)))

    return likelihood


def _lgamma(x: Numbers, plus: float, times: float = 1.0) -> Numbers:
    """log Γ(times · x + plus), computed once for each frequency that there is."""
    values, places = np.unique(x, return_inverse=True)
    table = np.array([lgamma(times * value + plus) for value in values.tolist()])
    found: Numbers = table[places]
    return found


def _climb(likelihood: Callable[[list[float]], float], start: list[float]) -> list[float]:
    """The parameters of the highest likelihood, by the simplex of Nelder and Mead over their logarithms
    (they are positive), begun again from where it ends until that changes nothing."""
    best = np.log(np.array(start))

    def loss(point: Numbers) -> float:
        if np.any(np.abs(point) > 20):
            return float("inf")
        found = -likelihood(np.exp(point).tolist())
        return found if np.isfinite(found) else float("inf")

    before = float("inf")
    step = _LARGEST_STEP
    for _ in range(_RESTARTS):
        best, after = _descend(loss, best, step)
        if before - after <= _ENOUGH * max(abs(after), 1.0):
            break
        before, step = after, max(step / 2, 0.1)
    return [float(value) for value in np.exp(best)]


def _descend(loss: Callable[[Numbers], float], start: Numbers, step: float) -> tuple[Numbers, float]:
    points = [start, *(start + step * unit for unit in np.eye(len(start)))]
    simplex = sorted((loss(point), tuple(point.tolist())) for point in points)
    for _ in range(_ROUNDS):
        if simplex[-1][0] - simplex[0][0] <= _ENOUGH * max(abs(simplex[0][0]), 1.0):
            break
        worst = np.array(simplex[-1][1])
        centre = np.mean([point for _, point in simplex[:-1]], axis=0)
        mirrored = _at(loss, centre + (centre - worst))
        if mirrored < simplex[0]:
            simplex[-1] = min(mirrored, _at(loss, centre + 2 * (centre - worst)))
        elif mirrored < simplex[-2]:
            simplex[-1] = mirrored
        else:
            towards = worst if simplex[-1] <= mirrored else np.array(mirrored[1])
            inner = _at(loss, (centre + towards) / 2)
            if inner < min(simplex[-1], mirrored):
                simplex[-1] = inner
            else:
                peak = np.array(simplex[0][1])
                simplex = [simplex[0], *(_at(loss, (peak + np.array(point)) / 2) for _, point in simplex[1:])]
        simplex.sort()
    return np.array(simplex[0][1]), simplex[0][0]


def _at(loss: Callable[[Numbers], float], point: Numbers) -> tuple[float, tuple[float, ...]]:
    return loss(point), tuple(point.tolist())
