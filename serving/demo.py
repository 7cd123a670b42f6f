"""A retail day, played into a fresh store and told in the terminal: records becoming one person.

The day is in ``demo_day.yaml``. Clock and ids are fixed, so it tells the same every time. In the evening more
comes in (``demo_cases.yaml``), of which the stewards have to decide something.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import yaml
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from graph_schema.errors import AmbiguousIdentifier, UnknownPerson
from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Document
from profiles.scene import Request
from resolver.founding import DEFAULT_ID_KEY
from resolver.sentences import counted
from serving.terminal import moment
from stream.batch import Counts
from stream.deciding import Asked, decide_all
from stream.engine import Engine, now_us
from stream.explaining import how, why
from stream.judging import Word

_DATE: Final = "2026-03-02"
_WIDTH: Final = 100
_ANA_BY: Final = (
    "email:ana.lima@example.com",
    "anonymous_id:c-7f3",
    "loyalty_card:290012345678",
    "user_id:u-1001",
    "receipt_id:r-88",
)


class Demo(NamedTuple):
    """A played day: the engine that holds it, and where its store is."""

    engine: Engine
    store: str


class _Clock:
    """The time of receipt: that of the day while it is played, then the real one."""

    def __init__(self) -> None:
        self.at: int | None = _at("00:00")

    def __call__(self) -> int:
        return now_us() if self.at is None else self.at


@contextmanager
def played(out: Console | None = None) -> Iterator[Demo]:
    """Plays the day, tells it on ``out``, and holds its store for as long as it is wanted."""
    clock = _Clock()
    with TemporaryDirectory(prefix="onefold-demo-") as folder:
        path = Path(folder) / "onefold.db"
        with closing(SqliteStore(path)) as store:
            engine = Engine(store, load_rules(), DEFAULT_ID_KEY, clock)
            _Telling(engine, clock, out or Console(width=_WIDTH, highlight=False)).tell()
            play(engine, "demo_cases.yaml", clock)
            clock.at = None
            yield Demo(engine, f"sqlite:///{path}")


def play(engine: Engine, name: str, clock: "_Clock | None" = None) -> None:
    """Takes in the messages of a file of the demo; a clock is set to the time of day of each."""
    for said, message in _told(name):
        received = _at(said["at"])
        if clock is not None:
            clock.at = received
        engine.ingest([engine.intake.take(message, received)])


def invite(demo: Demo, url: str) -> None:
    """Says where to look on."""
    out = Console(width=_WIDTH, highlight=False, soft_wrap=True)
    out.print("\n[bold]Look on[/bold] (the day is being served until Ctrl-C)")
    for what, where in (
        ("console", f"{url}/console"),
        ("API", f"{url}/docs"),
        ("Ana", f"curl '{url}/v1/persons?identifier=email:ana.lima@example.com'"),
        ("or", f"onefold how user_id:u-1001 --store {demo.store}"),
    ):
        out.print(f"  {what:8} {where}")


class _Telling:
    def __init__(self, engine: Engine, clock: _Clock, out: Console) -> None:
        self.engine = engine
        self.clock = clock
        self.out = out
        self.answers = Table("time", "may this go out?", "answer", "because", box=SIMPLE_HEAD)

    def tell(self) -> None:
        self._day()
        self._ana()
        self._vitamin_shop()
        self._tablet()
        self._steward()

    def _day(self) -> None:
        """Plays the day, and shows after each step of Ana's how many persons her records are."""
        self.out.rule("[bold]A day in a shop: five systems tell of Ana, each by another name", align="left")
        steps = Table("time", "system", "tells of", "Ana: records", "are", "", box=SIMPLE_HEAD)
        counts = Counts()
        for said, message in _told("demo_day.yaml", asks=True):
            if "asks" in said:
                self._decide(said)
                continue
            self.clock.at = _at(said["at"])
            counts.add(self.engine.ingest([self.engine.intake.take(message, self.clock.at)]))
            if "tells" in said:
                persons = self._persons(_ANA_BY)
                sizes = str(sum(persons.values()))
                one = next(iter(persons)) if len(persons) == 1 else ""
                word = counted(len(persons), "person", "persons")
                steps.add_row(said["at"], said["source"], said["tells"], sizes, word, one)
        self.clock.at = _at("21:00")
        self.out.print(steps)
        with self.engine.store.read() as tx:
            made, people = len(list(tx.all_records())), len(list(tx.all_persons()))
            letter = tx.dead_letters(0, 1)[0][1]
        self.out.print(
            f"{counts.taken} events made {made} records of {people} persons. "
            f"{counts.duplicates} came twice and counts once; {counts.dead_letters} could not be taken "
            f"({letter.source}, {letter.field}) and is kept with its reason.\n"
        )

    def _ana(self) -> None:
        self.out.rule("[bold]What joined them, and the one golden profile", align="left")
        with self.engine.reader() as reader:
            self._say(how(reader, "user_id:u-1001")["sentences"])
            profile = reader.profile("user_id:u-1001", self.clock())
        shown = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for name, value in _in_short(profile):
            shown.add_row(f"[dim]{name}[/dim]", value)
        self.out.print(shown)
        self.out.print()

    def _vitamin_shop(self) -> None:
        self.out.rule("[bold]10:05 she orders in the app what was in her cart on the web", align="left")
        self.out.print(self.answers)
        with self.engine.reader() as reader:
            (reward,) = reader.profile("user_id:u-1001", self.clock())["rewards"]
        self.out.print(
            f"The paper certificate of the same reward, shown in the store at 17:30: {reward['state']} "
            f"at {reward['redeemed_at'][11:16]} by {reward['channel']}.\n"
        )

    def _decide(self, said: Document) -> None:
        """Asks while the day goes on, with what was known by then."""
        request = Request(**{name: value for name, value in said.items() if name in Request._fields})
        with self.engine.reader() as reader:
            (answer,) = decide_all(reader, [Asked("email:ana.lima@example.com", request, _at(said["at"]))])
        reasons = ", ".join(answer.reasons) or f"by {answer.channel}"
        self.answers.add_row(said["at"], said["asks"], "yes" if answer.outcome == "send" else "no", reasons)

    def _tablet(self) -> None:
        self.out.rule("[bold]A tablet that two people share joins nobody", align="left")
        with self.engine.reader() as reader:
            self._say(why(reader, "user_id:u-2001", "user_id:u-2002")["sentences"])
            try:
                reader.find("anonymous_id:c-kitchen")
            except AmbiguousIdentifier as error:
                persons = len(error.persons)
                told = f"Ambiguous: {persons} persons hold the cookie: the two, and whoever it was."
                self.out.print(f"Whose is a visit without login? {told}\n")

    def _steward(self) -> None:
        self.out.rule("[bold]Mia's card and login: a steward joins them, and can take it back", align="left")
        sides = ("loyalty_card:290055550001", "user_id:u-3003")
        self._show_persons("before", sides)
        with self.engine.reader() as reader:
            word = Word("same", sides[:1], sides[1:], self.clock(), "steward", "she gave both by telephone")
            judgement = reader.judgement(word)
        self.engine.judge([judgement])
        self._show_persons("judged the same", sides)
        with self.engine.reader() as reader:
            self._say(why(reader, *sides)["sentences"], indent="  ")
            retracted = reader.retracted(judgement.judgement_id, self.clock())
        self.engine.judge([retracted])
        self._show_persons("taken back", sides)

    def _show_persons(self, when: str, references: Iterable[str]) -> None:
        persons = self._persons(references)
        self.out.print(f"{when:16} {counted(len(persons), 'person', 'persons')}: {' '.join(sorted(persons))}")

    def _say(self, sentences: Iterable[str], indent: str = "") -> None:
        for sentence in sentences:
            self.out.print(f"{indent}{sentence}", markup=False)

    def _persons(self, references: Iterable[str]) -> dict[str, int]:
        """The persons to whom references lead, with how many records each has."""
        found: dict[str, int] = {}
        with self.engine.reader() as reader:
            for reference in references:
                try:
                    person = reader.find(reference).person
                except UnknownPerson:
                    continue
                found[person.person_id] = person.size
        return found


