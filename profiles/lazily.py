"""Properties that are computed when they are first asked for.

`functools.cached_property` takes a lock each time it computes, up to Python 3.11: a tenth of a decision.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class lazily(Generic[T]):
    """A property whose value is kept in the object; a scene belongs to one thread."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, one: object, owner: type | None = None) -> T:
        found = one.__dict__[self._name] = self._compute(one)
        return found
