"""What every route of one server works with: the engine, the writer, the write keys, and the limits."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final, cast

from fastapi import Depends, Request

from graph_schema.errors import Invalid
from graph_schema.iso_time import asked_time, read_time
from graph_schema.messages import flaw_of_source
from graph_schema.store import Document
from serving.access import LOCAL, Principal, digest, keyring
from serving.group_commit import GroupCommit
from serving.handover import Handover
from serving.limits import Rate
from serving.problems import Busy, Unauthorised
from stream.as_of import By, as_of
from stream.engine import Engine

_ATTEMPTS: Final = 10
_ATTEMPTS_PER_S: Final = 1 / 6
"""Keys that are wrong, from one address: so many at once, then one every six seconds."""

_PASTS: Final = 2
"""Questions about the past that are answered at a time, of the threads that a server has."""


@dataclass(frozen=True)
class Settings:
    """The limits of a server. ``loopback``: only this machine reaches it, so that, where the rules declare no
    write key, each key names its source. ``feed_seconds`` and ``due_seconds``: how often it looks for news of
    the feed, and for whom time alone moves. ``requests_per_second``: of one key, 0 for any number."""

    loopback: bool = True
    feed_seconds: float = 0.25
    due_seconds: float = 5.0
    requests_per_second: int = 0


@dataclass
class Service:
    """One server's share of everything. ``requests`` counts answers by route and status."""

    engine: Engine
    settings: Settings
    commits: GroupCommit
    handover: Handover | None = None
    requests: dict[tuple[str, int], int] = field(default_factory=dict)
    stopping: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        """Keeps the write keys by their hashes: how long a look-up takes then tells nothing of them."""
        declared = {name: source.write_key for name, source in self.engine.rules.sources.items()}
        self._sources = {digest(key): name for name, key in declared.items() if key is not None}
        self.keyring = keyring(self.engine.rules.access, self.settings.loopback)
        often = self.settings.requests_per_second
        self.rate = Rate(often, 2 * often)
        self.attempts = Rate(_ATTEMPTS_PER_S, _ATTEMPTS)
        self._looking_back = threading.BoundedSemaphore(_PASTS)

    def as_of(self, reference: str, at: int, by: By) -> Document:
        """See ``stream.as_of``. It takes long where somebody shares much with many, so few are answered at a
        time, and others of this server go on; raises ``Busy`` where these are answered now."""
        if not self._looking_back.acquire(blocking=False):
            raise Busy("other questions about the past are being answered", way_out="Ask again in a moment")
        try:
            return as_of(self.engine.store, self.engine.rules, self.engine.id_key, reference, at, by)
        finally:
            self._looking_back.release()

    def last_change(self) -> int:
        """The highest number of the change feed."""
        with self.engine.store.read() as tx:
            return tx.last_change()

    @property
    def taking(self) -> GroupCommit | Handover:
        """Where messages go: into the store, or to Kafka."""
        return self.handover or self.commits

    def source_of(self, write_key: str | None) -> str:
        """The source that a write key stands for; raises ``Unauthorised`` for none."""
        if not write_key:
            raise Unauthorised(
                "there is no write key", way_out="Send it as the user of basic authorization, or as writeKey"
            )
        if not self._sources and self.settings.loopback:
            if flaw := flaw_of_source(write_key):
                raise Invalid("writeKey", f"It names the source here. {flaw}")
            self.rate.take(f"source {write_key}")
            return write_key
        if (source := self._sources.get(digest(write_key))) is None:
            raise Unauthorised(
                "no source has this write key", way_out="Declare it in the rules: [source.web] write_key"
            )
        self.rate.take(f"source {source}")
        return source


def time_of(name: str, text: str | None) -> int | None:
    """A time of a query in microseconds; raises ``Invalid`` where it is none."""
    if text is None:
        return None
    # A + that was not encoded comes as a space.
    return asked_time(name, text.replace(" ", "+") if read_time(text) is None else text)


# FastAPI runs what is not async in a thread, and whoever has to tell of health can't wait for one.
async def _service(request: Request) -> Service:
    return cast(Service, request.app.state.service)


TheService = Annotated[Service, Depends(_service)]


async def asked_once(request: Request) -> None:
    """Raises ``Invalid`` for a name that a query has twice: one of its values would go unheard."""
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if names.count(name) > 1:
            raise Invalid(name, "It is given several times; send it once.")


async def _principal(request: Request) -> Principal:
    return cast(Principal, getattr(request.state, "principal", LOCAL))


Asker = Annotated[Principal, Depends(_principal)]
"""Whoever asks: the guard let them in."""