def _told(name: str, asks: bool = False) -> Iterator[tuple[Document, Document]]:
    """What a file has in the order of its times, each with the message that it is; with ``asks``, questions
    between them."""
    written = yaml.safe_load(files("serving").joinpath(name).read_text("utf-8"))
    for number, said in sorted(enumerate(written, 1), key=lambda one: one[1]["at"]):
        if "asks" in said and not asks:
            continue
        told = {
            "messageId": f"{name.removesuffix('.yaml').removeprefix('demo_')}-{number}",
            "timestamp": f"{_DATE}T{said['at']}:00Z",
        }
        yield said, {**told, **{one: value for one, value in said.items() if one not in ("at", "tells")}}


def _at(time: str) -> int:
    return moment("at", f"{_DATE}T{time}:00Z")


def _in_short(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The lines of a golden profile that say the most."""
    attributes: Document = profile["attributes"]
    yield "person_id", profile["person_id"]
    yield "aliases", " ".join(profile["aliases"])
    for each in profile["identifiers"]:
        yield each["namespace"], f"{each['value']}  [dim]({', '.join(each['sources'])})[/dim]"
    for name in ("firstName", "lastName", "birthday"):
        if name in attributes:
            yield name, f"{attributes[name]['value']}  [dim]({attributes[name]['source']})[/dim]"
    orders = profile["orders"]
    yield "orders", f"{orders['count']}, {orders['total']:.2f} {orders['currency']}"
    for reward in profile["rewards"]:
        yield "reward", f"{reward['code']} {reward['state']}, {' and '.join(reward['media'])}"
    yield "lifecycle", str(profile["lifecycle"]["stage"])
    yield "missing", ", ".join(profile["missing"]) or "nothing"
