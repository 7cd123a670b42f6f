"""A list under other names, by other settings, or into which no audience goes any more."""

from pathlib import Path
from typing import Any

import pytest

from graph_schema.errors import RulesError
from graph_schema.memory import MemoryStore
from serving.commands_sync import receipts
from serving.destinations.registry import out_of_reach
from stream.engine import Engine
from tests.destinations.google_emulator import GoogleEmulator
from tests.destinations.platforms import MetaEmulator, TikTokEmulator
from tests.destinations.shop import (
    ANA,
    BORIS,
    CART,
    CARTED,
    SPARED,
    Shop,
    drain,
    email,
    google,
    granted,
    meta,
    named,
    shopper,
    tiktok,
    two,
)


class Moving:
    """One store, by rules whose destinations change."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    def shop(self, **destinations: dict[str, Any]) -> Shop:
        return Shop(destinations, self.store)


def test_another_name_of_the_destination_goes_on_with_the_list() -> None:
    with MetaEmulator() as emulator:
        moving = Moving()
        shop = moving.shop(ads=meta(emulator.url, audiences={CARTED: CART}))
        two(shop)
        shop.sync()
        shop = moving.shop(social=meta(emulator.url, audiences={CARTED: CART}))
        gone = shop.erase("user_id:u-1")
        shop.tell(granted("u-2", withdrawn=True))
        shop.sync()
        assert emulator.lists == {CART: set()}
        assert emulator.told_twice == 0
        assert [one["handles"] for one in receipts(shop.engine, gone)] == [1]


def test_another_audience_for_the_same_list_takes_out_who_is_not_in_it() -> None:
    with MetaEmulator() as emulator:
        moving = Moving()
        shop = moving.shop(ads=meta(emulator.url, audiences={CARTED: CART}))
        two(shop)
        shop.sync()
        shop = moving.shop(ads=meta(emulator.url, audiences={"suppress_always": CART}))
        shop.tell(named("u-3", "cleo@example.net"), granted("u-3", withdrawn=True))
        shop.sync()
        assert emulator.lists == {CART: {email("cleo@example.net")}}


def test_what_waited_to_be_sent_for_an_audience_is_not_sent_for_another() -> None:
    with MetaEmulator() as emulator:
        moving = Moving()
        shop = moving.shop(ads=meta(emulator.url, audiences={CARTED: CART}))
        two(shop)
        emulator.flagged = True
        with shop.syncing("ads") as running:
            drain(running)
        emulator.flagged = False
        shop = moving.shop(ads=meta(emulator.url, audiences={"suppress_always": CART}))
        shop.sync()
        assert not emulator.lists.get(CART)
        assert not any(op == "add" for op, _ in emulator.log)


def test_a_list_into_which_no_audience_goes_any_more_is_emptied_and_then_forgotten() -> None:
    with GoogleEmulator() as emulator:
        moving = Moving()
        both = {CARTED: CART, "suppress_always": SPARED}
        shop = moving.shop(ads=google(emulator.url, audiences=both))
        two(shop)
        shop.sync()
        shop = moving.shop(other=google(emulator.url, audiences={"suppress_always": SPARED}))
        shop.sync()
        assert emulator.lists[CART] == set()

        def told() -> list[str]:
            with shop.syncing("other") as looking:
                return [one["list"] for one in looking.standings(ask=False) if one.get("unclaimed")]

        assert told() == [CART]
        # Until it is known that she was taken out.
        shop.wait(1)
        shop.sync()
        assert told() == []
        with shop.engine.store.read() as tx:
            assert not [name for name in tx.scan("") if CART in name and "receipt" not in name]


def test_a_list_that_no_destination_reaches_any_more_is_told() -> None:
    with GoogleEmulator() as emulator:
        moving = Moving()
        shop = moving.shop(ads=google(emulator.url, audiences={CARTED: CART}))
        two(shop)
        shop.sync()
        other = google(emulator.url, account_id="456", audiences={CARTED: CART})
        shop = moving.shop(ads=other)
        shop.sync()
        with shop.engine.store.read() as tx:
            (left,) = out_of_reach(tx, shop.settings)
        assert (left["destination"], left["list"], left["members"]) == ("ads", CART, 2)
        # The other account's list, called the same, was told on its own.
        assert emulator.told_twice == 2


def test_other_settings_are_followed_by_the_next_sync() -> None:
    with TikTokEmulator() as emulator:
        moving = Moving()
        shop = moving.shop(ads=tiktok(emulator.url, audiences={CARTED: CART}))
        shop.tell(*shopper("u-1", "ana+shop@example.com", phone="+33612345678"))
        shop.sync()
        assert len(emulator.lists[CART]) == 2
        less = tiktok(emulator.url, audiences={CARTED: CART}, identifiers=["email"], tag="strip")
        moving.shop(ads=less).sync()
        assert emulator.lists == {CART: {ANA}}


def test_an_address_that_is_no_longer_told_is_taken_out_at_meta() -> None:
    traits = {"firstName": "Ana", "lastName": "Lo", "address": {"city": "Lyon", "country": "FR"}}
    with MetaEmulator() as emulator:
        moving = Moving()
        whole = meta(emulator.url, audiences={CARTED: CART}, identifiers=["email", "address"])
        shop = moving.shop(ads=whole)
        shop.tell(*shopper("u-1", "ana@example.com", **traits))
        shop.sync()
        shop = moving.shop(ads=meta(emulator.url, audiences={CARTED: CART}, identifiers=["email"]))
        shop.sync()
        assert ("remove", 0) in emulator.log
        with shop.syncing("ads") as looking:
            (standing,) = looking.standings(ask=False)
        assert (standing["refused"], standing["removed"]) == ({}, 1)


def test_another_endpoint_is_told_of_everybody() -> None:
    with MetaEmulator() as one, MetaEmulator() as other:
        moving = Moving()
        shop = moving.shop(ads=meta(one.url, audiences={CARTED: CART}))
        two(shop)
        shop.sync()
        moving.shop(ads=meta(other.url, audiences={CARTED: CART})).sync()
        assert other.lists == one.lists == {CART: {ANA, BORIS}}


def test_a_ledger_from_before_lists_were_kept_goes_on() -> None:
    with MetaEmulator() as emulator:
        shop = Shop({"ads": meta(emulator.url, audiences={CARTED: CART})})
        two(shop)
        shop.sync()
        with shop.engine.store.read() as tx:
            kept = tx.scan("list/")
        shop.engine.put(dict.fromkeys(kept))
        shop.tell(granted("u-1", withdrawn=True))
        shop.sync()
        assert emulator.lists == {CART: {BORIS}}
        assert emulator.told_twice == 0


def test_a_file_follows_its_settings_and_is_written_again_where_it_is_gone(tmp_path: Path) -> None:
    moving = Moving()
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"

    def synced(path: Path, **more: Any) -> list[str]:
        moving.shop(out={"type": "file", "path": str(path), "audiences": [CARTED], **more}).sync()
        return path.read_text().splitlines()[1:]

    shop = moving.shop()
    shop.tell(*shopper("u-1", "ana@example.com"))
    assert synced(first) == [ANA.replace(":", ",")]
    first.unlink()
    assert synced(first) == [ANA.replace(":", ",")]
    assert synced(first, convention="plain") == ["email,ana@example.com"]
    assert synced(second) == [ANA.replace(":", ",")]
    # Nobody is left in the file that isn't kept any more.
    assert len(first.read_text().splitlines()) == 1


@pytest.mark.parametrize("names", [("one", "one"), ("one", "two")])
def test_two_audiences_into_one_list_are_a_mistake_in_the_rules(names: tuple[str, str]) -> None:
    ads = {name: meta("https://graph.example", audiences={}) for name in names}
    for name, audience in zip(names, (CARTED, "suppress_always"), strict=True):
        ads[name]["audiences"][audience] = CART
    with pytest.raises(RulesError) as error:
        Shop(ads)
    assert error.value.where == f"destination.{names[1]}.audiences.suppress_always"
    assert f"destination.{names[0]}.audiences.{CARTED}" in error.value.what


def test_two_audiences_into_one_file_are_one_too(tmp_path: Path) -> None:
    path = str(tmp_path / "out.csv")
    files = {"out": {"type": "file", "path": path, "audiences": [CARTED, "suppress_always"]}}
    with pytest.raises(RulesError, match="own"):
        Shop(files)
    files["out"]["path"] = str(tmp_path / "{audience}.csv")
    assert isinstance(Shop(files).engine, Engine)


def test_who_left_before_her_request_failed_keeps_nobody_in_the_list() -> None:
    with GoogleEmulator() as emulator:
        shop = Shop({"google": google(emulator.url, audiences={CARTED: CART})})
        emulator.next_outcome = {"requestStatus": "FAILED"}
        shop.tell(*shopper("u-1", "ana@example.com"))
        shop.sync()
        emulator.next_outcome = {"requestStatus": "SUCCESS"}
        shop.tell(granted("u-1", withdrawn=True))
        for _ in range(2):
            shop.sync()
            shop.wait(1 / 24)
        assert emulator.lists[CART] == set()
        with shop.engine.store.read() as tx:
            assert ANA not in str(tx.scan("sync/"))
        # Under the id of somebody else she comes and goes again.
        shop.tell({**named("u-0", "ana@example.com"), "timestamp": "2026-01-01T00:00:00Z"})
        shop.judge("same", "user_id:u-0", "user_id:u-1")
        for is_in in (True, False):
            shop.tell(granted("u-0", withdrawn=not is_in))
            shop.sync()
            assert (ANA in emulator.lists[CART]) is is_in


def test_a_receipt_is_of_the_list_whatever_it_is_called_meanwhile() -> None:
    moving = Moving()
    with MetaEmulator() as emulator:
        shop = moving.shop(ads=meta(emulator.url, audiences={CARTED: CART}))
        shop.tell(*shopper("u-1", "ana@example.com"))
        shop.sync()
        gone = shop.erase("user_id:u-1")
        with shop.syncing("ads") as running:
            running.lists[0].step()
        assert [one["open"] for one in receipts(shop.engine, gone)] == [1]
        shop = moving.shop(social=meta(emulator.url, audiences={"suppress_always": CART}))
        shop.sync()
        (told,) = receipts(shop.engine, gone)
        assert (told["handles"], told["open"]) == (1, 0)
        assert (told["destination"], told["audience"]) == ("social", "suppress_always")
