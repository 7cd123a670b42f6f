"""Messages as a topic holds them, and how what they say is typed ahead of the batch that takes them.

Where many wait, a process beside types them: what is typed here takes turns with the thread that writes.
There it is made ready to be matched as well.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from graph_schema.errors import OnefoldError
from graph_schema.messages import is_batch
from graph_schema.rules import Rules
from graph_schema.vocabulary import DeadLetter
from stream.beside import Beside
from stream.intake import Intake, Items

_log: Final = logging.getLogger("onefold")
_FEW_BYTES: Final = 1 << 14
"""Of messages that are typed here: a process beside is for those who fall behind."""


@dataclass(slots=True)
class Arrived:
    """A message as a topic holds it. ``at`` is its own time in microseconds, ``source`` that of its header,
    where it has one; ``items`` are what it says, once it is typed."""

    topic: str
    partition: int
    offset: int
    at: int | None
    value: bytes
    source: str | None = None
    items: Items | None = None

    @property
    def position(self) -> str:
        """Where it stands, in a word."""
        return f"{self.topic}/{self.partition}:{self.offset}"


class _Untyped(NamedTuple):
    """Messages to type that are received now."""

    messages: Sequence[Arrived]
    now: int


class Typing:
    """Types messages, each once. Who writes asks, and who reads ahead, at times for the same: any thread
    may."""

    def __init__(self, intake: Intake, id_key: bytes, clock: Callable[[], int]) -> None:
        self._intake = intake
        self._id_key = id_key
        self._clock = clock
        self._turn = threading.Lock()
        self._beside: Beside[_Untyped, list[Items]] | None = None
        self._has_started = False

    def read(self, messages: Sequence[Arrived]) -> list[Items]:
        """What messages say, in their order."""
        with self._turn:
            untyped = [one for one in messages if one.items is None]
            if sum(len(one.value) for one in untyped) >= _FEW_BYTES:
                self._read_beside(untyped)
            return [self._items_of(one) for one in messages]

    def _items_of(self, message: Arrived) -> Items:
        if message.items is None:
            message.items = typed(self._intake, message, self._clock())
        return message.items

    def _read_beside(self, messages: Sequence[Arrived]) -> None:
        """Has messages typed beside; does nothing while that process is starting, for which nobody waits, and
        where it ended before its time."""
        try:
            if self._beside is None:
                self._beside = Beside(_typing_by, self._intake.rules, self._id_key)
                # Its first answer says that it has started.
                self._beside.send(_Untyped((), 0))
            if not self._has_started:
                if not self._beside.is_ready():
                    return
                self._beside.receive()
                self._has_started = True
            self._beside.send(_Untyped(messages, self._clock()))
            for one, items in zip(messages, self._beside.receive(), strict=True):
                one.items = items
        except OnefoldError:
            _log.warning("the process that types messages ended before its time; another takes its place")
            if self._beside is not None:
                self._beside.stop()
            self._beside, self._has_started = None, False


def typed(intake: Intake, message: Arrived, now: int) -> Items:
    """What a message says that is received now."""
    asked = (message.value, now, message.source, message.at, message.position)
    made = intake.take_batch(*asked) if is_batch(message.value) else [intake.take(*asked)]
    # A letter keeps the topic's time, for when it is replayed.
    at = now if message.at is None else min(now, message.at)
    return [one._replace(at=at) if isinstance(one, DeadLetter) else one for one in made]


def _typing_by(rules: Rules, id_key: bytes) -> Callable[[_Untyped], list[Items]]:
    """What types messages, in a process beside."""
    intake = Intake(rules, id_key)
    return lambda job: [typed(intake, one, job.now) for one in job.messages]
