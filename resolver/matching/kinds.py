"""The kinds of comparison that a model may name (``as = "date"``), each with all that is particular to it."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from resolver.matching import addresses, contacts, countries, dates, names, plain
from resolver.matching.values import Atoms, Traits, Value, each

Bounds: TypeAlias = tuple[tuple[int, float], ...]
"""(so many last levels, a share): together they are no more than that, whatever the data seem to say."""


class Shared(NamedTuple):
    """How often two different people of some explanation reach each level, before data are seen.

    In the best ``strangers`` levels they agree by chance only. ``unlike``: as for ``Kind``.
    """

    levels: tuple[float, ...]
    strangers: int = 0
    unlike: Bounds = ()


class Kind(NamedTuple):
    """One way to compare.

    ``levels`` are named best first; ``level`` gives a position in them, or -1 where it says nothing, the
    same for either order of its arguments; its docstring is the explanation for users. ``prior`` is how
    often each level is expected between two records of one person, before data are seen. ``unlike`` bounds
    what EM may learn: who is unlike in most things is not one person. ``household``, ``neighbours``,
    ``namesakes``: the same as ``prior`` for two people who have that in common, None where they agree as
    strangers do. Twins share what households do, and where ``twin_same`` what one person does; where
    ``twin_never`` they are never the same. ``own``: tells people apart. ``personal``: what
    many have by other names stands for no value. ``whole`` are the parts of a value
    whose frequency counts. ``private``: a model file holds frequent values as hashes. In the levels of
    ``slips`` one value may be the other mistyped, so that it counts whether both are known for their own.
    ``parts``: whether two values can't be one, written in two ways; where two comparisons say so, they are
    two people's.
    """

    levels: tuple[str, ...]
    values: Callable[[Traits, tuple[str, ...]], tuple[Value, ...]]
    level: Callable[[Value, Value], int]
    atoms: Callable[[Value], Atoms]
    prior: tuple[float, ...]
    unlike: Bounds = ((1, 0.5),)
    household: Shared | None = None
    neighbours: Shared | None = None
    namesakes: Shared | None = None
    twin_same: bool = False
    twin_never: bool = False
    own: bool = False
    personal: bool = False
    whole: slice = slice(None)
    private: bool = False
    slips: tuple[int, ...] = ()
    parts: Callable[[Value, Value], bool] | None = None


KINDS: dict[str, Kind] = {
    "given name": Kind(
        names.GIVEN_LEVELS, names.given_values, names.given_level, names.given_atoms,
        (0.80, 0.05, 0.01, 0.06, 0.03, 0.02, 0.03), unlike=((1, 0.25), (3, 0.4)),
        namesakes=Shared((0.80, 0.03, 0.001, 0.05, 0.05, 0.02, 0.05), unlike=((1, 0.08),)),
        twin_never=True, own=True, whole=slice(1), slips=(3, 4), parts=names.are_unlike,
    ),
    "surname": Kind(
        names.SURNAME_LEVELS, names.surname_values, names.surname_level, names.surname_atoms,
        (0.84, 0.06, 0.02, 0.03, 0.01, 0.04), unlike=((1, 0.15), (3, 0.2)),
        household=Shared((0.80, 0.03, 0.02, 0.02, 0.01, 0.12)),
        namesakes=Shared((0.20, 0.02, 0.01, 0.03, 0.01, 0.73)), whole=slice(1), slips=(1, 3),
    ),
    "name": Kind(
        names.NAME_LEVELS, each(plain.folded), names.name_level, names.name_atoms,
        (0.82, 0.07, 0.02, 0.04, 0.01, 0.04), household=Shared((0.50, 0.05, 0.02, 0.03, 0.01, 0.39)),
        namesakes=Shared((0.80, 0.05, 0.01, 0.05, 0.02, 0.07)),
    ),
    "birth date": Kind(
        dates.DATE_LEVELS, each(dates.read), dates.date_level, dates.date_atoms,
        (0.83, 0.02, 0.02, 0.06, 0.02, 0.01, 0.01, 0.005, 0.005), unlike=((2, 0.08), (4, 0.15)),
        household=Shared((0.001, 0.001, 0.001, 0.01, 0.01, 0.06, 0.01, 0.35, 0.56), strangers=5),
        twin_same=True, own=True, personal=True, private=True, parts=dates.are_two,
    ),
    "date": Kind(
        dates.DATE_LEVELS, each(dates.read), dates.date_level, dates.date_atoms,
        (0.80, 0.02, 0.02, 0.06, 0.02, 0.02, 0.01, 0.02, 0.03), unlike=((2, 0.8),), own=True, personal=True,
        private=True,
    ),
    "street": Kind(
        addresses.STREET_LEVELS, each(addresses.read), addresses.street_level, addresses.street_atoms,
        (0.60, 0.05, 0.06, 0.03, 0.03, 0.02, 0.03, 0.18), unlike=((1, 0.4), (4, 0.45)),
        household=Shared((0.80, 0.05, 0.05, 0.02, 0.01, 0.01, 0.01, 0.05), unlike=((4, 0.08),)), private=True,
    ),
    "code": Kind(
        plain.CODE_LEVELS, each(plain.read_code), plain.code_level, plain.code_atoms,
        (0.80, 0.06, 0.02, 0.02, 0.10), unlike=((1, 0.4), (3, 0.45)), own=True, personal=True,
        private=True,
    ),
    "place code": Kind(
        plain.CODE_LEVELS, each(plain.read_code), plain.code_level, plain.code_atoms,
        (0.75, 0.06, 0.02, 0.03, 0.14), unlike=((1, 0.4), (3, 0.45)),
        household=Shared((0.85, 0.03, 0.01, 0.02, 0.09)),
        neighbours=Shared((0.60, 0.10, 0.05, 0.10, 0.15)), private=True,
    ),
    "text": Kind(
        plain.TEXT_LEVELS, each(plain.folded), plain.text_level, plain.text_atoms,
        (0.75, 0.08, 0.04, 0.13), unlike=((1, 0.5), (2, 0.55)),
    ),
    "place": Kind(
        plain.TEXT_LEVELS, each(plain.folded), plain.text_level, plain.text_atoms,
        (0.75, 0.08, 0.04, 0.13), unlike=((1, 0.5), (2, 0.55)), household=Shared((0.80, 0.06, 0.03, 0.11)),
        neighbours=Shared((0.70, 0.06, 0.04, 0.20)),
    ),
    "country": Kind(
        plain.EXACT_LEVELS, each(countries.read), plain.exact_level, plain.exact_atoms,
        (0.87, 0.13), household=Shared((0.89, 0.11)), neighbours=Shared((0.80, 0.20)),
    ),
    "email": Kind(
        contacts.EMAIL_LEVELS, each(contacts.read_email), contacts.email_level, contacts.email_atoms,
        (0.60, 0.08, 0.07, 0.04, 0.06, 0.15), unlike=((2, 0.5), (3, 0.55)),
        household=Shared((0.15, 0.01, 0.01, 0.03, 0.20, 0.60)),
        namesakes=Shared((0.01, 0.05, 0.10, 0.50, 0.10, 0.24), strangers=1), personal=True, private=True,
    ),
    "phone": Kind(
        contacts.PHONE_LEVELS, each(contacts.read_phone), contacts.phone_level, contacts.phone_atoms,
        (0.70, 0.07, 0.02, 0.21), household=Shared((0.35, 0.02, 0.02, 0.61)), personal=True, private=True,
    ),
    "exact": Kind(
        plain.EXACT_LEVELS, each(plain.folded), plain.exact_level, plain.exact_atoms, (0.93, 0.07),
    ),
    "number": Kind(
        plain.NUMBER_LEVELS, each(plain.read_number), plain.number_level, plain.exact_atoms,
        (0.85, 0.05, 0.03, 0.07), unlike=((1, 0.8),),
    ),
}  # fmt: skip
"""By the name that a model file uses."""
