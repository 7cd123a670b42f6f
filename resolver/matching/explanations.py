"""Why two records may look alike without being of one person: what Fellegi and Sunter's "non-match" is made
of."""

from collections.abc import Sequence
from typing import NamedTuple

from resolver.matching.kinds import Kind, Shared

TWIN = "twins"
JUNIOR = "juniors"
AT_HOME = ("household", TWIN, JUNIOR)
NEIGHBOURS, ORIGIN = "neighbours", "origin"
PER_HOUSEHOLD = {TWIN: (0.01, 1e9), JUNIOR: (0.005, 0.1)}
"""Of two records of one household, at least and at most so many are of twins, or of father and son."""


class Explanation(NamedTuple):
    """One way to be two people and look alike. ``start``: pairs of it per record before anything is
    learnt."""

    name: str
    start: float

    def of(self, kind: Kind) -> Shared | None:
        """What such people have in common in a comparison of this kind; None where they agree as strangers
        do."""
        if self.name == TWIN:
            return None if kind.twin_same or kind.twin_never else kind.household
        if self.name in ("household", JUNIOR):
            return kind.household
        return {NEIGHBOURS: kind.neighbours, "namesakes": kind.namesakes}.get(self.name)

    def like_one(self, kind: Kind) -> bool:
        """Whether such people agree here as often as one person does with herself."""
        return (self.name == TWIN and kind.twin_same) or (self.name == JUNIOR and kind.twin_never)

    def has_in_common(self, kind: Kind) -> bool:
        """Whether such people agree in one value for a reason, so that its rarity speaks for them as well."""
        prior = self.of(kind)
        return self.like_one(kind) or (prior is not None and not prior.strangers)

    def applies(self, kinds: Sequence[Kind]) -> bool:
        """Whether the comparisons can tell it from one person: something shared, and something that isn't."""
        if self.name == ORIGIN:
            return sum(kind.whole == slice(1) for kind in kinds) == 2
        if self.name in PER_HOUSEHOLD:
            return any(kind.twin_same for kind in kinds) and any(kind.twin_never for kind in kinds)
        shared = [prior for kind in kinds if (prior := self.of(kind)) is not None]
        if self.name == NEIGHBOURS:
            return 0 < len(shared) < len(kinds)
        own = [kind for kind in kinds if kind.own and ((prior := self.of(kind)) is None or prior.strangers)]
        if self.name == "namesakes":
            return any(prior.strangers for prior in shared) and len(shared) > 1
        return bool(own) and any(not prior.strangers for prior in shared)


EXPLANATIONS: tuple[Explanation, ...] = (
    Explanation("household", 0.05),
    Explanation(TWIN, 0.0005),
    Explanation(JUNIOR, 0.0005),
    Explanation(NEIGHBOURS, 0.5),
    Explanation("namesakes", 0.02),
    Explanation(ORIGIN, 1.0),
)
"""household: they share an address, often a surname, a phone, an e-mail; twins: the birth date as well;
juniors: the given name as well; neighbours: the place only, which several traits tell at once; namesakes: a
given name and what e-mail addresses make of it."""

BY_NAME = {explanation.name: explanation for explanation in EXPLANATIONS}
