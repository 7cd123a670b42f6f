"""What becomes on every store of dead letters that tell of a person who is erased."""

from typing import Any

import orjson
import pytest

from graph_schema.rules import load_rules
from graph_schema.store import Store
from graph_schema.vocabulary import DeadLetter, Event
from serving.persons import exported
from stream.engine import Engine
from stream.reader import Reader
from stream.replaying import replay
from stream.stewarding import Doer, erase

NOW = 1_800_000_000_000_000
RULES = load_rules()
ANA: dict[str, Any] = {
    "type": "identify",
    "messageId": "m-ana",
    "timestamp": "2026-03-01T00:00:00Z",
    "userId": "u-7",
    "traits": {"email": "ana.lima@gmail.com", "phone": "+33 6 12 34 56 78", "firstName": "Ana"},
    "context": {
        "externalIds": [{"type": "loyalty_card", "id": "2900 8888"}, {"type": "tier", "id": "golden"}]
    },
}
BO: dict[str, Any] = {
    "type": "identify",
    "messageId": "m-bo",
    "userId": "u-bo-77",
    "traits": {"phone": "+33 6 12 34 56 78", "firstName": "Bo"},
}
OF_ANA = (
    {"type": "identify", "userId": "u-7", "timestamp": "yesterday"},
    {"type": "track", "userId": ["u-7"]},
    {"type": "identify", "traits": {"email": "A.N.A.Lima+news@googlemail.com"}, "timestamp": "yesterday"},
    {"type": "oops", "anything": {"at": [{"all": "29008888"}]}},
    {**ANA, "userId": "somebody", "traits": {}, "context": {}},
    {"type": "identify", "context": {"recordId": "row-4711"}, "timestamp": "yesterday"},
    b'{"userId": "u-1", "traits": {"email": "ANA.LIMA@gmail.com", ',
    b"4711;Ana Lima;ana.lima@gmail.com;Paris",
)
OF_OTHERS = (
    {"type": "identify", "userId": "u-77", "timestamp": "yesterday"},
    {"type": "identify", "userId": "u-bo-77", "traits": {"phone": "+33612345678"}, "timestamp": "yesterday"},
    {"type": "track", "event": "x", "userId": "u-9", "properties": {"note": "u-7"}, "timestamp": "yesterday"},
    {"type": "identify", "userId": "u-9", "traits": {"firstName": "Ana", "tier": "golden"}, "timestamp": "0"},
    b"not JSON, and of nobody",
)


def letter(engine: Engine, said: Any) -> Event | DeadLetter:
    raw = said if isinstance(said, bytes) else orjson.dumps(said)
    return engine.intake.take(raw, NOW, "crm", position="file:1")


def told(store: Store) -> list[DeadLetter]:
    with store.read() as tx:
        return [one for _, one in tx.dead_letters(0, 100)]


@pytest.fixture
def engine(store: Store) -> Engine:
    made = Engine(store, RULES, clock=lambda: NOW)
    row = {**ANA, "messageId": "m-row", "context": {"recordId": "row-4711"}}
    made.ingest([letter(made, one) for one in (ANA, row, BO)])
    made.ingest([letter(made, one) for one in (*OF_ANA, *OF_OTHERS)])
    return made


def test_no_dead_letter_tells_of_who_was_erased(engine: Engine) -> None:
    before = told(engine.store)
    assert len(before) == len(OF_ANA) + len(OF_OTHERS)
    erase(engine, "user_id:u-7", Doer("ada", "admin"))
    after = told(engine.store)
    emptied = [one for one, was in zip(after, before, strict=True) if one != was]
    assert [(one.message_id, one.raw) for one in emptied] == [(None, b"")] * len(OF_ANA)
    assert after[len(OF_ANA) :] == before[len(OF_ANA) :], "nobody else's is touched"
    kept = [(one.source, one.field, one.reason, one.position) for one in after]
    assert kept == [(one.source, one.field, one.reason, one.position) for one in before]


def test_an_export_has_the_letters_that_an_erasure_would_empty(engine: Engine) -> None:
    with engine.store.read() as tx:
        reader = Reader(tx, engine.intake, engine.id_key)
        document = exported(reader, reader.find("user_id:u-7"), NOW)
    shown = [one["raw"].encode() for one in document["dead_letters"]]
    assert shown == [one.raw for one in told_of_ana(engine)]
    assert document["dead_letters"][0]["field"] == "timestamp"


def told_of_ana(engine: Engine) -> list[DeadLetter]:
    before = told(engine.store)
    erase(engine, "user_id:u-7", Doer("ada", "admin"))
    return [was for was, one in zip(before, told(engine.store), strict=True) if was != one]


def test_an_emptied_letter_comes_back_by_no_replay(engine: Engine) -> None:
    erase(engine, "user_id:u-7", Doer("ada", "admin"))
    assert replay(engine).dead_letters == len(OF_OTHERS)
    counts = engine.ingest([letter(engine, one) for one in (*OF_ANA, *OF_OTHERS)])
    assert (counts.erased, counts.dead_letters) == (len(OF_ANA), len(OF_OTHERS))
    assert all(b"lima" not in one.raw.lower() for one in told(engine.store))
    again = {"type": "identify", "userId": "u-7", "timestamp": "tomorrow"}
    assert engine.ingest([letter(engine, again)]).dead_letters == 1, "what is new is of a new customer"
