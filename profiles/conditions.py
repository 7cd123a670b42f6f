"""Conditions in CEL: compiled once, checked when the rules are read, evaluated over the figures that they
name."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from math import prod
from typing import Final, NamedTuple

from graph_schema.errors import RulesError, nearest
from profiles.expressions import cel
from profiles.figures import FIGURES
from profiles.messages import last_sent
from profiles.scene import Plain, Scene
from profiles.settings import span


class Condition(NamedTuple):
    """An expression that is true or false of a scene. `figures` are the names that it uses; `alone` is the
    one that it is, or denies, and no more."""

    where: str
    program: cel.Program
    figures: tuple[str, ...]
    alone: str | None
    denied: bool

    @property
    def reads(self) -> set[str]:
        """The parts of a person's state that it goes by."""
        parts = {part for name in self.figures for part in FIGURES[name].reads.split()}
        return parts | {"sent", "messages"} if "was_sent" in self.program.functions() else parts

    def holds(self, scene: Scene) -> bool:
        """Whether it holds in a scene.

        Raises RulesError where the expression can't be evaluated, which no check foresaw.
        """
        try:
            if self.alone is not None:
                return bool(_figure(scene, self.alone)) is not self.denied
            return _evaluated(self.program, scene)
        except _FAILURES as error:
            raise RulesError(
                f"the expression can't be evaluated: {_short(error)}", where=self.where
            ) from error


_CALLED: Final = {
    "passed": "passed(cart_at, '30 days')",
    "within": "within(cart_at, '30 days')",
    "reached": "reached(supply_ends_at)",
    "before": "before(quiet_until)",
    "was_sent": "was_sent('newsletter')",
}
FUNCTIONS: Final = tuple(_CALLED)
"""What expressions can call besides what CEL has; docs/rules.md tells what each means."""
_FAILURES: Final = (TypeError, ValueError, RuntimeError, LookupError, ArithmeticError)
"""What the library raises where an expression can't be evaluated."""
_LONGEST: Final = 10_000
"""So many characters an expression may have: from 65,536 on the library ends the process at a mistake."""
_BUILT_IN: Final = tuple("size contains startsWith endsWith matches int double string".split())


def condition(text: str, where: str) -> Condition:
    """Compiles an expression. Raises RulesError where it isn't CEL, names what there isn't, or isn't true
    or false."""
    if len(text) > _LONGEST:
        what = f"the expression has {len(text):,} characters"
        raise RulesError(what, where=where, way_out=f"Up to {_LONGEST:,} are read")
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise RulesError(
            f"not CEL: {_short(error)}", where=where, way_out="See docs/rules.md for examples"
        ) from error
    names = tuple(program.variables())
    for name in names:
        if name not in FIGURES:
            raise RulesError(
                f"unknown name {name!r} in a condition", where=where, way_out=nearest(name, FIGURES)
            )
    for function in program.functions():
        if function[0].isalpha() and function not in FUNCTIONS and function not in _BUILT_IN:
            raise RulesError(
                f"unknown function {function!r} in a condition",
                where=where,
                way_out=nearest(function, (*FUNCTIONS, *_BUILT_IN)),
            )
    text = text.strip()
    alone = text.removeprefix("!")
    found = Condition(where, program, names, alone if alone in FIGURES else None, alone != text)
    _try_out(found, text)
    return found


def _figure(scene: Scene, name: str) -> Plain:
    """What a figure is in a scene. It is computed when it is first asked for, and most never are: a condition
    is settled by its first parts."""
    if name not in scene.figures:
        scene.figures[name] = FIGURES[name].of(scene)
    return scene.figures[name]


class _Stage:
    """What expressions are evaluated in, one after the other: to make a context for each would take longer
    than most evaluations do."""

    scene: Scene

    def __init__(self) -> None:
        # To the library None says that there is no such name: it then looks for it here.
        self.context = cel.Context(
            {name: None for name, figure in FIGURES.items() if figure.sample is None},
            {
                "passed": self._passed,
                "within": self._within,
                "reached": lambda time: self.scene.turned(time),
                "before": self._before,
                "was_sent": self._was_sent,
            },
        )
        self.context.set_variable_resolver(lambda name: _figure(self.scene, name))

    def _passed(self, time: int | None, text: str) -> bool:
        return time is not None and self.scene.turned(time + span(text))

    def _within(self, time: int | None, text: str) -> bool:
        turned = self.scene.turned
        return time is not None and turned(time) and not turned(time + span(text))

    def _before(self, time: int | None) -> bool:
        return time is not None and not self.scene.turned(time)

    def _was_sent(self, campaign: str) -> bool:
        state, now = self.scene.state, self.scene.at
        at = last_sent(state, campaign)
        # Of what is dated ahead the first counts: at its moment the answer changes.
        while at is not None and at > now and (one := last_sent(state, campaign, until=at - 1)) is not None:
            at = one
        return at is not None and self.scene.turned(at)


