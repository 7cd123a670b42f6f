"""Runs scenarios, as `onefold check` does: each as it is written, then reversed, shuffled and twice.

One in which somebody is erased is played as it is written, and then all of it is sent again.
"""

import json
import random
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count, groupby, islice
from pathlib import Path
from typing import Final, NamedTuple

from graph_schema.errors import Invalid, RulesError, nearest
from graph_schema.memory import MemoryStore
from graph_schema.rules import Rules, load_rules
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Store
from serving.scenario_checks import Checks
from serving.scenario_files import (
    Arrival,
    DeadLettered,
    Expectation,
    Scenario,
    in_arrival,
    read_scenarios,
    scenario_files,
)
from serving.scenario_play import AsWritten, Play, play_otherwise
from serving.stores import fleeting_graph, in_neo4j
from stream.letters import every_letter

SHUFFLES: Final = 3
STORES: Final = ("memory", "sqlite")

StoreFactory = Callable[[], Store]
"""Gives a fresh, empty store for each play; it is closed after it."""


class Outcome(NamedTuple):
    """What became of one expectation in one play. ``failure`` is empty where it held; a ``note`` is no
    expectation, but what its writer may have overlooked."""

    where: str
    story: str
    play: str
    expected: str
    failure: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class Report:
    """Everything that was checked."""

    outcomes: tuple[Outcome, ...]

    @property
    def failures(self) -> list[Outcome]:
        """What did not hold."""
        return [one for one in self.outcomes if one.failure]

    def lines(self) -> Iterator[str]:
        """A readable account: what failed, then how much held."""
        for (where, story), failed in groupby(self.failures, key=lambda one: (one.where, one.story)):
            yield f"FAILED {where}: {story}"
            alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
            for one in failed:
                alike.setdefault((one.expected, one.failure), []).append(one.play)
            for (expected, failure), plays in alike.items():
                yield f"  expected {expected}"
                yield from (f"      {line}" for line in (*failure, f"(played {', '.join(plays)})"))
        yield from (f"Note, {one.where}: {one.note}" for one in self.outcomes if one.note)
        stories = {one.where for one in self.outcomes}
        failed_stories = {one.where for one in self.failures}
        played = sum(not one.note for one in self.outcomes)
        yield (
            f"{len(stories) - len(failed_stories)} of {len(stories)} scenarios hold "
            f"({played - len(self.failures)} of {played} expectations, counting each order)"
        )

    def junit(self) -> str:
        """The same as JUnit's XML, a test case for each scenario."""
        suite = ET.Element("testsuite", name="onefold check")
        for (where, story), outcomes in groupby(self.outcomes, key=lambda one: (one.where, one.story)):
            case = ET.SubElement(suite, "testcase", classname=where, name=story)
            failed = [one for one in outcomes if one.failure]
            if failed:
                said = [
                    line for one in failed for line in (f"{one.play}: expected {one.expected}", *one.failure)
                ]
                ET.SubElement(case, "failure", message=failed[0].expected).text = "\n".join(said)
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        return ET.tostring(suite, encoding="unicode")


def store_factory(kind: str, folder: Path) -> StoreFactory:
    """Fresh stores of a kind; those that need files make them in ``folder``, those at the address of a Neo4j
    are graphs of their own there."""
    if in_neo4j(kind):
        return partial(fleeting_graph, kind)
    if kind not in STORES:
        ways = nearest(kind, (*STORES, "neo4j://host:7687"))
        raise Invalid("--store", f"scenarios can't be played into {kind!r}. {ways}")
    numbers = count()
    return MemoryStore if kind == "memory" else lambda: SqliteStore(folder / f"{next(numbers)}.db")


def run_files(paths: Iterable[Path], stores: StoreFactory = MemoryStore) -> Report:
    """Runs every scenario of these files and folders.

    Raises ``Invalid`` or ``RulesError`` for a file that can't be used: nothing has run then.
    """
    scenarios = [
        (one, _rules(one, path.parent))
        for path in scenario_files(list(paths))
        for one in read_scenarios(path)
    ]
    return Report(tuple(each for one, rules in scenarios for each in run_scenario(one, rules, stores)))


