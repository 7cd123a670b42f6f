"""The commands about destinations, as a user runs them, against an emulator."""

import logging
import re

import orjson
import pytest

from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from stream.engine import Engine, now_us
from stream.reader import Reader
from tests.destinations.hook import Hook
from tests.destinations.shop import (
    ANA,
    BORIS,
    granted,
)
from tests.destinations.shopkeeper import RULES, Shopkeeper
from tests.integration.serving_process import Serving


def test_a_member_is_looked_at_then_sent_and_told_of(shop: Shopkeeper) -> None:
    (seen,) = shop.told("audience", "reachable", "--for", "meta")
    assert seen["handles"] == [f"email:{ANA[6:10]}…"]
    (seen,) = shop.told("audience", "reachable", "--for", "meta", "--unmask")
    assert (seen["advertising"], seen["handles"]) == ("granted", [ANA])
    would = {one["audience"]: one["would_add"] for one in shop.told("sync", "--dry-run")}
    assert would == {"reachable": 1, "suppress_buyers/vit-c": 0}
    assert not shop.emulator.lists
    ended = shop.run("sync")
    assert (ended.code, ended.out) == (0, "")
    assert "meta: 1 member sent (reachable)" in ended.err
    assert shop.emulator.lists == {"1": {ANA}}
    assert "sent" not in shop.run("sync").err
    standing = {one["audience"]: one for one in shop.told("destinations", "--ask")}
    assert standing["reachable"]["members"] == 1
    assert standing["reachable"]["complete"]
    assert standing["reachable"]["platform"] == {"state": "200"}


def test_reconciling_brings_back_what_a_platform_lost(shop: Shopkeeper) -> None:
    shop.run("sync")
    shop.emulator.lists["1"] = {BORIS}
    assert shop.run("sync", "--reconcile", "replace").code == 0
    assert shop.emulator.lists["1"] == {ANA}
    assert shop.run("sync", "--reconcile", "compare").code == 0


def test_an_erased_person_has_a_receipt(shop: Shopkeeper) -> None:
    shop.run("sync")
    store = SqliteStore(shop.store)
    engine = Engine(store, load_rules(shop.rules))
    with store.read() as tx:
        person = Reader(tx, engine.intake, engine.id_key).find("user_id:u-1").person
    engine.carry_out(lambda batch: batch.erase(person.id, now_us()))
    store.close()
    assert shop.run("sync", "meta").code == 0
    assert shop.emulator.lists["1"] == set()
    told = orjson.loads(shop.run("destinations", "--receipt", person.person_id).out)
    assert {(one["destination"], one["audience"], one["handles"]) for one in told} == {
        ("meta", "reachable", 1),
        ("meta", "suppress_buyers/vit-c", 0),
    }


def test_what_goes_wrong_is_told_without_anything_personal(
    shop: Shopkeeper, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TEST_META", "a-wrong-token")
    ended = shop.run("sync")
    assert ended.code == 1
    assert "the destination meta refuses: HTTP 400, error 190" in ended.err
    monkeypatch.delenv("TEST_META")
    missing = shop.run("sync")
    assert missing.code == 2
    assert "TEST_META: This environment variable is not set" in missing.err
    said = f"{ended.out}{ended.err}{missing.err}{caplog.text}"
    assert "a-wrong-token" not in said
    assert "ana@" not in said
    assert ANA.partition(":")[2] not in said
    monkeypatch.setenv("TEST_META", "meta-token")
    assert shop.run("sync").code == 0
    assert shop.emulator.lists == {"1": {ANA}}


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ('type = "meta"', 'type = "mata"', "Did you mean 'meta'"),
        ("requests_per_minute", "requests_per_minut", "Did you mean 'requests_per_minute'"),
        ("{reachable", "{reachabel", "Did you mean 'reachable'"),
        ('"suppress_buyers/vit-c"', '"reachable/vit-c"', "no audience per product"),
        ('{env = "TEST_META"}', '"a-token"', "must only say where it is"),
        ('endpoint = "http://127.0.0.1', 'endpoint = "http://ads.example', "no https:// address"),
    ],
)
def test_a_mistake_in_the_rules_is_named_with_its_way_out(
    shop: Shopkeeper, wrong: str, right: str, told: str
) -> None:
    text = shop.rules.read_text()
    assert wrong in text
    shop.rules.write_text(text.replace(wrong, right))
    ended = shop.run("sync")
    assert ended.code == 2
    assert re.search(rf"{shop.rules.name}, line \d+: destination.meta", ended.err)
    assert told in ended.err
    assert "a-token" not in ended.err


def test_google_keeps_nobody_for_longer_than_540_days(shop: Shopkeeper) -> None:
    google = 'type = "google"\naccount_id = "1"\nlifetime = "541 days"'
    text = shop.rules.read_text().replace("requests_per_minute = 60000\n", "")
    shop.rules.write_text(text.replace('type = "meta"', google))
    ended = shop.run("sync")
    assert ended.code == 2
    assert "at most 540 days" in ended.err


