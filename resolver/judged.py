"""What the judgements say of each pair of records: held together, or kept apart.

On a pair the newest word stands, of two at one time ``different``. Pairs are many (a person of five thousand
records has twelve million), so records of which the same sides speak are taken together, as one *cell*.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from graph_schema.vocabulary import Judgement, RecordKey


@dataclass(frozen=True)
class Judged:
    """The words that stand. ``ties`` hold all their records together; ``cell`` names the cell of a record
    and ``apart`` the cells that each cell is kept apart from."""

    ties: tuple[tuple[int, ...], ...] = ()
    cell: Mapping[int, int] = field(default_factory=dict)
    apart: Mapping[int, frozenset[int]] = field(default_factory=dict)


def judge(judgements: Iterable[Judgement], ids: Mapping[RecordKey, int]) -> Judged:
    """The words of ``judgements`` that stand, over the records that ``ids`` names; retracted ones are left
    out."""
    standing = [judgement for judgement in judgements if judgement.retracted_at is None]
    sides: dict[int, set[tuple[int, bool]]] = {}
    for number, judgement in enumerate(standing):
        for first, side in ((True, judgement.a), (False, judgement.b)):
            for key in side:
                if key in ids:
                    sides.setdefault(ids[key], set()).add((number, first))
    if not sides:
        return Judged()
    cells: dict[frozenset[tuple[int, bool]], list[int]] = {}
    for record, signature in sides.items():
        cells.setdefault(frozenset(signature), []).append(record)
    signatures = list(cells)
    ties = [tuple(members) for members in cells.values() if len(members) > 1]
    apart: dict[int, set[int]] = {}
    for (one, ours), (two, theirs) in combinations(enumerate(signatures), 2):
        word = _newest(standing, ours, theirs)
        if word == "same":
            ties.append(tuple(cells[ours] + cells[theirs]))
        elif word == "different":
            apart.setdefault(one, set()).add(two)
            apart.setdefault(two, set()).add(one)
    return Judged(
        tuple(ties),
        {record: number for number, signature in enumerate(signatures) for record in cells[signature]},
        {cell: frozenset(others) for cell, others in apart.items()},
    )


def _newest(
    judgements: list[Judgement], ours: frozenset[tuple[int, bool]], theirs: frozenset[tuple[int, bool]]
) -> str | None:
    """The newest word on a pair of one record of each cell, or None where no judgement speaks of both."""
    words: list[tuple[bool, int, bool]] = []
    for number, first in ours:
        for other, side in theirs:
            if number == other:
                at = judgements[number].at
                different = judgements[number].kind == "different" and first != side
                words.append((at is not None, at or 0, different))
    if not words:
        return None
    return "different" if max(words)[2] else "same"
