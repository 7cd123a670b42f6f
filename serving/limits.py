"""How much one sender may ask for: so many at once, then so many a second; and how large a request may be."""

import math
import threading
import time
from collections.abc import Callable
from typing import Final

from starlette.types import Message, Receive

from graph_schema.errors import OnefoldError

MOST_BYTES: Final = 5 << 20
"""Of one request, as it comes and unpacked."""
_REMEMBERED = 10_000


class TooLarge(OnefoldError):
    """The request's body is larger than any that is read."""

    status = 413

    def __init__(self) -> None:
        way_out = f"Send at most {MOST_BYTES >> 20} MiB at once, unpacked: smaller batches"
        super().__init__("the body is too large", way_out=way_out)


def bounded(receive: Receive) -> Receive:
    """The same, that raises ``TooLarge`` as soon as a body shows to be larger than any that is read."""
    size = 0

    async def part() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST_BYTES:
            raise TooLarge
        return message

    return part


class TooMany(OnefoldError):
    """More was asked for than is answered; ``after`` so many seconds there is room again."""

    status = 429

    def __init__(self, after: float) -> None:
        self.after = max(1, math.ceil(after))
        super().__init__("too many requests", way_out=f"Wait {self.after} s; fewer, larger batches are taken")


class Rate:
    """A bucket for each name: it holds ``most`` and fills by ``per_second`` (0: there is no limit)."""

    def __init__(self, per_second: float, most: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at: dict[str, float] = {}
        """When each bucket is full again; those that are full are not kept for ever."""

    def check(self, name: str) -> None:
        """Raises ``TooMany`` where the bucket is empty."""
        with self._lock:
            self._missing(name)

    def take(self, name: str) -> None:
        """Takes one; raises ``TooMany`` where the bucket is empty."""
        if not self._per_second:
            return
        with self._lock:
            now = self._clock()
            if len(self._full_at) >= _REMEMBERED:
                living = {one: at for one, at in self._full_at.items() if at > now}
                # Whoever has ten thousand names isn't held up by this; memory is.
                self._full_at = living if len(living) < _REMEMBERED else {}
            self._full_at[name] = now + (self._missing(name) + 1) / self._per_second

    def _missing(self, name: str) -> float:
        """How many it lacks of being full."""
        missing = max(0.0, self._full_at.get(name, 0.0) - self._clock()) * self._per_second
        if missing > self._most - 1:
            raise TooMany((missing - self._most + 1) / self._per_second)
        return missing
