"""What a message of Kafka's is to the worker that reads it: its time, and the source of its header."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graph_schema.iso_time import LATEST
from graph_schema.rules import load_rules
from graph_schema.vocabulary import DeadLetter
from serving.stores import open_store
from stream import faust_app
from stream.arrived import Arrived, typed
from stream.consuming import Consuming, Figures
from stream.engine import Engine
from stream.intake import Intake

SEEN = b'{"type":"track","event":"Seen","userId":"u-1","source":"web"}'


def arrived(value: bytes, at_ms: int = 5, headers: object = ()) -> Arrived:
    """A message as the worker makes it of Faust's event."""
    message = SimpleNamespace(
        topic="t.events", partition=0, offset=1, timestamp=at_ms / 1000, headers=headers, value=value
    )
    event: Any = SimpleNamespace(message=message)
    return faust_app._arrived(event)


@pytest.mark.parametrize("at_ms", [-1, LATEST // 1000 + 1, 253_402_300_800_000, 2**62, 2**63 - 1])
def test_a_time_that_nobody_can_mean_is_none_and_ends_no_worker(at_ms: int, tmp_path: Path) -> None:
    """No store can hold some of them: the worker ended, and so did whoever read the message next."""
    store = open_store(f"sqlite:///{tmp_path}/graph.db")
    engine = Engine(store, load_rules(), b"key", lambda: 1_800_000_000_000_000)
    consuming = Consuming(engine, Figures())
    consuming.take([arrived(SEEN, at_ms), arrived(b"no JSON", at_ms)])
    consuming.settle()
    with store.read() as tx:
        assert [event.at for event in tx.all_events()] == [None]
        assert [letter.at for _, letter in tx.dead_letters(0, 9)] == [1_800_000_000_000_000]
    store.close()


def test_a_time_that_can_be_meant_is_the_message_s() -> None:
    assert [arrived(SEEN, at).at for at in (0, 5, LATEST // 1000)] == [0, 5_000, LATEST // 1000 * 1000]


@pytest.mark.parametrize("nothing", [None, b""])
def test_a_header_of_nothing_leaves_the_source_to_the_message(nothing: bytes | None) -> None:
    assert arrived(SEEN, headers=[("source", nothing)]).source is None
    assert arrived(SEEN, headers=[("source", b"till"), ("source", nothing)]).source == "till"


def test_what_is_no_utf_8_names_no_source() -> None:
    """Two shops that write their names in Latin-1 were one, and shared the ids of their messages."""
    intake = Intake(load_rules())
    for name in ("Orléans", "Orlêans"):
        [made] = typed(intake, arrived(SEEN, headers=[("source", name.encode("latin-1"))]), 1)
        assert isinstance(made, DeadLetter)
        assert (made.source, made.field) == (None, "source")
