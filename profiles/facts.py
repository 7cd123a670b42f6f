"""What one message contributes to profiles: small facts, drawn from it once, when it comes in.

A person's own facts are folded into her state (`profiles.state`); facts of an order or a reward go to that
object (`profiles.objects`), whoever reported them. A function of the message alone: no clock, no rules. A
page view that tells nothing new gives no facts, so the engine needn't touch any profile for it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from graph_schema.messages import Message
from graph_schema.vocabulary import BLOCKED, CLAIMED, Fact, Facts, Held, ObjectKey, RecordKey, SharedFact
from profiles.commerce_facts import BROWSED, CART, ORDERS, REWARDS, SPENT, TIED
from profiles.moments import kept

__all__ = ["CHANNELS", "PURPOSES", "Fact", "Facts", "SharedFact", "facts_of"]

CHANNELS: Final = ("email", "sms", "push", "in_app", "display", "social", "post", "phone")
PURPOSES: Final = ("marketing", "advertising")
_WRITTEN_TO: Final = {"email": "email", "sms": "phone", "phone": "phone"}
"""Channels that have an address, with the namespace of it."""

_PERSONAL: Final = frozenset(("user_id", "loyalty_card", "email", "phone"))
"""Namespaces of which a value says that the event speaks of somebody, and not just of a parcel."""
ADDRESSES: Final = frozenset(("email", "phone"))
"""Namespaces of which a value is somewhere to write to."""
_DEVICES: Final = frozenset(("idfa", "gaid"))
# What a form or a mail merge leaves where there was nothing: no such value may ever greet a customer.
_PLACEHOLDER: Final = re.compile(
    r"%%.*%%|\{\{.*\}\}|\$\{.*\}|\[(?:object Object|[A-Z _]+)\]|null|undefined|none|nil|n/?a|nan|-+",
    re.IGNORECASE,
)


_NOTHING: Final = Facts((), ())


def facts_of(message: Message, held: tuple[Held, ...], record: RecordKey) -> Facts:
    """The facts of a message whose identifiers (`held`) and record are known."""
    own: list[Fact] = []
    at = kept(message.at)
    body = message.body
    for namespace, value, shown, flags in held:
        if shown != value and not flags & BLOCKED:
            own.append(("shown", namespace, value, at, shown))
        if namespace in _DEVICES:
            own.append(("device",))
        elif namespace in ADDRESSES and not flags & BLOCKED:
            own.append(("address", namespace, value, at, int(flags & CLAIMED != 0), *record))
    context = body.get("context")
    if context:
        if context.get("traits"):
            own += _traits(context["traits"], at, record)
        device = context.get("device")
        if device and device.get("token"):
            own.append(("app", 1, at))
    if message.type == "track":
        return _track(message, held, record, own)
    if message.type == "identify" and body.get("traits"):
        own += _traits(body["traits"], at, record)
    elif message.type == "group" and body.get("groupId"):
        own.append(("group", str(body["groupId"]), at))
    return Facts(tuple(own), ()) if own else _NOTHING


def _track(message: Message, held: tuple[Held, ...], record: RecordKey, own: list[Fact]) -> Facts:
    name = message.name or ""
    if name in ORDERS:
        fact = ORDERS[name](message)
        if name == "Order Delivered":
            fact = (*fact, int(any(one[0] in _PERSONAL and not one[3] for one in held)))
        return Facts(tuple(own), tuple(_of_order(message, held, fact)))
    reward = REWARDS.get(name)
    if reward is not None:
        return Facts(tuple(own), tuple(_of_reward(message, held, reward(message))))
    drawn = _OWN.get(name)
    if drawn is not None:
        own += drawn(message, held, record)
    return Facts(tuple(own), ()) if own else _NOTHING


def _of_order(message: Message, held: tuple[Held, ...], fact: Fact) -> Iterator[SharedFact]:
    """What goes to an order: by its order id, else by its receipt, else by the message alone. What names both
    ties the receipt to the order, so that who knows but the receipt speaks of the same one."""
    order, by_receipt = _purchase(message, held)
    if order is not None:
        yield SharedFact(ObjectKey("order", order), (*fact, by_receipt and by_receipt.key))
        if by_receipt is not None:
            yield SharedFact(by_receipt, (TIED, order))
    else:
        unnamed = ObjectKey("order", f"message:{message.source}/{message.message_id}")
        yield SharedFact(by_receipt or unnamed, (*fact, None))


def _of_reward(message: Message, held: tuple[Held, ...], fact: Fact) -> Iterator[SharedFact]:
    """What goes to a reward, by its code. The receipt of its use hears of it, too: once an order is known to
    be that receipt's, it is one use that was told by the receipt and by the order."""
    code = _named(message, held, "reward_code")
    if code is not None and fact[0] == "redeemed":
        order, by_receipt = _purchase(message, held)
        fact = (*fact, order, by_receipt and by_receipt.key)
        if by_receipt is not None:
            yield SharedFact(by_receipt, (SPENT, code))
    if code is not None:
        yield SharedFact(ObjectKey("reward", code), fact)


