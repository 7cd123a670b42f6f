"""What one message contributes to profiles: small facts, drawn from it once, when it comes in.

A person's own facts are folded into her state (`profiles.state`); facts of an order or a reward go to that
object (`profiles.objects`), whoever reported them. A function of the message alone: no clock, no rules. A
page view that tells nothing new gives no facts, so the engine needn't touch any profile for it.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final, get_args

import orjson

from graph_schema.blocked import SPREADSHEET_MISTAKE, is_unfilled
from graph_schema.messages import Message
from graph_schema.vocabulary import BLOCKED, CLAIMED, Fact, Facts, Held, ObjectKey, RecordKey, SharedFact
from graph_schema.wire import Channel
from profiles.channels import ADDRESSED, APP
from profiles.commerce_facts import BROWSED, CART, ORDERS, REWARDS, SPENT, TIED, Drawn, Track
from profiles.messages import UNNAMED
from profiles.moments import kept
from resolver.matching.text import fold

CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
PURPOSES: Final = ("marketing", "advertising")

_PERSONAL: Final = frozenset(("user_id", "loyalty_card", "email", "phone"))
"""Namespaces of which a value says that the event speaks of somebody, and not just of a parcel."""
ADDRESSES: Final = frozenset(("email", "phone"))
"""Namespaces of which a value is somewhere to write to."""
_DEVICES: Final = frozenset(("idfa", "gaid"))
# What a form or a mail merge leaves where there was nothing: no such value may ever greet a customer.
_PLACEHOLDER: Final = re.compile(
    r"%+[\w .-]+%+|\{[\w .-]+\}|<[\w .-]+>|#[A-Z_]+#|@@\w+@@|\[(?:object Object|[A-Z _]+)\]"
    rf"|\(?(?:null|undefined|none|nil|n/?a|nan)\)?|-+|#n/a|{SPREADSHEET_MISTAKE}",
    re.IGNORECASE,
)
_NAMES: Final = frozenset(("firstName", "lastName", "name"))
_NO_NAMES: Final = frozenset(
    "|fname|lname|first name|last name|firstname|lastname|full name|your name|unknown|anonymous"
    "|valued customer|customer|null null|none none|undefined undefined".split("|")
)
"""Words that a form has in place of a name, folded; what has no letter is folded to nothing."""


_NOTHING: Final = Facts((), ())


def facts_of(message: Message, held: tuple[Held, ...], record: RecordKey) -> Facts:
    """The facts of a message whose identifiers (`held`) and record are known."""
    own: list[Fact] = []
    at = kept(message.at)
    body = message.body
    for namespace, value, shown, flags in held:
        if namespace in _DEVICES:
            own.append(("device",))
        elif namespace in ADDRESSES and not flags & BLOCKED:
            # With its form, so that who is said to have given it last gave it so.
            own.append(("address", namespace, value, at, int(flags & CLAIMED != 0), *record, shown))
        if shown != value and not flags & BLOCKED and namespace not in ADDRESSES:
            own.append(("shown", namespace, value, at, shown))
    context = body.get("context")
    if context:
        if context.get("traits"):
            own += _traits(context["traits"], at, record)
        if (context.get("device") or {}).get("token"):
            own.append(("app", 1, at))
    if message.type == "track":
        return _track(Track(message, body.get("properties") or {}, held, record, at), own)
    if message.type == "identify" and body.get("traits"):
        own += _traits(body["traits"], at, record)
    elif message.type == "group" and body.get("groupId"):
        own.append(("group", str(body["groupId"]), at))
    return Facts(tuple(own), ()) if own else _NOTHING


def _track(track: Track, own: list[Fact]) -> Facts:
    name = track.message.name or ""
    if name in ORDERS:
        fact = ORDERS[name](track)
        if name == "Order Delivered":
            fact = (*fact, int(any(one[0] in _PERSONAL and not one[3] for one in track.held)))
        return Facts(tuple(own), tuple(_of_order(track, fact)))
    reward = REWARDS.get(name)
    if reward is not None:
        return Facts(tuple(own), tuple(_of_reward(track, reward(track))))
    drawn = _OWN.get(name)
    if drawn is not None:
        own += drawn(track)
    return Facts(tuple(own), ()) if own else _NOTHING


def _of_order(track: Track, fact: Fact) -> Iterator[SharedFact]:
    """What goes to an order: by its order id, else by its receipt, else by the message alone. What names both
    ties the receipt to the order, so that who knows but the receipt speaks of the same one."""
    order, by_receipt = _purchase(track)
    if order is not None:
        yield SharedFact(ObjectKey("order", order), (*fact, by_receipt and by_receipt.key))
        if by_receipt is not None:
            yield SharedFact(by_receipt, (TIED, order))
    else:
        unnamed = ObjectKey("order", f"message:{track.message.source}/{track.message.message_id}")
        yield SharedFact(by_receipt or unnamed, (*fact, None))


def _of_reward(track: Track, fact: Fact) -> Iterator[SharedFact]:
    """What goes to a reward, by its code. The receipt of its use hears of it, too: once an order is known to
    be that receipt's, it is one use that was told by the receipt and by the order."""
    code = _named(track, "reward_code")
    if code is not None and fact[0] == "redeemed":
        order, by_receipt = _purchase(track)
        fact = (*fact, order, by_receipt and by_receipt.key)
        if by_receipt is not None:
            yield SharedFact(by_receipt, (SPENT, code))
    if code is not None:
        yield SharedFact(ObjectKey("reward", code), fact)


