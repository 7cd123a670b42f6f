"""Audiences: who is in which, at a moment, and when that can next change by time alone."""

from collections.abc import Collection
from typing import Final, Literal, NamedTuple

from graph_schema.rules import Rules
from graph_schema.vocabulary import Facts, Membership
from profiles.consent import HALTS, is_halted
from profiles.portrait import Sketch
from profiles.profile_rules import profile_rules
from profiles.scene import Request, Scene
from profiles.state import PART_OF

Permission = Literal["granted", "denied", "unknown"]
"""What somebody said of advertising: a withdrawal or an objection denies it."""


class Memberships(NamedTuple):
    """All places of a person at a moment; at `next_at` (microseconds) another evaluation can give others,
    None for never without an event."""

    members: frozenset[Membership]
    next_at: int | None


def memberships(sketch: Sketch, rules: Rules, at: int) -> Memberships:
    """Evaluates every audience for a person."""
    compiled = profile_rules(rules)
    scene = Scene(sketch, compiled.settings, at, Request(""))
    found: set[Membership] = set()
    turns: list[int | None] = []
    for audience in compiled.audiences.values():
        if not audience.is_per_product:
            if audience.when.holds(scene):
                found.add(Membership(audience.name))
            continue
        for product in {*scene.orders.had, *(item.product for item in scene.cart.items)}:
            asked = scene.about(product)
            if audience.when.holds(asked):
                found.add(Membership(audience.name, product))
            turns.append(asked.next_at)
    turns.append(scene.next_at)
    return Memberships(frozenset(found), min((turn for turn in turns if turn is not None), default=None))


def concerns_audiences(facts: Facts, rules: Rules) -> bool:
    """Whether an event with these facts can move a person in or out of an audience, whichever of her
    addresses is in use (see `tells_address`)."""
    if not facts.own and not facts.shared:
        return False
    parts = profile_rules(rules).audience_parts
    if facts.shared and "objects" in parts:
        return True
    return any((part := PART_OF[fact[0]]) in parts and part not in _ADDRESSING for fact in facts.own)


def tells_address(facts: Facts) -> bool:
    """Whether after an event with these facts another address can be in use: which counts where a word of
    consent names one."""
    return any(PART_OF[fact[0]] in _ADDRESSING for fact in facts.own)


_ADDRESSING: Final = frozenset(("addresses", "reached"))
"""The parts of a state that only say which of her addresses is written to."""


def permission(sketch: Sketch, rules: Rules, at: int, channels: Collection[str] = ()) -> Permission:
    """What she said of advertising to her by one of these channels (none are any), by what stands at this
    moment. What she said of others only counts for nothing."""
    scene = Scene(sketch, profile_rules(rules).settings, at, Request(""))
    asked = channels or ("display", "social")
    halted = any(is_halted(scene.state, kind, "advertising") for kind in HALTS)
    if not halted and scene.ways.open("advertising", asked) is not None:
        return "granted"
    words = (scene.ways.in_use(channel, "advertising")[1] for channel in asked)
    return "denied" if halted or any(word is not None for word in words) else "unknown"


def may_be_given(audience: str, said: Permission, rules: Rules) -> bool:
    """Whether a destination may be given a member who said this of advertising.

    Whoever is to see advertising must consent to it, whoever is to be spared it needn't.
    """
    kind = profile_rules(rules).audiences[audience].settings.kind
    return kind == "suppress" or said == "granted"
