"""Replacement, refresh, outcomes that come later, and looking before sending."""

import hashlib

import pytest

from graph_schema.errors import StoreUnavailable
from graph_schema.memory import MemoryStore
from graph_schema.vocabulary import Delta
from serving.destinations.planning import Wants
from tests.destinations.emulator import Reply, Request
from tests.destinations.google_emulator import GoogleEmulator
from tests.destinations.platforms import MetaEmulator, TikTokEmulator
from tests.destinations.shop import (
    ANA,
    BORIS,
    BUYERS,
    CART,
    CARTED,
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
    secret,
    tiktok,
    two,
)

# The feeds


class Following(MemoryStore):
    """Remembers from where on the feed of an audience was read last."""

    begun = 0

    def deltas(self, audience: str | None, after: int, limit: int) -> list[Delta]:
        """See ``Transaction``."""
        self.begun = after
        return super().deltas(audience, after, limit)


def test_what_other_audiences_were_told_is_looked_through_once() -> None:
    with MetaEmulator() as emulator:
        store = Following()
        shop = Shop({"meta": meta(emulator.url, audiences={"suppress_always": SPARED})}, store)
        with shop.syncing("meta") as running:
            drain(running)
            two(shop)
            shop.wait(40)
            told = store.last_delta()
            assert {one.audience for one in store.deltas(None, 0, 99)} == {CARTED}
            for _ in range(2):
                drain(running)
                assert not running.round()
                assert store.begun == told


def test_what_was_read_when_the_store_failed_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with MetaEmulator() as emulator:
        shop = Shop({"meta": meta(emulator.url, audiences={CARTED: CART})})
        with shop.syncing("meta") as running:
            drain(running)
            shop.tell(named("u-9", "nobody@example.com"))
            drain(running)
            two(shop)

            def fail(*_: object) -> None:
                raise StoreUnavailable("the store is away", way_out="Wait")

            with monkeypatch.context() as patch:
                patch.setattr(Wants, "of", fail)
                with pytest.raises(StoreUnavailable):
                    running.round()
            drain(running)
        assert emulator.lists[CART] == {ANA, BORIS}


# Replacement


def test_meta_replaces_all_at_once_whoever_was_in_it() -> None:
    with MetaEmulator() as emulator:
        shop = Shop({"meta": meta(emulator.url, rows_per_request=1)})
        two(shop)
        shop.sync()
        emulator.lists[CART].add(email("stranger@example.com"))
        emulator.log.clear()
        with shop.syncing("meta") as running:
            running.replace()
            drain(running)
        assert emulator.lists[CART] == {ANA, BORIS}
        assert emulator.log == [("replace", 1), ("replace", 1)]


def test_a_replacement_that_was_interrupted_begins_again_and_nothing_was_empty_meanwhile() -> None:
    with MetaEmulator() as emulator:
        shop = Shop({"meta": meta(emulator.url, rows_per_request=1, attempts=1)})
        two(shop)
        shop.sync()
        fates = iter(("", "fault"))
        emulator.faults.next = lambda: next(fates, "")  # type: ignore[method-assign]
        with shop.syncing("meta") as running, pytest.raises(Exception, match="503"):
            running.replace()
        assert emulator.lists[CART] == {ANA, BORIS}
        shop.tell(ordered("u-1", "o-1"))
        shop.sync()
        assert emulator.lists == {CART: {BORIS}, BUYERS: {ANA}}


@pytest.mark.parametrize("gone", ["withdrawn", "erased"])
def test_who_goes_during_a_replacement_is_not_sent_by_it(gone: str) -> None:
    with MetaEmulator() as emulator:
        shop = Shop({"meta": meta(emulator.url, rows_per_request=1)})
        two(shop)
        shop.sync()
        taken, bodies = emulator.answer, list[str]()

        def answer(request: Request) -> Reply:
            if CART in request.path:
                bodies.append(request.body.decode())
            if CART in request.path and len(bodies) == 1:
                other = "u-2" if ANA.partition(":")[2] in bodies[0] else "u-1"
                if gone == "erased":
                    shop.erase(f"user_id:{other}")
                else:
                    shop.tell(granted(other, withdrawn=True))
            return taken(request)

        emulator.answer = answer  # type: ignore[method-assign]
        with shop.syncing("meta") as running:
            running.replace()
            staying = ANA if ANA.partition(":")[2] in bodies[0] else BORIS
            assert all(staying.partition(":")[2] in body for body in bodies)
            assert emulator.lists[CART] == {staying}
            drain(running)
        assert emulator.lists[CART] == {staying}


