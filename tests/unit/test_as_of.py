"""As of an earlier moment, where chance seldom leads: words taken back, values that became generic."""

from dataclasses import replace
from typing import Any

import pytest

from graph_schema.errors import Invalid, UnknownPerson
from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import Event, Judgement, RecordKey
from resolver.founding import DEFAULT_ID_KEY
from stream.as_of import as_of
from stream.engine import Engine

RULES = load_rules("retail")
HOUR = 3_600_000_000
START = 1_767_258_000_000_000  # 2026-01-01T09:00:00Z


def engine() -> Engine:
    return Engine(MemoryStore(), RULES, clock=lambda: START)


def tell(to: Engine, record: str, received: int, at: int | None = None, **held: Any) -> None:
    """A record of the CRM with identifiers, received so many hours after the start (and happened ``at``)."""
    message: dict[str, Any] = {"type": "identify", "source": "crm", "messageId": f"{record}@{received}"}
    message["context"] = {
        "recordId": record,
        "externalIds": [{"type": name, "id": value} for name, value in held.items()],
    }
    stamp = None if at is None else START + at * HOUR
    item = to.intake.take(message, received=START + received * HOUR, stamp=stamp)
    assert isinstance(item, Event)
    to.ingest([item])


def rows(of: Engine, reference: str, hours: int, by: str = "received") -> list[str]:
    """The rows of the CRM that were one person then."""
    profile = as_of(of.store, RULES, DEFAULT_ID_KEY, reference, START + hours * HOUR, by)
    return [record["record_id"] for record in profile["records"]]


def test_known_time_and_event_time_differ() -> None:
    crm = engine()
    tell(crm, "1", received=0, at=0, email="ana@example.com")
    tell(crm, "2", received=9, at=1, email="ana@example.com")
    tell(crm, "3", received=3, email="ana@example.com")
    assert rows(crm, "email:ana@example.com", 2) == ["1"]
    assert rows(crm, "email:ana@example.com", 2, "event") == ["1", "2"]
    # a row without a time has happened once it was received
    assert rows(crm, "email:ana@example.com", 3, "event") == ["1", "2", "3"]
    assert rows(crm, "email:ana@example.com", 9) == ["1", "2", "3"]
    with pytest.raises(UnknownPerson):
        rows(crm, "email:ana@example.com", -1)
    with pytest.raises(UnknownPerson):
        rows(crm, "email:bob@example.com", 9)
    with pytest.raises(Invalid):
        rows(crm, "ana@example.com", 9)


def test_what_displaced_another_content_was_not_known_before_it_came() -> None:
    web = engine()
    for received, name, at in ((0, "Ana", 5), (2, "Bea", 1), (4, "Cleo", 9)):
        traits = {"firstName": name, "email": f"{name}@example.com"}
        told = {"type": "identify", "source": "web", "messageId": "m", "userId": "u", "traits": traits}
        moment = f"2026-01-01T{9 + at:02}:00:00Z"
        item = web.intake.take({**told, "timestamp": moment}, received=START + received * HOUR)
        assert isinstance(item, Event)
        web.ingest([item])
    for hours, name in ((2, "Bea"), (9, "Bea")):
        profile = as_of(web.store, RULES, DEFAULT_ID_KEY, "user_id:u", START + hours * HOUR, "received")
        assert profile["attributes"]["firstName"]["value"] == name
    with pytest.raises(UnknownPerson):
        as_of(web.store, RULES, DEFAULT_ID_KEY, "user_id:u", START + HOUR, "received")


def test_a_value_that_became_generic_still_linked_before() -> None:
    crm = engine()
    for number in range(11):
        tell(crm, f"{number:02}", number, email="info@example.com", loyalty_card=f"L{number}")
    assert rows(crm, "loyalty_card:L1", 10) == ["01"]
    assert rows(crm, "loyalty_card:L1", 9) == [f"{number:02}" for number in range(10)]
    assert rows(crm, "email:info@example.com", 0) == ["00"]


def test_a_judgement_counts_from_when_it_was_given_until_it_was_taken_back() -> None:
    crm = engine()
    tell(crm, "1", 0, email="ana@example.com")
    tell(crm, "2", 0, email="bob@example.com")
    sides = (RecordKey("crm", "1"),), (RecordKey("crm", "2"),)
    word = Judgement("j", "same", *sides, START + 2 * HOUR, "Mona", "")
    crm.judge([word])
    crm.judge([replace(word, retracted_at=START + 4 * HOUR)])
    assert [rows(crm, "email:ana@example.com", hour) for hour in (1, 2, 3, 4)] == [
        ["1"],
        ["1", "2"],
        ["1", "2"],
        ["1"],
    ]


def test_an_id_of_then_answers_then() -> None:
    crm = engine()
    tell(crm, "1", 0, at=5, email="ana@example.com")
    tell(crm, "2", 1, at=0, email="ana@example.com")
    at = START
    first = as_of(crm.store, RULES, DEFAULT_ID_KEY, "email:ana@example.com", at, "received")["person_id"]
    later = as_of(crm.store, RULES, DEFAULT_ID_KEY, first, at + HOUR, "received")
    assert (later["person_id"] == first, later["aliases"]) == (False, [first])
    with pytest.raises(UnknownPerson):
        as_of(crm.store, RULES, DEFAULT_ID_KEY, later["person_id"], at, "received")
