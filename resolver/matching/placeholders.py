"""Values that stand for none: the birth date of all whose birth date nobody asked for."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from resolver.matching.blocking import Ints
from resolver.matching.dates import date_level
from resolver.matching.kinds import KINDS
from resolver.matching.model import Comparison
from resolver.matching.table import Cell, Column, share_alike

_NAMES = ("given name", "surname", "name")
_LEAST, _SHARE = 20, 0.005
"""In so many records, and in this share of all that have any, no value is one person's or one home's..."""

_NEW_YEAR = ("01", "01")
_OF_ONE_NAME = 0.3
"""... unless so many pairs of them begin their name alike: then it is somebody with many records."""


def placeholders(comparisons: Sequence[Comparison], columns: Sequence[Column]) -> list[set[Cell]]:
    """Per comparison the cells that say nothing: what should be a person's own and many have, by other
    names."""
    named = [column for one, column in zip(comparisons, columns, strict=True) if one.kind in _NAMES]
    found: list[set[Cell]] = [set() for _ in columns]
    if not named:
        return found
    begun = named[0].numbered(lambda name: name[0][:2])
    for one, column, none in zip(comparisons, columns, found, strict=True):
        if KINDS[one.kind].personal:
            dated = KINDS[one.kind].level is date_level
            none.update(_often(column, begun, _of_each_year(column) if dated else {}))
    return found


def _often(column: Column, begun: Ints, years: Mapping[str, int]) -> Iterator[Cell]:
    sizes = np.bincount(column.of[column.of >= 0], minlength=len(column.distinct))
    for one in np.flatnonzero(sizes >= max(_LEAST, _SHARE * sizes.sum())).tolist():
        cell = column.distinct[one]
        # Where of most only the year is known, 1 January stands for that.
        only_year = cell[0][1:] == _NEW_YEAR and 2 * sizes[one] < years.get(cell[0][0], 0)
        if len(cell) == 1 and not only_year and share_alike(begun[column.of == one]) < _OF_ONE_NAME:
            yield cell


def _of_each_year(column: Column) -> Mapping[str, int]:
    """How many records have a date of each year."""
    found = Counter[str]()
    for cell, many in zip(column.distinct, np.bincount(column.of + 1)[1:].tolist(), strict=True):
        found[cell[0][0]] += many
    return found
