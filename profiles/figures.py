"""The names that CEL expressions of campaigns and audiences can use. What each means: docs/rules.md.

Values are plain (a number, a text, true or false) or a time, which only the functions understand: null
where there is none.
"""

import re
from calendar import isleap
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, NamedTuple

from graph_schema.store import Document
from profiles.accounts import ended
from profiles.affinity import category_of, relation
from profiles.consent import is_halted, standing
from profiles.facts import CHANNELS
from profiles.moments import DAY, UNTIMED, date_of, midnight
from profiles.order_views import pieces
from profiles.orders import kept_of
from profiles.preferences import preference
from profiles.scene import Plain, Scene
from profiles.settings import ProfileSettings
from profiles.survivorship import attribute_value
from resolver.matching.dates import read


class Figure(NamedTuple):
    """A name: a sample of its kind for checking expressions, the parts of a person's state that it reads (as
    `profiles.state` names them, with spaces between), and how it is computed."""

    sample: Plain
    reads: str
    of: Callable[[Scene], Plain]


def _cart_at(scene: Scene) -> int | None:
    return max((item.at for item in scene.cart.items if item.at != UNTIMED), default=None)


def _looked_at(scene: Scene) -> bool:
    """Whether she looked at the product, or at anything that she doesn't have."""
    viewed = (scene.orders.names.get(one, one) for one in scene.state.get("viewed", ()))
    seen = [*viewed, *(item.product for item in scene.cart.items)]
    product = scene.request.product
    return product in seen if product is not None else any(one not in scene.orders.had for one in seen)


def _lasting(scene: Scene, order: Document) -> dict[str, int]:
    """How long what was bought of each product of an order, and not sent back, lasts; without those of which
    nobody says how long."""
    bought, left = pieces(order["products"]), kept_of(order)
    spans = dict.fromkeys(bought, 0)
    for product, quantity, _, _, days, *_ in order["products"]:
        span = round(days * DAY) if days else scene.settings.reorder.get(product, 0)
        spans[product] += round(span * max(quantity, 1))
    found = {one: round(span * left[one] / bought[one]) for one, span in spans.items() if left[one] > 0}
    return {one: lasts for one, lasts in found.items() if lasts}


def _due_at(scene: Scene) -> int | None:
    """When the supply of the product, or the first of any, runs out by the last purchase of it."""
    due: dict[str, int] = {}
    for order in scene.orders.counted:
        if order.get("gift") or order["state"] == "returned" or "at" not in order:
            continue
        for one, lasts in _lasting(scene, order).items():
            if one in scene.orders.owned:
                due[one] = max(due.get(one, UNTIMED), order["at"] + lasts)
    product = scene.request.product
    return due.get(product) if product is not None else min(due.values(), default=None)


def _bought_at(scene: Scene) -> int | None:
    product = scene.request.product
    if product is None:
        return scene.orders.times[-1] if scene.orders.times else None
    at = scene.orders.bought.get(product)
    return None if at == UNTIMED else at


def _quiet_until(scene: Scene) -> int | None:
    """The end of the quiet time after the last purchase that she kept; what nobody saw delivered is, after
    a while."""
    ends: list[int] = []
    for order in scene.orders.counted:
        if "at" in order and order["state"] != "returned":
            unseen = 0 if order.get("delivered") else scene.settings.delivered_within
            ends.append(order.get("delivered_at", order["at"] + unseen) + scene.settings.quiet)
    return max(ends, default=None)


def _reward_is(scene: Scene, state: str) -> bool:
    reward = scene.reward
    if reward is None:
        return False
    if state == "expired" and reward["state"] == "issued":
        return scene.turned(reward.get("expires_at"))
    return bool(reward["state"] == state)


def _advantage(scene: Scene) -> float:
    """The part of the reference price that the offer saves; all of it where nothing is compared."""
    offer = scene.request.offer or {}
    price, reference = offer.get("price"), offer.get("reference_price")
    if price is None or reference is None:
        return 1.0
    # Rounded: a price of 18.05 instead of 19 saves five hundredths, whatever binary fractions make of it.
    return round((reference - price) / reference, 9) if reference > 0 else 0.0


def category_asked(scene: Scene) -> str | None:
    """The category that is asked about, else that in which she saw the product, or bought it."""
    category, product = scene.request.category, scene.request.product
    if category is None and product is not None:
        seen = scene.state.get("viewed", {}).get(product, [None, None])[1]
        category = seen or category_of(scene.orders, product)
    return category


def _relation(scene: Scene) -> str:
    category = category_asked(scene)
    return "own" if category is None else relation(scene.state, scene.orders, category)


def _account_unknown(scene: Scene) -> bool:
    asked = scene.request.account_id
    return asked is not None and all(account.account_id != asked for account in scene.accounts)


def _account_over(scene: Scene) -> bool:
    return ended(
        scene.accounts, scene.request.account_id, None if scene.request.account_id else scene.request.product
    )


def _account_closed(scene: Scene) -> bool:
    """Whether it is about an account, or a product that she had an account of, and that is over."""
    named = scene.request.account_id or scene.request.product
    return named is not None and _account_over(scene)


