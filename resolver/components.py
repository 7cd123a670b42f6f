"""What values connect: groups of records tied by one value, and the connected components under such ties."""

from collections.abc import Set
from typing import NamedTuple

from resolver.together import Together


class Tie(NamedTuple):
    """The groups that one value (None: a judgement) connects, and the records that hold it."""

    value: int | None
    records: tuple[int, ...]
    groups: frozenset[int]


def components(ties: list[Tie], among: Set[int] | None = None) -> list[tuple[set[int], list[Tie]]]:
    """The connected components of groups under ties, each with the ties that reach it.

    ``among``: of these groups alone, such as what is left of a component without its anchors. A tie connects
    those of its groups that are among them, and reaches nothing where none is.
    """
    together = Together[int]()
    reached = [(tie, tie.groups if among is None else tie.groups & among) for tie in ties]
    reached = [(tie, groups) for tie, groups in reached if groups]
    for _, groups in reached:
        together.join(groups)
    found: dict[int, tuple[set[int], list[Tie]]] = {}
    for tie, groups in reached:
        component = found.setdefault(together.find(next(iter(groups))), (set(), []))
        component[0].update(groups)
        component[1].append(tie)
    return list(found.values())
