"""Whose message it is: the identifiers that it names, and the key of the record that it belongs to.

A function of the message and the rules alone. DESIGN sections 3 and 4: the identifiers in their match form,
blocked and claimed ones flagged; the record's key from the source's own row key, else derived.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache, partial
from typing import NamedTuple

from graph_schema.messages import Message, named_identifiers
from graph_schema.rule_parts import Rules
from graph_schema.vocabulary import BLOCKED, CLAIMED, Held, RecordKey
from graph_schema.wire import LONGEST_IDENTIFIER
from resolver.hashed import digests, hexadecimal
from resolver.normalise import normalise, shown
from resolver.plan import Plan

_REMEMBERED = 1 << 12
"""What comes again comes soon. Fifty times as many were no quicker: they are looked for in memory that is
far away, and took 170 MB of a process that types."""
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
        self._people = {plan.spaces[place].name for place in plan.people}
        self._hashes = {space.hashes: space.name for space in plan.spaces if space.hashes is not None}
        # What is remembered knows nothing of this object: else all of it would be in a cycle.
        self._form = lru_cache(_REMEMBERED)(partial(_formed, rules))
        self._leases = {space.name: space.lease for space in plan.spaces if space.lease is not None}

    def identify(self, message: Message) -> Identity:
        """The record and identifiers of a message that intake has let through."""
        source = self._rules.source(message.source)
        named = named_identifiers(message.body, message.type)
        also: tuple[RecordKey, tuple[Held, ...]] | None = None
        if message.type == "alias":
            previous = str(message.body["previousId"])
            if source.alias == "anonymous_id" or previous == str(message.body.get("anonymousId") or ""):
                named.append(("anonymous_id", previous))
            else:
                sides = (previous, str(message.body["userId"]))
                one, other = (self._form(message.source, "user_id", side) for side in sides)
                if (one.flags | other.flags) & BLOCKED:
                    # Who is called "null" is nobody, of whom no steward need be asked.
                    named.append(("user_id", previous))
                else:
                    also = RecordKey(message.source, self._derive(message, (one,))), (one,)
        held = self._held(message.source, named)
        context = message.body.get("context")
        row = context.get("recordId") if context else None
        # A blank key is none: else all rows that have it would be one record, of whomever they tell.
        if row and not row.isspace():
            record_id = str(row)
        elif also is not None:
            record_id = self._derive(message, tuple(one for one in held if one.namespace == "user_id"))
        else:
            record_id = self._derive(message, held)
        if self._hashes:
            held = self._with_hashes(message.source, held)
        return Identity(RecordKey(message.source, record_id), held, also)

    def match_form(self, namespace: str, value: str, source: str = "") -> Held:
        """An identifier as it would be held, for looking it up; one that no message may hold is blocked."""
        if len(value) > LONGEST_IDENTIFIER:
            return Held(namespace, value, value, BLOCKED)
        return self._form(source, namespace, value)

    def _held(self, source: str, named: Iterable[tuple[str, str]]) -> tuple[Held, ...]:
        found: dict[tuple[str, str], Held] = {}
        for namespace, value in named:
            held = self._form(source, namespace, value)
            found.setdefault(held[:2], held)
        return tuple(found.values()) if len(found) < 2 else tuple([found[key] for key in sorted(found)])

    def _with_hashes(self, source: str, held: tuple[Held, ...]) -> tuple[Held, ...]:
        """What a message names, and the hashes of its addresses: under them others may know the same person.

        They are no part of the record's key: the address itself is.
        """
        found = {one[:2]: one for one in held}
        for one in held:
            if one.namespace in self._hashes and not one.flags & BLOCKED:
                kind = self._rules.by_name[one.namespace].normaliser
                for digest in digests(kind, one.value, one.shown):
                    hashed = self._form(source, self._hashes[one.namespace], digest)
                    found.setdefault(hashed[:2], hashed)
        return held if len(found) == len(held) else tuple([found[key] for key in sorted(found)])

    def _derive(self, message: Message, held: tuple[Held, ...]) -> str:
        """A record id from the people-joining identifiers, else from all, else from the message itself."""
        people = self._people
        keys = [one for one in held if not one.flags and one.namespace in people]
        keys = keys or [one for one in held if not one.flags & BLOCKED]
        if not keys:
            return _derived("message", message.message_id)
        parts: list[str] = []
        for one in keys:
            parts += one[:2]
            lease = self._leases.get(one.namespace)
            if lease is not None:
                parts.append("-" if message.at is None else str(message.at // (lease // 6)))
        return _derived(*parts)


@lru_cache(_REMEMBERED)
def _derived(*parts: str) -> str:
    return _DERIVED + hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()


def _formed(rules: Rules, name: str, namespace: str, value: str) -> Held:
    """A value as a source of this name is to hold it."""
    declared, source = rules.by_name.get(namespace), rules.source(name)
    if declared is None:
        return Held(namespace, value.strip(), value.strip(), 0)
    hashed = rules.hashes.get(namespace, namespace)
    if hashed != namespace:
        value = hexadecimal(value)
    match = normalise(declared.normaliser, value, source.region)
    # Who only claims an address only claims its hashes.
    flags = CLAIMED if {namespace, hashed} & source.claims else 0
    if match is None or declared.blocks(match):
        flags |= BLOCKED
    text = match if match is not None else value.strip()
    visible = shown(declared.normaliser, value, source.region) or value.strip()
    if name and namespace in source.scoped:
        text, visible = f"{name}/{text}", f"{name}/{visible}"
    return Held(namespace, text, visible, flags)
