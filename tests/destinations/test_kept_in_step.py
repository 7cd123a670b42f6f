"""Members are kept in step on three platforms while they come and go, everything fails at times, and the
process that syncs is killed: at the end each platform holds exactly the audience.

ONEFOLD_TEST_DESTINATION_MEMBERS sets how many there are.
"""

import contextlib
import hashlib
import os
import random
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from graph_schema.vocabulary import Event
from profiles.moments import iso
from stream.batch import Batch
from stream.engine import Engine, now_us
from stream.reader import Reader
from tests.destinations.emulator import Emulator, Faults
from tests.destinations.google_emulator import GoogleEmulator
from tests.destinations.platforms import MetaEmulator, TikTokEmulator
from tests.integration.command import process

MEMBERS = int(os.environ.get("ONEFOLD_TEST_DESTINATION_MEMBERS", "1000"))
ROUNDS = 5
ROWS = max(100, MEMBERS // 20)
FAULTS = 0.15
RULES = """
extends = "retail"

[audience.reachable]
when = "may_advertise"

[audience.spared]
kind = "suppress"
when = "orders_count > 0"
"""
DESTINATION = """
[destination.{name}]
type = "{name}"
endpoint = "{url}"
access_token = {{env = "TEST_{env}"}}
audiences = {{reachable = "1", spared = "2"}}
rows_per_request = {rows}
timeout = "1 second"
attempts = 12
{more}
"""
MORE = {
    "google": 'account_id = "123"\nterms_accepted = true',
    "meta": "requests_per_minute = 6000",
    "tiktok": 'advertiser_id = "77"\nrequests_per_minute = 6000',
}


class Town:
    """Customers with a card each, what they said and did, and by plain reckoning what follows from it."""

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self.draw = random.Random(seed)
        self.leader = list(range(size))
        self.emails = {one: [f"person.{one}@example.com"] for one in range(size)}
        self.phones = {one: [f"+336{one:08d}"] if one % 3 == 0 else [] for one in range(size)}
        self.consent: dict[int, bool] = {}
        self.buyers: set[int] = set()
        self.gone: set[int] = set()
        self.at = now_us() - 10_000_000_000_000
        self.count = 0

    def first(self) -> list[dict[str, Any]]:
        """Who they are; nine of ten consent."""
        said = []
        for one in range(self.size):
            said.append(self._said(one, "identify", traits=self._traits(one)))
            if one % 10:
                said.append(self._word(one, True))
        return said

    def changes(self, number: int) -> list[dict[str, Any]]:
        """Some things that happen to some of them."""
        said = []
        for _ in range(number):
            one = self.draw.randrange(self.size)
            if self.leader[one] in self.gone:
                continue
            what = self.draw.choice(("word", "word", "word", "order", "address", "joins"))
            if what == "word":
                said.append(self._word(one, self.draw.random() < 0.5))
            elif what == "order":
                self.buyers.add(self.leader[one])
                properties = {"order_id": f"o-{self.count}", "total": 5, "currency": "EUR"}
                said.append(self._said(one, "track", event="Order Completed", properties=properties))
            elif what == "address":
                self.emails[one].append(f"person.{one}.{self.count}@example.org")
                said.append(self._said(one, "identify", traits={"email": self.emails[one][-1]}))
            else:
                said += self._join(one)
        return said

    def _join(self, one: int) -> list[dict[str, Any]]:
        other = self.draw.randrange(self.size)
        mine, theirs = self.leader[one], self.leader[other]
        alone = self.leader.count(mine) == self.leader.count(theirs) == 1
        if mine == theirs or {mine, theirs} & self.gone or not alone:
            return []
        # What was said last of the two stands for both; it is said again, so that it is plain which that is.
        self.leader[other] = mine
        if theirs in self.buyers:
            self.buyers.add(mine)
        joined = self._said(one, "identify")
        joined["context"]["externalIds"].append(_card(other))
        return [joined, self._word(one, self.draw.random() < 0.5)]

    def _word(self, one: int, granted: bool) -> dict[str, Any]:
        self.consent[self.leader[one]] = granted
        event = "Consent Granted" if granted else "Consent Withdrawn"
        return self._said(one, "track", event=event, properties={"purpose": "advertising"})

    def _traits(self, one: int) -> dict[str, str]:
        phones = {"phone": self.phones[one][0]} if self.phones[one] else {}
        return {"email": self.emails[one][0], **phones}

    def _said(self, one: int, kind: str, **more: Any) -> dict[str, Any]:
        self.count += 1
        self.at += 1_000_000
        context = {"externalIds": [_card(one)]}
        return {"source": "shop", "type": kind, "timestamp": iso(self.at), "context": context, **more}

    def expected(self, platform: str) -> dict[str, set[str]]:
        """What the platform's two lists must hold."""
        found: dict[str, set[str]] = {"1": set(), "2": set()}
        for one, leader in enumerate(self.leader):
            if leader in self.gone:
                continue
            handles = {f"email:{_hash(address)}" for address in self.emails[one]}
            plus = "" if platform == "meta" else "+"
            handles |= {f"phone:{_hash(plus + number.removeprefix('+'))}" for number in self.phones[one]}
            said = self.consent.get(leader)
            if said:
                found["1"] |= handles
            if leader in self.buyers and (platform != "google" or said is not False):
                found["2"] |= handles
        return found


def _card(one: int) -> dict[str, str]:
    return {"type": "loyalty_card", "id": f"L{one:07d}"}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def there() -> Iterator[dict[str, Emulator]]:
    with contextlib.ExitStack() as stack:
        faults = [Faults(FAULTS, slow=1.3, seed=one) for one in range(3)]
        made = (GoogleEmulator(faults[0]), MetaEmulator(faults[1]), TikTokEmulator(faults[2]))
        yield dict(zip(MORE, (stack.enter_context(one) for one in made), strict=True))


def _rules(folder: Path, there: dict[str, Emulator]) -> Path:
    parts = [RULES]
    for name, emulator in there.items():
        said = {"name": name, "url": emulator.url, "env": name.upper(), "rows": ROWS, "more": MORE[name]}
        parts.append(DESTINATION.format(**said))
    path = folder / "rules.toml"
    path.write_text("".join(parts), encoding="utf-8")
    return path


def _take(engine: Engine, messages: list[dict[str, Any]]) -> None:
    for start in range(0, len(messages), 5_000):
        taken = [engine.intake.take(one, now_us()) for one in messages[start : start + 5_000]]
        assert all(isinstance(one, Event) for one in taken)
        engine.ingest(taken)


def _erase_some(engine: Engine, town: Town, number: int) -> None:
    for _ in range(number):
        one = town.draw.randrange(town.size)
        if town.leader[one] not in town.gone:
            with engine.store.read() as tx:
                reader = Reader(tx, engine.intake, engine.id_key)
                person = reader.find(f"loyalty_card:L{one:07d}").person.id
            engine.carry_out(partial(Batch.erase, person=person, at=now_us()))
            town.gone.add(town.leader[one])


def _killed_in_the_midst(folder: Path, there: dict[str, Emulator], draw: random.Random) -> bool:
    before = sum(emulator.requests.total() for emulator in there.values())
    running = process(folder, "sync", "--rules", "rules.toml", "--store", "sqlite:///town.db")
    ends = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < ends:
        if sum(emulator.requests.total() for emulator in there.values()) > before:
            break
        time.sleep(0.01)
    time.sleep(draw.uniform(0, 0.8))
    in_the_midst = running.poll() is None
    running.kill()
    running.communicate()
    return in_the_midst


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_each_platform_holds_exactly_the_audience(tmp_path: Path, there: dict[str, Emulator]) -> None:
    engine = Engine(SqliteStore(tmp_path / "town.db"), load_rules(_rules(tmp_path, there)))
    town = Town(MEMBERS, seed=3)
    _take(engine, town.first())
    killed = 0
    for _ in range(ROUNDS):
        killed += _killed_in_the_midst(tmp_path, there, town.draw)
        _take(engine, town.changes(MEMBERS // 8))
        _erase_some(engine, town, 3)
    assert killed >= ROUNDS // 2
    command = ("sync", "--rules", "rules.toml", "--store", "sqlite:///town.db")
    last = process(tmp_path, *command, stdout=subprocess.PIPE)
    _, said = last.communicate(timeout=3_600)
    assert last.returncode == 0, said.decode()
    assert "@" not in said.decode()
    for name, emulator in there.items():
        assert emulator.lists == town.expected(name), name
        assert len(emulator.lists["1"]) > MEMBERS // 3
        # What came twice came because an answer was lost: with the process, or on the way.
        lost = killed + emulator.faults.drawn["closed after"] + emulator.slow
        assert emulator.told_twice <= 2 * lost * ROWS
    engine.store.close()
