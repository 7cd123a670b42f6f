"""What a platform refuses: rows, a whole list, what was to be taken out; and what receipts say of that."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from graph_schema.errors import UnknownPerson
from profiles.moments import DAY, SECOND, iso
from serving.commands_sync import receipts
from serving.destinations.delivering import delivered
from serving.destinations.meta import Meta
from serving.destinations.platforms import Answer, DestinationRefuses, Job, Platform, Row
from serving.destinations.sending import Courier
from serving.destinations.syncing import Sync
from tests.destinations.emulator import Emulator, Reply, Request
from tests.destinations.google_emulator import GoogleEmulator
from tests.destinations.hook import Hook
from tests.destinations.platforms import MetaEmulator, TikTokEmulator
from tests.destinations.shop import (
    BORIS,
    CART,
    CARTED,
    Shop,
    drain,
    google,
    granted,
    meta,
    named,
    secret,
    shopper,
    tiktok,
    two,
)

INTO_CART = {CARTED: CART}


def webhook(url: str) -> dict[str, Any]:
    fixed = {"type": "webhook", "url": url, "secret": secret("HOOK"), "requests_per_minute": 60_000}
    return {**fixed, "audiences": INTO_CART}


@pytest.fixture
def hooked() -> Iterator[tuple[Hook, Shop]]:
    with Hook() as hook:
        yield hook, Shop({"ads": webhook(hook.url)})


def many(shop: Shop, number: int) -> set[str]:
    for one in range(number):
        shop.tell(*shopper(f"u-{one}", f"ana{one}@example.com"))
    return {f"email:ana{one}@example.com" for one in range(number)}


def digest(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()


def synced(shop: Shop) -> Sync:
    """A sync that has ended, with what it had to complain of."""
    with shop.syncing("ads") as running:
        drain(running)
        running.rest()
    return running


def receipt(shop: Shop, person_id: str) -> tuple[object, object]:
    (told,) = receipts(shop.engine, person_id)
    return told["handles"], told["open"]


# What was to be taken out


def test_a_refused_removal_stays_to_be_done_and_no_receipt_says_otherwise(hooked: tuple[Hook, Shop]) -> None:
    hook, shop = hooked
    two(shop)
    shop.sync()
    erased = shop.erase("user_id:u-1")
    hook.refused = 0
    (complaint,) = synced(shop).complaints()
    assert "1 member not taken out" in str(complaint)
    assert hook.lists[CART] == {"email:ana@example.com", "email:boris@example.org"}
    assert receipt(shop, erased) == (0, 1)
    hook.refused = None
    assert not synced(shop).complaints()
    assert hook.lists[CART] == {"email:boris@example.org"}
    assert receipt(shop, erased) == (1, 0)
    with shop.syncing("ads") as looking:
        (standing,) = looking.standings(ask=False)
    assert (standing["members"], standing["removed"]) == (1, 1)


def test_whoever_withdrew_was_not_taken_out_and_is_erased_then_has_no_false_receipt(
    hooked: tuple[Hook, Shop],
) -> None:
    hook, shop = hooked
    two(shop)
    shop.sync()
    hook.refused = 0
    shop.tell(granted("u-1", withdrawn=True))
    synced(shop)
    erased = shop.erase("user_id:u-1")
    synced(shop)
    assert receipt(shop, erased) == (0, 1)
    hook.refused = None
    shop.sync()
    assert receipt(shop, erased) == (1, 0)


def test_who_came_back_meanwhile_is_not_taken_out(hooked: tuple[Hook, Shop]) -> None:
    hook, shop = hooked
    two(shop)
    shop.sync()
    hook.refused = 0
    shop.tell(granted("u-1", withdrawn=True))
    synced(shop)
    hook.refused = None
    shop.tell(granted("u-1"))
    came = len(hook.came)
    shop.sync()
    assert len(hook.came) == came
    assert hook.lists[CART] == {"email:ana@example.com", "email:boris@example.org"}


def test_what_a_list_never_took_needn_t_be_taken_out(hooked: tuple[Hook, Shop]) -> None:
    hook, shop = hooked
    hook.refused = 0
    shop.tell(*shopper("u-1", "ana@example.com"))
    shop.sync()
    shop.tell(granted("u-1", withdrawn=True))
    assert not synced(shop).complaints()
    assert not synced(shop).complaints()
    assert [b'"remove"' in body for _, body in hook.came] == [False, True]


@pytest.mark.parametrize("status", ["PARTIAL_SUCCESS", "FAILED", "forgotten"])
def test_a_removal_of_which_google_says_later_that_it_failed_is_done_again(status: str) -> None:
    with GoogleEmulator() as emulator:
        shop = Shop({"ads": google(emulator.url, audiences=INTO_CART)})
        two(shop)
        shop.sync()
        erased = shop.erase("user_id:u-1")
        counts = [{"reason": "PROCESSING_ERROR_REASON_INTERNAL", "recordCount": "1"}]
        emulator.next_outcome = {"requestStatus": status, "errorInfo": {"errorCounts": counts}}
        shop.sync()
        if status == "forgotten":
            emulator.outcomes.clear()
        assert receipt(shop, erased) == (0, 1)
        emulator.next_outcome = {"requestStatus": "SUCCESS"}
        emulator.log.clear()
        shop.wait(1 / 24)
        assert "a request to remove 1 row" in str(synced(shop).complaints()[-1])
        assert emulator.log == [("remove", 1)]
        assert receipt(shop, erased) == (0, 1)
        shop.wait(1 / 24)
        assert not synced(shop).complaints()
        assert receipt(shop, erased) == (1, 0)


def test_a_request_that_google_has_forgotten_stops_no_other() -> None:
    with GoogleEmulator() as emulator:
        shop = Shop({"ads": google(emulator.url, audiences=INTO_CART)})
        two(shop)
        shop.sync()
        emulator.outcomes = {"another's": {}}
        shop.tell(*shopper("u-3", "cleo@example.net"))
        shop.wait(1)
        (complaint,) = synced(shop).complaints()
        assert "is unknown there" in str(complaint)
        shop.wait(1)
        running = synced(shop)
        assert not running.complaints()
        (standing,) = running.standings(ask=False)
        assert standing["open_requests"] == 0


def test_a_request_that_failed_as_a_whole_is_told() -> None:
    with GoogleEmulator() as emulator:
        shop = Shop({"ads": google(emulator.url, audiences=INTO_CART)})
        counts = [{"reason": "TERMS_NOT_SIGNED", "recordCount": "2"}]
        emulator.next_outcome = {"requestStatus": "FAILED", "errorInfo": {"errorCounts": counts}}
        two(shop)
        shop.sync()
        shop.wait(1)
        (complaint,) = synced(shop).complaints()
        assert "failed: TERMS_NOT_SIGNED" in str(complaint)


class Counting(Platform):
    """Takes out all but one, and tells no more than how many it didn't."""

    def deliver(self, job: Job, courier: Courier) -> Answer:
        """See ``Platform``."""
        return Answer("r", unnamed=sum(row.handles == ("email:7",) for row in job.rows))


