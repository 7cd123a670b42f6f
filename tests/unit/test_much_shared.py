"""One e-mail address that more people give than are compared two by two: a shop's own, or that of nobody."""

import random
from itertools import cycle

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from resolver.likeness import _COMPARED
from stream.engine import Engine

PEOPLE = _COMPARED + 16
_NAMES = "Ana Boris Clara Dmitri Emma Fritz Greta Hugo Ines Jonas Karla Liam Ottilie Paul Rosa Sven".split()


def _rows() -> list[dict[str, str]]:
    """Each with a surname and a birth date of her own, and a given name unlike that of most others."""
    drawn, names = random.Random(1), cycle(_NAMES)
    letters = "bdfgklmnprstvz"
    return [
        {
            "email": "shop@mail.example",
            "firstName": next(names),
            "lastName": "".join(drawn.choice(letters) + drawn.choice("aeiou") for _ in range(4)),
            "birthday": f"{1940 + number % 60}-{1 + number % 12:02}-{1 + number % 28:02}",
        }
        for number in range(PEOPLE)
    ]


@pytest.mark.parametrize("seed", [0, 1])
def test_nobody_is_joined_with_whom_what_they_say_speaks_against(seed: int) -> None:
    rows = list(enumerate(_rows()))
    random.Random(seed).shuffle(rows)
    engine = Engine(MemoryStore(), load_rules(), clock=lambda: 1)
    for number, traits in rows:
        message = {"type": "identify", "messageId": f"m{number}", "traits": traits}
        engine.ingest([engine.intake.take({**message, "context": {"recordId": f"r{number}"}}, 1, "crm")])
    with engine.store.read() as tx:
        assert len(list(tx.all_persons())) == PEOPLE
