"""Much of something, some at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from graph_schema.vocabulary import Change, Delta

T = TypeVar("T")
Entry = TypeVar("Entry", Change, Delta)


def in_parts(things: Iterable[T], most: int) -> Iterator[list[T]]:
    """Things in lists of so many at most; they are read as they are wanted."""
    waiting = iter(things)
    while part := list(islice(waiting, most)):
        yield part


def followed(read: Callable[[int, int], Sequence[Entry]], after: int, most: int) -> Iterator[Entry]:
    """The entries of a feed with a number above one, to its end; ``read`` gives so many of them at once."""
    while part := read(after, most):
        yield from part
        after = part[-1].seq
