"""From events to what a platform holds: every story of leaving and coming, on each of the three platforms."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graph_schema.sqlite import SqliteStore
from serving.commands_sync import receipts
from serving.destinations.ledger import Stopped
from serving.destinations.platforms import DestinationRefuses
from serving.destinations.sending import DestinationUnavailable
from tests.destinations.emulator import Emulator
from tests.destinations.google_emulator import GoogleEmulator
from tests.destinations.platforms import MetaEmulator, TikTokEmulator
from tests.destinations.shop import (
    ANA,
    BORIS,
    BUYERS,
    CART,
    CARTED,
    SECRETS,
    SPARED,
    Shop,
    carted,
    drain,
    email,
    google,
    granted,
    meta,
    named,
    ordered,
    shopper,
    tiktok,
)

CLEO = email("cleo@example.net")
PLATFORMS: dict[str, tuple[Callable[[], Emulator], Callable[..., dict[str, Any]]]] = {
    "google": (GoogleEmulator, google),
    "meta": (MetaEmulator, meta),
    "tiktok": (TikTokEmulator, tiktok),
}


@pytest.fixture(params=PLATFORMS)
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Emulator, Shop]]:
    emulated, settings = PLATFORMS[request.param]
    with emulated() as emulator:
        store = SqliteStore(tmp_path / "shop.db")
        yield emulator, Shop({"ads": settings(emulator.url)}, store)
        store.close()


def test_a2_a_purchase_takes_her_out_and_spares_her_the_product(there: tuple[Emulator, Shop]) -> None:
    emulator, shop = there
    shop.tell(*shopper("u-1", "ana@example.com"), *shopper("u-2", "boris@example.org"))
    shop.sync()
    assert emulator.lists == {CART: {ANA, BORIS}}
    shop.tell(ordered("u-1", "o-1"))
    emulator.log.clear()
    shop.sync()
    assert emulator.lists == {CART: {BORIS}, BUYERS: {ANA}}
    assert emulator.log == [("remove", 1), ("add", 1)]
    shop.sync()
    assert len(emulator.log) == 2


def test_b5_a_closed_account_is_spared_under_an_address_that_turns_up_years_later(
    there: tuple[Emulator, Shop],
) -> None:
    emulator, shop = there
    account = {"account_id": "a-1", "product": "mortgage"}
    shop.tell(named("u-1", "ana@example.com"), granted("u-1"), named("u-2", "boris@example.org"))
    shop.tell({"userId": "u-1", "event": "Account Opened", "properties": account})
    shop.sync()
    assert not emulator.lists
    shop.tell({"userId": "u-1", "event": "Account Closed", "properties": account})
    shop.sync()
    assert emulator.lists == {SPARED: {ANA}}
    shop.wait(1_100)
    shop.tell({**named("u-1", "cleo@example.net"), "source": "crm"})
    shop.sync()
    assert emulator.lists[SPARED] == {ANA, CLEO}
    shop.tell({"userId": "u-1", "event": "Account Opened", "properties": {**account, "account_id": "a-2"}})
    shop.sync()
    assert emulator.lists[SPARED] == set()


def test_e7_who_withdrew_objected_or_was_erased_leaves_by_the_next_sync(
    there: tuple[Emulator, Shop],
) -> None:
    emulator, shop = there
    for user, address in (
        ("u-1", "ana@example.com"),
        ("u-2", "boris@example.org"),
        ("u-3", "cleo@example.net"),
    ):
        shop.tell(*shopper(user, address))
    shop.sync()
    assert emulator.lists == {CART: {ANA, BORIS, CLEO}}
    shop.tell(granted("u-1", withdrawn=True))
    objection = {"event": "Processing Objected", "properties": {"purpose": "advertising"}}
    shop.tell({"userId": "u-2", **objection})
    gone = shop.erase("user_id:u-3")
    shop.sync()
    assert emulator.lists[CART] == set()
    # Google takes nobody who denied it, not even to spare her; the others are told whom to spare.
    assert emulator.lists.get(SPARED, set()) == (
        set() if isinstance(emulator, GoogleEmulator) else {ANA, BORIS}
    )
    if isinstance(emulator, GoogleEmulator):
        assert {one["audience"]: one["open"] for one in receipts(shop.engine, gone)}[CARTED] == 1
        shop.wait(1 / 24)
        shop.sync()
    told = {one["audience"]: one["handles"] for one in receipts(shop.engine, gone)}
    assert told == {CARTED: 1, "suppress_always": 0, "suppress_buyers/vit-c": 0}
    # Google says later what became of a request; till then its rows are kept.
    shop.wait(1 / 24)
    shop.sync()
    with shop.engine.store.read() as tx:
        assert CLEO not in repr(tx.scan("sync/"))
    shop.tell(granted("u-1"), carted("u-1"))
    shop.sync()
    assert emulator.lists[CART] == {ANA}


def test_a_merge_that_makes_her_a_buyer_takes_her_out_and_a_split_brings_the_other_back(
    there: tuple[Emulator, Shop],
) -> None:
    emulator, shop = there
    shop.tell(*shopper("u-1", "ana@example.com"))
    row: dict[str, Any] = {"source": "crm", "context": {"recordId": "7"}}
    shop.tell({**row, "traits": {"email": "boris@example.org"}})
    bought = ordered("", "o-1")
    del bought["userId"]
    shop.tell({**bought, **row})
    shop.sync()
    assert emulator.lists == {CART: {ANA}, BUYERS: {BORIS}}
    shop.tell({**row, "traits": {"email": "ana@example.com"}})
    shop.sync()
    assert emulator.lists == {CART: set(), BUYERS: {ANA, BORIS}}
    shop.judge("different", "crm/7", "user_id:u-1")
    shop.sync()
    # The address that both hold is hers no longer beyond doubt, so she is told of by none.
    assert emulator.lists == {CART: set(), BUYERS: {ANA, BORIS}}
    shop.tell(named("u-1", "cleo@example.net"))
    shop.sync()
    assert emulator.lists == {CART: {CLEO}, BUYERS: {ANA, BORIS}}


def test_a_changed_address_is_another_handle_and_she_is_told_whole_again(
    there: tuple[Emulator, Shop],
) -> None:
    emulator, shop = there
    shop.tell(*shopper("u-1", "ana@example.com", phone="+33612345678"))
    shop.sync()
    before = set(emulator.lists[CART])
    assert ANA in before
    assert len(before) == 2
    shop.tell(named("u-1", "cleo@example.net"))
    shop.sync()
    assert emulator.lists[CART] == before | {CLEO}
    assert emulator.told_twice == 0


def test_what_time_alone_moves_leaves_too(there: tuple[Emulator, Shop]) -> None:
    emulator, shop = there
    shop.tell(*shopper("u-1", "ana@example.com"))
    shop.sync()
    assert emulator.lists[CART] == {ANA}
    shop.wait(100)
    shop.sync()
    assert emulator.lists[CART] == set()


def test_an_address_that_two_persons_hold_is_advertised_to_nobody(there: tuple[Emulator, Shop]) -> None:
    emulator, shop = there
    shop.tell(*shopper("u-1", "ana@example.com"), *shopper("u-2", "boris@example.org"))
    shop.tell(named("u-1", "family@example.com"), named("u-2", "family@example.com"))
    shop.sync()
    assert emulator.lists[CART] == {ANA, BORIS}
    shop.tell(ordered("u-1", "o-1"))
    shop.sync()
    assert emulator.lists == {CART: {BORIS}, BUYERS: {ANA, email("family@example.com")}}


def test_an_address_that_another_comes_to_hold_leaves_though_nothing_of_hers_changed(
    there: tuple[Emulator, Shop],
) -> None:
    emulator, shop = there
    shop.tell(*shopper("u-1", "ana@example.com"), named("u-1", "box+ana@example.com"))
    # It isn't the first that she shares.
    shop.tell(named("u-1", "family@example.com"), named("u-2", "family@example.com"))
    shop.sync()
    assert emulator.lists[CART] == {ANA, email("box+ana@example.com")}
    shop.tell(named("u-2", "box@example.com"))
    shop.sync()
    assert emulator.lists[CART] == {ANA}


def test_an_address_that_another_comes_to_hold_while_a_row_waits_is_not_sent(
    there: tuple[Emulator, Shop],
) -> None:
    emulator, shop = there
    shop.tell(*shopper("u-1", "ana@example.com"), *shopper("u-2", "boris@example.org"))
    shop.tell(named("u-1", "family@example.com"), named("u-3", "family@example.com"))
    with shop.syncing("ads") as running:
        for one in [*running.lists, *running.lists]:
            one.step()
        shop.tell(named("u-3", "ana@example.com"))
        drain(running)
    assert emulator.lists[CART] == {BORIS}
    assert next(one for one in emulator.log if one[0] == "add") == ("add", 1)


def test_one_bad_row_keeps_none_of_the_others_back(
    there: tuple[Emulator, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator, shop = there
    for number in range(20):
        shop.tell(*shopper(f"u-{number}", f"ana{number}@example.com"))
    shop.tell(*shopper("u-bad", "bad@example.com"))
    with shop.syncing("ads") as running:
        plain = running.platform.recognition
        bad = plain._replace(email=lambda one: "0" * 64 if one.startswith("bad") else plain.email(one))
        monkeypatch.setattr(running.platform, "recognition", bad)
        drain(running)
        (standing,) = [one for one in running.standings(ask=False) if one.get("added")]
    assert emulator.lists[CART] == {email(f"ana{number}@example.com") for number in range(20)}
    assert sum(standing["refused"].values()) == 1
    assert standing["added"] == 20


def test_whom_the_platform_refuses_altogether_stays_to_be_sent(there: tuple[Emulator, Shop]) -> None:
    emulator, shop = there
    shop.tell(*shopper("u-1", "ana@example.com"))
    with pytest.MonkeyPatch.context() as other:
        for name in SECRETS:
            other.setenv(f"TEST_{name}", "wrong")
        with shop.syncing("ads") as running:
            drain(running)
            assert set(running.refusals) == {"retarget_abandoned_cart"}
            assert isinstance(running.refusals["retarget_abandoned_cart"], DestinationRefuses)
            assert "wrong" not in str(running.refusals["retarget_abandoned_cart"])
    assert not emulator.lists
    shop.sync()
    assert emulator.lists == {CART: {ANA}}


def test_whoever_withdrew_while_her_row_waited_is_not_sent(there: tuple[Emulator, Shop]) -> None:
    emulator, shop = there
    shop.tell(*shopper("u-1", "ana@example.com"), *shopper("u-2", "boris@example.org"))
    with shop.syncing("ads") as running:
        for one in running.lists:
            one.step()
        for one in running.lists:
            one.step()
        assert not emulator.lists
        shop.tell(granted("u-1", withdrawn=True))
        drain(running)
    assert emulator.lists[CART] == {BORIS}
    assert next(one for one in emulator.log if one[0] == "add") == ("add", 1)
    shop.tell(granted("u-1"))
    shop.sync()
    assert emulator.lists[CART] == {ANA, BORIS}


def test_a_destination_that_does_not_answer_loses_nothing(there: tuple[Emulator, Shop]) -> None:
    emulator, shop = there
    shop.tell(*shopper("u-1", "ana@example.com"))
    emulator.faults.share = 1.0
    emulator.faults.slow = 0.0
    with shop.syncing("ads") as running:
        running.means.courier._attempts = 2
        running.means.courier._sleep = lambda _: None
        monkey = pytest.MonkeyPatch()
        monkey.setattr(emulator.faults, "next", lambda: "busy")
        with pytest.raises(DestinationUnavailable) as error:
            drain(running)
        monkey.undo()
    assert "ads" in str(error.value)
    assert not emulator.lists
    emulator.faults.share = 0.0
    shop.sync()
    assert emulator.lists == {CART: {ANA}}


def test_a_process_that_was_taken_over_writes_no_more(there: tuple[Emulator, Shop]) -> None:
    emulator, shop = there
    shop.tell(*shopper("u-1", "ana@example.com"))
    with shop.syncing("ads") as old, shop.syncing("ads") as new:
        with pytest.raises(Exception, match="taken over"):
            old.round()
        while new.round():
            pass
    assert emulator.lists == {CART: {ANA}}


def test_a_process_that_was_taken_over_while_it_waited_brings_nobody_back(
    there: tuple[Emulator, Shop],
) -> None:
    emulator, shop = there
    shop.tell(*shopper("u-1", "ana@example.com"))
    faults = iter(["busy"])
    with pytest.MonkeyPatch.context() as other, shop.syncing("ads") as old:

        def meanwhile(_: float) -> None:
            shop.sync()
            shop.tell(granted("u-1", withdrawn=True))
            shop.sync()

        other.setattr(emulator.faults, "next", lambda: next(faults, ""))
        other.setattr(old.means.courier, "_sleep", meanwhile)
        with pytest.raises(Stopped):
            drain(old)
    assert emulator.lists[CART] == set()
