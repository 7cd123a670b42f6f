"""What can be told of many pairs of values at once: most are, and the rest is compared one by one.

Each function gets the values of a table and the places of both of each pair in them, and gives the pairs'
levels, ``ASK`` where that takes the comparison itself. What it tells is what the comparison would.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from resolver.matching import addresses, contacts, plain
from resolver.matching.blocking import Bools, Floats, Ints
from resolver.matching.nicknames import has_others
from resolver.matching.text import scripts
from resolver.matching.values import Value

ASK = -2

Quick: TypeAlias = Callable[[Sequence[Value], Ints, Ints], Ints]


def _numbers(texts: Iterable[Hashable]) -> Ints:
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(text, len(known)) for text in texts], np.int64)


def _bits(texts: Sequence[str], least: int = 1) -> Ints:
    """The words of each text, of so many letters at least, as bits; other words may have the same."""
    words = dict.fromkeys(word for text in texts for word in text.split())
    bit = {word: 1 << place % 62 if len(word) >= least else 0 for place, word in enumerate(words)}
    return np.array([sum({bit[word] for word in text.split()}) for text in texts], np.int64)


def _may_hold(texts: Sequence[str], one: Ints, two: Ints) -> Bools:
    """Whether all words of one may be words of the other."""
    bits = _bits(texts)
    mine, theirs = bits[one], bits[two]
    return np.asarray((mine & ~theirs == 0) | (theirs & ~mine == 0), np.bool_)


def _measured(texts: Sequence[str], pairs: tuple[Ints, Ints], at: Ints, near: float | int) -> Floats:
    """How alike the texts are of the pairs at these places, 0 below ``near``; by how many edits they differ,
    one more than that many for more, where it's whole."""
    ones, others = ([texts[place] for place in side[at].tolist()] for side in pairs)
    how: Any = OSA.distance if isinstance(near, int) else JaroWinkler.similarity
    return np.asarray(cpdist(ones, others, scorer=how, score_cutoff=near, dtype=np.float64))


def _where_far(candidates: Bools, texts: Sequence[str], pairs: tuple[Ints, Ints], near: float | int) -> Bools:
    """Of which candidates the texts are less like than ``near``; or by more edits apart, where it's whole."""
    at, far = np.flatnonzero(candidates), np.zeros(len(candidates), np.bool_)
    found = _measured(texts, pairs, at, near)
    far[at] = found > near if isinstance(near, int) else found == 0
    return far


def _of_two_scripts(texts: Sequence[str], one: Ints, two: Ints) -> Bools:
    """Whether the texts may have no script in common."""
    written = _numbers(map(scripts, texts))
    return np.asarray(written[one] != written[two], np.bool_)


def _named(values: Sequence[Value], texts: list[str], pairs: tuple[Ints, Ints], levels: list[int]) -> Ints:
    """Names by these texts of theirs: the levels for close, near, unlike, an initial. ``ASK`` where other
    words may matter, or the places may have changed."""
    (one, two), sizes = pairs, np.array([len(text) for text in texts])
    shorter = np.minimum(sizes[one], sizes[two])
    whole, letters, beginnings = (_numbers(text[:most] for text in texts) for most in (None, 1, 3))
    likeness = _measured(texts, pairs, np.arange(len(one)), 0.6)
    # As `_are_alike` in names.py says: what is not quite as like is close by one slip of a long name.
    close = likeness >= 0.92
    slip = np.flatnonzero((likeness > 0) & ~close & (shorter >= 4))
    close[slip] = _measured(texts, pairs, slip, 1) <= 1
    near = (likeness >= 0.78) | (beginnings[one] == beginnings[two]) & (shorter >= 3)
    initial = (shorter == 1) & (letters[one] == letters[two])
    found = np.array(levels)[np.where(initial, 3, np.where(close, 0, np.where(near, 1, 2)))]
    found[whole[one] == whole[two]] = 0
    # Of several words each may be the other's; only without any in common such names are surely unlike.
    several = np.array([any(" " in part for part in value) for value in values])
    bits = _bits([" ".join(value) for value in values])
    told = (found == levels[2]) & (shorter > 1) & (bits[one] & bits[two] == 0)
    found[(several[one] | several[two]) & ~told | _of_two_scripts(texts, one, two)] = ASK
    if len(values[0]) > 1:
        # Where a given name begins as the other's surname does, they may have changed places.
        first, other = np.array([[text[:1] for text in value] for value in values]).T
        found[((first[one] == other[two]) | (other[one] == first[two])) & (whole[one] != whole[two])] = ASK
    return found


