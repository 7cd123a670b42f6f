"""People's names: how they are taken apart, how two of them are compared, and by what they are found."""

from functools import lru_cache

from rapidfuzz.distance import OSA, JaroWinkler

from graph_schema.bundled_files import bundled_lines
from resolver.matching.nicknames import is_common, may_be_one
from resolver.matching.text import fold, of_two_scripts, sound
from resolver.matching.values import Atoms, Traits, Value, texts

_TITLES, _PARTICLES = (frozenset(line.split()) for line in bundled_lines("name_words.txt"))

PERSON = ("firstName", "lastName", "name", "middleName")
"""The traits that name a person, in the places in which comparisons list them: given name, surname, both in
one, middle name. "" where there is no such."""

GIVEN_LEVELS = ("same", "known short form", "first and last swapped", "close", "near", "initial", "unlike")
SURNAME_LEVELS = ("same", "close", "part of a double name", "near", "initial", "unlike")
NAME_LEVELS = ("same", "close", "part of it", "near", "initial", "unlike")


def _are_alike(one: str, two: str) -> int:
    """0 for close, 1 for near, 2 for neither."""
    likeness = JaroWinkler.similarity(one, two, score_cutoff=0.6)
    if likeness >= 0.92 or (likeness and min(len(one), len(two)) >= 4 and OSA.distance(one, two) <= 1):
        return 0
    return 1 if likeness >= 0.78 or (one[:3] == two[:3] and min(len(one), len(two)) >= 3) else 2


def _is_initial(one: str, two: str) -> bool:
    return (len(one) == 1 or len(two) == 1) and one[:1] == two[:1]


def _are_swapped(one: Value, two: Value) -> bool:
    """Whether given name and surname changed places: one of them is found again, nearly, and the other in
    part."""
    (given, surname), (other_given, other_surname) = one, two
    if not (given and surname and other_given and other_surname):
        return False
    if given[0] != other_surname[0] and surname[0] != other_given[0]:
        return False
    if given == surname or other_given == other_surname:
        return False
    if _are_alike(given, other_surname):
        return not _are_alike(surname, other_given) and _is_part(given, other_surname)
    return _is_part(surname, other_given) or not _are_alike(surname, other_given)


def _is_the_surname(one: Value, two: Value) -> bool:
    """Whether the only name of one, put down as a given name, is the other's surname."""
    (alone, nothing), (_, surname) = (two, one) if one[1] else (one, two)
    if nothing or not surname:
        return False
    return alone in surname.split() or (alone[0] == surname[0] and not _are_alike(alone, surname))


def _is_part(one: str, two: str) -> bool:
    return one.startswith(two) or two.startswith(one)


def given_level(one: Value, two: Value) -> int:
    """Compares given names.

    - same: letter for letter, accents, case and script apart ("José", "JOSE")
    - known short form: one stands for the other ("Bob", "Robert"), or one has further names ("Anna Maria",
      "Anna")
    - first and last swapped: each one's given name is the other's surname, or its beginning; or the only
      name of one is the other's surname
    - close: one letter typed wrong ("Micheal"), or nearly the same spelling
    - near: they begin alike or share much of their letters
    - initial: one is only the first letter of the other
    - unlike: none of these

    Says nothing where they are written in two scripts that aren't put into one ("太郎", "Taro").
    """
    mine, other = one[0], two[0]
    if mine == other:
        return 0
    if may_be_one(mine, other):
        return 1
    if one[1] != two[1] and (_are_swapped(one, two) or _is_the_surname(one, two)):
        return 2
    if " " in mine or " " in other:
        words, others = mine.split(), other.split()
        if words[0] == others[0] or set(words) <= set(others) or set(others) <= set(words):
            return 1
        if may_be_one(words[0], others[0]):
            return 3
        mine, other = words[0], others[0]
    if _is_initial(mine, other):
        return 5
    return -1 if of_two_scripts(mine, other) else (3, 4, 6)[_are_alike(mine, other)]


def are_unlike(one: Value, two: Value) -> bool:
    """Whether two given names are unlike, or in two scripts: who is born on another day, too, is another."""
    return given_level(one, two) in (len(GIVEN_LEVELS) - 1, -1)


