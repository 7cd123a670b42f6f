"""The steps of a resolution, and what a step can leave open."""

from dataclasses import dataclass
from typing import Literal

from tests.reference.evidence import Group, Namespace

Kind = Literal["unique", "different", "veto", "known"]


@dataclass(frozen=True)
class Step:
    """One walk through rules 1 to 4: judgements, a namespace (its first pass, or all), or its claims."""

    kind: Literal["judgements", "single", "all", "claims"]
    namespace: Namespace | None

    @property
    def only_anonymous(self) -> bool:
        """Whether two known groups may not meet in it."""
        return self.kind == "claims" or (self.namespace is not None and self.namespace.joins == "anonymous")


@dataclass(frozen=True)
class Contested:
    """A component that could not be one person: the anchors by each conflict, as before the step."""

    step: Literal["judgements", "single", "all", "claims"]
    namespace: str | None
    conflicts: frozenset[tuple[Kind, frozenset[Group]]]

    @property
    def anchors(self) -> frozenset[Group]:
        """The groups that stay apart."""
        return frozenset(g for _, groups in self.conflicts for g in groups)

    @property
    def kinds(self) -> frozenset[Kind]:
        """What forbids that they meet."""
        return frozenset(kind for kind, _ in self.conflicts)


@dataclass(frozen=True)
class Doubt:
    """A part that was left ambiguous at a step, and the anchors that it was tied to."""

    part: Group
    anchors: frozenset[Group]
