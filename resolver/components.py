"""What values connect: groups of records tied by one value, and the connected components under such ties."""

from typing import NamedTuple

from resolver.together import Together


class Tie(NamedTuple):
    """The groups that one value (None: a judgement) connects, and the records that hold it."""

    value: int | None
    records: tuple[int, ...]
    groups: frozenset[int]


def components(ties: list[Tie]) -> list[tuple[set[int], list[Tie]]]:
    """The connected components of groups under ties, each with its ties."""
    together = Together[int]()
    for tie in ties:
        together.join(tie.groups)
    found: dict[int, tuple[set[int], list[Tie]]] = {}
    for tie in ties:
        component = found.setdefault(together.find(next(iter(tie.groups))), (set(), []))
        component[0].update(tie.groups)
        component[1].append(tie)
    return list(found.values())


def parts_of(groups: set[int], ties: list[Tie]) -> list[tuple[set[int], list[Tie]]]:
    """What is left of a component without its anchors: connected parts, each with the ties that reach it.

    A tie between anchors alone reaches no part; a tie of one group and anchors makes a part of that group.
    """
    inner = [tie._replace(groups=tie.groups & groups) for tie in ties if tie.groups & groups]
    whole = {id(small): tie for small, tie in zip(inner, (t for t in ties if t.groups & groups), strict=True)}
    return [(part, [whole[id(tie)] for tie in within]) for part, within in components(inner)]
