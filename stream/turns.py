"""Writing beside others: what was overtaken is done again."""

import random
import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from graph_schema.errors import Overtaken
from graph_schema.store import Store, Transaction

T = TypeVar("T")

_ATTEMPTS: Final = 8
_PAUSE_SECONDS: Final = 0.02


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