def _purchase(track: Track) -> tuple[str | None, ObjectKey | None]:
    """The order that an event names, and the key of the receipt that it names."""
    order, receipt = _named(track, "order_id"), _named(track, "receipt_id")
    # A till counts its receipts as the shop counts its orders: number 17 of each are two purchases.
    return order, None if receipt is None else ObjectKey("order", f"receipt:{receipt}")


def _named(track: Track, namespace: str) -> str | None:
    """The identifier that the event is about: what its properties name, else another that it holds."""
    found = [one for one in track.held if one[0] == namespace and not one[3] & BLOCKED]
    if len(found) > 1:
        said = str(track.properties.get(namespace) or "").strip()
        found.sort(key=lambda one: one[2] not in (said, f"{track.message.source}/{said}"))
    return found[0][1] if found else None


def _traits(traits: Mapping[str, Any], at: int, record: RecordKey) -> Iterator[Fact]:
    for name, value in traits.items():
        if name not in ADDRESSES:
            text = _said(value)
            nobody = name in _NAMES and isinstance(value, str) and fold(value) in _NO_NAMES
            if text is not None and not nobody:
                yield ("trait", name, text, at, record.source, record.record_id)


def _said(value: object) -> str | None:
    """A value as canonical JSON; None where it says nothing."""
    if isinstance(value, str):
        value = value.strip()
        if not value or _PLACEHOLDER.fullmatch(value) or is_unfilled(value):
            return None
    elif isinstance(value, dict):
        value = {name: part for name, part in value.items() if _said(part) is not None}
        if not value:
            return None
    elif value is None or value == []:
        return None
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _consent(granted: bool, track: Track) -> Iterator[Fact]:
    purpose, channel = track.properties.get("purpose"), track.properties.get("channel")
    if granted and purpose and channel in APP:
        # Nobody grants push without an app; who grants all channels need not have one.
        yield from _app(1, track)
    yield from _words(purpose, channel, granted, track)


def _words(purpose: str | None, channel: str | None, granted: bool, track: Track) -> Iterator[Fact]:
    """A word of consent for each address that the event names, or for all ("") of a channel, or of all
    ("*")."""
    # A consent is to something: one that names no purpose grants none, but a withdrawal of nothing else
    # is of all.
    purposes = (purpose,) if purpose else () if granted else PURPOSES
    named = {
        space: [one.value for one in track.held if one.namespace == space and not one.flags & BLOCKED]
        for space in ADDRESSES
    }
    channels = (channel,) if channel else CHANNELS if named["email"] or named["phone"] else ("*",)
    for each in purposes:
        for one in channels:
            for address in named.get(ADDRESSED.get(one, ""), []) or ("",):
                yield ("consent", each, one, address, int(granted), track.at)