def _purchase(message: Message, held: tuple[Held, ...]) -> tuple[str | None, ObjectKey | None]:
    """The order that an event names, and the key of the receipt that it names."""
    order, receipt = _named(message, held, "order_id"), _named(message, held, "receipt_id")
    # A till counts its receipts as the shop counts its orders: number 17 of each are two purchases.
    return order, None if receipt is None else ObjectKey("order", f"receipt:{receipt}")


def _named(message: Message, held: tuple[Held, ...], namespace: str) -> str | None:
    """The identifier that the event is about: what its properties name, else another that it holds."""
    found = [one for one in held if one[0] == namespace and not one[3] & BLOCKED]
    if len(found) > 1:
        said = str((message.body.get("properties") or {}).get(namespace) or "").strip()
        found.sort(key=lambda one: one[2] not in (said, f"{message.source}/{said}"))
    return found[0][1] if found else None


def _traits(traits: Mapping[str, Any], at: int, record: RecordKey) -> Iterator[Fact]:
    for name, value in traits.items():
        if name not in ADDRESSES:
            text = _said(value)
            if text is not None:
                yield ("trait", name, text, at, record.source, record.record_id)


def _said(value: object) -> str | None:
    """A value as canonical JSON; None where it says nothing."""
    if isinstance(value, str):
        value = value.strip()
        if not value or _PLACEHOLDER.fullmatch(value):
            return None
    elif isinstance(value, dict):
        value = {name: part for name, part in value.items() if _said(part) is not None}
        if not value:
            return None
    elif value is None or value == []:
        return None
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _consent(granted: bool) -> Callable[[Message, tuple[Held, ...], RecordKey], Iterator[Fact]]:
    def drawn(message: Message, held: tuple[Held, ...], _: RecordKey) -> Iterator[Fact]:
        properties = message.body.get("properties") or {}
        yield from _words(properties.get("purpose"), properties.get("channel"), message, held, granted)

    return drawn


def _unsubscribed(message: Message, held: tuple[Held, ...], _: RecordKey) -> Iterator[Fact]:
    yield from _words("marketing", "email", message, held, False)


def _words(
    purpose: str | None, channel: str | None, message: Message, held: tuple[Held, ...], granted: bool
) -> Iterator[Fact]:
    """A word of consent for each address that the event names, or for all ("") of a channel, or of all
    ("*")."""
    at = kept(message.at)
    # A consent is to something: one that names no purpose grants none, but a withdrawal of nothing else
    # is of all.
    purposes = (purpose,) if purpose else () if granted else PURPOSES
    named = {
        space: [one.value for one in held if one.namespace == space and not one.flags & BLOCKED]
        for space in ADDRESSES
    }
    channels = (channel,) if channel else CHANNELS if named["email"] or named["phone"] else ("*",)
    for each in purposes:
        for one in channels:
            for address in named.get(_WRITTEN_TO.get(one, ""), []) or ("",):
                yield ("consent", each, one, address, int(granted), at)


def _halt(kind: str, on: int) -> Callable[[Message, tuple[Held, ...], RecordKey], Iterator[Fact]]:
    def drawn(message: Message, _: tuple[Held, ...], __: RecordKey) -> Iterator[Fact]:
        purpose = (message.body.get("properties") or {}).get("purpose")
        for each in (purpose,) if purpose else PURPOSES:
            yield ("halt", kind, each, on, kept(message.at))

    return drawn


