"""Evidence and answers in a line each, for tables that can be read."""

from collections.abc import Iterable

from tests.reference.evidence import Group, Holding, Identifier, Judgement, Key, Namespace, Rec, Word
from tests.reference.statement import Answer


def holding(spelled: str) -> Holding:
    """`email:e`; `email:e@3` or `email:e@3-5` with times; `?email:e` claimed; `!email:e` blocked."""
    plain, _, times = spelled.lstrip("?!").partition("@")
    namespace, value = plain.split(":")
    first, _, last = times.partition("-")
    return Holding(
        namespace,
        value,
        int(first) if first else None,
        int(last or first) if first else None,
        claimed="?" in spelled[:2],
        blocked="!" in spelled[:2],
    )


def record(spelled: str) -> Rec:
    """`A uid:u1 email:e`: record A and what it holds; `A@3 …` where its first event has a time."""
    name, *held = spelled.split()
    letter, _, at = name.partition("@")
    return Rec(key(letter), int(at) if at else None, tuple(holding(one) for one in held))


def records(spelled: str) -> tuple[Rec, ...]:
    """Records, with semicolons between them."""
    return tuple(record(one) for one in spelled.split(";") if one.strip())


def judgement(spelled: str) -> Judgement:
    """`A=B` says same, `AB#C` different (A and B together); `A=B@3` at 3."""
    sides, _, at = spelled.partition("@")
    kind: Word = "same" if "=" in sides else "different"
    a, b = sides.replace("#", "=").split("=")
    return Judgement(kind, keys(a), keys(b), int(at) if at else None)


def judgements(spelled: str) -> tuple[Judgement, ...]:
    """Judgements, with blanks between them."""
    return tuple(judgement(one) for one in spelled.split())


def key(letter: str) -> Key:
    """A record's key: all are of one source."""
    return ("s", letter)


def keys(letters: str) -> tuple[Key, ...]:
    """Records' keys."""
    return tuple(key(letter) for letter in letters)


def identifier(spelled: str) -> Identifier:
    """`email:e`."""
    namespace, value = spelled.split(":")
    return (namespace, value)


def letters(group: Iterable[Key]) -> str:
    """`ABC` for a group."""
    return "".join(sorted(name for _, name in group))


def groups(some: Iterable[Group]) -> str:
    """`AB C` for groups."""
    return " ".join(sorted(letters(group) for group in some))


def ambiguous(answer: Answer) -> str:
    """`C:A,B` for a part C between A and B, with blanks between several."""
    return " ".join(
        sorted(f"{letters(part)}:{groups(between).replace(' ', ',')}" for part, between in answer.ambiguous)
    )


def cases(answer: Answer) -> str:
    """`email:A,B` for a case about A and B."""
    return " ".join(
        sorted(f"{namespace}:{groups(persons).replace(' ', ',')}" for namespace, persons in answer.cases)
    )


RETAIL = (
    Namespace("uid", "people", unique=True, generic_above=50),
    Namespace("card", "people", generic_above=3),
    Namespace("email", "people", generic_above=3),
    Namespace("phone", "people", generic_above=3, lease=18),
    Namespace("order", "anonymous"),
    Namespace("reward", "anonymous"),
    Namespace("device", "anonymous", generic_above=3),
)
"""Rules like the bundled ones, with a lower mark of what is generic."""
