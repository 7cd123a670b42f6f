"""Decisions: may this campaign go to this person now, and by which channel?

A campaign is sent where no reason speaks against it. All reasons are named, also those that a change of the
first wouldn't remove.
"""

from dataclasses import dataclass
from typing import Literal

from graph_schema.rules import Rules
from profiles.affinity import question_of
from profiles.consent import HALTS, is_halted
from profiles.figures import FIGURES, category_asked
from profiles.messages import last_sent, letters, reports
from profiles.moments import UNTIMED, kept
from profiles.portrait import Sketch
from profiles.profile_rules import Campaign, profile_rules
from profiles.scene import Request, Scene


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. `reasons` are sorted as the campaign states them; `channel` is None where none is open;
    `missing` are the attributes that the campaign needs and nobody knows; `question` is the name of what to
    ask next, None for nothing."""

    outcome: Literal["send", "suppress"]
    reasons: tuple[str, ...]
    channel: str | None
    missing: tuple[str, ...]
    question: str | None


def nobody(reason: Literal["unknown_person", "ambiguous"]) -> Decision:
    """The answer where the identifier leads to nobody, or to several."""
    return Decision("suppress", (reason,), None, (), None)


def decide(sketch: Sketch, request: Request, rules: Rules, at: int) -> Decision:
    """Decides at a moment (microseconds since 1970 UTC). Raises Invalid for a campaign that there isn't."""
    compiled = profile_rules(rules)
    campaign = compiled.campaign(request.campaign)
    scene = Scene(sketch, compiled.settings, at, request)
    if request.product is not None:
        # Whoever asks may name it by its sku.
        scene = scene.about(scene.orders.names.get(request.product, request.product))
    settings = campaign.settings
    missing = tuple(name for name in settings.needs if _is_missing(scene, name))
    reasons = [reason for reason, one in campaign.suppress.items() if one.holds(scene)]
    reasons += _history(scene, campaign, compiled.uncapped, request.product)
    if missing:
        reasons.append("missing_attribute")
    # A service message is for no purpose that anybody could object to.
    purpose = "" if settings.purpose == "service" else settings.purpose
    reasons += [kind for kind in HALTS if is_halted(scene.state, kind, purpose)]
    way = scene.ways.open(purpose, settings.channels)
    if way is None:
        reasons += scene.ways.closed_because(purpose, settings.channels)
    found = tuple(dict.fromkeys(reasons))
    return Decision(
        "suppress" if found else "send",
        found,
        None if way is None else way.channel,
        missing,
        _question(scene, missing, "ask_first" in found),
    )


def _is_missing(scene: Scene, name: str) -> bool:
    """Whether nobody knows an attribute, or an address of hers; a birthday is a day that can be read."""
    if name == "birthday":
        return not FIGURES["birthday_known"].of(scene)
    if name in ("email", "phone"):
        return not scene.ways.addresses(name)
    return name not in scene.state.get("traits", ()) and name not in scene.state.get("preferences", ())


def _history(scene: Scene, campaign: Campaign, uncapped: frozenset[str], product: str | None) -> list[str]:
    """Whether it was sent before about the same (a product by the name that is asked by), and whether she
    has had enough."""
    reasons = []
    if campaign.settings.once and _was_sent(scene, campaign, product):
        reasons.append("already_sent")
    # Who was sent less than that, counting every report, can't have had enough.
    if campaign.settings.is_capped and reports(scene.state) >= scene.settings.messages:
        since = scene.at - scene.settings.messages_within
        heard = (one for one in letters(scene.state) if since < one.at <= scene.at)
        # Confirmations are what she waits for; they are not what she has enough of.
        if sum(one.campaign not in uncapped for one in heard) >= scene.settings.messages:
            reasons.append("frequency_cap")
    return reasons


def _was_sent(scene: Scene, campaign: Campaign, product: str | None) -> bool:
    settings, request = campaign.settings, scene.request
    subjects, since = [""], UNTIMED
    if settings.once == "order" and scene.order is not None:
        numbers = (str(scene.order["id"]).strip(), request.order_id)
        subjects, since = [f"order:{one}" for one in numbers if one], kept(scene.order.get("at"))
    elif settings.once == "reward" and scene.reward is not None:
        used = scene.reward.get("redeemed_at", scene.reward.get("issued_at"))
        subjects, since = [f"reward:{scene.reward['code']}"], kept(used)
    elif asked := {"order": request.order_id, "reward": request.reward_code}.get(settings.once or ""):
        # It is none of hers: what named none was not about it.
        subjects, since = [f"{settings.once}:{asked.strip()}"], scene.at + 1
    elif settings.once == "product" and product is not None:
        one = request.product
        skus = (sku for sku, named in scene.orders.names.items() if named == one)
        subjects = [f"product:{name}" for name in (product, one, *skus)]
    told = (last_sent(scene.state, campaign.name, subject, since, scene.at) for subject in subjects)
    sent = max((at for at in told if at is not None), default=None)
    if sent is None:
        return False
    if settings.once == "cart":
        return sent >= max((item.at for item in scene.cart.items), default=sent)
    if settings.once == "product":
        # What was bought again since is another supply.
        bought = (
            scene.orders.bought.get(request.product)
            if request.product
            else max(scene.orders.times, default=None)
        )
        return bought is None or sent >= bought
    return settings.again is None or scene.at < sent + settings.again


def _question(scene: Scene, missing: tuple[str, ...], ask_first: bool) -> str | None:
    """What to ask next: the channel first, then what the campaign needs to know, then what would be good to
    know."""
    first = [name for name in scene.settings.questions if name == "channel"]
    asked = [*first, *missing]
    category = category_asked(scene) if ask_first else None
    if category is not None:
        asked.append(question_of(category))
    asked += scene.settings.questions
    return next((name for name in asked if _is_missing(scene, name)), None)
