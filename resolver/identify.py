"""Whose message it is: the identifiers that it names, and the key of the record that it belongs to.

A function of the message and the rules alone. DESIGN sections 3 and 4: the identifiers in their match form,
blocked and claimed ones flagged; the record's key from the source's own row key, else derived.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from graph_schema.messages import Message, named_identifiers
from graph_schema.rule_parts import Rules, Source
from graph_schema.vocabulary import BLOCKED, CLAIMED, Held, RecordKey
from resolver.hashed import digests, hexadecimal
from resolver.normalise import normalise, shown
from resolver.plan import Plan

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
        self._derived: dict[tuple[str, ...], str] = {}
        self._people = {plan.spaces[place].name for place in plan.people}
        self._hashes = {space.hashes: space.name for space in plan.spaces if space.hashes is not None}
        self._hashed: dict[tuple[str, Held], tuple[Held, ...]] = {}
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
                previously = self._held(message.source, source, [("user_id", previous)])
                also = RecordKey(message.source, self._derive(message, previously)), previously
        held = self._held(message.source, source, named)
        context = message.body.get("context")
        row = context.get("recordId") if context else None
        if row is not None and row != "":
            record_id = str(row)
        elif also is not None:
            record_id = self._derive(message, tuple(one for one in held if one.namespace == "user_id"))
        else:
            record_id = self._derive(message, held)
        if self._hashes:
            held = self._with_hashes(message.source, source, held)
        return Identity(RecordKey(message.source, record_id), held, also)

    def match_form(self, namespace: str, value: str, source: str = "") -> Held:
        """An identifier as it would be held, for looking it up."""
        return self._form(source, self._rules.source(source), namespace, value)

    def _held(self, name: str, source: Source, named: Iterable[tuple[str, str]]) -> tuple[Held, ...]:
        found: dict[tuple[str, str], Held] = {}
        forms = self._forms
        for namespace, value in named:
            held = forms.get((name, namespace, value)) or self._form(name, source, namespace, value)
            found.setdefault(held[:2], held)
        return tuple(found.values()) if len(found) < 2 else tuple([found[key] for key in sorted(found)])

    def _with_hashes(self, name: str, source: Source, held: tuple[Held, ...]) -> tuple[Held, ...]:
        """What a message names, and the hashes of its addresses: under them others may know the same person.

        They are no part of the record's key: the address itself is.
        """
        found = {one[:2]: one for one in held}
        for one in held:
            if one.namespace in self._hashes and not one.flags & BLOCKED:
                for hashed in self._hashed.get((name, one)) or self._hash(name, source, one):
                    found.setdefault(hashed[:2], hashed)
        return held if len(found) == len(held) else tuple([found[key] for key in sorted(found)])

    def _hash(self, name: str, source: Source, one: Held) -> tuple[Held, ...]:
        space = self._hashes[one.namespace]
        known = digests(self._rules.by_name[one.namespace].normaliser, one.value, one.shown)
        if len(self._hashed) >= _FORMS_KEPT:
            self._hashed.clear()
        made = self._hashed[name, one] = tuple(self._form(name, source, space, digest) for digest in known)
        return made

    def _form(self, name: str, source: Source, namespace: str, value: str) -> Held:
        cached = self._forms.get((name, namespace, value))
        if cached is not None:
            return cached
        declared = self._rules.by_name.get(namespace)
        if declared is None:
            held = Held(namespace, value.strip(), value.strip(), 0)
        else:
            hashed = self._rules.hashes.get(namespace, namespace)
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
            held = Held(namespace, text, visible, flags)
        if len(self._forms) >= _FORMS_KEPT:
            self._forms.clear()
        self._forms[name, namespace, value] = held
        return held

    def _derive(self, message: Message, held: tuple[Held, ...]) -> str:
        """A record id from the people-joining identifiers, else from all, else from the message itself."""
        people = self._people
        keys = [one for one in held if not one.flags and one.namespace in people]
        keys = keys or [one for one in held if not one.flags & BLOCKED]
        if not keys:
            return _DERIVED + _short("message", message.message_id)
        parts: list[str] = []
        for one in keys:
            parts += one[:2]
            lease = self._leases.get(one.namespace)
            if lease is not None:
                parts.append("-" if message.at is None else str(message.at // (lease // 6)))
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