def _unlike(far: Bools, levels: Sequence[str]) -> Ints:
    return np.where(far, len(levels) - 1, ASK)


def _given(values: Sequence[Value], one: Ints, two: Ints) -> Ints:
    texts = [value[0].split()[0] for value in values]
    found = _named(values, texts, (one, two), [3, 4, 6, 5])
    known = np.array([has_others(text) for text in texts])
    found[known[one] & known[two] & (found > 0)] = ASK
    return found


def _surname(values: Sequence[Value], one: Ints, two: Ints) -> Ints:
    return _named(values, [value[0] for value in values], (one, two), [1, 3, 5, 4])


def _street(values: Sequence[Value], one: Ints, two: Ints) -> Ints:
    streets = [value[0] for value in values]
    empty = np.array([not street for street in streets])
    may = ~_may_hold(streets, one, two) & ~(empty[one] | empty[two]) & ~_of_two_scripts(streets, one, two)
    far = _where_far(_where_far(may, streets, (one, two), 0.75), streets, (one, two), 2)
    return _unlike(far, addresses.STREET_LEVELS)


def _coded(part: slice, levels: Sequence[str]) -> Quick:
    """For codes: far are those of three edits or more that don't have this part in common."""

    def quick(values: Sequence[Value], one: Ints, two: Ints) -> Ints:
        texts = [value[0] for value in values]
        parts = _numbers(text[part] for text in texts)
        return _unlike(_where_far(parts[one] != parts[two], texts, (one, two), 2), levels)

    return quick


def _text(values: Sequence[Value], one: Ints, two: Ints) -> Ints:
    texts = [value[0] for value in values]
    long = _bits(texts, 4)
    may = ~_may_hold(texts, one, two) & ((long[one] & long[two]) == 0) & ~_of_two_scripts(texts, one, two)
    return _unlike(_where_far(may, texts, (one, two), 0.7), plain.TEXT_LEVELS)


def _email(values: Sequence[Value], one: Ints, two: Ints) -> Ints:
    local, domain = [value[0] for value in values], _numbers(value[1] for value in values)
    far = _where_far(np.ones(len(one), np.bool_), local, (one, two), 0.7)
    return np.where(far, np.where(domain[one] == domain[two], 4, 5), ASK).astype(np.int64)


def _date(values: Sequence[Value], one: Ints, two: Ints) -> Ints:
    years, full = np.array([(int(value[0]), bool(value[2])) for value in values], np.int64).T
    parts = _numbers(part for value in values for part in value[1:])
    apart = np.abs(years[one] - years[two])
    may = (apart > 1) & (full[one] & full[two] > 0)
    may &= (parts[::2][one] != parts[::2][two]) | (parts[1::2][one] != parts[1::2][two])
    far = _where_far(may, ["".join(value) for value in values], (one, two), 2)
    return np.where(far, np.where(apart <= 10, 7, 8), ASK).astype(np.int64)


_CODE = _coded(slice(2), plain.CODE_LEVELS)
QUICK: dict[str, Quick] = {
    "given name": _given, "surname": _surname, "name": _surname, "street": _street, "code": _CODE,
    "place code": _CODE, "text": _text, "place": _text, "email": _email,
    **dict.fromkeys(("exact", "country"), lambda _, one, two: np.where(one == two, 0, 1)),
    "birth date": _date, "date": _date, "phone": _coded(slice(-7, None), contacts.PHONE_LEVELS),
}  # fmt: skip
"""By the kind of comparison."""
