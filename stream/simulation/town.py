"""The town that the stream is about: who has come so far, its stores, and how messages leave it."""

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappush
from random import Random
from typing import TypeVar

from stream.simulation.messages import (
    DAY,
    MINUTE,
    SECOND,
    Message,
    Product,
    Touch,
    catalogue,
    context_of,
    message_of,
)
from stream.simulation.people import Person, Population, one_of, uuid_text
from stream.simulation.slips import email_as_typed, misdated, misnamed, phone_as_typed, restreeted
from stream.simulation.words import JUNK_PHONE

T = TypeVar("T")

START = 1_672_617_600 * SECOND
"""2 January 2023, midnight UTC."""
PERIOD = 1095 * DAY
PHONES_GIVEN_UP = START + 240 * DAY
PHONES_HANDED_ON = PHONES_GIVEN_UP + 560 * DAY
"""The earliest new use of a number given up: over 18 months of 30 days after its last."""
_LATE = 0.008
_REPEATED = 0.006
_MISTYPED = 0.06
"""Shares of messages that come late, or twice, and of e-mail addresses with a slip that nobody noticed."""


@dataclass(slots=True)
class Store:
    """A shop in the town.

    `kiosk` is the anonymous id of its tablet, if it has one; `house_card` the card its cashier lends.
    """

    number: int
    kiosk: str | None
    house_card: str | None


