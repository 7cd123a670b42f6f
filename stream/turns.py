"""Reading and writing beside others: what was overtaken is done again."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Final, TypeVar

from graph_schema.errors import Overtaken
from graph_schema.store import Store, Transaction, View

T = TypeVar("T")

_ATTEMPTS: Final = 8
_LOOKS: Final = 3
"""How often a question is asked before writers are held up for it."""
_PAUSE_SECONDS: Final = 0.02
_WHOLE: Final[ContextVar[View]] = ContextVar("whole", default="whole")


def pauses() -> Iterator[float]:
    """How long to wait, in seconds, after each attempt but the last: longer and longer, by chance of unlike
    length."""
    return (random.uniform(0, _PAUSE_SECONDS * 2**attempt) for attempt in range(_ATTEMPTS - 1))


def in_turn(store: Store, work: Callable[[Transaction], T]) -> T:
    """Does ``work`` in a transaction that writes, and all of it again where another writer came first.

    Raises ``Overtaken`` after several attempts.
    """
    for pause in pauses():
        try:
            with store.write() as tx:
                return work(tx)
        except Overtaken:
            time.sleep(pause)
    with store.write() as tx:
        return work(tx)


def view_of_whole() -> View:
    """How that is read which must be of one moment: at a question's last attempt nobody else may write."""
    return _WHOLE.get()


def looks() -> Iterator[float]:
    """As ``pauses``, for a question; its last attempt is to be made in a ``last_look``."""
    return islice(pauses(), _LOOKS)


@contextmanager
def last_look() -> Iterator[None]:
    """What is read as a whole meanwhile waits until nobody writes, so that nobody can overtake it."""
    before = _WHOLE.set("alone")
    try:
        yield
    finally:
        _WHOLE.reset(before)


def undisturbed(ask: Callable[[], T]) -> T:
    """The answer to a question, asked again where others wrote meanwhile what it reads."""
    for pause in looks():
        try:
            return ask()
        except Overtaken:
            time.sleep(pause)
    with last_look():
        return ask()
