"""Lifecycle and lifetime value, against what was published for CDNOW."""

import random
from math import exp, lgamma, log

import pytest

from profiles.accounts import Account
from profiles.fitting import fit
from profiles.lifecycle import lifecycle_of
from profiles.moments import DAY
from profiles.orders import Orders
from profiles.settings import LifecycleSettings, ValueSettings
from profiles.value import (
    Purchases,
    expected_purchases,
    expected_spending,
    lifetime_value,
    purchases_of,
)
from tests.unit.portraits import at, bought, portrait

MODEL = ValueSettings()
LIMITS = LifecycleSettings()


def test_expected_purchases_are_the_published_ones() -> None:
    """Fader, Hardie, Lee: x = 2, t_x = 30.43, T = 38.86 is expected to buy 1.226 times in 39 weeks."""
    assert expected_purchases(Purchases(2, 30.43, 38.86, 0), 39, MODEL) == pytest.approx(1.226, abs=5e-4)


def test_expected_spending_is_the_published_one() -> None:
    """The mean of all customers is 35.22; who spent 22.35 at each of two repeats is drawn towards it."""
    assert expected_spending(Purchases(0, 0, 38.86, 0), MODEL) == pytest.approx(35.22, abs=0.01)
    assert expected_spending(Purchases(2, 30.43, 38.86, 22.345), MODEL) == pytest.approx(24.66, abs=0.01)


@pytest.mark.parametrize("a", [0.999, 1.0, 1.001])
def test_the_formula_goes_on_where_it_would_divide_by_nothing(a: float) -> None:
    model = MODEL.model_copy(update={"a": a})
    assert expected_purchases(Purchases(3, 20, 30, 10), 52, model) == pytest.approx(2.028, abs=0.002)


OTHERS = {"r": 12.8, "alpha": 12.6, "b": 9.6}
"""Customers who all buy about once a week, or not at all."""


@pytest.mark.parametrize(
    ("seen", "weeks", "model", "expected"),
    [
        ((364, 52, 52), 52, {}, 254.5185553),
        ((1000, 670, 680), 520, {}, 0.305756319),
        ((0, 0, 0), 520, {}, 4.974617862),
        ((364, 56, 56), 520, {**OTHERS, "a": 0.784}, 1024.03403),
        ((5, 12, 22), 104, {"r": 1.92, "alpha": 1.54, "a": 65.4, "b": 62.5}, 0.04434295284),
        ((0, 0, 10), 52, {"a": 0.5, "b": 0.5}, 0.5110187736),
        ((364, 52, 552), 52, {}, 0.0),
        ((1000, 150, 330), 52, {}, 0.0),
    ],
)
def test_who_bought_every_day_is_as_the_formula_says(
    seen: tuple[int, float, float], weeks: float, model: dict[str, float], expected: float
) -> None:
    """Against equation 10 with 60 digits."""
    found = expected_purchases(Purchases(*seen, mean=20), weeks, MODEL.model_copy(update=model))
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_whatever_customers_do_and_the_rules_say_there_is_a_value() -> None:
    dice = random.Random(3)
    for _ in range(2_000):
        model = {name: exp(dice.uniform(-3, 3)) for name in ("r", "alpha", "a", "b")}
        days = dice.choice((0, 1, 5, 50, 1000))
        recency = days / 7 * exp(dice.uniform(0, 3))
        seen = Purchases(days, recency, recency + dice.choice((0, 1, 100, 500)), 20)
        assert 0 <= expected_purchases(seen, 52, MODEL.model_copy(update=model)) < 1e6, (seen, model)


@pytest.mark.parametrize("frequency", [0, 1, 40, 400])
def test_more_time_never_means_fewer_purchases(frequency: int) -> None:
    seen = Purchases(frequency, 300.0 if frequency else 0.0, 310.0, 10)
    expected = [expected_purchases(seen, weeks, MODEL) for weeks in (1, 10, 52, 520)]
    assert expected == sorted(expected)
    assert expected[0] > 0