def test_of_those_to_be_taken_out_it_is_known_who_was_refused(hooked: tuple[Hook, Shop]) -> None:
    _, shop = hooked
    rows = [Row(f"per_{one}", "", (f"email:{one}",)) for one in range(20)]
    courier = Courier("ads", 60_000, 1, 1)
    told = delivered(Counting("ads", shop.settings["ads"]), Job("remove", CART, rows, "k"), courier)
    courier.close()
    assert sorted(row for row, _ in told.rows) == sorted(rows)
    assert [row.person_id for row, why in told.rows if why] == ["per_7"]


def test_who_moved_before_her_old_address_was_taken_out_is_taken_out_with_both() -> None:
    said: list[list[str]] = []

    class Seen(MetaEmulator):
        def _users(self, method: str, edge: str, list_id: str, body: dict[str, Any]) -> Reply:
            said.extend(body["payload"]["data"])
            return super()._users(method, edge, list_id, body)

    old, new, email = ("|".join(map(digest, one)) for one in ("abcdefghij", "ABCDEFGHIJ", "e"))
    row = Row("per_1", "", (f"email:{email}", f"address:{old}", f"address:{new}"))
    with Seen() as emulator:
        shop, courier = Shop({"ads": meta(emulator.url)}), Courier("ads", 60_000, 1, 30 * SECOND)
        delivered(Meta("ads", shop.settings["ads"]), Job("remove", "1", [row], "1" * 16), courier)
        courier.close()
    assert [[one for one in entry if one] for entry in said] == [[email, *old.split("|")], new.split("|")]


# A merge before the erasure, and other ids of hers


