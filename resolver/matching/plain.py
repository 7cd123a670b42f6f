"""Traits of no special kind: codes, texts, categories, numbers."""

from math import isfinite

from rapidfuzz.distance import OSA, JaroWinkler

from resolver.matching.text import fold, of_two_scripts, unfloat
from resolver.matching.values import Atoms, Value

CODE_LEVELS = (
    "same", "one letter or digit wrong", "two letters or digits wrong", "common beginning",
    "unlike",
)  # fmt: skip
TEXT_LEVELS = ("same", "close", "near", "unlike")
EXACT_LEVELS = ("same", "unlike")
NUMBER_LEVELS = ("same", "within one per cent", "within ten per cent", "unlike")


def folded(text: str) -> Value:
    """A value in folded form."""
    found = fold(unfloat(text))
    return (found,) if found else ()


def read_code(text: str) -> Value:
    """A code's letters and digits, in lower case, without the gaps."""
    return tuple(found.replace(" ", "") for found in folded(text))


def read_number(text: str) -> Value:
    """A number, in one notation; none that is beyond all others, and within any share of these."""
    try:
        number = float(text.strip().replace(",", ".")) + 0.0
    except ValueError:
        return ()
    return (f"{number:.12g}",) if isfinite(number) else ()


def code_level(one: Value, two: Value) -> int:
    """Compares postcodes, numbers of documents and houses, and other codes, gaps and case apart.

    - same; one letter or digit wrong (or two neighbours changed round); two wrong, in codes of four or more
    - common beginning: the first half, of at least two, is the same
    - unlike: none of these
    """
    mine, other = one[0], two[0]
    if mine == other:
        return 0
    shorter = min(len(mine), len(other))
    edits = OSA.distance(mine, other, score_cutoff=2)
    if edits == 1 and shorter >= 2:
        return 1
    if edits == 2 and shorter >= 4:
        return 2
    half = max(2, (max(len(mine), len(other)) + 1) // 2)
    return 3 if shorter >= half and mine[:half] == other[:half] else 4


def code_atoms(value: Value) -> Atoms:
    """The code whole, its first half, its second half."""
    half = (len(value[0]) + 1) // 2
    if half < 2:
        return (("whole", value[0]),)
    return (("whole", value[0]), ("first half", value[0][:half]), ("second half", value[0][half:]))


def text_level(one: Value, two: Value) -> int:
    """Compares places and other short texts.

    - same, accents and case apart
    - close: one or two letters wrong, or one has only words of the other ("Frankfurt", "Frankfurt am Main")
    - near: shares much of its letters, or a word of four letters or more
    - unlike: none of these

    Says nothing of two scripts.
    """
    mine, other = one[0], two[0]
    if mine == other:
        return 0
    likeness = JaroWinkler.similarity(mine, other, score_cutoff=0.7)
    allowed = 1 if min(len(mine), len(other)) < 7 else 2
    if likeness >= 0.94 or (likeness > 0.0 and OSA.distance(mine, other, score_cutoff=allowed) <= allowed):
        return 1
    if " " in mine or " " in other:
        words, others = set(mine.split()), set(other.split())
        if words <= others or others <= words:
            return 1
        if any(len(word) >= 4 for word in words & others):
            return 2
    return -1 if of_two_scripts(mine, other) else 2 if likeness >= 0.82 else 3


def text_atoms(value: Value) -> Atoms:
    """The text whole, and its first four letters."""
    return (("whole", value[0]), ("beginning", value[0][:4]))


def exact_level(one: Value, two: Value) -> int:
    """Compares categories: same (accents and case apart), or unlike."""
    return 0 if one == two else 1


def exact_atoms(value: Value) -> Atoms:
    """The value whole."""
    return (("whole", value[0]),)


def number_level(one: Value, two: Value) -> int:
    """Compares amounts: same, within one per cent of the larger, within ten, or unlike."""
    if one == two:
        return 0
    mine, other = float(one[0]), float(two[0])
    apart, larger = abs(mine - other), max(abs(mine), abs(other))
    if apart <= 0.01 * larger:
        return 1
    return 2 if apart <= 0.1 * larger else 3
