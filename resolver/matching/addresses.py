"""Streets: abbreviations read alike, the house number apart."""

import re
from functools import lru_cache

from rapidfuzz.distance import OSA, JaroWinkler

from graph_schema.bundled_files import bundled_lines
from resolver.matching.text import fold, of_two_scripts
from resolver.matching.values import Atoms, Value

STREET_LEVELS = (
    "same street and number", "same street, no number to compare", "close street, same number",
    "close street, no number to compare", "same street, other number", "close street, other number",
    "near", "unlike",
)  # fmt: skip

_SHORT = {
    long: short for short, *longs in map(str.split, bundled_lines("street_words.txt")) for long in longs
}
_NUMBER = re.compile(r"^\d+(?:[a-z]|bis|ter|quater)?$")
_APART = re.compile(r"(?<=\d) (?=(?:[a-z]$|(?:bis|ter|quater)\b))")
"""Between a number and what belongs to it; "500 C Street" is another street than D."""
_JOINED = re.compile(r"(?<=[a-z]{3})(strasse|street|str|weg|platz|gasse|allee)$")


@lru_cache(maxsize=1 << 15)
def read(text: str) -> Value:
    """(street, house number) of a line like "12a High Street", "Hauptstr. 5 a", "12 bis rue Foch",
    "3/17 Wattle Cct"."""
    words, numbers = [], []
    for word in _APART.sub("", fold(text)).split():
        if _NUMBER.match(word):
            numbers.append(word)
            continue
        joined = _JOINED.search(word)
        if joined and joined.start():
            words += [word[: joined.start()], _SHORT.get(joined.group(1), joined.group(1))]
        else:
            words.append(_SHORT.get(word, word))
    if not words and not numbers:
        return ()
    return (" ".join(words), " ".join(numbers))


def _numbers(one: str, two: str) -> int:
    """0 the same, 1 nothing to compare, 2 other."""
    if not one or not two:
        return 1
    return 0 if set(one.split()) & set(two.split()) else 2


def street_level(one: Value, two: Value) -> int:
    """Compares streets with house numbers, abbreviations read alike ("Street", "St.", "Straße", "str.").

    - same street and number; close street, same number: a slip or a word more in the street's name
    - same or close street, no number to compare: one of them gives none
    - same or close street, other number: neighbours, or a wrong digit
    - near: the street's name shares much of its letters, or only number and beginning are the same
    - unlike: none of these

    Says nothing of streets in two scripts.
    """
    number = _numbers(one[1], two[1])
    street, other = one[0], two[0]
    if street == other:
        return (0, 1, 4)[number]
    if not street or not other:
        return 6 if number == 0 else 7
    likeness = JaroWinkler.similarity(street, other, score_cutoff=0.75)
    allowed = 2 if min(len(street), len(other)) > 7 else 1
    close = likeness >= 0.92 or OSA.distance(street, other, score_cutoff=2) <= allowed
    if not close and " " in street and " " in other:
        words, others = set(street.split()), set(other.split())
        close = (words <= others or others <= words) and len(words & others) > 1
    if close:
        return (2, 3, 5)[number]
    if of_two_scripts(street, other):
        return -1
    return 6 if likeness >= 0.8 or (number == 0 and likeness > 0.0) else 7


def street_atoms(value: Value) -> Atoms:
    """Street and number, the street, the number with the street's first two letters, the street's first
    five."""
    street, number = value
    if not street:
        return (("street number", number),)
    named = (("street", street), ("beginning", street[:5]))
    numbered = (("street number", f"{street} {number}"), ("number and two letters", f"{number} {street[:2]}"))
    return named + numbered if number else named