def test_where_nothing_replaces_all_is_sent_again_and_what_does_not_belong_taken_out() -> None:
    with TikTokEmulator() as emulator:
        shop = Shop({"tiktok": tiktok(emulator.url)})
        two(shop)
        shop.sync()
        emulator.lists[CART] = set()
        with shop.syncing("tiktok") as running:
            drain(running)
            assert emulator.lists[CART] == set()
            running.replace()
            drain(running)
        assert emulator.lists[CART] == {ANA, BORIS}


def test_whoever_is_sent_again_is_so_once() -> None:
    with TikTokEmulator() as emulator:
        shop = Shop({"tiktok": tiktok(emulator.url, audiences={CARTED: CART})})
        two(shop)
        shop.sync()
        told = list[tuple[str, str, int]]()
        with shop.syncing("tiktok") as running:
            for one in running.lists:
                one.means = running.means._replace(report=lambda *said: told.append(said))
            running.replace()
            drain(running)
        assert told == [(CARTED, "add", 2)]


# Google: what comes later, and what ends


def test_a_request_that_failed_later_is_made_again() -> None:
    with GoogleEmulator() as emulator:
        shop = Shop({"google": google(emulator.url)})
        emulator.next_outcome = {"requestStatus": "FAILED"}
        two(shop)
        shop.sync()
        emulator.lists[CART] = set()
        shop.tell(granted("u-1", withdrawn=True))
        shop.wait(1 / 24)
        emulator.next_outcome = {
            "requestStatus": "PARTIAL_SUCCESS",
            "errorInfo": {
                "errorCounts": [{"reason": "PROCESSING_ERROR_REASON_INTERNAL", "recordCount": "1"}]
            },
            "audienceMembersIngestionStatus": {
                "userDataIngestionStatus": {"uploadMatchRateRange": "MATCH_RATE_RANGE_60_TO_70"}
            },
        }
        shop.sync()
        assert emulator.lists[CART] == {BORIS}
        emulator.next_outcome = {"requestStatus": "SUCCESS"}
        for _ in range(2):
            # Of what was to be taken out nobody is told who wasn't: it is done again.
            shop.wait(1 / 24)
            shop.sync()
        with shop.syncing("google") as looking:
            cart = next(one for one in looking.standings(ask=True) if one["list"] == CART)
        assert cart["match_rate"] == "60_to_70"
        assert cart["refused"]["PROCESSING_ERROR_REASON_INTERNAL"] >= 1
        assert cart["open_requests"] == 0
        size = cart["platform"]
        assert (size["least"], size["most"], size["match_rate"]) == (0, 1, "61 %")


def test_google_members_are_sent_again_before_540_days_are_over() -> None:
    with GoogleEmulator() as emulator:
        shop = Shop({"google": google(emulator.url, audiences={"suppress_buyers": BUYERS})})
        shop.tell(named("u-1", "ana@example.com"), ordered("u-1", "o-1"))
        shop.sync()
        shop.wait(500)
        shop.sync()
        assert emulator.told_twice == 0
        shop.wait(20)
        shop.sync()
        assert emulator.told_twice == 1
        shop.wait(400)
        shop.sync()
        assert emulator.told_twice == 1
        assert emulator.lists[BUYERS] == {ANA}


def test_google_is_told_of_consent_member_by_member() -> None:
    with GoogleEmulator() as emulator:
        shop = Shop({"google": google(emulator.url, audiences={"suppress_buyers": BUYERS})})
        for number, words in enumerate(([granted("u-0")], [], [granted("u-2", withdrawn=True)])):
            user = f"u-{number}"
            shop.tell(named(user, f"{user}@example.com"), *words, ordered(user, f"o-{number}"))
        shop.sync()
        assert sorted(emulator.consents) == ["", "CONSENT_GRANTED"]
        assert emulator.lists[BUYERS] == {email("u-0@example.com"), email("u-1@example.com")}


# Looking


