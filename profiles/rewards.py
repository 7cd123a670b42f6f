"""The rewards that a person shows, at a moment: what still waits, what was used, what ran out by itself."""

from typing import Literal

from graph_schema.store import Document
from profiles.moments import iso
from profiles.order_views import tidy
from profiles.state import views

State = Literal["issued", "redeemed", "expired"]


def state_at(reward: Document, at: int | None) -> State:
    """A reward's state. Without a clock, one whose time is only set has not run out."""
    if reward["state"] == "issued" and at is not None and reward.get("expires_at", at + 1) <= at:
        return "expired"
    found: State = reward["state"]
    return found


def reward_asked(state: Document, code: str | None, at: int) -> Document | None:
    """The reward of a code; without one, of all hers the one that waits and runs out first, else one that
    was used, else one that ran out. None where there is none."""
    shown = views(state, "reward")
    if code is not None:
        return shown.get(code.strip())
    rank = {"issued": 0, "redeemed": 1, "expired": 2}
    forever = 1 << 62
    return min(
        shown.values(),
        key=lambda one: (rank[state_at(one, at)], one.get("expires_at", forever), one["code"]),
        default=None,
    )


def left(reward: Document, at: int | None) -> int | float | None:
    """What can still be spent: all while it waits, the rest where its use tells how much was used, else
    nothing; None where nobody said what it is worth."""
    amount: int | float | None = reward.get("amount")
    state = state_at(reward, at)
    if amount is None or state == "issued":
        return amount
    used = reward.get("used", amount) if state == "redeemed" else amount
    return tidy(max(amount - used, 0))


def shown_rewards(state: Document, at: int | None) -> list[Document]:
    """`rewards` of the golden profile, in the order in which they were issued."""
    found = views(state, "reward")
    ordered = sorted(
        found.values(), key=lambda one: (one.get("issued_at") is None, one.get("issued_at"), one["code"])
    )
    return [_shown(reward, at) for reward in ordered]


def _shown(reward: Document, at: int | None) -> Document:
    conflict = reward.get("conflict")
    redeemed_by = reward.get("redeemed_by")
    return {
        "code": reward["code"],
        "state": state_at(reward, at),
        "amount": reward.get("amount"),
        "left": left(reward, at),
        "currency": reward.get("currency"),
        "media": reward["media"],
        "issued_at": iso(reward.get("issued_at")),
        "expires_at": iso(reward.get("expires_at")),
        "redeemed_at": iso(reward.get("redeemed_at")),
        "channel": reward.get("channel"),
        "order_id": reward.get("order_id"),
        "redeemed_by": redeemed_by and {"source": redeemed_by[0], "record_id": redeemed_by[1]},
        "conflict": conflict
        and {"redeemed_at": iso(conflict.get("redeemed_at")), "channel": conflict.get("channel")},
    }
