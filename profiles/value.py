"""Value: recency, frequency, monetary, and what a customer is expected to spend.

Lifetime value is expected purchases by BG/NBD (Fader, Hardie, Lee 2005, "Counting Your Customers the Easy
Way", equations 8 and 10) times expected spending by Gamma-Gamma (Fader, Hardie 2013, "The Gamma-Gamma Model
of Monetary Value", equation 5). No discounting. The parameters are of all customers: fitted by a command,
frozen in the rules.
"""

from collections.abc import Iterable
from math import exp, fsum, log
from typing import NamedTuple

from profiles.moments import DAY
from profiles.settings import ValueSettings

_WEEK = 7 * DAY
_TERMS = 20_000
_NEARLY = 1e-6
_LARGEST = 700.0
"""Of what `exp` still tells."""


class Purchases(NamedTuple):
    """A customer as the models see one; times in weeks, days with several purchases count as one purchase.

    `frequency`: repeat purchases. `recency`: from the first to the last. `age`: from the first to now.
    `mean`: mean amount of a repeat purchase, of the first one where no amount of a repeat is known.
    """

    frequency: int
    recency: float
    age: float
    mean: float


def purchases_of(bought: Iterable[tuple[int, float | None]], at: int) -> Purchases | None:
    """The summary of (time, amount) pairs at a moment, None where nothing was bought by then. A purchase
    whose amount isn't known (None) is one all the same."""
    days: dict[int, list[float]] = {}
    for time, amount in bought:
        if time <= at:
            days.setdefault(time // DAY, []).extend(() if amount is None else (amount,))
    if not days:
        return None
    first, last = min(days), max(days)
    repeats = [fsum(amounts) for day, amounts in days.items() if day != first and amounts]
    mean = 0.0
    if len(days) > 1:
        mean = fsum(repeats) / len(repeats) if repeats else fsum(days[first])
    return Purchases(len(days) - 1, (last - first) / 7, (at // DAY - first) / 7, mean)


def expected_purchases(of: Purchases, weeks: float, model: ValueSettings) -> float:
    """How often a customer will buy in the coming weeks (BG/NBD, equation 10)."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    x, age = of.frequency, of.age
    # The closed form divides by a - 1 and by a + b + x - 1; near them, it is continuous.
    a += _NEARLY * (abs(a - 1) < _NEARLY)
    b += _NEARLY * (abs(a + b + x - 1) < _NEARLY)
    c, z = a + b + x - 1, weeks / (alpha + age + weeks)
    left: float
    if r + x > a - 1 and r < c + 10:
        # By Euler's transformation: who buys every day makes the terms of the other rise past all bounds.
        left = (1 - z) ** (a - 1) * _hyp2f1(c - r - x, a - 1, c, z)
    else:
        left = (1 - z) ** (r + x) * _hyp2f1(r + x, b + x, c, z)
    gone = 0.0
    if x > 0:
        odds = (r + x) * log((alpha + age) / (alpha + of.recency))
        gone = a / (b + x - 1) * exp(min(odds, _LARGEST))
    # Rounding alone makes it less than none.
    return max(0.0, c / (a - 1) * (1 - left) / (1 + gone))


def expected_spending(of: Purchases, model: ValueSettings) -> float:
    """What a customer spends at a purchase (Gamma-Gamma): her own mean, drawn towards everybody's."""
    weight = model.p * of.frequency
    return model.p * (model.v + of.frequency * of.mean) / (weight + model.q - 1)


def lifetime_value(of: Purchases | None, model: ValueSettings) -> float | None:
    """What a customer is expected to spend within the horizon of the rules."""
    if of is None:
        return None
    return expected_purchases(of, model.horizon / _WEEK, model) * expected_spending(of, model)


def _hyp2f1(a: float, b: float, c: float, z: float) -> float:
    """Gauss's series, which converges for 0 <= z < 1."""
    term = total = 1.0
    for n in range(_TERMS):
        term *= (a + n) * (b + n) / ((c + n) * (n + 1)) * z
        total += term
        if abs(term) < 1e-13 * abs(total):
            break
    return total
