"""Makes ready to be matched what a record says: the costly part of matching that no other record matters to.

So it can be done where events are parsed, beside the engine: most records never say more than their first
event did.
"""

from collections.abc import Iterable
from functools import lru_cache

from resolver.matching.content import prepare
from resolver.matching.model import Prepared
from resolver.plan import Plan

Said = dict[str, tuple[str, ...]]

VALUES_KEPT = 8
"""So many values of one trait a record keeps, the smallest: what it keeps is a function of what was said."""
_REMEMBERED = 1 << 12
"""Contents that are remembered: who logs in says the same again."""


def told(traits: Said, more: Iterable[tuple[str, str]]) -> Said | None:
    """What a record says once it has said some more; None where that is nothing new."""
    found: Said | None = None
    for name, text in more:
        before = (found or traits).get(name, ())
        if text not in before:
            after = tuple(sorted((*before, text))[:VALUES_KEPT]) if before else (text,)
            if after != before:
                found = dict(traits) if found is None else found
                found[name] = after
    return found


class Readying:
    """Makes contents ready by the model of a plan, under the key of a store: what is stored of one once
    somebody is erased tells nobody anything."""

    def __init__(self, plan: Plan, id_key: bytes) -> None:
        self._matching = plan.matching
        self._key = id_key[:64]
        self.alone = lru_cache(_REMEMBERED)(self._alone)

    def content(self, traits: Said) -> Prepared | None:
        """What a record says, ready to be matched; None where it says nothing or nothing is matched."""
        if self._matching is None or not traits:
            return None
        return prepare(traits, self._matching.model, self._key)

    def _alone(self, traits: tuple[tuple[str, str], ...]) -> Prepared | None:
        """The same of a record of which one event with these traits is all."""
        return self.content(told({}, traits) or {})
