"""What is asked of one word or case is not answered by a look at all of them."""

from collections.abc import Collection

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import Judgement
from serving.console.decided import decided
from stream.engine import Engine
from stream.judging import Word
from stream.stewarding import Doer, give, take_back

WORDS = 7


class Telling(MemoryStore):
    """Counts how often it was asked for every word that there is."""

    asked_whole = 0

    def judgements(self, records: Collection[int] | None = None) -> list[Judgement]:
        """See ``Transaction``."""
        self.asked_whole += records is None
        return super().judgements(records)


@pytest.fixture
def store() -> Telling:
    return Telling()


@pytest.fixture
def engine(store: Telling) -> Engine:
    """With some persons of two records each, whom a word holds together."""
    engine = Engine(store, load_rules(), clock=lambda: 1_772_600_000_000_000)
    said = [
        {"type": "identify", "source": "crm", "context": {"recordId": f"{side}{number}"}, "traits": {}}
        for number in range(WORDS)
        for side in "ab"
    ]
    engine.ingest([engine.intake.take(one, 1) for one in said])
    for number in range(WORDS):
        word = Word("same", [f"crm/a{number}"], [f"crm/b{number}"], number, "mia", "twins")
        give(engine, word, "steward")
    return engine


def test_a_word_is_taken_back_without_a_look_at_the_others(engine: Engine, store: Telling) -> None:
    with engine.reader() as reader:
        told = decided(reader, "mia", "all", most=3)
        assert [one["at"][-7:] for one in told.shown] == ["000006Z", "000005Z", "000004Z"]
        rest = decided(reader, "mia", "all", told.after)
        assert (len(rest.shown), rest.after) == (WORDS - 3, "")
    taken = take_back(engine, told.after, Doer("mia", "steward"))
    with engine.reader() as reader:
        assert reader.retracted(told.after, 0) == taken
        assert len(decided(reader, "mia", "all").shown) == WORDS - 1
        assert len(decided(reader, "mia", "all", told.after).shown) == WORDS - 3
    assert store.asked_whole == 0


def test_a_word_that_waited_is_found_without_a_look_at_the_others(engine: Engine, store: Telling) -> None:
    with engine.reader() as reader:
        (word,) = reader.tx.given_by("mia", (1, ""), 9)
    late = Judgement("late", "same", word.a, (word.b[0]._replace(record_id="new"),), 9, "mia", "", {})
    engine.judge([late])
    came = {"type": "identify", "source": "crm", "context": {"recordId": "new"}, "traits": {}}
    engine.ingest([engine.intake.take(came, 1)])
    with engine.reader() as reader:
        assert len(reader.of(reader.record("crm/new").person).records) == 3
    assert store.asked_whole == 0