def _rules(scenario: Scenario, folder: Path) -> Rules:
    """The rules that a scenario is played by; an error names the scenario too, which is one of many."""
    try:
        return load_rules(scenario.rules_source(folder))
    except RulesError as error:
        where = f"{scenario.where}, rules: {error.where}"
        raise RulesError(error.what, where=where, way_out=error.way_out) from error


def run_scenario(
    scenario: Scenario, rules: Rules, stores: StoreFactory, reorder: bool = True
) -> list[Outcome]:
    """Plays one scenario as written and, to ``reorder``, in every other order."""
    found: list[Outcome] = []
    outcome = partial(Outcome, scenario.where, scenario.story)

    def note(play: str, expected: Expectation, failure: list[str] | None) -> None:
        found.append(outcome(play, _said(expected), tuple(failure or ())))

    always = [one for one in scenario.expect if one.at is None]
    with closing(stores()) as store:
        written = AsWritten(scenario, store, rules)
        end = written.end
        # By time, so that what is asked of a later moment has not moved those who come and go by time alone.
        moments = [(end if one.at is None else scenario.start + one.at, one) for one in scenario.expect]
        for at, one in sorted(moments, key=lambda each: each[0]):
            written.advance(at)
            note("as written", one, _failure(written.play, one, at))
        written.advance(max(end, written.play.now))
        found += [outcome("as written", "", (), told) for told in _overlooked(scenario, written.play)]
    if scenario.erasures and reorder:
        # In another order an erasure would be of something else; but nothing comes back by it.
        with closing(stores()) as store:
            again = AsWritten(scenario, store, rules)
            again.advance(end)
            again.play.ingest(in_arrival(scenario))
            for one in always:
                note("all sent again", one, _failure(again.play, one, end))
    found += [outcome("as written", "its judgements and erasures", (told,)) for told in written.unheard]
    for name, order in _orders(scenario) if always and reorder and not scenario.erasures else ():
        with closing(stores()) as store:
            play = Play(store, rules)
            play_otherwise(play, scenario, written.judgements, order)
            for one in always:
                note(name, one, _failure(play, one, end))
    return found


def _overlooked(scenario: Scenario, play: Play) -> list[str]:
    """The messages that were refused though no expectation says so: a story tells less by then than it
    seems to."""
    expected = {one.dead_letter for one in scenario.expect if isinstance(one, DeadLettered)}
    with play.engine.reader() as reader:
        letters = [one for _, one in every_letter(reader.tx) if one.message_id not in expected]
    return [
        f"{letter.message_id or 'a message'} is a dead letter, by its {letter.field}: {letter.reason}"
        for letter in letters
    ]


def _failure(play: Play, expected: Expectation, at: int) -> list[str] | None:
    with play.engine.reader() as reader:
        return Checks(reader, at).failure(expected)


def _orders(scenario: Scenario) -> Iterator[tuple[str, Callable[[list[Arrival]], list[list[Arrival]]]]]:
    """The other orders in which the events are played, each in batches of its own making."""
    yield "reversed", lambda written: [[one] for one in _timed(written[::-1])]
    for number in range(1, SHUFFLES + 1):
        # Seeded by the story, so that a failure comes again.
        yield f"shuffled ({number})", partial(_shuffled, f"{scenario.story}/{number}")
    yield "twice", lambda written: [written, written]


def _shuffled(seed: str, written: list[Arrival]) -> list[list[Arrival]]:
    drawing = random.Random(seed)
    order = written[:]
    drawing.shuffle(order)
    waiting = iter(_timed(order))
    batches: list[list[Arrival]] = []
    while batch := list(islice(waiting, drawing.randint(1, 4))):
        batches.append(batch)
    return batches


def _timed(order: list[Arrival]) -> list[Arrival]:
    """The same order with the times of arrival ascending."""
    times = sorted(one.at for one in order)
    return [Arrival(at, one.message) for at, one in zip(times, order, strict=True)]


def _said(expected: Expectation) -> str:
    """An expectation as its file says it, on one line."""
    said = expected.model_dump(by_alias=True, exclude_unset=True)
    if expected.at is not None:
        minutes, rest = divmod(expected.at, 60_000_000)
        said["at"] = f"+{expected.at // 1_000_000}s" if rest else f"+{minutes}m"
    return json.dumps(said, ensure_ascii=False)
