"""A shop with destinations that are emulators: events in, syncs out, what each list then holds."""

import hashlib
from collections.abc import Iterable
from typing import Any, Literal

from graph_schema.memory import MemoryStore
from graph_schema.rules import Rules
from graph_schema.store import Store
from graph_schema.vocabulary import Event
from profiles.moments import DAY, iso
from serving.destinations.settings import destination_settings
from serving.destinations.syncing import Sync
from stream.engine import Engine
from stream.judging import Judging, Word
from stream.reader import Reader
from tests.unit.portraits import RETAIL, START

FIELDS = {name: getattr(RETAIL, name) for name in Rules.model_fields}
SECRETS = {"GOOGLE": "google-token", "META": "meta-token", "TIKTOK": "tiktok-token", "HOOK": "s3cret"}
CART, SPARED, BUYERS = "111", "222", "333"
CARTED = "retarget_abandoned_cart"
LISTS = {CARTED: CART, "suppress_always": SPARED, "suppress_buyers/vit-c": BUYERS}


def secret(name: str) -> dict[str, str]:
    """A secret of the environment, as the rules have it."""
    return {"env": f"TEST_{name}"}


def google(url: str, **settings: Any) -> dict[str, Any]:
    """A destination that is the emulator of Google at this address."""
    fixed = {"type": "google", "endpoint": url, "account_id": "123", "access_token": secret("GOOGLE")}
    return {**fixed, "audiences": LISTS, "requests_per_minute": 300, **settings}


def meta(url: str, **settings: Any) -> dict[str, Any]:
    """The same of Meta."""
    return {
        "type": "meta",
        "endpoint": url,
        "access_token": secret("META"),
        "audiences": LISTS,
        "requests_per_minute": 60_000,
        **settings,
    }


def tiktok(url: str, **settings: Any) -> dict[str, Any]:
    """The same of TikTok."""
    return {
        "type": "tiktok",
        "endpoint": url,
        "advertiser_id": "77",
        "access_token": secret("TIKTOK"),
        "audiences": LISTS,
        "requests_per_minute": 60_000,
        **settings,
    }


def email(address: str) -> str:
    """The handle of an address that all platforms write alike."""
    return f"email:{hashlib.sha256(address.encode()).hexdigest()}"


ANA, BORIS = email("ana@example.com"), email("boris@example.org")


class Shop:
    """An engine and its destinations, with a clock that stands where it is put."""

    def __init__(
        self, destinations: dict[str, dict[str, Any]], store: Store | None = None, rules: Rules = RETAIL
    ) -> None:
        fields = {name: getattr(rules, name) for name in Rules.model_fields}
        self.rules = Rules(**{**fields, "destinations": destinations})
        self.now = START
        self.engine = Engine(store or MemoryStore(), self.rules, clock=lambda: self.now)
        self.settings = destination_settings(self.rules)

    def tell(self, *messages: dict[str, Any]) -> None:
        """Takes in messages of now."""
        events: list[Event] = []
        for message in messages:
            said = {"source": "web", "timestamp": iso(self.now), **message}
            said.setdefault("type", "track" if "event" in said else "identify")
            taken = self.engine.intake.take(said, self.now)
            assert isinstance(taken, Event), taken
            events.append(taken)
        self.engine.ingest(events)
        self.now += 1_000_000

    def wait(self, days: float) -> None:
        """Lets time pass."""
        self.now += round(days * DAY)
        self.engine.fall_due(self.now)

    def syncing(self, name: str) -> Sync:
        """A destination's sync, that has taken it over."""
        made = Sync(self.engine, name, self.settings[name])
        made.means.courier._apart = 0.0
        made.take_over()
        return made

    def sync(self, *names: str) -> None:
        """Syncs destinations until there is nothing left to do."""
        for name in names or self.settings:
            with self.syncing(name) as running:
                drain(running)
                running.rest()
                assert not running.refusals, running.refusals

    def judge(self, kind: Literal["same", "different"], a: str, b: str) -> None:
        """A steward's word on two records."""
        with self.engine.store.read() as tx:
            judging = Judging(tx, self.engine.intake, self.engine.id_key)
            word = judging.judgement(Word(kind, [a], [b], self.now, "mia", "seen"))
        self.engine.judge([word])

    def erase(self, reference: str) -> str:
        """Erases a person; returns her id."""
        with self.engine.store.read() as tx:
            person = Reader(tx, self.engine.intake, self.engine.id_key).find(reference).person
        self.engine.carry_out(lambda batch: batch.erase(person.id, self.now))
        return person.person_id


def drain(running: Sync) -> None:
    """Syncs until there is nothing left to do."""
    while running.round():
        pass


def granted(user: str, *, withdrawn: bool = False) -> dict[str, Any]:
    """A word on advertising."""
    event = "Consent Withdrawn" if withdrawn else "Consent Granted"
    return {"userId": user, "event": event, "properties": {"purpose": "advertising"}}


def carted(user: str, product: str = "vit-c") -> dict[str, Any]:
    """Something put into the cart."""
    properties = {"product_id": product, "price": 20, "quantity": 1}
    return {"userId": user, "event": "Product Added", "properties": properties}


def ordered(user: str, order_id: str, product: str = "vit-c") -> dict[str, Any]:
    """An order."""
    lines = [{"product_id": product, "price": 20, "quantity": 1}]
    properties = {"order_id": order_id, "total": 20, "currency": "EUR", "products": lines}
    return {"userId": user, "event": "Order Completed", "properties": properties}


def named(user: str, mail: str, **traits: Any) -> dict[str, Any]:
    """Who somebody is."""
    return {"userId": user, "traits": {"email": mail, **traits}}


def shopper(user: str, mail: str, **traits: Any) -> Iterable[dict[str, Any]]:
    """Somebody who consents and has something in the cart."""
    return named(user, mail, **traits), granted(user), carted(user)


def two(shop: Shop) -> None:
    """Ana and Boris in the cart's audience."""
    shop.tell(*shopper("u-1", "ana@example.com"), *shopper("u-2", "boris@example.org"))
