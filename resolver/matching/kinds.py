"""The kinds of comparison that a model may name (``as = "date"``), each with all that is particular to it."""

from collections.abc import Callable
from typing import NamedTuple

from resolver.matching import addresses, contacts, dates, names, plain
from resolver.matching.values import Atoms, Traits, Value


class Kind(NamedTuple):
    """One way to compare.

    ``levels`` are named best first; ``level`` gives a position in them, or -1 where it says nothing, the same for
    either order of its arguments; its docstring is the explanation for users. ``prior`` is how often each level is
    expected between two records of one person, before data are seen; ``household`` the same between two people of
    one household, None where these agree no more than strangers. ``whole`` are the parts of a value whose
    frequency counts when two are the same. ``twin``: two twins have it in common.
    ``private``: a model file holds its frequent values only as hashes.
    """

    levels: tuple[str, ...]
    values: Callable[[Traits, tuple[str, ...]], tuple[Value, ...]]
    level: Callable[[Value, Value], int]
    atoms: Callable[[Value], Atoms]
    prior: tuple[float, ...]
    household: tuple[float, ...] | None = None
    whole: slice = slice(None)
    twin: bool = False
    private: bool = False


KINDS: dict[str, Kind] = {
    "given name": Kind(
        names.GIVEN_LEVELS,
        names.given_values,
        names.given_level,
        names.given_atoms,
        (0.80, 0.05, 0.01, 0.06, 0.03, 0.02, 0.03),
        whole=slice(1),
    ),
    "surname": Kind(
        names.SURNAME_LEVELS,
        names.surname_values,
        names.surname_level,
        names.surname_atoms,
        (0.84, 0.06, 0.02, 0.03, 0.01, 0.04),
        (0.85, 0.03, 0.02, 0.02, 0.01, 0.07),
        whole=slice(1),
        twin=True,
    ),
    "name": Kind(
        names.NAME_LEVELS,
        plain.folded_values,
        names.name_level,
        names.name_atoms,
        (0.82, 0.07, 0.02, 0.04, 0.01, 0.04),
        (0.50, 0.05, 0.02, 0.03, 0.01, 0.39),
        twin=True,
    ),
    "date": Kind(
        dates.DATE_LEVELS,
        dates.date_values,
        dates.date_level,
        dates.date_atoms,
        (0.83, 0.02, 0.02, 0.06, 0.02, 0.01, 0.01, 0.01, 0.02),
        twin=True,
        private=True,
    ),
    "street": Kind(
        addresses.STREET_LEVELS,
        addresses.street_values,
        addresses.street_level,
        addresses.street_atoms,
        (0.60, 0.05, 0.06, 0.03, 0.03, 0.02, 0.03, 0.18),
        (0.80, 0.05, 0.05, 0.01, 0.02, 0.01, 0.01, 0.05),
        twin=True,
        private=True,
    ),
    "code": Kind(
        plain.CODE_LEVELS,
        plain.code_values,
        plain.code_level,
        plain.code_atoms,
        (0.80, 0.06, 0.02, 0.02, 0.10),
        private=True,
    ),
    "place code": Kind(
        plain.CODE_LEVELS,
        plain.code_values,
        plain.code_level,
        plain.code_atoms,
        (0.75, 0.06, 0.02, 0.03, 0.14),
        (0.85, 0.03, 0.01, 0.02, 0.09),
        twin=True,
        private=True,
    ),
    "text": Kind(
        plain.TEXT_LEVELS,
        plain.folded_values,
        plain.text_level,
        plain.text_atoms,
        (0.75, 0.08, 0.04, 0.13),
        (0.80, 0.06, 0.03, 0.11),
        twin=True,
    ),
    "email": Kind(
        contacts.EMAIL_LEVELS,
        contacts.email_values,
        contacts.email_level,
        contacts.email_atoms,
        (0.60, 0.08, 0.07, 0.04, 0.06, 0.15),
        (0.15, 0.01, 0.01, 0.03, 0.20, 0.60),
        twin=True,
        private=True,
    ),
    "phone": Kind(
        contacts.PHONE_LEVELS,
        contacts.phone_values,
        contacts.phone_level,
        contacts.phone_atoms,
        (0.70, 0.07, 0.02, 0.21),
        (0.35, 0.02, 0.02, 0.61),
        twin=True,
        private=True,
    ),
    "exact": Kind(
        plain.EXACT_LEVELS,
        plain.folded_values,
        plain.exact_level,
        plain.exact_atoms,
        (0.93, 0.07),
    ),
    "number": Kind(
        plain.NUMBER_LEVELS,
        plain.number_values,
        plain.number_level,
        plain.exact_atoms,
        (0.85, 0.05, 0.03, 0.07),
    ),
}
"""By the name that a model file uses."""