class Town:
    """Holds people, stores and the queue of messages under way.

    Everything random comes from one generator, in one order. `dirty` is the share of records with typing
    errors, 0 to 1.

    The queue holds `(arrival, serial, message, person key, repeat)`; at most `max(people, 10,000)` entries of
    it are in the future, so that memory depends on the people alone.
    """

    def __init__(self, people: int, seed: int, dirty: float) -> None:
        self.rng = Random(seed * 2 + 1)
        self._dirty = dirty
        self.population = Population(people, seed)
        self.goods: list[list[Product]] = catalogue(self.rng)
        self.queue: list[tuple[int, int, Message, str, bool]] = []
        self.sent = 0
        self._given_up: dict[str, deque[str]] = {}
        self._seed = seed
        self._serial = 100_000 + seed % 1000 * 1_000_000_000
        self._crowd = max(people, 10_000)
        self._order = array("L", range(people))
        self.rng.shuffle(self._order)
        self._weights = array("d")
        self._listed: set[int] = set()
        cashiers = max(1, people // 20_000)
        kiosks = max(1, people // 4_000)
        self.stores = [
            Store(
                n,
                uuid_text(self.rng) if n < kiosks else None,
                self._cashier(n, people) if n < cashiers else None,
            )
            for n in range(max(3, people // 2_000))
        ]

    def _cashier(self, number: int, people: int) -> str:
        person = self.population.person((number * 7919) % people)
        person.card = person.card or f"293{self._seed % 100:02d}{person.number:08d}"
        return person.card

    @property
    def joined(self) -> int:
        """How many people have come so far."""
        return len(self._weights)

    def newcomer(self, at: int) -> Person:
        """The next person, who was never seen.

        Late ones may own a phone number that somebody gave up long ago.
        """
        person = self.population.person(self._order[len(self._weights)])
        if at >= PHONES_HANDED_ON and self.chance(0.25):
            free = self._given_up.get(person.household.country.code)
            if free:
                person.phone, person.next_phone = free.popleft(), None
        before = self._weights[-1] if self._weights else 0.0
        self._weights.append(before + person.activity)
        return person

    def regular(self) -> Person:
        """One of those who came before, the active ones more often."""
        place = bisect_left(self._weights, self.rng.random() * self._weights[-1])
        return self.population.person(self._order[place])

    def chance(self, share: float) -> bool:
        """True in that share of calls."""
        return self.rng.random() < share

    def between(self, low: int, high: int) -> int:
        """A whole number, low <= n < high."""
        return low + int(self.rng.random() * (high - low))

    def one_of(self, choices: Sequence[T]) -> T:
        """One of these, each as likely as the others."""
        return one_of(self.rng, choices)

    def article(self, person: Person, share: float) -> Product:
        """Something to buy: in that share of calls of the category that the person likes best."""
        return self.one_of(self.goods[person.favourite] if self.chance(share) else self.one_of(self.goods))

    def send(
        self, touch: Touch, kind: str, name: str | None = None, body: Mapping[str, object] | None = None
    ) -> None:
        """Queue one message of the touch at its time, now and then late or twice."""
        rng = self.rng
        self.sent += 1
        message = message_of(touch, kind, f"{self._seed:x}-{self.sent:08x}", name, body)
        arrival = touch.at
        if rng.random() < _LATE:
            arrival += int(rng.random() ** 3 * 3 * DAY) + 5 * MINUTE
        heappush(self.queue, (arrival, self.sent, message, touch.person.key, False))
        if rng.random() < _REPEATED:
            self.sent += 1
            heappush(
                self.queue,
                (arrival + int(rng.random() ** 4 * 2 * DAY), self.sent, message, touch.person.key, True),
            )
        touch.at += int((2 + rng.random() ** 2 * 150) * SECOND)

    def serial(self) -> int:
        """A number that this stream has not used: for orders, receipts and letters."""
        self._serial += 1
        return self._serial

    def has_room(self) -> bool:
        """Whether more may be put into the future: see the class."""
        return len(self.queue) < self._crowd

    def phone(self, person: Person, at: int) -> str:
        """The number that the person has at that time."""
        if person.next_phone is None:
            return person.phone
        if at >= PHONES_GIVEN_UP:
            return person.next_phone
        if person.number not in self._listed:
            self._listed.add(person.number)
            self._given_up.setdefault(person.household.country.code, deque()).append(person.phone)
        return person.phone

    def typed_phone(self, person: Person, at: int) -> str:
        """The phone as the person gives it: now and then the household's, or junk."""
        if self.chance(0.01):
            return JUNK_PHONE
        home = person.household
        shared = home.phone if home.phone is not None and self.chance(0.5) else None
        country = home.country
        return phone_as_typed(self.rng, shared or self.phone(person, at), country.calling, country.trunk)

    def typed_email(self, person: Person, verified: bool) -> str:
        """The e-mail address as typed; with slips only where nobody verifies it."""
        return email_as_typed(self.rng, person.email, 0.0 if verified else _MISTYPED)

    def card(self, person: Person) -> str | None:
        """The person's loyalty card number as a till or a clerk writes it."""
        if person.card is None or not self.chance(0.2):
            return person.card
        return f"{person.card[:4]} {person.card[4:8]} {person.card[8:]}"

    def traits(self, person: Person, whole: bool) -> dict[str, object]:
        """Names, and where `whole` birthday and address; in the share `dirty` of calls with an error."""
        rng, home = self.rng, person.household
        first, last, birthday, street = person.first_name, person.last_name, person.birthday, home.street
        if rng.random() < self._dirty:
            kind = rng.random()
            if kind < 0.6:
                first, last = misnamed(rng, first, last)
            if kind > 0.5:
                street = restreeted(rng, street)
            if kind > 0.8:
                birthday = misdated(rng, birthday)
        traits: dict[str, object] = {"firstName": first, "lastName": last}
        if whole:
            if rng.random() < 0.8:
                traits["birthday"] = birthday
            traits["address"] = {
                "street": street,
                "city": home.city,
                "postalCode": home.postal_code,
                "country": home.country.code,
            }
        return traits

    def touch(self, person: Person, source: str, at: int, **context: object) -> Touch:
        """A touch by a server of ours: no device, known by the account if there is one."""
        user_id = person.user_id if person.registered else None
        return Touch(person, source, at, user_id=user_id, context=context_of(source, **context))