_IDLE: Final[list[_Stage]] = []
"""Stages that nobody evaluates in: there come to be as many as threads were evaluating at once."""


def _evaluated(program: cel.Program, scene: Scene) -> bool:
    try:
        stage = _IDLE.pop()
    except IndexError:
        stage = _Stage()
    stage.scene = scene
    try:
        return bool(program.execute(stage.context))
    finally:
        _IDLE.append(stage)


def _try_out(found: Condition, text: str) -> None:
    """Evaluates an expression over samples of whatever it names, so that a comparison of a text with a number
    is found at once, behind && and || as well, and so is a division by what may be nothing."""
    called = [name for name in FUNCTIONS if name in found.program.functions()]
    drawn = [_samples(name, text) for name in found.figures] + [(True, False)] * len(called)
    several = prod(map(len, drawn))
    # Of too many some are tried that lie all over them.
    for number in range(0, several, several // _TRIED + 1):
        given = _combination(drawn, number)
        samples, answers = given[: len(found.figures)], given[len(found.figures) :]
        functions = {name: _stub(name, answer) for name, answer in zip(called, answers, strict=True)}
        said = dict(zip(found.figures, samples, strict=True))
        try:
            answer = found.program.execute(cel.Context(said, functions))
        except _FAILURES as error:
            with_what = ", ".join(f"{name} = {value!r}" for name, value in said.items() if value != _A_TIME)
            raise RulesError(
                f"the expression can't be evaluated: {_short(error)}",
                where=found.where,
                way_out=f"It was tried with {with_what}. {_LIKE}" if with_what else _LIKE,
            ) from error
        if not isinstance(answer, bool):
            what = "the expression is neither true nor false"
            raise RulesError(what, where=found.where, way_out="Compare with something")


_TRIED: Final = 1000
_A_TIME: Final = datetime(2026, 3, 2, tzinfo=UTC)
_LIKE: Final = (
    "Compare like with like (spent > 100.0, double(orders_count) * 1.5), "
    "and ask first what it depends on (orders_count > 0 && …)"
)


def _samples(name: str, text: str) -> tuple[object, ...]:
    """What a figure may be: besides what each of its kind can be also what the expression compares with."""
    sample = FIGURES[name].sample
    if isinstance(sample, bool):
        return True, False
    if sample is None:
        return _A_TIME, None
    if isinstance(sample, str):
        return tuple(dict.fromkeys((sample, "", *re.findall(r"""["']([^"']*)["']""", text))))
    named = [int(number) for number in re.findall(r"\b\d{1,9}\b", text)]
    numbers = dict.fromkeys((1, 0, 1000, *named, *(number + 1 for number in named)))
    return tuple(map(type(sample), numbers))


def _combination(drawn: list[tuple[object, ...]], number: int) -> list[object]:
    """One of all combinations, by its number."""
    found = []
    for each in drawn:
        number, place = divmod(number, len(each))
        found.append(each[place])
    return found


def _stub(name: str, answer: object) -> Callable[..., object]:
    """A function that only looks whether it is called rightly."""

    def called(*given: object) -> object:
        timed = name != "was_sent"
        texts = given[1:] if timed else given
        wanted = 0 if name in ("reached", "before") else 1
        if len(texts) != wanted or not all(isinstance(one, str) for one in texts):
            raise ValueError(f"{name} is called as {_CALLED[name]}")
        if timed and given[0] not in (_A_TIME, None):
            raise ValueError(f"{name} is told no time: it is called as {_CALLED[name]}")
        for one in texts if timed else ():
            span(one)
        return answer

    return called


def _short(error: Exception) -> str:
    """The first sentence of what the library says, without what it says of itself."""
    said = str(error).split("\n")[0].split(". ")[0]
    return re.sub(r"^Function '\w+' error: Python function call failed: \w+: ", "", said)[:200]
