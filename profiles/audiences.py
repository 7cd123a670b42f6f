"""Audiences: who is in which, at a moment, and when that can next change by time alone."""

from typing import NamedTuple

from graph_schema.rules import Rules
from graph_schema.vocabulary import Facts, Membership
from profiles.conditions import context_of
from profiles.portrait import Portrait
from profiles.profile_rules import profile_rules
from profiles.scene import Request, Scene
from profiles.state import PART_OF

__all__ = ["Membership", "Memberships", "concerns_audiences", "may_be_given", "memberships"]


class Memberships(NamedTuple):
    """All places of a person at a moment; at `next_at` (microseconds) another evaluation can give others,
    None for never without an event."""

    members: frozenset[Membership]
    next_at: int | None


def memberships(portrait: Portrait, rules: Rules, at: int) -> Memberships:
    """Evaluates every audience for a person."""
    compiled = profile_rules(rules)
    scene = Scene(portrait, compiled.settings, at, Request(""))
    context = context_of(scene, compiled.audience_figures)
    found: set[Membership] = set()
    turns: list[int | None] = []
    for audience in compiled.audiences.values():
        if not audience.is_per_product:
            if audience.when.holds(context):
                found.add(Membership(audience.name))
            continue
        for product in {*scene.orders.had, *(item.product for item in scene.cart.items)}:
            asked = scene.about(product)
            if audience.when.holds_in(asked):
                found.add(Membership(audience.name, product))
            turns.append(asked.next_at)
    turns.append(scene.next_at)
    return Memberships(frozenset(found), min((turn for turn in turns if turn is not None), default=None))


def concerns_audiences(facts: Facts, rules: Rules) -> bool:
    """Whether an event with these facts can move a person in or out of an audience; if not, and if her
    records are still the same, `memberships` needn't be asked again."""
    if not facts.own and not facts.shared:
        return False
    parts = profile_rules(rules).audience_parts
    if facts.shared and "objects" in parts:
        return True
    return any(PART_OF[fact[0]] in parts for fact in facts.own)


def may_be_given(portrait: Portrait, audience: str, rules: Rules, at: int) -> bool:
    """Whether a destination may be given this member.

    Whoever is to see advertising must consent to it, whoever is to be spared it needn't.
    """
    compiled = profile_rules(rules)
    if compiled.audiences[audience].settings.kind == "suppress":
        return True
    return Scene(portrait, compiled.settings, at, Request("")).may_advertise