def born(state: Document, settings: ProfileSettings) -> tuple[int, int] | None:
    """Month and day of her birthday, as far as it is known."""
    said = attribute_value(state, "birthday", settings)
    return birthday(str(said)) if isinstance(said, str | int) else None


def _birthday_today(scene: Scene) -> bool:
    """Whether it is her birthday in UTC; who was born on 29 February has it on the 28th in other years."""
    day = born(scene.state, scene.settings)
    if day is None:
        return False
    today = date_of(scene.at)
    scene.turned(midnight(today) + DAY)
    this_year = (2, 28) if day == (2, 29) and not isleap(today.year) else day
    return (today.month, today.day) == this_year


def birthday(text: str) -> tuple[int, int] | None:
    """Month and day of a birthday, in any notation that matching reads, or without a year as --03-12 or
    03-12; None where it is no day of the calendar, or 03/04/1990 may as well be in March as in April."""
    said = text.strip()
    short = _WITHOUT_YEAR.fullmatch(said)
    year, month, day = ("2000", *short.groups()) if short else read(said) or ("", "", "")
    if "/" in said and max(month, day) < "13" and month != day and not said[:4].isdigit():
        return None
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found.month, found.day


_WITHOUT_YEAR: Final = re.compile(r"(?:--)?(\d\d)[-/.](\d\d)")


def _withdrew(scene: Scene) -> bool:
    """Whether advertising is withdrawn, or marketing is and nothing says that advertising may go on."""
    ways = scene.ways
    ads = [standing(scene.state, "advertising", channel, "") for channel in ("display", "social")]
    if any(one is not None and one.state == "withdrawn" for one in ads):
        return True
    if any(one is not None for one in ads):
        return False
    words = scene.state.get("consents", {}).get("marketing", {})
    # What was withdrawn for all may be granted again for one: by the others it still is withdrawn.
    found = [ways.in_use(one, "marketing")[1] for one in (CHANNELS if "*" in words else words)]
    return any(one is not None and one.state == "withdrawn" for one in found)


def _order_is(scene: Scene, what: str) -> bool:
    return scene.order is not None and bool(scene.order.get(what))


def _objected(scene: Scene) -> bool:
    return any(is_halted(scene.state, "objected", purpose) for purpose in ("advertising", "marketing"))


FIGURES: Final[Mapping[str, Figure]] = {
    "cart_size": Figure(1, "cart objects", lambda s: len(s.cart.items)),
    "cart_bought": Figure(True, "cart objects", lambda s: s.cart.bought),
    "cart_at": Figure(None, "cart objects", _cart_at),
    "product_bought": Figure(True, "objects cart", lambda s: s.request.product in s.orders.had),
    "product_owned": Figure(True, "objects cart", lambda s: s.request.product in s.orders.owned),
    "product_bought_at": Figure(None, "objects cart", _bought_at),
    "product_seen": Figure(True, "viewed cart objects", _looked_at),
    "supply_ends_at": Figure(None, "objects cart", _due_at),
    "order_state": Figure(
        "placed", "objects", lambda s: "none" if s.order is None else str(s.order["state"])
    ),
    "order_shipped": Figure(True, "objects", lambda s: _order_is(s, "shipped")),
    "order_delivered": Figure(True, "objects", lambda s: _order_is(s, "delivered")),
    "reward_known": Figure(True, "objects", lambda s: s.reward is not None),
    "reward_redeemed": Figure(True, "objects", lambda s: _reward_is(s, "redeemed")),
    "reward_expired": Figure(True, "objects", lambda s: _reward_is(s, "expired")),
    "orders_count": Figure(1, "objects", lambda s: len(s.orders.counted)),
    "orders_last_at": Figure(None, "objects", lambda s: max(s.orders.times, default=None)),
    "quiet_until": Figure(None, "objects", _quiet_until),
    "spent": Figure(1.0, "objects", lambda s: float(s.orders.total)),
    "high_value": Figure(1.0, "", lambda s: s.settings.value.high_value),
    "stage": Figure("new", "objects accounts", lambda s: s.lifecycle.stage),
    "affinity": Figure("own", "objects viewed categories preferences", _relation),
    "advantage": Figure(1.0, "", _advantage),
    "least_advantage": Figure(1.0, "", lambda s: s.settings.least_advantage),
    "account_unknown": Figure(True, "accounts", _account_unknown),
    "account_over": Figure(True, "accounts", _account_over),
    "account_closed": Figure(True, "accounts", _account_closed),
    "birthday_known": Figure(True, "traits preferences", lambda s: born(s.state, s.settings) is not None),
    "birthday_today": Figure(True, "traits preferences", _birthday_today),
    "may_advertise": Figure(True, "consents halts", lambda s: s.may_advertise),
    "withdrew": Figure(True, "consents reached", _withdrew),
    "objected": Figure(True, "halts", _objected),
    "preferred_channel": Figure("email", "preferences", lambda s: str(preference(s.state, "channel") or "")),
}