def _halt(kind: str, on: int, track: Track) -> Iterator[Fact]:
    purpose = track.properties.get("purpose")
    for each in (purpose,) if purpose else PURPOSES:
        yield ("halt", kind, each, on, track.at)


def _preferences(track: Track) -> Iterator[Fact]:
    properties = track.properties
    named = properties.get("preference") or properties.get("name")
    if isinstance(named, str) and "value" in properties:
        properties = {named: properties["value"]}
    for name, value in properties.items():
        text = _said(value)
        if text is not None:
            yield ("preference", name, track.at, text, *track.record)


def _answer(track: Track) -> Iterator[Fact]:
    question, text = track.properties.get("question"), _said(track.properties.get("answer"))
    if question and text is not None:
        yield ("preference", str(question), track.at, text, *track.record)


def _account(opened: int, track: Track) -> Iterator[Fact]:
    product = str(track.properties.get("product") or "")
    yield ("account", str(track.properties.get("account_id") or product), opened, track.at, product)


def _app(on: int, track: Track) -> Iterator[Fact]:
    yield ("app", on, track.at)


def _message(kind: str, channel: str | None, track: Track) -> Iterator[Fact]:
    properties = track.properties
    by = str(channel or properties.get("channel") or "")
    one = str(properties.get("message_id") or properties.get("email_id") or track.message.message_id)
    # As it was given, and in the form by which what was given otherwise is the same.
    said = [
        (name, given)
        for name, field in (("order", "order_id"), ("reward", "reward_code"), ("product", "product_id"))
        if properties.get(field)
        for given in (str(properties[field]).strip(), _named(track, field))
    ]
    subjects = tuple(dict.fromkeys(f"{name}:{given}" for name, given in said if given is not None))
    campaign = _campaign(properties)
    yield ("message", track.at, kind, one, campaign, by)
    if kind in ("sent", "delivered") and campaign:
        # That a report of its arrival names nothing doesn't mean that the message did not.
        yield ("sent", track.at, campaign, subjects or (UNNAMED,) * (kind == "sent"))
    if kind in _REACHES:
        space = ADDRESSED.get(by)
        named = [held.value for held in track.held if held.namespace == space]
        for address in named or ("",):
            if address or not space or kind == "bounced":
                yield ("reached", by, address, int(kind != "bounced"), track.at)


_REACHES: Final = frozenset(("bounced", "delivered", "opened", "clicked"))


def _campaign(properties: Mapping[str, Any]) -> str:
    campaign = properties.get("campaign")
    if isinstance(campaign, dict):
        campaign = campaign.get("name") or campaign.get("id")
    return str(campaign or properties.get("campaign_name") or properties.get("campaign_id") or "")


_UNSUBSCRIBED: Final = partial(_words, "marketing", "email", False)
_OWN: Final[Mapping[str, Drawn]] = {
    **CART,
    **BROWSED,
    "Consent Granted": partial(_consent, True),
    "Consent Withdrawn": partial(_consent, False),
    "Unsubscribed": _UNSUBSCRIBED,
    # Who calls it spam has withdrawn, whether or not the list was told.
    "Email Marked as Spam": _UNSUBSCRIBED,
    "Processing Objected": partial(_halt, "objected", 1),
    "Objection Withdrawn": partial(_halt, "objected", 0),
    "Processing Restricted": partial(_halt, "restricted", 1),
    "Restriction Lifted": partial(_halt, "restricted", 0),
    "Preference Set": _preferences,
    "Survey Answered": _answer,
    "Account Opened": partial(_account, 1),
    "Account Closed": partial(_account, 0),
    "Application Installed": partial(_app, 1),
    "Application Opened": partial(_app, 1),
    "Application Uninstalled": partial(_app, 0),
    "Message Sent": partial(_message, "sent", None),
    "Message Bounced": partial(_message, "bounced", None),
    "Email Delivered": partial(_message, "delivered", "email"),
    "Email Opened": partial(_message, "opened", "email"),
    "Email Link Clicked": partial(_message, "clicked", "email"),
    "Email Bounced": partial(_message, "bounced", "email"),
    "Push Notification Received": partial(_message, "delivered", "push"),
    "Push Notification Tapped": partial(_message, "clicked", "push"),
    "Push Notification Bounced": partial(_message, "bounced", "push"),
}
