"""Destinations that need no account of an ad platform: UID2, files, webhooks."""

import base64
import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from profiles.moments import DAY
from serving.destinations.sending import DestinationUnavailable
from serving.destinations.webhook import signature
from tests.destinations.hook import Hook
from tests.destinations.platforms import Uid2Emulator
from tests.destinations.shop import (
    ANA,
    BORIS,
    Shop,
    drain,
    granted,
    named,
    ordered,
    secret,
    two,
)

# UID2


@pytest.fixture
def mapped(tmp_path: Path) -> Iterator[tuple[Uid2Emulator, Shop, Path]]:
    path = tmp_path / "uid2.csv"
    with Uid2Emulator() as emulator:
        settings = {
            "type": "uid2",
            "endpoint": emulator.url,
            "api_key": secret("UID2"),
            "secret": secret("UID2_SECRET"),
            "audiences": ["retarget_abandoned_cart"],
            "path": str(path),
            "requests_per_minute": 60_000,
        }
        yield emulator, Shop({"uid2": settings}), path


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as text:
        return list(csv.reader(text))[1:]


def test_members_become_uid2s_and_who_opted_out_has_none(mapped: tuple[Uid2Emulator, Shop, Path]) -> None:
    emulator, shop, path = mapped
    emulator.opted_out.add(shop.syncing("uid2").platform.recognition.email("boris@example.org"))
    two(shop)
    shop.sync()
    assert len(emulator.mapped) == 2
    ((uid2, previous, refresh_from),) = _rows(path)
    assert len(base64.b64decode(uid2)) == 32
    assert (previous, refresh_from) == ("", str(emulator.refresh_ms))
    shop.tell(ordered("u-1", "o-1"))
    shop.sync()
    assert _rows(path) == []
    assert len(emulator.mapped) == 2
    assert path.stat().st_mode & 0o077 == 0


def test_a_uid2_is_mapped_again_from_its_refresh_time_on(mapped: tuple[Uid2Emulator, Shop, Path]) -> None:
    emulator, shop, path = mapped
    emulator.refresh_ms = (shop.now + 3 * DAY) // 1000
    two(shop)
    shop.sync()
    before = _rows(path)
    shop.wait(2)
    shop.sync()
    assert _rows(path) == before
    assert len(emulator.mapped) == 2
    emulator.generation = 2
    shop.wait(2)
    shop.sync()
    assert len(emulator.mapped) == 4
    assert {row[0] for row in _rows(path)}.isdisjoint(row[0] for row in before)


# Files


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_is_written_whole_whenever_somebody_came_or_went(tmp_path: Path, suffix: str) -> None:
    settings = {
        "type": "file",
        "path": str(tmp_path / f"out/{{audience}}.{suffix}"),
        "audiences": ["retarget_abandoned_cart"],
    }
    shop = Shop({"file": settings})
    path = tmp_path / f"out/retarget_abandoned_cart.{suffix}"

    def held() -> set[str]:
        if suffix == "csv":
            return {":".join(row) for row in _rows(path)}
        return {f"{row['kind']}:{row['value']}" for row in pq.read_table(path).to_pylist()}

    shop.sync()
    assert held() == set()
    two(shop)
    shop.sync()
    assert held() == {ANA, BORIS}
    written = path.stat().st_mtime_ns
    shop.tell(named("u-3", "cleo@example.net"))
    shop.sync()
    assert path.stat().st_mtime_ns == written
    shop.tell(granted("u-1", withdrawn=True))
    shop.sync()
    assert held() == {BORIS}
    assert [one.name for one in path.parent.iterdir()] == [path.name]


# Webhooks


@pytest.fixture
def hooked() -> Iterator[tuple[Hook, Shop]]:
    with Hook() as hook:
        settings = {
            "type": "webhook",
            "url": f"{hook.url}/audiences",
            "secret": secret("HOOK"),
            "audiences": {"retarget_abandoned_cart": "cart", "suppress_buyers": "buyers"},
            "requests_per_minute": 60_000,
        }
        yield hook, Shop({"hook": settings})


def test_a_webhook_is_told_and_can_tell_that_it_was_us(hooked: tuple[Hook, Shop]) -> None:
    hook, shop = hooked
    two(shop)
    shop.sync()
    assert hook.lists == {"cart": {"email:ana@example.com", "email:boris@example.org"}}
    headers, body = hook.came[0]
    signed = signature("s3cret", headers["webhook-id"], headers["webhook-timestamp"], body)
    assert headers["webhook-signature"] == signed
    assert signature("whsec_" + base64.b64encode(b"s3cret").decode(), "i", "1", b"") == signature(
        "s3cret", "i", "1", b""
    )
    shop.tell(ordered("u-1", "o-1"))
    shop.sync()
    assert hook.lists == {"cart": {"email:boris@example.org"}, "buyers": {"email:ana@example.com"}}
    assert len({headers["webhook-id"] for headers, _ in hook.came}) == len(hook.came) == 3


def test_a_lost_answer_has_the_same_request_made_again(hooked: tuple[Hook, Shop]) -> None:
    hook, shop = hooked
    two(shop)
    fates = iter(("closed after", "closed after", ""))
    hook.faults.next = lambda: next(fates, "")  # type: ignore[method-assign]
    shop.sync()
    assert len(hook.came) == 3
    assert len({headers["webhook-id"] for headers, _ in hook.came}) == 1


def test_who_dropped_out_since_makes_it_another_request(hooked: tuple[Hook, Shop]) -> None:
    hook, shop = hooked
    two(shop)
    hook.faults.next = lambda: "closed after"  # type: ignore[method-assign]
    with shop.syncing("hook") as running:
        running.means.courier._sleep = lambda _: None
        with pytest.raises(DestinationUnavailable):
            drain(running)
    shop.tell(granted("u-1", withdrawn=True))
    hook.faults.next = lambda: ""  # type: ignore[method-assign]
    shop.sync()
    told = {(headers["webhook-id"], body) for headers, body in hook.came}
    assert len({body for _, body in told}) == len({name for name, _ in told}) == len(told)
    assert hook.lists["cart"] == {"email:boris@example.org"}


def test_the_standard_webhooks_vector_comes_out() -> None:
    # github.com/standard-webhooks/standard-webhooks, spec: the example of its libraries' tests.
    secret_said = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signed = signature(secret_said, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_row_that_is_refused_is_told_in_the_ledger(hooked: tuple[Hook, Shop]) -> None:
    hook, shop = hooked
    hook.refused = 0
    two(shop)
    shop.sync()
    with shop.syncing("hook") as looking:
        cart = next(one for one in looking.standings(ask=False) if one["list"] == "cart")
        assert cart["refused"] == {"unknown": 1}
        hook.refused = None
        looking.go_over()
        came = len(hook.came)
        drain(looking)
    (again,) = [json.loads(body) for _, body in hook.came[came:]]
    assert len(again["members"]) == 1
