"""Whose message it is: the identifiers that it names, and the key of the record that it belongs to.

A function of the message and the rules alone. DESIGN sections 3 and 4: the identifiers in their match form,
blocked and claimed ones flagged; the record's key from the source's own row key, else derived.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from graph_schema.messages import Message
from graph_schema.rules import Rules, Source
from graph_schema.vocabulary import BLOCKED, CLAIMED, Held, RecordKey
from resolver.normalise import normalise, shown
from resolver.plan import Plan

_PROPERTIES = ("order_id", "receipt_id", "reward_code", "payment_token")
_DERIVED = "~"
"""Begins every derived record id; a source's own row key can't (intake refuses it)."""


class Identity(NamedTuple):
    """What ``identify`` tells of a message. ``also`` is the second record, of an alias between two
    customers."""

    record: RecordKey
    held: tuple[Held, ...]
    also: tuple[RecordKey, tuple[Held, ...]] | None


class Identifying:
    """Identifies messages under one set of rules, remembering the forms of values that it has met."""

    def __init__(self, rules: Rules, plan: Plan) -> None:
        self._rules = rules
        self._plan = plan
        self._forms: dict[tuple[str, str, str], Held] = {}
        self._derived: dict[tuple[object, ...], str] = {}

    def identify(self, message: Message) -> Identity:
        """The record and identifiers of a message that intake has let through."""
        source = self._rules.source(message.source)
        named = list(named_identifiers(message))
        also: tuple[RecordKey, tuple[Held, ...]] | None = None
        if message.type == "alias":
            previous = str(message.body["previousId"])
            if source.alias == "anonymous_id" or previous == str(message.body.get("anonymousId") or ""):
                named.append(("anonymous_id", previous))
            else:
                previously = self._held(message.source, source, [("user_id", previous)])
                also = RecordKey(message.source, self._derive(message, previously)), previously
        held = self._held(message.source, source, named)
        row = _at(message.body, "context").get("recordId")
        if row not in (None, ""):
            record_id = str(row)
        elif also is not None:
            record_id = self._derive(message, tuple(one for one in held if one.namespace == "user_id"))
        else:
            record_id = self._derive(message, held)
        return Identity(RecordKey(message.source, record_id), held, also)

    def match_form(self, namespace: str, value: str, source: str = "") -> Held:
        """An identifier as it would be held, for looking it up."""
        return self._form(source, self._rules.source(source), namespace, value)

    def _held(self, name: str, source: Source, named: Iterable[tuple[str, str]]) -> tuple[Held, ...]:
        found: dict[tuple[str, str], Held] = {}
        for namespace, value in named:
            held = self._form(name, source, namespace, value)
            found.setdefault((held.namespace, held.value), held)
        return tuple(found[key] for key in sorted(found))

    def _form(self, name: str, source: Source, namespace: str, value: str) -> Held:
        cached = self._forms.get((name, namespace, value))
        if cached is not None:
            return cached
        declared = self._rules.by_name.get(namespace)
        if declared is None:
            held = Held(namespace, value.strip(), value.strip(), 0)
        else:
            match = normalise(declared.normaliser, value, source.region)
            flags = CLAIMED if namespace in source.claims else 0
            if match is None or declared.blocks(match):
                flags |= BLOCKED
            text = match if match is not None else value.strip()
            visible = shown(declared.normaliser, value, source.region) or value.strip()
            if name and namespace in source.scoped:
                text, visible = f"{name}/{text}", f"{name}/{visible}"
            held = Held(namespace, text, visible, flags)
        if len(self._forms) >= _FORMS_KEPT:
            self._forms.clear()
        self._forms[name, namespace, value] = held
        return held

    def _derive(self, message: Message, held: tuple[Held, ...]) -> str:
        """A record id from the people-joining identifiers, else from all, else from the message itself."""
        keys = [
            one
            for one in held
            if self._plan.position.get(one.namespace) in self._plan.people and not one.flags
        ]
        keys = keys or [one for one in held if not one.flags & BLOCKED]
        if not keys:
            return _DERIVED + _short("message", message.message_id)
        parts: list[str] = []
        for one in keys:
            place = self._plan.position.get(one.namespace)
            lease = self._plan.spaces[place].lease if place is not None else None
            if lease is None:
                parts += (one.namespace, one.value)
            else:
                period = "-" if message.at is None else str(message.at // (lease // 6))
                parts += (one.namespace, one.value, period)
        key = tuple(parts)
        derived = self._derived.get(key)
        if derived is None:
            if len(self._derived) >= _FORMS_KEPT:
                self._derived.clear()
            derived = self._derived[key] = _DERIVED + _short(*parts)
        return derived


_FORMS_KEPT = 200_000


def _short(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()


def named_identifiers(message: Message) -> Iterator[tuple[str, str]]:
    """(namespace, value) of all that a message names, values as text and as given. DESIGN section 3."""
    body = message.body
    context = _at(body, "context")
    yield from _pairs(("user_id", body.get("userId")), ("anonymous_id", body.get("anonymousId")))
    traits = {**_at(context, "traits"), **(_at(body, "traits") if message.type == "identify" else {})}
    yield from _pairs(("email", traits.get("email")), ("phone", traits.get("phone")))
    device = _at(context, "device")
    if device.get("advertisingId"):
        system = str(device.get("type") or _at(context, "os").get("name") or "").lower()
        apple = system in ("ios", "ipados", "iphone os", "tvos")
        yield from _pairs(("idfa" if apple else "gaid", device["advertisingId"]))
    yield from _pairs(("session_id", context.get("sessionId")))
    properties = _at(body, "properties")
    yield from _pairs(*((name, properties.get(name)) for name in _PROPERTIES))
    for external in context.get("externalIds") or ():
        yield from _pairs((str(external["type"]), external["id"]))


def _pairs(*pairs: tuple[str, Any]) -> Iterator[tuple[str, str]]:
    for namespace, value in pairs:
        if value is not None and not isinstance(value, bool | dict | list):
            text = str(value).strip()
            if text:
                yield namespace, text


def _at(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}
