"""Which blocking keys a table needs: all that could be used are tried, and the few that find the pairs are
kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph_schema.errors import Invalid
from resolver.matching.blocking import Floats, Ints, pairs_of_blocks
from resolver.matching.content import atoms_of
from resolver.matching.model import Comparison
from resolver.matching.table import Column

_ODD = 0x9E3779B97F4A7C15 & 0x7FFFFFFFFFFFFFFF
_MIN_GAIN = 0.0005
_MOST_KEYS = 40


@dataclass
class Atoms:
    """Per type of atom, the number of each record's (first) text; -1 where it has none."""

    types: list[str]
    columns: list[Ints]

    @classmethod
    def of(cls, comparisons: Sequence[Comparison], columns: Sequence[Column]) -> "Atoms":
        """The atoms of all records, taken from each distinct cell once."""
        found: dict[str, Ints] = {}
        for comparison, column in zip(comparisons, columns, strict=True):
            numbers: dict[str, dict[str, int]] = {}
            of_cells: dict[str, Ints] = {}
            for cell, values in enumerate(column.distinct):
                for kind, texts in atoms_of((comparison,), (values,)).items():
                    if texts:
                        known = numbers.setdefault(kind, {})
                        if kind not in of_cells:
                            of_cells[kind] = np.full(len(column.distinct) + 1, -1, np.int64)
                        of_cells[kind][cell] = known.setdefault(texts[0], len(known))
            found.update((kind, numbered[column.of]) for kind, numbered in of_cells.items())
        types = sorted(found)
        return cls(types, [found[kind] for kind in types])

    def column(self, key: tuple[int, ...]) -> Ints:
        """The number of each record's key of one or two types; -1 where a part is missing."""
        first = self.columns[key[0]]
        if len(key) == 1:
            return first
        second = self.columns[key[1]]
        return np.where((first < 0) | (second < 0), -1, first * (int(second.max()) + 1) + second)

    def possible(self) -> list[tuple[int, ...]]:
        """Every key type: each atom by itself, each two of different comparisons."""
        owners = [kind.partition(": ")[0] for kind in self.types]
        singles: list[tuple[int, ...]] = [(place,) for place in range(len(self.types))]
        doubles = [
            (one, two) for one in range(len(owners)) for two in range(one) if owners[one] != owners[two]
        ]
        return singles + doubles

    def named(self, key: tuple[int, ...]) -> tuple[str, ...]:
        """A key type as the model file names it."""
        return tuple(self.types[place] for place in key)


def sizes(column: Ints) -> Ints:
    """How many records share each record's key; 0 where it has none."""
    found = np.zeros(len(column), np.int64)
    has = column >= 0
    _, where, counts = np.unique(column[has], return_inverse=True, return_counts=True)
    found[has] = counts[where]
    return found


def candidates(atoms: Atoms, cap: int, one_in: int) -> tuple[Ints, Ints]:
    """Pairs that share any possible key within the cap; of many pairs one in so many, by a hash of the pair.

    Two-part keys are tried only for records whose parts are both over the cap: finer keys find nothing new
    else.
    """
    records = len(atoms.columns[0]) if atoms.columns else 0
    large = [sizes(column) > cap for column in atoms.columns]
    found = [np.zeros(0, np.int64)]
    for key in atoms.possible():
        column = atoms.column(key)
        use = column >= 0 if len(key) == 1 else (column >= 0) & large[key[0]] & large[key[1]]
        owners = np.flatnonzero(use)
        pairs = pairs_of_blocks(column[owners], owners, cap, records)
        if one_in > 1:
            pairs = pairs[((pairs * _ODD) >> 20) % one_in == 0]
        found.append(pairs)
    all_pairs = np.unique(np.concatenate(found))
    return all_pairs // max(records, 1), all_pairs % max(records, 1)


def choose(
    atoms: Atoms, left: Ints, right: Ints, weights: Floats, cap: int
) -> list[tuple[tuple[int, ...], str]]:
    """Key types that together find nearly all of these pairs of one person, the most fruitful first, with
    why.

    A pair counts as found well when keys find it that would also do so in a table some times as large, and
    again, less, when a second key finds it: what one slip hides another key shows.
    """
    total = float(weights.sum())
    if total <= 0:
        return [
            (key, "nothing to learn from: every part by itself") for key in atoms.possible() if len(key) == 1
        ]
    finds: dict[tuple[int, ...], Floats] = {}
    cost: dict[tuple[int, ...], float] = {}
    for key in atoms.possible():
        column = atoms.column(key)
        held = sizes(column)
        size = held[left]
        both = (column[left] >= 0) & (column[left] == column[right]) & (size <= cap)
        if float(weights[both].sum()) < _MIN_GAIN * total:
            continue
        finds[key] = np.where(both, np.minimum(1.0, cap / 2 / np.maximum(size, 1)) ** 0.5, 0.0)
        cost[key] = 1.0 + float(np.where(held <= cap, np.maximum(held - 1, 0), 0).sum()) / len(held)
    missed = np.ones(len(left))
    chosen: list[tuple[tuple[int, ...], str]] = []
    while finds and len(chosen) < _MOST_KEYS:
        gain = {key: float((weights * missed * found).sum()) / total for key, found in finds.items()}
        key = max(gain, key=lambda one: (gain[one] / cost[one] ** 0.25, one))
        if gain[key] < _MIN_GAIN:
            break
        chosen.append((key, f"finds {gain[key]:.1%} more of the estimated pairs"))
        missed *= 1.0 - 0.8 * finds.pop(key)
    return chosen


def of_traits(
    comparisons: tuple[Comparison, ...], atoms: Atoms, traits: Sequence[tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    """Key types of whole values of these traits: of the first part that each trait's comparison has.

    Raises ``Invalid`` for a key of more than two traits, or of a trait that is not compared.
    """
    found = []
    for names in traits:
        if not 1 <= len(names) <= 2:
            raise Invalid("matching.blocking", "A key is of one trait or of two.")
        key = []
        for name in names:
            holders = [one for one in comparisons if name in one.traits]
            # Names have two comparisons of the same traits; the second is the surname's.
            one = holders[-1 if holders and (name,) == holders[0].traits[1:2] else 0] if holders else None
            parts = [kind for kind in atoms.types if one and kind.startswith(f"{one.name}: ")]
            if not parts:
                raise Invalid("matching.blocking", f"{name} is not compared; see [[matching.comparison]].")
            key.append(max(parts, key=lambda kind: (kind.endswith(": whole"), _distinct(atoms, kind))))
        found.append(tuple(key))
    return tuple(found)


def _distinct(atoms: Atoms, kind: str) -> int:
    return len(np.unique(atoms.columns[atoms.types.index(kind)]))