def test_a_dry_run_asks_google_to_validate_and_changes_nothing() -> None:
    with GoogleEmulator() as emulator:
        shop = Shop({"google": google(emulator.url)})
        two(shop)
        shop.tell(named("u-3", "cleo@example.net"))
        with shop.engine.store.read() as tx:
            before = dict(tx.scan(""))
        with shop.syncing("google") as looking:
            seen = {one["audience"]: one for one in looking.preview()}
        assert emulator.validated == 2
        assert not emulator.lists
        assert seen["retarget_abandoned_cart"]["would_add"] == 2
        with shop.engine.store.read() as tx:
            after = dict(tx.scan(""))
        assert {name.partition("/")[0] for name in after if name not in before} <= {"list", "sync"}
        assert {name for name in after if name.startswith("sync/")} == {"sync/google/lease"}
        shop.sync()
        shop.tell(ordered("u-1", "o-1"))
        with shop.syncing("google") as looking:
            seen = {one["audience"]: one for one in looking.preview()}
        cart = seen["retarget_abandoned_cart"]
        assert (cart["would_add"], cart["would_remove"]) == (0, 1)
        assert seen["suppress_buyers/vit-c"]["would_add"] == 1
        assert emulator.lists == {CART: {ANA, BORIS}}


def test_a_platform_tells_how_many_a_list_has() -> None:
    with MetaEmulator() as one, TikTokEmulator() as other:
        shop = Shop({"meta": meta(one.url), "tiktok": tiktok(other.url)})
        two(shop)
        shop.sync()
        one.lists[CART] |= {f"email:{number}" for number in range(2_000)}
        told = {}
        for name in ("meta", "tiktok"):
            with shop.syncing(name) as looking:
                for each in looking.standings(ask=True):
                    size = each["platform"]
                    told[name, each["list"]] = size.get("least"), size.get("most")
        assert told["meta", CART] == (2_002, 2_202)
        assert told["meta", SPARED] == (None, None)
        assert told["tiktok", CART] == (2, 2)


def test_meta_wants_a_proof_where_the_app_asks_for_one_and_says_which_audience_is_flagged() -> None:
    with MetaEmulator() as emulator:
        emulator.secret = "s3cret"
        shop = Shop({"meta": meta(emulator.url, app_secret=secret("HOOK"), limited_data_use=True)})
        two(shop)
        shop.sync()
        assert emulator.lists[CART] == {ANA, BORIS}
        emulator.flagged = True
        shop.tell(ordered("u-1", "o-1"))
        with shop.syncing("meta") as running:
            drain(running)
            assert "471" in str(running.refusals["retarget_abandoned_cart"])
        emulator.flagged = False
        shop.sync()
        assert emulator.lists == {CART: {BORIS}, BUYERS: {ANA}}


def test_devices_and_addresses_are_sent_where_they_are_wanted() -> None:
    device = {"device": {"type": "ios", "advertisingId": "AEBE52E7-03EE-455A-B3C4-E57283966239"}}
    traits = {
        "firstName": "Ana",
        "lastName": "Lima",
        "address": {"city": "Lyon", "postalCode": "69001", "country": "FR"},
    }
    with GoogleEmulator() as one, MetaEmulator() as other:
        kinds = ["email", "device", "address"]
        shop = Shop(
            {
                "phones": google(one.url, identifiers=["device"]),
                "people": google(
                    one.url, identifiers=["email", "address"], audiences={"suppress_always": "9"}
                ),
                "meta": meta(other.url, identifiers=kinds),
            }
        )
        shop.tell(named("u-1", "ana@example.com", **traits), granted("u-1"))
        shop.tell({**carted("u-1"), "context": device})
        shop.sync()
        assert one.lists[CART] == {"device:AEBE52E7-03EE-455A-B3C4-E57283966239"}
        assert other.lists[CART] == {ANA, "device:aebe52e7-03ee-455a-b3c4-e57283966239"}
        shop.tell({"userId": "u-1", "event": "Processing Objected", "properties": {"purpose": "marketing"}})
        shop.sync()
        assert {handle.partition(":")[0] for handle in one.lists["9"]} == {"email", "address"}


def test_tiktok_is_told_of_android_devices_under_its_own_word() -> None:
    device = {"device": {"type": "android", "advertisingId": "AEBE52E7-03EE-455A-B3C4-E57283966239"}}
    with TikTokEmulator() as emulator:
        shop = Shop({"tiktok": tiktok(emulator.url, identifiers=["device"])})
        shop.tell(named("u-1", "ana@example.com"), granted("u-1"), {**carted("u-1"), "context": device})
        shop.sync()
        digest = hashlib.sha256(b"aebe52e7-03ee-455a-b3c4-e57283966239").hexdigest()
        assert emulator.lists[CART] == {f"aaid:{digest}"}
