"""The writer of a server: many requests in one transaction, a bound on what waits, an answer in its time."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from graph_schema.errors import Invalid, OnefoldError, Overtaken, RulesError, StoreUnavailable
from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import DeadLetter
from resolver.founding import DEFAULT_ID_KEY
from serving.group_commit import GroupCommit
from serving.loopback import is_loopback
from serving.problems import Busy, WriteFailed, problem
from serving.server import check_exposure, listen, url_of
from stream.batch import Counts
from stream.engine import Engine

RULES = load_rules()


def letter(name: str) -> DeadLetter:
    return DeadLetter("web", name, "message", "It is wrong.", b"{}", 1)


class Slow(Engine):
    """An engine that writes only when it may, notes what each transaction takes, and fails as it is told."""

    def __init__(self, errors: Sequence[Exception] = (), poison: str = "") -> None:
        super().__init__(MemoryStore(), RULES)
        self.may_write = threading.Event()
        self.writing = threading.Event()
        self.groups: list[list[str]] = []
        self._errors = list(errors)
        self._poison = poison

    def ingest(
        self,
        items: Sequence[Any],
        state: Mapping[str, Any] | None = None,
        positions: Sequence[str | None] = (),
        soon: bool = False,
    ) -> Counts:
        self.writing.set()
        self.may_write.wait(10)
        names = [item.message_id for item in items]
        self.groups.append(names)
        if self._poison in names:
            raise KeyError("what somebody sent")
        if self._errors:
            raise self._errors.pop(0)
        return super().ingest(items, state, positions, soon)


async def _outcomes(commits: GroupCommit, engine: Slow, names: str) -> list[BaseException | None]:
    """Takes one item after another while the first is being written, then lets all be written."""
    tasks = []
    for name in names:
        tasks.append(asyncio.create_task(commits.take([letter(name)], 10)))
        await asyncio.to_thread(engine.writing.wait, 10)
    engine.may_write.set()
    return [
        outcome if isinstance(outcome, BaseException) else None
        for outcome in await asyncio.gather(*tasks, return_exceptions=True)
    ]


def outcomes(engine: Slow, names: str, most: int = 1 << 20, group: int = 100) -> list[BaseException | None]:
    commits = GroupCommit(engine, most, group)
    try:
        return asyncio.run(_outcomes(commits, engine, names))
    finally:
        commits.close()
        assert commits.waiting == 0


def kept(engine: Slow) -> list[str | None]:
    with engine.store.read() as tx:
        return [one.message_id for _, one in tx.dead_letters(0, 100)]


def test_what_comes_during_a_write_is_written_together() -> None:
    engine = Slow()
    assert outcomes(engine, "abcde") == [None] * 5
    assert engine.groups == [["a"], ["b", "c", "d", "e"]]
    assert kept(engine) == ["a", "b", "c", "d", "e"]


def test_a_group_takes_no_more_than_it_may() -> None:
    engine = Slow()
    outcomes(engine, "abcde", group=2)
    assert engine.groups == [["a"], ["b", "c"], ["d", "e"]]


def test_nothing_waits_beyond_the_bound_but_one_request_of_any_size_is_taken() -> None:
    engine = Slow()
    told = outcomes(engine, "abc", most=2_100)
    assert [type(one) for one in told] == [type(None), type(None), Busy]
    assert kept(engine) == ["a", "b"]
    large = Slow()
    assert outcomes(large, "a", most=1) == [None]
    assert kept(large) == ["a"]


def test_one_request_that_fails_fails_no_other(caplog: pytest.LogCaptureFixture) -> None:
    engine = Slow(poison="c")
    told = outcomes(engine, "abcd")
    assert [type(one) for one in told] == [type(None), type(None), WriteFailed, type(None)]
    assert kept(engine) == ["a", "b", "d"]
    assert "could not be written" in caplog.text


def test_a_store_that_is_away_is_told_to_all() -> None:
    engine = Slow(errors=[StoreUnavailable("away")])
    assert [type(one) for one in outcomes(engine, "a")] == [StoreUnavailable]
    assert kept(engine) == []


def test_where_other_writers_always_come_first_a_sender_is_told_to_come_again() -> None:
    engine = Slow(errors=[Overtaken()])
    (told,) = outcomes(engine, "a")
    assert isinstance(told, Overtaken)
    assert problem(told).headers["retry-after"] == "1"
    assert kept(engine) == []


def test_other_writes_take_their_turn_and_their_errors_come_back() -> None:
    commits = GroupCommit(Slow(), 1, 1)

    def refuse() -> None:
        raise Invalid("a", "It is wrong.")

    assert commits.run(lambda: 7) == 7
    with pytest.raises(Invalid):
        commits.run(refuse)
    commits.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1"])
def test_on_loopback_nothing_has_to_be_declared(host: str) -> None:
    assert is_loopback(host)
    check_exposure(host, RULES, DEFAULT_ID_KEY)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "shop.example", ""])
def test_beyond_loopback_keys_are_needed(host: str) -> None:
    keyed = RULES.model_copy(
        update={"sources": {"web": RULES.source("web").model_copy(update={"write_key": "k"})}}
    )
    assert not is_loopback(host)
    refusals: list[type[OnefoldError]] = []
    for rules, id_key in ((RULES, b"own"), (keyed, DEFAULT_ID_KEY)):
        with pytest.raises(OnefoldError) as refused:
            check_exposure(host, rules, id_key)
        refusals.append(refused.type)
    assert refusals == [RulesError, Invalid]
    check_exposure(host, keyed, b"own")


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert url_of("::1", listening) == f"http://[::1]:{port}"
        assert url_of("localhost", listening) == f"http://localhost:{port}"