def surname_level(one: Value, two: Value) -> int:
    """Compares surnames.

    - same: letter for letter, accents, case and script apart
    - close: one letter typed wrong, or nearly the same spelling ("Meier", "Meyer")
    - part of a double name: "Garcia" and "Garcia Lopez", "Smith" and "Smith-Jones"
    - near: they begin alike or share much of their letters
    - initial: one is only the first letter of the other
    - unlike: none of these

    Says nothing of two scripts, nor where first and last name are swapped: the given names' comparison tells
    that.
    """
    mine, other = one[0], two[0]
    if mine == other:
        return 0
    if one[1] != two[1] and _are_swapped(one, two):
        return -1
    return _whole(mine, other, (one[1], two[1]))


def _whole(mine: str, other: str, rest: tuple[str, str] = ("", "")) -> int:
    if _is_initial(mine, other):
        return 4
    alike = _are_alike(mine, other)
    if alike == 0:
        return 1
    if " " in mine or " " in other:
        words, others = set(mine.split()) - _PARTICLES, set(other.split()) - _PARTICLES
        if words & others:
            return 2
    if (" " in rest[1] and mine in rest[1].split()[1:]) or (" " in rest[0] and other in rest[0].split()[1:]):
        return 2
    return -1 if of_two_scripts(mine, other) else 3 if alike == 1 else 5


def name_level(one: Value, two: Value) -> int:
    """Compares any single name: of a place of birth, a company, a maiden name.

    - same; close (one letter, or nearly the same spelling); part of it (a word in common)
    - near (they begin alike or share much of their letters); initial; unlike; nothing of two scripts
    """
    if one[0] == two[0]:
        return 0
    return _whole(one[0], two[0])


@lru_cache(maxsize=1 << 15)
def _split(full: str) -> Value:
    """A full name as given names and surname: "Smith, John", "Dr John van Dyke", "Ana"."""
    before, comma, after = full.partition(",")
    if comma and fold(after) and fold(after) not in _TITLES:
        return _given(after), _given(before)
    words = [word for word in fold(full).split() if word not in _TITLES]
    if len(words) < 2:
        return (words[0], "") if words else ("", "")
    start = len(words) - 1
    while start > 1 and words[start - 1] in _PARTICLES and len(words[start - 1]) > 1:
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])


@lru_cache(maxsize=1 << 15)
def _given(text: str) -> str:
    words = fold(text).split()
    names = [word for word in words if word not in _TITLES]
    # Where nothing else is given, a title may be a name as well: Don.
    return " ".join(names or filter(is_common, words))


def parts(traits: Traits, names: tuple[str, ...] = PERSON) -> list[Value]:
    """(given names, surname) of a record, folded; either may be empty. More than one where it holds
    several."""
    first, last, full, middle = names if len(names) == len(PERSON) else PERSON
    firsts, lasts = texts(traits, (first,)), texts(traits, (last,))
    if firsts or lasts:
        middles = [_given(text) for text in texts(traits, (middle,))][:1]
        given = sorted({" ".join([_given(one), *middles]).strip() for one in firsts}) or [""]
        surnames = sorted({_given(one) or fold(one) for one in lasts}) or [""]
        return [(one, two) for one in given[:3] for two in surnames[:3] if one or two]
    return sorted({_split(text) for text in texts(traits, (full,))} - {("", "")})[:4]


def given_values(traits: Traits, names: tuple[str, ...]) -> tuple[Value, ...]:
    """(given names, surname) for every given name of a record."""
    return tuple(pair for pair in parts(traits, names) if pair[0])


def surname_values(traits: Traits, names: tuple[str, ...]) -> tuple[Value, ...]:
    """(surname, given names) for every surname of a record."""
    return tuple((surname, given) for given, surname in parts(traits, names) if surname)


def given_atoms(value: Value) -> Atoms:
    """The first given name whole, its sound, its first letter; with the surname, in either order, by
    sound."""
    first = value[0].split()[0]
    atoms = [("whole", first), ("sound", sound(first)), ("initial", first[0])]
    if value[1]:
        last = value[1].split()[-1]
        atoms.append(("both", " ".join(sorted((sound(first), sound(last))))))
        atoms.append(("beginnings", " ".join(sorted((first[:3], last[:3])))))
    return tuple(atoms)


def surname_atoms(value: Value) -> Atoms:
    """The surname whole, the sound of its last word, its first four letters."""
    return (("whole", value[0]), ("sound", sound(value[0].split()[-1])), ("beginning", value[0][:4]))


def name_atoms(value: Value) -> Atoms:
    """The name whole, and its sound."""
    return (("whole", value[0]), ("sound", sound(value[0].split()[0])))
