"""E-mail addresses and telephone numbers that are nearly, but not quite, the same."""

import re

from rapidfuzz.distance import OSA, JaroWinkler

from resolver.mailbox import GMAIL
from resolver.matching.text import digits, unfloat
from resolver.matching.values import Atoms, Value

EMAIL_LEVELS = (
    "same", "one or two letters wrong", "same before the @", "near before the @", "same domain",
    "unlike",
)  # fmt: skip
PHONE_LEVELS = ("same", "one digit wrong", "two digits wrong", "unlike")

_EXTENSION = re.compile(r"\s*(?:x|ext)\.?\s*\d{1,6}\s*$", re.IGNORECASE)
_SIGNIFICANT = 9
"""Digits of a number that count, from its end: country and trunk prefixes are written or left out."""


def read_email(text: str) -> Value:
    """(before the @, domain) of an address: lower case, without a +tag, at Gmail without dots."""
    local, _, domain = text.strip().lower().rpartition("@")
    if not local:
        local, domain = domain, ""
    local = local.partition("+")[0] or local
    if domain in GMAIL:
        local, domain = local.replace(".", ""), "gmail.com"
    return (local, domain) if local else ()


def email_level(one: Value, two: Value) -> int:
    """Compares e-mail addresses.

    - same: letter for letter, case, +tags and Gmail's dots apart
    - one or two letters wrong, in the whole address (of the digits only one: anna72 and anna86 are two
      people)
    - same before the @: the same name at another provider
    - near before the @: nearly the same name there
    - same domain: otherwise unlike, but at the same provider or company
    - unlike: none of these
    """
    if one == two:
        return 0
    mine, other = one[0], two[0]
    if mine == other:
        slip = OSA.distance(one[1], two[1], score_cutoff=2) <= 2
        return 1 if slip else 2
    likeness = JaroWinkler.similarity(mine, other, score_cutoff=0.7)
    if likeness > 0.0:
        long = min(len(mine), len(other)) >= 6 and digits(mine) == digits(other)
        allowed = 2 if long else 1
        if OSA.distance("@".join(one), "@".join(two), score_cutoff=allowed) <= allowed:
            return 1
        if likeness >= 0.88:
            return 3
    return 4 if one[1] == two[1] else 5


def email_atoms(value: Value) -> Atoms:
    """The address whole, what is before the @, the first five letters of that and of the domain with two
    letters."""
    local, domain = value
    return (
        ("whole", f"{local}@{domain}"),
        ("local", local),
        ("beginning", local[:5]),
        ("domain", domain[:5] + local[:2]),
    )


def without_extension(number: str) -> str:
    """A telephone number without what is dialled once a company answers: "x123", "ext. 12"."""
    return _EXTENSION.sub("", unfloat(number))


def read_phone(text: str) -> Value:
    """The last nine digits of a number that has at least six."""
    number = digits(without_extension(text))[-_SIGNIFICANT:]
    return (number,) if len(number) > 5 else ()


def phone_level(one: Value, two: Value) -> int:
    """Compares telephone numbers by their last nine digits, so that prefixes don't matter.

    - same; one digit wrong (or two neighbours changed round); two digits wrong; unlike
    """
    if one == two:
        return 0
    shorter = min(len(one[0]), len(two[0]))
    if shorter >= 7 and one[0][-shorter:] == two[0][-shorter:]:
        return 0
    return min(OSA.distance(one[0], two[0], score_cutoff=2), 3)


def phone_atoms(value: Value) -> Atoms:
    """The last seven digits, the last four, the first four of the last seven."""
    return (("seven", value[0][-7:]), ("four", value[0][-4:]), ("middle", value[0][-7:-3]))
