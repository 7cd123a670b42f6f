"""What is asked of one word or case is not answered by a look at all of them."""

import asyncio
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, cast

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import Judgement, Record
from serving.console.decided import decided
from serving.feed import Latest
from serving.group_commit import GroupCommit
from serving.service import Service, Settings
from stream.cases import open_case, open_cases
from stream.engine import Engine
from stream.explaining import why
from stream.judging import ALIASES, Word
from stream.stewarding import Doer, give, take_back

WORDS = 7


class Telling(MemoryStore):
    """Counts how often it was asked for every word, or every alias, that there is; and for some records."""

    asked_whole = 0
    asked_records = 0

    def records(self, ids: Collection[int]) -> Mapping[int, Record]:
        """See ``Transaction``."""
        self.asked_records += 1
        return super().records(ids)

    def judgements(self, records: Collection[int] | None = None) -> list[Judgement]:
        """See ``Transaction``."""
        self.asked_whole += records is None
        return super().judgements(records)

    def scan(self, prefix: str) -> Mapping[str, Any]:
        """See ``Transaction``."""
        self.asked_whole += prefix == ALIASES
        return super().scan(prefix)


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


def test_the_case_of_an_alias_is_found_without_a_look_at_the_others(engine: Engine, store: Telling) -> None:
    said = [{**one, "source": "web"} for number in range(WORDS) for one in alias(number)]
    engine.ingest([engine.intake.take(one, 1) for one in said])
    with engine.reader() as reader:
        every = open_cases(reader)
        assert (len(every), store.asked_whole) == (WORDS, 1)
        assert [open_case(reader, one.case_id) for one in every] == every
        assert why(reader, *every[0].persons)["reasons"] == [{"kind": "alias", "source": "web"}]
        assert why(reader, every[0].persons[0], every[1].persons[0])["reasons"] == []
        assert open_case(reader, "case_alias") is None
    assert store.asked_whole == 1


def test_the_queue_is_not_read_case_by_case(engine: Engine, store: Telling) -> None:
    asked = []
    for number in range(WORDS):
        said = [*contested(number), *({**one, "source": "web"} for one in alias(number)), *redeemed(number)]
        engine.ingest([engine.intake.take(one, 1) for one in said])
        with engine.reader() as reader:
            before = store.asked_records
            assert len(reader.cases()) == number + 1
            assert len(open_cases(reader)) == 3 * (number + 1)
            asked.append(store.asked_records - before)
    assert len(set(asked)) == 1


def test_who_follow_the_feed_look_for_news_together(
    engine: Engine, store: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0

    @contextmanager
    def read() -> Iterator[MemoryStore]:
        nonlocal reads
        reads += 1
        yield store

    async def look(latest: Latest) -> list[int]:
        return [await latest.number() for _ in range(3)]

    async def follow(followers: int) -> list[list[int]]:
        latest = Latest(Service(engine, Settings(feed_seconds=60), cast(GroupCommit, None)))
        return await asyncio.gather(*(look(latest) for _ in range(followers)))

    monkeypatch.setattr(store, "read", read)
    assert asyncio.run(follow(50)) == [[store.last_change()] * 3] * 50
    assert reads == 1


def alias(number: int) -> list[dict[str, Any]]:
    """What an app of whose word nobody doubts says of two of its records."""
    return [{"type": "alias", "source": "app", "userId": f"new-{number}", "previousId": f"old-{number}"}]


def contested(number: int) -> list[dict[str, Any]]:
    """Three accounts with one address: two are a case for a steward, the third makes another of it."""
    said = {"type": "identify", "source": "web", "traits": {"email": f"a{number}@example.com"}}
    return [{**said, "userId": f"u-{number}-{each}"} for each in range(3)]


def redeemed(number: int) -> list[dict[str, Any]]:
    """A reward that two persons used, each at a till."""
    told = {"type": "track", "source": "shop", "event": "Reward Redeemed"}
    said = {"reward_code": f"r-{number}"}
    return [
        {**told, "userId": f"r-{number}-{each}", "properties": {**said, "receipt_id": f"b-{number}-{each}"}}
        for each in range(2)
    ]


def corrected(number: int) -> list[dict[str, Any]]:
    """A message, and another of its id from before, which takes its place."""
    said = {"type": "identify", "source": "web", "messageId": f"m-{number}", "userId": f"u-{number}"}
    times = [{"timestamp": f"2026-01-0{day}T00:00:00Z"} for day in (2, 1)]
    return [{**said, **time, "traits": {"email": f"a{number}@{time['timestamp'][9]}.org"}} for time in times]


def steps_each(folder: Path, message: Callable[[int], list[dict[str, Any]]], size: int) -> float:
    """How many steps the engine's code takes for each of so many that a batch takes in."""
    (folder / "rules.toml").write_text('extends = "retail"\n[source.app]\ntrusted_alias = true\n')
    engine = Engine(MemoryStore(), load_rules(folder / "rules.toml"), clock=lambda: 1)
    items = [engine.intake.take(one, 1) for number in range(size) for one in message(number)]
    counted = 0

    def count(frame: FrameType, what: str, _: object) -> Any:
        nonlocal counted
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        counted += what == "opcode"
        return count

    sys.settrace(count)
    try:
        engine.ingest(items)
    finally:
        sys.settrace(None)
    return counted / size


@pytest.mark.parametrize("message", [alias, contested, corrected])
def test_what_a_batch_takes_in_costs_the_same_however_many_like_it_there_are(
    tmp_path: Path, message: Callable[[int], list[dict[str, Any]]]
) -> None:
    # Python 3.13 tells of no step of the first few functions that it is told to trace.
    _, few, many = (steps_each(tmp_path, message, size) for size in (1, 50, 150))
    # What a batch takes once is shared by more: where nothing goes through the others each takes less.
    assert many < few, f"{few:.0f} steps each of 50, {many:.0f} of 150"
