"""Claims of rewards: a checkout or a till asks for one and has it, or learns that somebody was first.

A claim is a `Reward Redeemed` of the source `claims`, whose message id is made from the code and the key of
the request: so it is evidence like any other, and a request that is sent again is the same claim.
"""

import hashlib
from contextlib import suppress
from typing import Any, Final, NamedTuple

from graph_schema.errors import AmbiguousIdentifier, Erased, Invalid, OnefoldError, UnknownPerson
from graph_schema.store import Document
from graph_schema.vocabulary import BLOCKED, CLAIMED, Event, EventKey, ObjectKey, RecordKey
from profiles.moments import iso
from profiles.objects import speakers
from profiles.reward_views import claimed_view
from profiles.rewards import state_at
from resolver.founding import is_person_id
from stream.batch import Batch
from stream.engine import Engine
from stream.reader import Found

CLAIMS: Final = "claims"
"""The source of claims."""


class UnknownReward(OnefoldError):
    """The code was never issued, or not to who claims it."""

    status = 404


class RewardUsed(OnefoldError):
    """Somebody was first; ``told`` says when, where and with which order."""

    status = 409

    def __init__(self, told: Document) -> None:
        super().__init__("this reward was used already")
        self.told = told


class RewardExpired(OnefoldError):
    """The reward can no longer be used."""

    status = 410


class Claim(NamedTuple):
    """A request for a reward. ``key`` is the request's own; ``identifier`` who claims it (a person id or
    namespace:value), None for nobody known."""

    code: str
    key: str
    channel: str
    order_id: str | None = None
    identifier: str | None = None


def claim(engine: Engine, asked: Claim) -> Document:
    """Redeems a reward for who asks first; the same key again gets the same answer.

    Raises ``UnknownReward``, ``RewardUsed``, ``RewardExpired``, or ``Invalid`` where a part can't be read.
    """
    return engine.carry_out(lambda batch: _Claiming(engine, batch, asked).settle())


class _Claiming:
    """One claim in its transaction."""

    def __init__(self, engine: Engine, batch: Batch, asked: Claim) -> None:
        self.batch = batch
        self.asked = asked
        self.intake = engine.intake
        self.reader = engine.reader_of(batch.tx)
        held = engine.intake.match_form("reward_code", asked.code, CLAIMS)
        self.key = ObjectKey("reward", held.value)
        digest = hashlib.sha256(f"{held.value}\x1f{asked.key}".encode("utf-8", "surrogatepass")).hexdigest()
        self.event = EventKey(CLAIMS, digest[:40])

    def settle(self) -> Document:
        now = self.batch.now
        found = self._person()
        reward = self._reward(found)
        if reward is None:
            raise UnknownReward("no reward with this code was issued to who claims it")
        if self.batch.tx.seen((self.event,)):
            return _told(reward)
        state = state_at(reward, now)
        if state == "redeemed":
            raise RewardUsed(_told(reward))
        if state == "expired":
            raise RewardExpired("this reward has expired")
        event = self.intake.take(self._message(found), now, CLAIMS)
        if not isinstance(event, Event):
            raise Invalid(event.field, event.reason)
        self.batch.prefetch([event])
        self.batch.take(event)
        used = {"redeemed_at": now, "channel": self.asked.channel, "order_id": self.asked.order_id}
        return _told({**reward, "state": "redeemed", **used})

    def _person(self) -> Found | None:
        """Who claims it, None for nobody known."""
        with suppress(UnknownPerson, AmbiguousIdentifier, Erased):
            return None if self.asked.identifier is None else self.reader.find(self.asked.identifier)
        return None

    def _reward(self, found: Found | None) -> Document | None:
        told = self.batch.tx.objects((self.key,)).get(self.key)
        if told is None:
            return None
        ids = self.batch.ws.record_ids(speakers(told))
        records = self.batch.ws.records(set(ids.values()))
        person_of: dict[RecordKey, int] = {key: records[one].person for key, one in ids.items()}
        return claimed_view(self.key.key, told, person_of, None if found is None else found.person.id)

    def _message(self, found: Found | None) -> dict[str, Any]:
        properties = {"reward_code": self.asked.code, "channel": self.asked.channel}
        if self.asked.order_id is not None:
            properties["order_id"] = self.asked.order_id
        message: dict[str, Any] = {
            "type": "track",
            "event": "Reward Redeemed",
            "messageId": self.event.message_id,
            "timestamp": iso(self.batch.now),
            "properties": properties,
        }
        named = self._named(found)
        if named is not None:
            message["context"] = {"externalIds": [{"type": named[0], "id": named[1]}]}
        return message

    def _named(self, found: Found | None) -> tuple[str, str] | None:
        """The identifier by which the event names who claims; for a person id, the strongest of hers."""
        reference = self.asked.identifier
        if reference is None:
            return None
        if not is_person_id(reference):
            namespace, _, value = reference.partition(":")
            return namespace, value
        if found is None:
            return None
        spaces = self.intake.plan.spaces
        held = {
            (holding.namespace, one)
            for record in found.records
            for one, holding in record.holdings.items()
            if holding.namespace >= 0
            and spaces[holding.namespace].people
            and not holding.flags & (BLOCKED | CLAIMED)
        }
        nodes = self.batch.tx.identifiers({one for _, one in held})
        best = min(
            ((place, nodes[one].identifier) for place, one in held if not nodes[one].generic), default=None
        )
        return None if best is None else (best[1].namespace, best[1].value)


def _told(reward: Document) -> Document:
    names = ("state", "amount", "currency", "redeemed_at", "channel", "order_id")
    told = {name: reward.get(name) for name in names}
    return {"reward_code": reward["code"], **told, "redeemed_at": iso(told["redeemed_at"])}
