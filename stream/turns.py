"""Writing beside others: what was overtaken is done again."""

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from graph_schema.errors import Overtaken
from graph_schema.store import Store, Transaction

T = TypeVar("T")

_ATTEMPTS: Final = 8
_PAUSE_SECONDS: Final = 0.02


def in_turn(store: Store, work: Callable[[Transaction], T]) -> T:
    """Does ``work`` in a transaction that writes, and all of it again where another writer came first.

    Raises ``Overtaken`` after several attempts, which wait longer and longer, by chance of unlike length.
    """
    for attempt in range(_ATTEMPTS - 1):
        try:
            with store.write() as tx:
                return work(tx)
        except Overtaken:
            time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**attempt))
    with store.write() as tx:
        return work(tx)
