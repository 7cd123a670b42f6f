"""What a comparison gets to see of a trait: values taken apart, and the atoms by which they are found."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from graph_schema.bundled_files import bundled_lines
from resolver.matching.text import fold

Traits: TypeAlias = Mapping[str, tuple[str, ...]]
"""What one record says: trait name to its values, as they were written. Nested ones by dots:
address.street."""

Value: TypeAlias = tuple[str, ...]
"""One normalised value, taken apart as its kind wants it."""

Atoms: TypeAlias = tuple[tuple[str, str], ...]
"""(type, text) of the pieces of a value by which records that share it are found."""

VALUES_COMPARED = 4
"""So many values of one trait are compared, the smallest first: the work of a pair is bounded."""

_PLACEHOLDERS = frozenset(("", *bundled_lines("no_values.txt")))


def is_placeholder(text: str) -> bool:
    """Whether a text only says that there is no value."""
    return fold(text) in _PLACEHOLDERS


def texts(traits: Traits, names: tuple[str, ...]) -> list[str]:
    """The values that a record has under any of these trait names, placeholders left out."""
    return [text for name in names for text in traits.get(name, ()) if not is_placeholder(text)]


def each(read: Callable[[str], Value]) -> Callable[[Traits, tuple[str, ...]], tuple[Value, ...]]:
    """What finds the values that a record has under some trait names, where ``read`` makes one of each text;
    () is none."""

    def values(traits: Traits, names: tuple[str, ...]) -> tuple[Value, ...]:
        return tuple(sorted({read(text) for text in texts(traits, names)} - {()})[:VALUES_COMPARED])

    return values


def traits_of(said: Iterable[Mapping[str, object]]) -> dict[str, tuple[str, ...]]:
    """What a record says, from the traits of all its messages: nested ones by dots, each value once, sorted.

    A message says its traits at the top of an ``identify`` or else in its context. Truth values, empty texts
    and what is nested deeper than eight levels are no values.
    """
    found: dict[str, set[str]] = {}
    for message in said:
        context = message.get("context")
        for traits in (
            message.get("traits"),
            context.get("traits") if isinstance(context, Mapping) else None,
        ):
            if isinstance(traits, Mapping):
                _gather(traits, "", found)
    return {name: tuple(sorted(values)) for name, values in sorted(found.items())}


_DEEPEST = 8


def _gather(value: object, name: str, found: dict[str, set[str]]) -> None:
    if isinstance(value, Mapping):
        if name.count(".") < _DEEPEST:
            for inside, one in value.items():
                _gather(one, f"{name}.{inside}" if name else str(inside), found)
    elif isinstance(value, list):
        for one in value:
            _gather(one, name, found)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        text = str(value).strip()
        if text:
            found.setdefault(name, set()).add(text)
