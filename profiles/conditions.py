"""Conditions in CEL: compiled once, checked when the rules are read, evaluated over the figures that they
name."""

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
        except (TypeError, ValueError, RuntimeError, KeyError) as error:
            raise RulesError(
                f"the expression can't be evaluated: {_short(error)}", where=self.where
            ) from error


FUNCTIONS: Final = ("passed", "within", "reached", "before", "was_sent")
"""What expressions can call besides what CEL has; docs/rules.md tells what each means."""
_BUILT_IN: Final = frozenset("size contains startsWith endsWith matches int double string".split())


def condition(text: str, where: str) -> Condition:
    """Compiles an expression. Raises RulesError where it isn't CEL, names what there isn't, or isn't true
    or false."""
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
                way_out=nearest(function, FUNCTIONS),
            )
    text = text.strip()
    alone = text.removeprefix("!")
    found = Condition(where, program, names, alone if alone in FIGURES else None, alone != text)
    _try_out(found)
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
        if last_sent(state, campaign, until=now) is not None:
            return True
        at = last_sent(state, campaign)
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


def _try_out(found: Condition) -> None:
    """Evaluates an expression over samples, so that a comparison of a text with a number is found at once."""
    samples = {name: FIGURES[name].sample for name in found.figures}

    def two(_: int | None, text: str) -> bool:
        return bool(span(text))

    context = cel.Context(
        samples,
        {"passed": two, "within": two, **dict.fromkeys(("reached", "before", "was_sent"), lambda _: True)},
    )
    try:
        answer = found.program.execute(context)
    except (TypeError, ValueError, RuntimeError, KeyError) as error:
        raise RulesError(f"the expression can't be evaluated: {_short(error)}", where=found.where) from error
    if not isinstance(answer, bool):
        raise RulesError(
            "the expression is neither true nor false", where=found.where, way_out="Compare with something"
        )


def _short(error: Exception) -> str:
    return str(error).split("\n")[0].split(". ")[0]
