"""Why two records may look alike without being of one person: what Fellegi and Sunter's "non-match" is made
of."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from resolver.matching.blocking import Floats
from resolver.matching.contacts import EMAIL_LEVELS
from resolver.matching.kinds import Kind, Shared

TWIN = "twins"
JUNIOR = "juniors"
AT_HOME = ("household", TWIN, JUNIOR)
NEIGHBOURS, BEARERS, ORIGIN = "neighbours", "bearers", "origin"
PER_HOUSEHOLD = {TWIN: (0.01, 1e9), JUNIOR: (0.005, 0.1)}
"""Of two records of one household, at least and at most so many are of twins, or of father and son."""

_BEARERS_SHARE = 0.1
"""So much is taken from whoever bears one name, where e-mail addresses don't tell: a seventh of a bit."""

_SAME_OF_TWO, _NEVER = 0.1, 2.0**-16
"""How often two who bear one name have one thing before the @ at two providers; names that are unlike."""


class Explanation(NamedTuple):
    """One way to be two people and look alike. ``start``: pairs of it per record before anything is learnt;
    ``fixed``: its share of all pairs where that is not learnt."""

    name: str
    start: float = 0.0
    fixed: float = 0.0

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
        if self.name in (BEARERS, ORIGIN):
            made_of_names = self.name == ORIGIN or any(
                kind.namesakes and kind.namesakes.strangers for kind in kinds
            )
            return made_of_names and sum(kind.whole == slice(1) for kind in kinds) == 2
        if self.name in PER_HOUSEHOLD:
            return any(kind.twin_same for kind in kinds) and any(kind.twin_never for kind in kinds)
        shared = [prior for kind in kinds if (prior := self.of(kind)) is not None]
        if self.name == NEIGHBOURS:
            return 0 < len(shared) < len(kinds)
        own = [kind for kind in kinds if kind.own and ((prior := self.of(kind)) is None or prior.strangers)]
        if self.name == "namesakes":
            return any(prior.strangers for prior in shared) and len(shared) > 1
        return bool(own) and any(not prior.strangers for prior in shared)


def by_chance_of_one_name(kind: Kind, u: Floats) -> Floats:
    """Bits per level against two at random for two whose names are alike by chance: so is what e-mail
    addresses make of them, above the share that these have of all pairs."""
    ratio = np.zeros(len(u))
    if kind.whole == slice(1):
        ratio[-1] = np.log2(_NEVER)
    elif kind.levels is EMAIL_LEVELS:
        same = EMAIL_LEVELS.index("same before the @")
        ratio[same] = max(0.0, np.log2(_SAME_OF_TWO / u[same] / _BEARERS_SHARE))
    return ratio


EXPLANATIONS: tuple[Explanation, ...] = (
    Explanation("household", 0.05),
    Explanation(TWIN, 0.0005),
    Explanation(JUNIOR, 0.0005),
    Explanation(NEIGHBOURS, 0.5),
    Explanation("namesakes", 0.02),
    Explanation(BEARERS, fixed=_BEARERS_SHARE),
    Explanation(ORIGIN, 1.0),
)
"""household: they share an address, often a surname, a phone, an e-mail; twins: the birth date as well;
juniors: the given name as well; neighbours: the place only, which several traits tell at once; namesakes: a
given name and what e-mail addresses make of it; bearers: all of a name, by chance."""

BY_NAME = {explanation.name: explanation for explanation in EXPLANATIONS}
