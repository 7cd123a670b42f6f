"""What is connected with what, as far as has been told."""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Together(Generic[T]):
    """Things in sets that grow together. One that nothing was told of yet is a set by itself."""

    def __init__(self) -> None:
        self._above: dict[T, T] = {}

    def find(self, one: T) -> T:
        """The thing that stands for the set of one."""
        above = self._above
        while above.setdefault(one, one) != one:
            above[one] = above[above[one]]
            one = above[one]
        return one

    def join(self, several: Iterable[T]) -> None:
        """Makes one set of those of several things."""
        first, *others = several
        into, above = self.find(first), self._above
        for other in others:
            # Nearly all are told of for the first time, or again of the same set.
            if above.setdefault(other, into) != into:
                above[self.find(other)] = into

    def sets(self) -> list[list[T]]:
        """All sets of what was told of."""
        found: dict[T, list[T]] = {}
        for one in self._above:
            found.setdefault(self.find(one), []).append(one)
        return list(found.values())
