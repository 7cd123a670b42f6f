"""One scenario played into one fresh store, in one order of its events."""

from collections.abc import Callable, Sequence
from functools import partial

from graph_schema.errors import OnefoldError
from graph_schema.rules import Rules
from graph_schema.store import Store
from graph_schema.vocabulary import DeadLetter, Event, Judgement, RecordKey
from resolver.founding import DEFAULT_ID_KEY
from serving.scenario_files import Arrival, Scenario, WordOfSteward, in_arrival
from stream.engine import Engine
from stream.judging import Word
from stream.stewarding import Doer, erase


class Play:
    """A store that a scenario is played into; the clock stands where the play is."""

    def __init__(self, store: Store, rules: Rules) -> None:
        self.now = 0
        self.engine = Engine(store, rules, DEFAULT_ID_KEY, clock=lambda: self.now)

    def ingest(self, arrivals: Sequence[Arrival]) -> list[Event | DeadLetter]:
        """Takes a batch, at the time at which its last message arrives."""
        items = [self.engine.intake.take(message, received=at) for at, message in arrivals]
        self.now = max((one.at for one in arrivals), default=self.now)
        self.engine.ingest(items)
        return items

    def judge(self, judgement: Judgement) -> None:
        """Takes a steward's word."""
        self.now = max(self.now, judgement.at or 0)
        self.engine.judge([judgement])


class AsWritten:
    """The play in the written order, step by step. ``judgements`` are the words given so far, each with the
    sides that it has here; ``unheard`` says why one could not be given, or somebody not be erased."""

    def __init__(self, scenario: Scenario, store: Store, rules: Rules) -> None:
        self.play = Play(store, rules)
        self.play.now = scenario.start
        self.scenario = scenario
        self.judgements: list[Judgement] = []
        self.unheard: list[str] = []
        arrivals = [(one.at, partial(self.play.ingest, [one])) for one in in_arrival(scenario)]
        words = [(scenario.start + word.at, partial(self._judge, word)) for word in scenario.judgements]
        gone = [(scenario.start + one.at, partial(self._erase, one.person)) for one in scenario.erasures]
        # What arrives at the moment of a word comes before it.
        self._steps: list[tuple[int, Callable[[], object]]] = sorted(
            [*arrivals, *words, *gone], key=lambda one: one[0]
        )
        self.end = self._steps[-1][0] if self._steps else scenario.start

    def advance(self, until: int) -> None:
        """Plays all that has arrived by a moment (microseconds since 1970 UTC), that moment included."""
        while self._steps and self._steps[0][0] <= until:
            self.play.now, play = self._steps.pop(0)
            play()
        self.play.now = until
        self.play.engine.fall_due(until)

    def _judge(self, word: WordOfSteward) -> None:
        a, b = word.same or word.different or ["", ""]
        spoken = Word(
            "same" if word.same else "different", [a], [b], self.scenario.start + word.at, word.by, word.why
        )
        try:
            with self.play.engine.reader() as reader:
                judgement = reader.judgement(spoken)
        except OnefoldError as error:
            self.unheard.append(f"the judgement on {a} and {b} can't be given: {error}")
            return
        self.judgements.append(judgement)
        self.play.judge(judgement)

    def _erase(self, person: str) -> None:
        try:
            erase(self.play.engine, person, Doer("steward", "admin"))
        except OnefoldError as error:
            self.unheard.append(f"{person} can't be erased: {error}")


def play_otherwise(
    play: Play,
    scenario: Scenario,
    judgements: Sequence[Judgement],
    order: Callable[[list[Arrival]], list[list[Arrival]]],
) -> None:
    """Plays all in another order, in the batches that ``order`` makes; words wait for their records."""
    written = in_arrival(scenario)
    there: set[RecordKey] = set()
    waiting = list(judgements)
    for batch in order(written):
        for item in play.ingest(batch):
            if isinstance(item, Event):
                there |= {item.record} if item.also is None else {item.record, item.also[0]}
        for judgement in [one for one in waiting if there.issuperset((*one.a, *one.b))]:
            play.judge(judgement)
            waiting.remove(judgement)
    for judgement in waiting:
        play.judge(judgement)
