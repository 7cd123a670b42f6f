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
from scipy.optimize import minimize
from scipy.special import gammaln

from profiles.settings import ValueSettings
from profiles.value import Purchases

Numbers = NDArray[np.float64]
_STEPS: Final = (1.0, 0.5, 0.25, 0.1, 0.1)
"""How far each descent looks at first, by logarithms. One alone may end where its simplex went flat."""


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
        head = gammaln(x + r) - lgamma(r) + r * np.log(alpha)
        head += lgamma(a + b) - lgamma(b) + gammaln(x + b) - gammaln(x + a + b)
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
        whole = gammaln(p * x + q) - gammaln(p * x) - lgamma(q)
        parts = q * np.log(v) + (p * x - 1) * np.log(mean) + p * x * np.log(x)
        return float(np.sum(whole + parts - (p * x + q) * np.log(x * mean + v)))

    return likelihood


def _climb(likelihood: Callable[[list[float]], float], start: list[float]) -> list[float]:
    """The parameters of the highest likelihood, by the simplex of Nelder and Mead over their logarithms
    (they are positive), begun again from where it ended."""
    best = np.log(np.array(start))

    def loss(point: Numbers) -> float:
        if np.any(np.abs(point) > 20):
            return float("inf")
        found = -likelihood(np.exp(point).tolist())
        return found if np.isfinite(found) else float("inf")

    for step in _STEPS:
        simplex = [best, *(best + step * unit for unit in np.eye(len(best)))]
        options = {"initial_simplex": simplex, "xatol": 1e-8, "fatol": 1e-8, "maxiter": 1000}
        best = minimize(loss, best, method="Nelder-Mead", options=options).x
    return [float(value) for value in np.exp(best)]