def test_without_destinations_it_says_how_to_have_one(shop: Shopkeeper) -> None:
    shop.rules.write_text('extends = "retail"\n')
    ended = shop.run("sync")
    assert ended.code == 2
    assert "docs/destinations.md" in ended.err
    shop.rules.write_text(RULES.format(url=shop.emulator.url))
    assert "Did you mean 'meta'" in shop.run("sync", "mata").err
    assert shop.run("audience", "lapsed", "--for", "meta").code == 2


def test_the_doctor_says_what_a_destination_lacks(shop: Shopkeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    well = shop.run("doctor")
    assert (well.code, "✓ destinations    meta" in well.out) == (0, True), well.out
    monkeypatch.delenv("TEST_META")
    lacking = shop.run("doctor")
    assert lacking.code == 1
    assert "Set TEST_META" in lacking.out
    shop.rules.write_text(shop.rules.read_text().replace('type = "meta"', 'type = "mata"'))
    told = shop.run("doctor").out
    assert re.search(rf"{shop.rules.name}, line \d+: destination.meta: type can't be 'mata'", told)


def test_an_order_over_http_leaves_by_a_sync_beside_it(shop: Shopkeeper) -> None:
    with Serving(shop.store, str(shop.rules)) as served, served.client() as client:
        shop.run("sync")
        assert shop.emulator.lists == {"1": {ANA}}
        lines = [{"product_id": "vit-c", "price": 20, "quantity": 1}]
        order = {"order_id": "o-1", "total": 20, "currency": "EUR", "products": lines}
        said = {"userId": "u-2", "event": "Order Completed", "properties": order}
        assert client.post("/v1/track", json=said).status_code == 200
        withdrawn = granted("u-1", withdrawn=True)
        assert client.post("/v1/track", json=withdrawn).status_code == 200
        shop.run("sync")
    assert shop.emulator.lists == {"1": set(), "2": {BORIS}}


GOOGLE = 'type = "google"\naccount_id = "1"\naccess_token = {env = "TEST_GOOGLE"}\n'


@pytest.mark.parametrize(
    ("settings", "variable", "value"),
    [
        ('type = "meta"\naccess_token = {env = "TEST_META"}\n', "TEST_META", "a-tökën"),
        ('type = "meta"\naccess_token = {env = "TEST_META"}\n', "TEST_META", "a-tok\nen"),
        (GOOGLE, "TEST_GOOGLE", "a-tökën"),
        (
            'type = "webhook"\nurl = "http://127.0.0.1:9"\nsecret = {env = "TEST_HOOK"}\n',
            "TEST_HOOK",
            "whsec_a-t",
        ),
    ],
)
def test_a_secret_that_is_none_is_named_by_where_it_is(
    shop: Shopkeeper, monkeypatch: pytest.MonkeyPatch, settings: str, variable: str, value: str
) -> None:
    head = 'extends = "retail"\n[audience.reachable]\nwhen = "may_advertise"\n[destination.ads]\n'
    shop.rules.write_text(f'{head}{settings}audiences = ["reachable"]\n', encoding="utf-8")
    monkeypatch.setenv(variable, value)
    ended = shop.run("sync")
    assert ended.code == 2
    assert f"{variable}: " in ended.err
    assert "a-t" not in ended.err


def test_a_newline_behind_a_token_is_none_of_it(shop: Shopkeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_META", "meta-token\n")
    assert shop.run("sync").code == 0
    assert shop.emulator.lists == {"1": {ANA}}


def test_members_are_not_sent_again_only_after_they_are_gone(shop: Shopkeeper) -> None:
    text = RULES.format(url=shop.emulator.url).partition("[destination.meta]")[0]
    google = f'[destination.g]\n{GOOGLE}refresh = "541 days"\naudiences = ["reachable"]\n'
    shop.rules.write_text(text + google)
    ended = shop.run("sync")
    assert ended.code == 2
    assert "refresh must not be longer than lifetime" in ended.err


def test_what_is_refused_is_not_told_as_sent_and_what_is_left_somewhere_is_told(shop: Shopkeeper) -> None:
    shop.run("sync")
    text = shop.rules.read_text().partition("[destination.meta]")[0]
    with Hook() as hook:
        hook.refused = 0
        settings = f'type = "webhook"\nurl = "{hook.url}"\nsecret = {{env = "TEST_HOOK"}}\n'
        shop.rules.write_text(f'{text}[destination.own]\n{settings}audiences = ["reachable"]\n')
        ended = shop.run("sync")
        assert "own: 1 member refused" in ended.err
        assert "sent" not in ended.err
        assert "1 member still in 1 of meta (meta), which the rules name no more" in ended.err
        told = shop.told("destinations")
        assert [(one["list"], one.get("unclaimed", False)) for one in told] == [
            ("reachable", False),
            ("1", True),
        ]


def test_an_id_that_nobody_was_given_has_no_receipt(shop: Shopkeeper) -> None:
    assert shop.run("destinations", "--receipt", "per_0000000000000000").code == 1
    assert shop.run("destinations", "--receipt", "ana").code == 1
