"""A sync that follows: what it goes on after, and where it ends."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from serving import commands_sync
from serving.destinations.settings import destination_settings
from serving.destinations.syncing import Sync
from stream.engine import Engine
from tests.destinations.emulator import Reply, Request
from tests.destinations.shop import ANA, granted
from tests.destinations.shopkeeper import Shopkeeper


@contextmanager
def following(shop: Shopkeeper, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A thread that follows, tries again soon, and has ended with a code thereafter."""
    monkeypatch.setattr(commands_sync, "_LATER_SECONDS", 0.2)
    store = SqliteStore(shop.store)
    engine, stop = Engine(store, load_rules(shop.rules)), threading.Event()
    (settings,) = destination_settings(engine.rules).values()
    ended: list[int] = []
    thread = threading.Thread(
        target=lambda: ended.append(commands_sync._sync_one(engine, stop, True, None, "meta", settings))
    )
    thread.start()
    yield ended
    stop.set()
    thread.join()
    store.close()


def test_who_follows_tries_again_what_a_platform_refused(
    shop: Shopkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.emulator.flagged = True
    with following(shop, monkeypatch) as ended:
        _until(lambda: shop.emulator.requests["POST 400"] > 0)
        assert not shop.emulator.lists
        shop.emulator.flagged = False
        _until(lambda: shop.emulator.lists == {"1": {ANA}})
    assert ended == [0]


def test_a_platform_that_asks_to_be_left_alone_for_long_is(
    shop: Shopkeeper, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def answer(request: Request) -> Reply:
        asked.append(request)
        return Reply(429, {}, {"retry-after": "600"})

    monkeypatch.setattr(shop.emulator, "answer", answer)
    told: list[str] = []

    def is_told_twice() -> bool:
        told.append(capsys.readouterr().err)
        return "".join(told).count("asks to be left alone") > 1

    with following(shop, monkeypatch) as ended:
        _until(is_told_twice)
    assert ended == [3]
    assert len(asked) == 1


def test_who_follows_ends_where_another_took_over(
    shop: Shopkeeper, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with following(shop, monkeypatch) as ended:
        _until(lambda: shop.emulator.lists == {"1": {ANA}})
        assert shop.run("sync").code == 0
        shop.ingest(granted("u-1", withdrawn=True))
        _until(lambda: bool(ended))
    assert ended == [1]
    assert "taken over" in capsys.readouterr().err


def test_who_follows_goes_on_after_what_nobody_foresaw_and_tells_nothing_of_anybody(
    shop: Shopkeeper, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = iter([ValueError("ana@shop.example"), OSError("ana@shop.example")])
    whole = Sync.round

    def round_(self: Sync) -> bool:
        for fault in faults:
            raise fault
        return whole(self)

    monkeypatch.setattr(Sync, "round", round_)
    with following(shop, monkeypatch) as ended:
        _until(lambda: shop.emulator.lists == {"1": {ANA}})
    assert ended == [0]
    told = capsys.readouterr().err
    assert "ValueError in test_following.py" in told
    assert "ana@" not in told


def _until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)
