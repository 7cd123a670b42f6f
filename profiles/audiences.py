"""Audiences: who is in which, at a moment, and when that can next change by time alone."""

from typing import NamedTuple

from graph_schema.rules import Rules
from profiles.conditions import context_of
from profiles.portrait import Portrait
from profiles.profile_rules import Audience, profile_rules
from profiles.scene import Request, Scene


class Membership(NamedTuple):
    """A place in an audience; `product` is "" where the audience isn't per product."""

    audience: str
    product: str = ""


class Memberships(NamedTuple):
    """All places of a person at a moment; at `next_at` (microseconds) another evaluation can give others,
    None for never without an event."""

    members: frozenset[Membership]
    next_at: int | None


def memberships(portrait: Portrait, rules: Rules, at: int) -> Memberships:
    """Evaluates every audience for a person."""
    compiled = profile_rules(rules)
    scene = Scene(portrait, compiled.settings, at, Request(""))
    found: set[Membership] = set()
    turns: list[int] = []
    for audience in compiled.audiences.values():
        if audience.settings.per == "person":
            if _is_in(scene, audience):
                found.add(Membership(audience.name))
            continue
        for product in sorted({*scene.orders.had, *(item.product for item in scene.cart.items)}):
            asked = scene.about(product)
            if _is_in(asked, audience):
                found.add(Membership(audience.name, product))
            turns += [] if asked.next_at is None else [asked.next_at]
    turns += [] if scene.next_at is None else [scene.next_at]
    return Memberships(frozenset(found), min(turns, default=None))


def may_be_given(portrait: Portrait, audience: str, rules: Rules, at: int) -> bool:
    """Whether a destination may be given this member.

    Whoever is to see advertising must consent to it, whoever is to be spared it needn't.
    """
    compiled = profile_rules(rules)
    if compiled.audiences[audience].settings.kind == "suppress":
        return True
    return Scene(portrait, compiled.settings, at, Request("")).may_advertise


def _is_in(scene: Scene, audience: Audience) -> bool:
    return audience.when.holds(context_of(scene, audience.when.figures))
