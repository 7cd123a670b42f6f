"""Intake that hands events to Kafka: acknowledged when the broker has them; a worker writes them.

What can't be taken is written to the store's dead letters at once: whoever sent it is told, as ever.
"""

from collections.abc import Sequence
from typing import Protocol

from graph_schema.vocabulary import DeadLetter, Event
from serving.group_commit import GroupCommit, Item
from serving.problems import Busy


class Sends(Protocol):
    """Where events are handed to."""

    async def send(self, events: Sequence[Event]) -> None:
        """Returns when they are safe there."""

    async def reach(self) -> None:
        """Raises ``BrokerUnavailable`` where they would not get there now."""

    async def stop(self) -> None:
        """Ends it."""


class Handover:
    """Takes what a server's intake takes. ``most_bytes`` is the weight that may be under way."""

    def __init__(self, sender: Sends, commits: GroupCommit, most_bytes: int) -> None:
        self.sender = sender
        self._commits = commits
        self._most = most_bytes
        self.waiting = 0
        self.sent = 0

    def check_room(self) -> None:
        """See ``GroupCommit``."""
        if self.waiting >= self._most:
            raise Busy("too much waits for Kafka", way_out="Send it again a little later")

    async def take(self, items: Sequence[Item], size: int) -> None:
        """Returns when all events are acknowledged by the broker, and all dead letters durable here.

        Raises ``Busy`` and ``BrokerUnavailable``: sent again, what was taken all the same counts once.
        """
        letters = [one for one in items if isinstance(one, DeadLetter)]
        events = [one for one in items if isinstance(one, Event)]
        self.check_room()
        self.waiting += size
        try:
            if events:
                await self.sender.send(events)
                self.sent += len(events)
            await self._commits.take(letters, size)
        finally:
            self.waiting -= size