def test_a_receipt_is_found_by_every_id_that_she_had(hooked: tuple[Hook, Shop]) -> None:
    hook, shop = hooked
    shop.tell(*shopper("u-1", "ana@example.com"))
    shop.sync()
    with shop.engine.store.read() as tx:
        (before,) = (one.person_id for one in tx.all_persons())
    row = {"source": "crm", "context": {"recordId": "7"}, "timestamp": iso(shop.now - DAY)}
    shop.tell({**row, "traits": {"email": "ana@example.com"}})
    erased = shop.erase("user_id:u-1")
    assert erased != before
    hook.status = 403
    synced(shop)
    assert receipt(shop, erased) == receipt(shop, before) == (0, 1)
    hook.status = 200
    shop.sync()
    assert receipt(shop, erased) == receipt(shop, before) == (1, 0)
    with pytest.raises(UnknownPerson):
        receipts(shop.engine, "per_0000000000000000")
    # Under the same address somebody may come again: that changes no receipt.
    shop.wait(1)
    shop.tell({**named("u-9", "ana@example.com"), "timestamp": iso(shop.now)})
    assert receipt(shop, erased) == receipt(shop, before) == (1, 0)


# Whole lists


def _wrong_destination(_: Request) -> Reply:
    field = "destinations.destinations[0].product_destination_id"
    detail = {"fieldViolations": [{"field": field, "reason": "INVALID_DESTINATION"}]}
    return Reply(400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "details": [detail]}})


def _wrong_object(_: Request) -> Reply:
    return Reply(400, {"error": {"code": 100, "message": "(#100) Object with ID '111' does not exist"}})


def _wrong_audience(_: Request) -> Reply:
    return Reply(200, {"code": 40_002, "message": "audience_ids: invalid"})


def _without_a_word(_: Request) -> Reply:
    return Reply(403, {"error": None, "data": None, "message": None})


def _of_nothing(request: Request) -> Reply:
    return Reply(200, {"code": 0, "data": None, "error": None, "sizeInfo": None})


@pytest.mark.parametrize(
    ("emulated", "settings"), [(GoogleEmulator, google), (MetaEmulator, meta), (TikTokEmulator, tiktok)]
)
def test_where_a_platform_says_null_of_a_list_nothing_is_known_of_it(
    emulated: Callable[[], Emulator], settings: Callable[..., dict[str, Any]]
) -> None:
    with emulated() as emulator:
        shop = Shop({"ads": settings(emulator.url, audiences=INTO_CART)})
        emulator.answer = _of_nothing  # type: ignore[method-assign]
        with shop.syncing("ads") as looking:
            (standing,) = looking.standings(ask=True)
        assert standing["platform"] == {}


@pytest.mark.parametrize(
    ("emulated", "settings", "wrong"),
    [
        (GoogleEmulator, google, _without_a_word),
        (MetaEmulator, meta, _without_a_word),
        (TikTokEmulator, tiktok, _without_a_word),
        (GoogleEmulator, google, _wrong_destination),
        (MetaEmulator, meta, _wrong_object),
        (TikTokEmulator, tiktok, _wrong_audience),
    ],
)
def test_a_refusal_of_the_list_is_told_and_no_row_is_given_up(
    emulated: Callable[[], Emulator], settings: Callable[..., dict[str, Any]], wrong: Callable[..., Reply]
) -> None:
    with emulated() as emulator:
        shop = Shop({"ads": settings(emulator.url, audiences=INTO_CART)})
        shop.tell(*shopper("u-2", "boris@example.org"))
        right = emulator.answer
        emulator.answer = wrong  # type: ignore[method-assign]
        (complaint,) = synced(shop).complaints()
        assert isinstance(complaint, DestinationRefuses)
        assert emulator.requests.total() == 1
        emulator.answer = right  # type: ignore[method-assign]
        shop.sync()
        assert emulator.lists == {CART: {BORIS}}


def test_where_none_of_the_first_rows_is_taken_it_is_not_the_rows(hooked: tuple[Hook, Shop]) -> None:
    hook, shop = hooked
    everybody = many(shop, 64)
    hook.status = 400
    (complaint,) = synced(shop).complaints()
    assert "it takes none of the rows" in str(complaint)
    assert len(hook.came) < 12
    hook.status = 200
    shop.sync()
    assert hook.lists[CART] == everybody


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_row_that_a_webhook_cannot_take_keeps_none_of_the_others_back(
    hooked: tuple[Hook, Shop], status: int
) -> None:
    hook, shop = hooked
    everybody = many(shop, 20)
    hook.status, hook.bad = status, "ana7@"
    told: list[tuple[str, str, int]] = []
    with shop.syncing("ads") as running:
        (one,) = running.lists
        one.means = one.means._replace(report=lambda *said: told.append(said))
        drain(running)
        assert not running.complaints()
    assert hook.lists[CART] == everybody - {"email:ana7@example.com"}
    carted = next(iter(INTO_CART))
    assert told == [(carted, "add", 19), (carted, "refused", 1)]