def test_a_summary_counts_days_and_repeats() -> None:
    bought = [(0, 10.0), (DAY // 2, 5.0), (14 * DAY, 20.0), (28 * DAY, 40.0), (99 * DAY, 1000.0)]
    assert purchases_of(bought, 42 * DAY) == Purchases(2, 4.0, 6.0, 30.0)
    assert purchases_of(bought, -1) is None
    assert lifetime_value(None, MODEL) is None


def test_what_was_paid_in_another_currency_is_a_purchase_of_no_known_amount() -> None:
    orders = [
        bought(day, f"o-{day}", "tea", total=total, currency=currency)
        for day, total, currency in ((0, 10, "EUR"), (7, 5000, "JPY"), (14, 20, "EUR"))
    ]
    paid = Orders(portrait(*orders).state).paid
    assert [amount for _, amount in paid] == [10.0, None, 20.0]
    assert purchases_of(paid, at(21)) == Purchases(2, 2.0, 3.0, 20.0)
    assert purchases_of(paid[:2], at(21)) == Purchases(1, 1.0, 3.0, 10.0)


def _customers(count: int) -> list[Purchases]:
    """Customers who behave as BG/NBD and Gamma-Gamma say, observed for 39 weeks."""
    dice = random.Random(5)
    found = []
    for _ in range(count):
        rate = dice.gammavariate(MODEL.r, 1 / MODEL.alpha)
        leaves = dice.betavariate(MODEL.a, MODEL.b)
        bought, time = 0, 0.0
        while (after := time + dice.expovariate(rate)) < 39:
            bought, time = bought + 1, after
            if dice.random() < leaves:
                break
        spends = dice.gammavariate(MODEL.p * max(bought, 1), 1 / dice.gammavariate(MODEL.q, 1 / MODEL.v))
        found.append(Purchases(bought, time, 39.0, spends / bought if bought else 0.0))
    return found


def _log_likelihood(of: Purchases, model: ValueSettings) -> float:
    """Of one customer's frequency and recency under BG/NBD (equation 6): what fitting maximises."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    x = of.frequency
    head = lgamma(r + x) - lgamma(r) + r * log(alpha)
    head += lgamma(a + b) + lgamma(b + x) - lgamma(b) - lgamma(a + b + x)
    alive = -(r + x) * log(alpha + of.age)
    if x == 0:
        return head + alive
    gone = log(a) - log(b + x - 1) - (r + x) * log(alpha + of.recency)
    top = max(alive, gone)
    return head + top + log(exp(alive - top) + exp(gone - top))


def test_fitting_climbs_and_the_order_of_customers_decides_nothing() -> None:
    customers = _customers(1500)
    found = fit(customers, ValueSettings())
    assert fit(customers[::-1], ValueSettings()) == found
    assert found.p * found.v / (found.q - 1) == pytest.approx(35.2, rel=0.1)
    best = sum(_log_likelihood(one, found) for one in customers)
    for name in ("r", "alpha", "a", "b"):
        for factor in (0.9, 1.1):
            other = found.model_copy(update={name: getattr(found, name) * factor})
            assert sum(_log_likelihood(one, other) for one in customers) <= best + 1e-6
    with pytest.raises(ValueError, match="twice"):
        fit([Purchases(0, 0.0, 10.0, 0.0)], ValueSettings())


@pytest.mark.parametrize(
    ("days", "now", "stage"),
    [
        ([], 10, "new"),
        ([], 100, "inactive"),
        ([0], 80, "new"),
        ([0], 100, "active"),
        ([0], 200, "defecting"),
        ([0], 500, "inactive"),
        ([0, 30, 60], 70, "active"),
        ([0, 30, 60], 121, "defecting"),
        ([0, 30, 60], 211, "inactive"),
        ([0, 0, 0], 20, "active"),
        ([0, 0, 0], 29, "defecting"),
        ([50], 10, "new"),
        ([50], 91, "new"),
    ],
)
def test_the_stage_follows_her_own_rhythm(days: list[int], now: int, stage: str) -> None:
    assert lifecycle_of([day * DAY for day in days], [], 0, LIMITS, now * DAY).stage == stage


def test_each_stage_says_when_the_next_begins() -> None:
    moment, seen = 0, list[str]()
    while True:
        found = lifecycle_of([0, 30 * DAY, 60 * DAY], [], 0, LIMITS, moment)
        seen += [] if seen[-1:] == [found.stage] else [found.stage]
        if found.until is None:
            break
        before = lifecycle_of([0, 30 * DAY, 60 * DAY], [], 0, LIMITS, found.until - 1)
        assert before.stage == found.stage
        moment = found.until
    assert seen == ["new", "active", "defecting", "inactive"]


def test_closed_until_she_buys_again() -> None:
    closed = [Account("a", "card", 0, 40 * DAY)]
    assert lifecycle_of([0, 30 * DAY], closed, 0, LIMITS, 50 * DAY).stage == "closed"
    assert lifecycle_of([0, 45 * DAY], closed, 0, LIMITS, 50 * DAY).stage == "active"
    assert lifecycle_of([0], [*closed, Account("b", "loan", 0, None)], 0, LIMITS, 50 * DAY).stage == "new"