def _preferences(message: Message, _: tuple[Held, ...], record: RecordKey) -> Iterator[Fact]:
    properties = message.body.get("properties") or {}
    named = properties.get("preference") or properties.get("name")
    if isinstance(named, str) and "value" in properties:
        properties = {named: properties["value"]}
    for name, value in properties.items():
        text = _said(value)
        if text is not None:
            yield ("preference", name, kept(message.at), text, record.source, record.record_id)


def _answer(message: Message, _: tuple[Held, ...], record: RecordKey) -> Iterator[Fact]:
    properties = message.body.get("properties") or {}
    question, text = properties.get("question"), _said(properties.get("answer"))
    if question and text is not None:
        yield ("preference", str(question), kept(message.at), text, record.source, record.record_id)


def _account(opened: int) -> Callable[[Message, tuple[Held, ...], RecordKey], Iterator[Fact]]:
    def drawn(message: Message, _: tuple[Held, ...], __: RecordKey) -> Iterator[Fact]:
        properties = message.body.get("properties") or {}
        product = str(properties.get("product") or "")
        yield ("account", str(properties.get("account_id") or product), opened, kept(message.at), product)

    return drawn


def _app(on: int) -> Callable[[Message, tuple[Held, ...], RecordKey], Iterator[Fact]]:
    def drawn(message: Message, _: tuple[Held, ...], __: RecordKey) -> Iterator[Fact]:
        yield ("app", on, kept(message.at))

    return drawn


def _message(
    kind: str, channel: str | None
) -> Callable[[Message, tuple[Held, ...], RecordKey], Iterator[Fact]]:
    def drawn(message: Message, held: tuple[Held, ...], _: RecordKey) -> Iterator[Fact]:
        properties = message.body.get("properties") or {}
        by = str(channel or properties.get("channel") or "")
        one = str(properties.get("message_id") or properties.get("email_id") or message.message_id)
        subjects = tuple(
            f"{name}:{str(properties[field]).strip()}"
            for name, field in (("order", "order_id"), ("reward", "reward_code"), ("product", "product_id"))
            if properties.get(field)
        )
        yield ("message", kept(message.at), kind, one, _campaign(properties), by, subjects)
        if kind in _REACHES:
            space = _WRITTEN_TO.get(by)
            named = [held_one.value for held_one in held if held_one.namespace == space]
            for address in named or ("",):
                if address or not space or kind == "bounced":
                    yield ("reached", by, address, int(kind != "bounced"), kept(message.at))

    return drawn


_REACHES: Final = frozenset(("bounced", "delivered", "opened", "clicked"))


def _campaign(properties: Mapping[str, Any]) -> str:
    campaign = properties.get("campaign")
    if isinstance(campaign, dict):
        campaign = campaign.get("name") or campaign.get("id")
    return str(campaign or properties.get("campaign_name") or properties.get("campaign_id") or "")


def _spam(message: Message, held: tuple[Held, ...], record: RecordKey) -> Iterator[Fact]:
    """Who calls it spam has withdrawn, whether or not the list was told."""
    yield from _unsubscribed(message, held, record)


_OWN: Final[Mapping[str, Callable[[Message, tuple[Held, ...], RecordKey], Iterator[Fact]]]] = {
    **CART,
    **BROWSED,
    "Consent Granted": _consent(True),
    "Consent Withdrawn": _consent(False),
    "Unsubscribed": _unsubscribed,
    "Email Marked as Spam": _spam,
    "Processing Objected": _halt("objected", 1),
    "Objection Withdrawn": _halt("objected", 0),
    "Processing Restricted": _halt("restricted", 1),
    "Restriction Lifted": _halt("restricted", 0),
    "Preference Set": _preferences,
    "Survey Answered": _answer,
    "Account Opened": _account(1),
    "Account Closed": _account(0),
    "Application Installed": _app(1),
    "Application Opened": _app(1),
    "Application Uninstalled": _app(0),
    "Message Sent": _message("sent", None),
    "Message Bounced": _message("bounced", None),
    "Email Delivered": _message("delivered", "email"),
    "Email Opened": _message("opened", "email"),
    "Email Link Clicked": _message("clicked", "email"),
    "Email Bounced": _message("bounced", "email"),
    "Push Notification Received": _message("delivered", "push"),
    "Push Notification Tapped": _message("clicked", "push"),
    "Push Notification Bounced": _message("bounced", "push"),
}
