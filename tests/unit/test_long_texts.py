"""Whoever may send, and a write key in a browser is no secret, holds nobody up by a long text."""

import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_schema.blocked import is_unfilled
from graph_schema.errors import UnknownPerson
from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import Event
from serving.destinations.contacts import Contact
from serving.destinations.recognition import RECOGNITIONS
from serving.destinations.settings import Convention
from stream.engine import Engine

_MARKS = "a" + "\u0301\u0316" * 100_000
"""Accents in a row, which to be normalised are put in order by comparing each with each."""
_OPENINGS = "{{" * 100_000


@pytest.fixture
def soon() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("text", [_MARKS, _OPENINGS, "${" * 100_000, "%" * 200_000])
@pytest.mark.parametrize("trait", ["firstName", "street"])
def test_a_trait_of_any_length_is_taken_in_soon(text: str, trait: str) -> None:
    engine = Engine(MemoryStore(), load_rules("retail"))
    traits = {"address": {"street": text, "city": "Lyon"}} if trait == "street" else {trait: text}
    taken = engine.intake.take({"type": "identify", "source": "web", "userId": "u-1", "traits": traits}, 1)
    assert isinstance(taken, Event)
    engine.ingest([taken])
    with engine.reader() as reader:
        assert reader.profile("user_id:u-1", 2)["person_id"]


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("namespace", ["user_id", "email", "loyalty_card", "phone"])
def test_what_no_message_may_hold_is_of_nobody(namespace: str) -> None:
    engine = Engine(MemoryStore(), load_rules("retail"))
    with engine.reader() as reader, pytest.raises(UnknownPerson):
        reader.find(f"{namespace}:{_MARKS}@example.com")


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("convention", ["google", "meta"])
def test_a_name_of_any_length_keeps_no_list_waiting(convention: Convention) -> None:
    address = {"city": "Lyon", "country": "FR", "postalCode": "69001"}
    traits = {"firstName": _MARKS, "lastName": "Moulin", "address": address}
    assert RECOGNITIONS[convention].handles(Contact(traits=traits), ("address",)) == []


@given(st.text("{}$%*|<>a\n", max_size=12))
def test_a_template_is_found_as_by_its_pattern(text: str) -> None:
    pattern = r"\{\{.*\}\}|\$\{.*\}|%%.*%%|\*\|.*\|\*|<%.*%>|\{%.*%\}"
    assert is_unfilled(text) is bool(re.search(pattern, text))
