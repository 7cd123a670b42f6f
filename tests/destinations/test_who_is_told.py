"""Who a platform is told of, and by what: consent by channel, numbers that pass on, devices."""

from collections.abc import Callable
from typing import Any

import pytest

from graph_schema.rule_parts import Source
from graph_schema.rules import Rules
from serving.destinations.forms import hex_digest
from tests.destinations.emulator import Emulator
from tests.destinations.google_emulator import GoogleEmulator
from tests.destinations.hook import Hook
from tests.destinations.platforms import MetaEmulator, TikTokEmulator
from tests.destinations.shop import (
    ANA,
    BORIS,
    CART,
    CARTED,
    SPARED,
    Shop,
    carted,
    drain,
    google,
    granted,
    meta,
    named,
    ordered,
    secret,
    shopper,
    tiktok,
    two,
)
from tests.unit.portraits import RETAIL


def by(channel: str, *, withdrawn: bool = False) -> dict[str, Any]:
    said = granted("u-1", withdrawn=withdrawn)
    return {**said, "properties": {**said["properties"], "channel": channel}}


@pytest.mark.parametrize(
    ("emulated", "settings", "channel", "other"),
    [
        (GoogleEmulator, google, "display", "social"),
        (MetaEmulator, meta, "social", "display"),
        (TikTokEmulator, tiktok, "social", "display"),
    ],
)
def test_a_platform_is_told_of_whoever_consents_to_its_own_channel(
    emulated: Callable[[], Emulator], settings: Callable[..., dict[str, Any]], channel: str, other: str
) -> None:
    with emulated() as emulator:
        shop = Shop({"ads": settings(emulator.url, audiences={CARTED: CART})})
        shop.tell(named("u-1", "ana@example.com"), by(other), carted("u-1"))
        shop.sync()
        assert not emulator.lists.get(CART)
        shop.tell(by(channel))
        shop.sync()
        assert emulator.lists == {CART: {ANA}}
        shop.tell(by(channel, withdrawn=True))
        shop.sync()
        assert emulator.lists == {CART: set()}


def test_google_is_not_told_of_consent_to_another_channel() -> None:
    with GoogleEmulator() as emulator:
        shop = Shop({"ads": google(emulator.url, audiences={"suppress_buyers": SPARED})})
        shop.tell(named("u-1", "ana@example.com"), by("social"), ordered("u-1", "o-1"))
        shop.sync()
        assert emulator.lists == {SPARED: {ANA}}
        assert emulator.consents == [""]


def test_who_withdrew_for_another_channel_alone_is_spared_at_google() -> None:
    with GoogleEmulator() as emulator:
        shop = Shop({"ads": google(emulator.url, audiences={"suppress_buyers": SPARED})})
        shop.tell(named("u-1", "ana@example.com"), by("social", withdrawn=True), ordered("u-1", "o-1"))
        shop.sync()
        assert emulator.lists == {SPARED: {ANA}}
        shop.tell(by("display", withdrawn=True))
        shop.sync()
        assert emulator.lists == {SPARED: set()}


def test_a_number_that_passed_on_is_its_last_owners() -> None:
    number = "+33612345678"
    with MetaEmulator() as emulator:
        shop = Shop({"ads": meta(emulator.url, audiences={CARTED: CART, "suppress_always": SPARED})})
        shop.tell(named("u-1", "ana@example.com", phone=number))
        shop.wait(800)
        shop.tell(*shopper("u-2", "boris@example.org", phone=number))
        shop.tell(granted("u-1", withdrawn=True))
        shop.sync()
        phone = f"phone:{hex_digest(number.removeprefix('+'))}"
        assert emulator.lists == {CART: {BORIS, phone}, SPARED: {ANA}}


def test_a_number_that_passes_on_leaves_its_former_owner() -> None:
    with MetaEmulator() as emulator:
        shop = Shop({"ads": meta(emulator.url, audiences={CARTED: CART})})
        shop.tell(*shopper("u-1", "ana@example.com", phone="+33612345678"))
        shop.wait(800)
        shop.tell(carted("u-1"))
        shop.sync()
        assert emulator.lists == {CART: {ANA, f"phone:{hex_digest('33612345678')}"}}
        shop.tell(named("u-2", "boris@example.org", phone="+33612345678"))
        shop.sync()
        assert emulator.lists == {CART: {ANA}}


def test_who_only_claims_an_address_takes_it_from_nobody() -> None:
    sources = {**RETAIL.sources, "guest": Source(claims=("email",))}
    fields = {name: getattr(RETAIL, name) for name in Rules.model_fields}
    with MetaEmulator() as emulator:
        there = {"ads": meta(emulator.url, audiences={CARTED: CART})}
        shop = Shop(there, rules=Rules(**{**fields, "sources": sources}))
        shop.tell(*shopper("u-1", "ana@example.com"))
        shop.tell({**named("u-2", "ana@example.com"), "source": "guest"}, granted("u-2"), carted("u-2"))
        shop.sync()
        assert emulator.lists == {CART: {ANA}}
        shop.tell(named("u-2", "ana@example.com"))
        shop.sync()
        assert emulator.lists == {CART: set()}


def test_google_is_told_of_a_device_beside_an_email_and_a_number() -> None:
    device = {"device": {"type": "ios", "advertisingId": "AEBE52E7-03EE-455A-B3C4-E57283966239"}}
    with GoogleEmulator() as emulator:
        kinds = ["email", "phone", "device"]
        shop = Shop({"ads": google(emulator.url, audiences={CARTED: CART}, identifiers=kinds)})
        shop.tell(*shopper("u-1", "ana@example.com", phone="+33612345678"))
        shop.tell({**carted("u-1"), "context": device})
        shop.sync()
        assert {one.partition(":")[0] for one in emulator.lists[CART]} == {"email", "phone", "device"}
        assert emulator.log == [("add", 3)]
        shop.tell(granted("u-1", withdrawn=True))
        shop.sync()
        assert emulator.lists[CART] == set()
        with shop.syncing("ads") as looking:
            (standing,) = looking.standings(ask=False)
        assert (standing["members"], standing["added"], standing["removed"]) == (0, 3, 3)


def test_a_replacement_by_nobody_empties_a_list_where_it_can_and_is_told_where_it_cannot() -> None:
    told: list[tuple[str, str, int]] = []
    with Hook() as hook, MetaEmulator() as emulator:
        hooked = {"type": "webhook", "url": hook.url, "secret": secret("HOOK"), "audiences": {CARTED: CART}}
        shop = Shop({"hook": hooked, "ads": meta(emulator.url, audiences={CARTED: CART})})
        two(shop)
        shop.sync()
        shop.tell(granted("u-1", withdrawn=True), granted("u-2", withdrawn=True))
        shop.sync()
        for name, held in (("hook", hook.lists), ("ads", emulator.lists)):
            held[CART].add("email:a stranger's")
            with shop.syncing(name) as running:
                drain(running)
                (one,) = running.lists
                one.means = running.means._replace(report=lambda *said: told.append(said))
                running.means = one.means
                running.replace()
                drain(running)
        assert hook.lists == {CART: set()}
        assert emulator.lists == {CART: {"email:a stranger's"}}
        assert told == [(CARTED, "empty", 0)]
        with shop.syncing("ads") as running:
            assert not running.refusals
