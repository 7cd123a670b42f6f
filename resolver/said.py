"""What a message says of a person that matching compares."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graph_schema.messages import Message
from graph_schema.vocabulary import Held
from resolver.plan import Plan

_LONGEST = 200
"""Of a longer text so many characters are compared."""


class Saying:
    """Reads the traits that the matching model of some rules compares."""

    def __init__(self, plan: Plan) -> None:
        comparisons = plan.matching.model.comparisons if plan.matching is not None else ()
        names = {name for one in comparisons for name in one.traits}
        self._held = frozenset(name for name in names if name in plan.position)
        self._paths = [(name, name.split(".")) for name in sorted(set(names) - self._held)]

    def traits(self, message: Message, held: Iterable[Held]) -> tuple[tuple[str, str], ...]:
        """(trait, text) of all that a message says, as it is written; a trait that is an identifier as well
        only where that counts (not blocked, not claimed)."""
        if not self._paths and not self._held:
            return ()
        body = message.body
        context = body.get("context")
        told = [context["traits"]] if context and context.get("traits") else []
        if message.type == "identify" and body.get("traits"):
            told.append(body["traits"])
        found = [(one[0], one[2]) for one in held if one[0] in self._held and not one[3]]
        for traits in told:
            found += [(name, text) for name, path in self._paths for text in _at(traits, path)]
        return tuple(found)


def _at(traits: Mapping[str, Any], path: list[str]) -> Iterator[str]:
    """The texts at a path of keys; a key that is written with its dots is found as well."""
    value: Any = traits.get(".".join(path))
    if value is None:
        value = traits
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
    for one in value if isinstance(value, list) else (value,):
        if isinstance(one, str | int | float) and not isinstance(one, bool):
            text = str(one).strip()[:_LONGEST]
            if text:
                yield text
