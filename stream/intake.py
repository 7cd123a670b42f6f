"""From what came in to an event that the engine can take: typed, identified, with its facts for profiles.

A function of the message and the rules alone, so that it can run beside the engine, in another process.
"""

from collections.abc import Mapping
from typing import Any

from graph_schema.messages import Message, Rejected, read_batch, read_message
from graph_schema.rules import Rules
from graph_schema.vocabulary import DeadLetter, Event, EventKey, Held, StoredEvent
from profiles.facts import facts_of
from resolver.identify import Identifying
from resolver.plan import Plan
from resolver.said import Saying
from stream.readying import Readying

Items = list[Event | DeadLetter]


def of_other(event: Event) -> tuple[Held, ...]:
    """What an alias says of its second record; nothing for any other message."""
    return event.also[1] if event.also is not None else ()


class Intake:
    """Makes events under one set of rules; with the key of the store also what they say ready to be
    matched."""

    def __init__(self, rules: Rules, id_key: bytes | None = None) -> None:
        self.rules = rules
        self.plan = Plan.of(rules)
        self._readying = None if id_key is None else Readying(self.plan, id_key)
        self._identifying = Identifying(rules, self.plan)
        self._saying = Saying(self.plan)

    def take(
        self,
        raw: bytes | Mapping[str, Any],
        received: int,
        source: str | None = None,
        stamp: int | None = None,
        position: str | None = None,
    ) -> Event | DeadLetter:
        """One message. ``received`` is now, ``stamp`` the time to give a message that has none (else it stays
        without), ``position`` where it stood in its file or topic."""
        read = read_message(raw, source, stamp)
        return self.made(read, received, position)

    def take_batch(
        self,
        raw: bytes,
        received: int,
        source: str | None,
        stamp: int | None,
        position: str | None = None,
        otherwise: str | None = None,
    ) -> Items:
        """Every message of a Segment ``batch`` body, each with its own fate; ``otherwise`` is the source of
        those for which neither ``source`` nor anything in the body is one."""
        return [self.made(read, received, position) for read in read_batch(raw, source, stamp, otherwise)]

    def again(self, stored: StoredEvent) -> Event:
        """A stored event as it was when it came in, under the rules of now."""
        read = read_message(stored.content, stored.key.source, stored.at if stored.stamped else None)
        if isinstance(read, Rejected):
            raise AssertionError(f"a stored event is no longer readable: {read.field}")
        return self._event(read._replace(message_id=stored.key.message_id), stored.received)

    def match_form(self, namespace: str, value: str, source: str = "") -> Held:
        """An identifier in the form in which it is looked up; ``source`` scopes it and gives the region."""
        return self._identifying.match_form(namespace, value, source)

    def every_form(self, namespace: str, value: str) -> list[Held]:
        """An identifier in each form that it may have: its own, and as each source scopes it or reads it in
        its region."""
        return [self.match_form(namespace, value, source) for source in ("", *self.rules.sources)]

    def made(self, read: Message | Rejected, received: int, position: str | None) -> Event | DeadLetter:
        """What has been read already; a refusal becomes a dead letter."""
        if isinstance(read, Rejected):
            return DeadLetter(
                read.source, read.message_id, read.field, read.reason, read.raw, received, position
            )
        return self._event(read, received)

    def _event(self, message: Message, received: int) -> Event:
        identity = self._identifying.identify(message)
        traits = self._saying.traits(message, identity.held)
        return Event(
            EventKey(message.source, message.message_id),
            message.type,
            message.name,
            message.at,
            message.stamped,
            received,
            identity.record,
            identity.held,
            identity.also,
            facts_of(message, identity.held, identity.record),
            message.content,
            traits,
            self._readying.alone(traits) if traits and self._readying is not None else None,
        )
