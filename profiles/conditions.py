"""Conditions in CEL: compiled once, checked when the rules are read, evaluated over the figures that they
name."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from graph_schema.errors import RulesError, nearest
from profiles.expressions import cel
from profiles.figures import FIGURES, Plain
from profiles.messages import last_sent
from profiles.scene import Scene
from profiles.settings import span


class Condition(NamedTuple):
    """An expression that is true or false of a scene. `figures` are the names that it uses."""

    where: str
    program: cel.Program
    figures: tuple[str, ...]
    text: str

    def holds_in(self, scene: Scene) -> bool:
        """Whether it holds in a scene by itself."""
        if self.text in FIGURES:
            return bool(FIGURES[self.text].of(scene))
        return self.holds(context_of(scene, self.figures))

    def holds(self, context: cel.Context) -> bool:
        """Whether it holds in a context made by `context_of` for it, or for several conditions together.

        Raises RulesError where the expression can't be evaluated, which no check foresaw.
        """
        try:
            return bool(self.program.execute(context))
        except (TypeError, ValueError, RuntimeError, KeyError) as error:
            raise RulesError(
                f"the expression can't be evaluated: {_short(error)}", where=self.where
            ) from error


FUNCTIONS: Final[Mapping[str, str]] = {
    "passed": 'passed(time, "30 days"): so long after the time, or longer; false without a time',
    "within": 'within(time, "30 days"): since the time, but not so long after; false without a time',
    "reached": "reached(time): the time has come; false without a time",
    "before": "before(time): the time has not come yet; false without a time",
    "was_sent": 'was_sent("campaign"): a campaign was sent to her before',
}
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
    found = Condition(where, program, names, text.strip())
    _try_out(found)
    return found


def context_of(scene: Scene, figures: Iterable[str]) -> cel.Context:
    """What conditions that use these figures are evaluated in. A figure is computed when it is first asked
    for, and most never are: a condition is settled by its first parts."""
    computed: dict[str, Plain] = {}

    def resolved(name: str) -> Plain:
        if name not in computed:
            computed[name] = FIGURES[name].of(scene)
        return computed[name]

    # To the library None says that there is no such name: it then looks for it here.
    context = cel.Context({name: None for name in figures if FIGURES[name].sample is None}, _functions(scene))
    context.set_variable_resolver(resolved)
    return context


def _functions(scene: Scene) -> dict[str, Callable[..., Plain]]:
    def passed(time: int | None, text: str) -> bool:
        return time is not None and scene.turned(time + span(text))

    def within(time: int | None, text: str) -> bool:
        return time is not None and scene.turned(time) and not scene.turned(time + span(text))

    def before(time: int | None) -> bool:
        return time is not None and not scene.turned(time)

    def was_sent(campaign: str) -> bool:
        at = last_sent(scene.state, campaign)
        return at is not None and scene.turned(at)

    return {
        "passed": passed,
        "within": within,
        "reached": scene.turned,
        "before": before,
        "was_sent": was_sent,
    }


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
