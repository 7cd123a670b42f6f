"""A member as a destination sees her: how she can be recognised, in the forms in which she gave them.

These are the addresses as shown, not the match forms: each platform makes its own form of them. What is
claimed, blocked or generic is left out; what several persons hold is nobody's to advertise to.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from graph_schema.rules import Rules
from graph_schema.vocabulary import BLOCKED, CLAIMED, ShownIdentifier
from profiles.moments import UNTIMED, kept
from profiles.portrait import Portrait, shown_form
from profiles.profile_rules import profile_rules
from profiles.survivorship import attribute_value
from serving.destinations.settings import Kind

DEVICES: Final = ("idfa", "gaid")
NAMESPACES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "email": ("email",),
    "phone": ("phone",),
    "device": DEVICES,
    "address": (),
}
"""Where a kind of handle is from."""


class Contact(NamedTuple):
    """How one person can be recognised: what she holds, by namespace. `hashed` are SHA-256 of e-mail
    addresses (hexadecimal) that only sources who know no more have told; `traits` are her names, birthday,
    gender and address."""

    held: Mapping[str, Sequence[str]] = {}
    hashed: Sequence[str] = ()
    traits: Mapping[str, Any] = {}


def contact_of(
    portrait: Portrait,
    rules: Rules,
    is_hers: Callable[[ShownIdentifier], bool],
    traits: Iterable[str],
) -> Contact:
    """Draws a contact from a portrait. `is_hers` says whether she may be told by what she holds, `traits`
    are the attributes that are wanted."""

    def held(namespace: str) -> list[str]:
        mine = {
            one: node.identifier.value
            for one, node in portrait.identifiers.items()
            if node.identifier.namespace == namespace and not node.generic and is_hers(node)
        }
        last: dict[str, int] = {}
        for record in portrait.records:
            for one in mine.keys() & record.holdings.keys():
                holding, value = record.holdings[one], mine[one]
                if not holding.flags & (BLOCKED | CLAIMED):
                    last[value] = max(kept(holding.last), last.get(value, UNTIMED))
        found = sorted(last, key=lambda value: (-last[value], value))
        return [shown_form(portrait, namespace, one, last[one]) for one in found]

    found = {namespace: held(namespace) for each in NAMESPACES.values() for namespace in each}
    hashes = () if found["email"] else hash_namespaces(rules)
    settings = profile_rules(rules).settings
    known = {name: attribute_value(portrait.state, name, settings) for name in traits}
    return Contact(
        found,
        [one for name in hashes for one in held(name)],
        {name: value for name, value in known.items() if value is not None},
    )


def hash_namespaces(rules: Rules) -> tuple[str, ...]:
    """The namespaces that hold SHA-256 of e-mail addresses."""
    return tuple(name for name, hashed in rules.hashes.items() if hashed == "email")
