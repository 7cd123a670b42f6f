"""Speaks HTTP to a platform: at its pace, and again after what passes, each time a little later.

Nothing of a request or an answer gets into an error or a log but where it went and the status.
"""

import logging
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from graph_schema.errors import OnefoldError
from profiles.moments import SECOND

T = TypeVar("T")
_LONGEST_WAIT: Final = 120.0
_LONGEST_REST: Final = 86_400.0
"""However long a platform asks to be left alone, it is asked once a day."""
_PASSING: Final = frozenset((408, 425, 429, 500, 502, 503, 504))

# The client's own log would tell addresses at a level that a user may have set.
logging.getLogger("httpx").setLevel(logging.WARNING)


class DestinationUnavailable(OnefoldError):
    """A destination doesn't answer now; what was to be sent is kept, and the next sync sends it."""

    status = 503
    exit_code = 3


class TryAgain(Exception):
    """What was refused now may be taken later."""


class Courier:
    """Makes the requests of one destination, one after the other."""

    def __init__(self, destination: str, requests_per_minute: int, attempts: int, timeout: int) -> None:
        """``timeout`` in microseconds, for each step of a request. ``before`` is asked before each request is
        made, again too, and raises where none may be made any more."""
        self.destination = destination
        self._apart = 60.0 / requests_per_minute
        self._next = 0.0
        self._attempts = attempts
        self._sleep = time.sleep
        self._client = httpx.Client(timeout=timeout / SECOND, follow_redirects=False)
        self.before: Callable[[], object] = bool
        self._spread = wait_random_exponential(multiplier=0.5, max=_LONGEST_WAIT)

    def send(self, build: Callable[[], httpx.Request], read: Callable[[httpx.Response], T]) -> T:
        """Builds a request, makes it, and reads the answer; again where that failed in passing.

        ``read`` may raise ``TryAgain``. Raises ``DestinationUnavailable`` when it was tried often enough.
        """
        again = Retrying(
            retry=retry_if_exception_type((TryAgain, httpx.RequestError)),
            stop=stop_after_attempt(self._attempts),
            wait=self._spread,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            found: T = again(self._once, build, read)
            return found
        except TryAgain as error:
            why = str(error)
        except httpx.RequestError as error:
            why = type(error).__name__
        raise DestinationUnavailable(
            f"the destination {self.destination} can't be reached ({why}, {self._attempts} attempts)",
            way_out="Nothing is lost: run onefold sync again",
        )

    def _once(self, build: Callable[[], httpx.Request], read: Callable[[httpx.Response], T]) -> T:
        wait = self._next - time.monotonic()
        if wait > _LONGEST_WAIT:
            raise DestinationUnavailable(
                f"the destination {self.destination} asks to be left alone for {wait:.0f} s",
                way_out="Nothing is lost: run onefold sync again then",
            )
        if wait > 0:
            self._sleep(wait)
        self._next = time.monotonic() + self._apart
        self.before()
        response = self._client.send(build())
        if response.status_code in _PASSING:
            self._next = max(self._next, time.monotonic() + min(retry_after(response), _LONGEST_REST))
            raise TryAgain(f"HTTP {response.status_code}")
        return read(response)

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()


def retry_after(response: httpx.Response) -> float:
    """How many seconds a platform asks to be left alone; 0 where it doesn't say."""
    said = response.headers.get("retry-after", "")
    if said.isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return 0.0
