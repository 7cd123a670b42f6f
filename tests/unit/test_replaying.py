"""What was replayed has the time that it would have had at first."""

from collections.abc import Sequence

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import DeadLetter
from resolver.founding import DEFAULT_ID_KEY
from stream.arrived import Arrived
from stream.consuming import Consuming, Figures
from stream.engine import Engine
from stream.files import RawLine
from stream.parsing import Job, Parser
from stream.replaying import Choice, put_back, replay


def test_a_message_without_a_time_keeps_that_of_its_topic_and_one_of_a_file_has_none() -> None:
    engine = Engine(MemoryStore(), load_rules(), DEFAULT_ID_KEY, clock=lambda: 900)
    message = b'{"type": "page", "userId": "u-1", "messageId": "topic"}'
    Consuming(engine, Figures()).take([Arrived("onefold.events", 3, 7, 500, message)])
    line = RawLine(1, message.replace(b"topic", b"file"))
    engine.ingest(Parser(engine.rules).parse(Job([line], "events/day.jsonl", None, None, 600)))
    engine.ingest([engine.intake.take(message.replace(b"topic", b"http"), 700)])
    assert replay(engine, "web").taken == 3
    with engine.store.read() as tx:
        times = {event.key.message_id: (event.at, event.stamped) for event in tx.all_events()}
    assert times == {"topic": (500, True), "file": (None, False), "http": (700, True)}


@pytest.mark.parametrize("raw", [b"%s", b'{"batch": [%s]}'])
def test_it_is_of_the_source_of_its_write_key_or_header_whatever_it_names_itself(raw: bytes) -> None:
    """What an older version refused of a till became an event of the web shop, and counted twice where the
    till sent it again."""
    engine = Engine(MemoryStore(), load_rules(), DEFAULT_ID_KEY, clock=lambda: 900)
    message = raw % b'{"type": "page", "userId": "u-1", "messageId": "m-1", "source": "web"}'
    engine.ingest([DeadLetter("till", None, "timestamp", "It was not understood.", message, 600)])
    assert replay(engine, "other").taken == 1
    with engine.store.read() as tx:
        assert [event.key.source for event in tx.all_events()] == ["till"]


def test_what_is_still_wrong_of_a_batch_keeps_its_place_on_the_topic() -> None:
    engine = Engine(MemoryStore(), load_rules(), DEFAULT_ID_KEY, clock=lambda: 900)
    raw = (
        b'{"batch": [{"type": "page", "userId": "u-1"}, {"type": "page", "userId": "u-2", "timestamp": "?"}]}'
    )
    place = "onefold.events/3:7"
    engine.ingest([DeadLetter("web", None, "message", "What was then too large.", raw, 600, place)])
    assert replay(engine).taken == 1
    with engine.store.read() as tx:
        assert [letter.position for _, letter in tx.dead_letters(1, 10)] == [place]


def test_of_a_batch_each_message_is_taken() -> None:
    engine = Engine(MemoryStore(), load_rules(), DEFAULT_ID_KEY, clock=lambda: 900)
    parts = (b'{"type": "page", "userId": "u-%d", "messageId": "m-%d"}' % (one, one) for one in (1, 2))
    raw = b'{"batch": [%s, {"type": "page"}]}' % b", ".join(parts)
    engine.ingest([DeadLetter("web", None, "message", "What was then too large.", raw, 600)])
    found = replay(engine, "web")
    assert (found.taken, found.dead_letters) == (2, 1), "what is still wrong stays, as a letter of its own"
    with engine.store.read() as tx:
        assert [letter.raw for _, letter in tx.dead_letters(1, 10)] == [b'{"type":"page"}']
    assert replay(engine, "web").taken == 0


def test_what_is_put_back_and_comes_again_meanwhile_is_not_put_back_once_more() -> None:
    """A worker beside takes it at once, and it keeps its time: where each came again, it never ended."""
    engine = Engine(MemoryStore(), load_rules(), DEFAULT_ID_KEY, clock=lambda: 900)
    worker = Consuming(engine, Figures())
    worker.take([Arrived("onefold.events", 0, 0, 500, b"not JSON")])
    sent: list[DeadLetter] = []

    def send(letters: Sequence[DeadLetter]) -> None:
        sent.extend(letters)
        if len(sent) < 5:
            worker.take([Arrived("onefold.events", 0, len(sent), one.at, one.raw) for one in letters])

    assert put_back(engine, send, Choice()) == 1
    assert put_back(engine, send, Choice()) == 1
    assert [letter.position for letter in sent] == ["onefold.events/0:0", "onefold.events/0:1"]
