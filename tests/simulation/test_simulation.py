"""A simulated town through the engine into a file, with everything that goes wrong on the way.

Messages come in other batches and another order, twice, with other contents under one id; stewards judge; the
process dies inside of transactions and comes back. A failure names the seed, which repeats it.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Literal

import orjson
import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from graph_schema.vocabulary import DeadLetter, Event, EventKey, Judgement
from resolver.founding import DEFAULT_ID_KEY
from stream.engine import Engine
from stream.intake import Intake
from stream.simulation import simulate
from tests.engine.kept import differences, picture, slips
from tests.engine.truth import Truth
from tests.simulation.crashing import Crash, CrashingStore
from tests.simulation.watching import Watch

RECEIVED = 1_800_000_000_000_000
RULES = load_rules()


class Run:
    """One seeded run: a stream with mishaps, and the engine that takes it, dying now and then."""

    def __init__(self, seed: int, path: Path, people: int, events: int) -> None:
        self.rng = Random(seed)
        self.path = path
        self.intake = Intake(RULES)
        self.truth = Truth(RULES)
        self.watch = Watch(self.intake, DEFAULT_ID_KEY)
        self.stream = self._disturbed([one.message for one in simulate(people, events, seed)])
        self.taken: set[EventKey] = set()
        self.crashes = 0
        self.restart()

    def restart(self) -> None:
        """The process begins anew."""
        self.store = CrashingStore(SqliteStore(self.path))
        self.engine = Engine(self.store, RULES, clock=lambda: RECEIVED)

    def _disturbed(self, messages: list[dict[str, object]]) -> list[Event]:
        """The events, some twice, some later, some with another content under the same id."""
        rng = self.rng
        waiting: list[tuple[float, int, Event]] = []
        for place, message in enumerate(messages):
            event = self.intake.take(orjson.dumps(message), RECEIVED)
            if isinstance(event, DeadLetter):
                continue
            waiting.append((place + rng.expovariate(1 / 40), place, event))
            if rng.random() < 0.05:
                waiting.append((place + rng.expovariate(1 / 300), place, event))
            if rng.random() < 0.03:
                other = self._otherwise({**message}, messages)
                if isinstance(other, Event):
                    waiting.append((place + rng.expovariate(1 / 300), place, other))
        return [event for _, _, event in sorted(waiting, key=lambda row: row[:2])]

    def _otherwise(self, message: dict[str, object], messages: list[dict[str, object]]) -> Event | DeadLetter:
        """The message with another's identity or time, under its own id."""
        if self.rng.random() < 0.5:
            other = self.rng.choice(messages)
            message.update({name: other[name] for name in ("userId", "anonymousId") if name in other})
        message["timestamp"] = self.rng.choice(messages)["timestamp"]
        return self.intake.take(orjson.dumps(message), RECEIVED)

    def go(self) -> None:
        """Everything, with checks after each step."""
        step = 0
        while self.stream:
            step += 1
            size = self.rng.choice((1, 3, 20, 60, 200))
            batch, self.stream = self.stream[:size], self.stream[size:]
            self._surviving(partial(Engine.ingest, items=batch))
            self.taken.update(event.key for event in batch)
            self.truth = self.truth.with_(batch, ())
            if step > 3 and self.rng.random() < 0.2:
                word = self._word(step)
                self._surviving(partial(Engine.judge, judgements=[word]))
                self.truth = self.truth.with_((), [word])
            self.watch.check(self.store.store, self.taken, every_id=step % 10 == 0)
        self.watch.check(self.store.store, self.taken, every_id=True)

    def _word(self, step: int) -> Judgement:
        if self.truth.judgements and self.rng.random() < 0.4:
            old = self.rng.choice(sorted(self.truth.judgements.values(), key=lambda one: one.judgement_id))
            return replace(old, retracted_at=RECEIVED)
        with self.store.read() as tx:
            keys = sorted(record.key for record in tx.all_records())
        a, b = self.rng.sample(keys, 2)
        kinds: tuple[Literal["same", "different"], ...] = ("same", "different")
        return Judgement(f"j{step}", self.rng.choice(kinds), (a,), (b,), RECEIVED + step, "steward", "seen")

    def _surviving(self, work: Callable[[Engine], object]) -> None:
        """Does something that must happen, however often the process dies over it."""
        while self.rng.random() < 0.3:
            if self.rng.random() < 0.3:
                self.store.calls_left, self.store.only_after = 0, "apply"
            else:
                self.store.calls_left, self.store.only_after = self.rng.randint(0, 40), None
            try:
                work(self.engine)
            except Crash:
                self.crashes += 1
            finally:
                self.store.calls_left = self.store.only_after = None
            if self.rng.random() < 0.5:
                self.store.close()
                self.restart()
        work(self.engine)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_town_with_mishaps(seed: int, tmp_path: Path) -> None:
    run = Run(seed, tmp_path / "town.db", people=90, events=3_000)
    events = list(run.stream)
    run.go()
    print(f"seed {seed}: {len(run.taken)} events, {run.crashes} crashes, {len(run.watch.issued)} ids")
    assert run.crashes > 5
    expected = run.truth.folded()
    assert differences(picture(run.store.store), expected.picture()) == [], f"seed {seed}"
    assert slips(run.store.store, expected) == [], f"seed {seed}"
    undisturbed = MemoryStore()
    engine = Engine(undisturbed, RULES, clock=lambda: RECEIVED)
    engine.ingest(events)
    engine.judge(run.truth.judgements.values())
    assert differences(picture(undisturbed), expected.picture()) == [], f"seed {seed}"
