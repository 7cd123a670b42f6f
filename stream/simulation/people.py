"""Who lives in the simulated town: households of people, each made from the seed and its own number alone."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple, TypeVar

from resolver.founding import CROCKFORD
from stream.simulation.slips import unaccented
from stream.simulation.words import COUNTRIES, DOMAINS, Country

T = TypeVar("T")

_SIZES = (1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 4, 5)


class Reward(NamedTuple):
    """A reward on its way to be used, between `issued` and `expiry` (µs)."""

    code: str
    issued: int
    expiry: int

    def usable(self, at: int) -> bool:
        """Whether it can be used at that time."""
        return self.issued < at < self.expiry


@dataclass(slots=True, eq=False)
class Household:
    """People under one roof.

    What is None is not shared: `tablet` is an anonymous id, `card` a loyalty card, `phone` E.164.
    """

    country: Country
    street: str
    city: str
    postal_code: str
    tablet: str | None
    card: str | None
    phone: str | None
    members: list["Person"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Person:
    """One human being: the truth, and what the town's systems have come to know of it (from `registered` on).

    `key` is the truth key. `activity` is relative, with a heavy tail. `next_phone` is the number of somebody
    who will give `phone` up. `reward` is one not yet used.
    """

    key: str
    number: int
    household: Household
    first_name: str
    last_name: str
    birthday: str
    email: str
    phone: str
    next_phone: str | None
    user_id: str
    card: str | None
    cookie: str
    app_id: str
    advertising_id: str
    ios: bool
    favourite: int
    activity: float
    token: str
    registered: bool = False
    mailed: bool = False
    enrolled: bool = False
    account_open: bool = False
    reward: Reward | None = None


def one_of(rng: Random, choices: Sequence[T]) -> T:
    """One of these. `random.choice` would draw otherwise, and not alike in every Python."""
    return choices[int(rng.random() * len(choices))]


def uuid_text(rng: Random) -> str:
    """A random UUID of version 4, as text."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def code_text(rng: Random, length: int) -> str:
    """A random code of capital letters and digits without I, L, O and U."""
    bits = rng.getrandbits(5 * length)
    return "".join(CROCKFORD[bits >> 5 * at & 31] for at in range(length))


def _phone(country: Country, number: int) -> str:
    span = 10**country.digits
    # An odd factor that is no multiple of 5 makes this one-to-one: no two people share a number by chance.
    return f"+{country.calling}{country.mobile}{(number * 7_368_787 + 12_345_677) % span:0{country.digits}d}"


def _surname(rng: Random, country: Country) -> str:
    if rng.random() < 0.4:
        # The square favours the head of the list, as common names are very common.
        return country.surnames[int(rng.random() ** 2 * len(country.surnames))]
    return one_of(rng, country.stems) + one_of(rng, country.endings)


def _postal_code(rng: Random, pattern: str) -> str:
    kinds = {"#": "0123456789", "@": "ABDEGHLNRSTW"}
    return "".join(one_of(rng, kinds[c]) if c in kinds else c for c in pattern)


def _birthday(rng: Random) -> str:
    year, month, day = 1940 + int(rng.random() * 67), 1 + int(rng.random() * 12), 1 + int(rng.random() * 28)
    return f"{year}-{month:02d}-{day:02d}"


class Population:
    """The people numbered 0 to `people` - 1.

    A household is made when first asked for, and then kept (about 1 kB a person).
    """

    def __init__(self, people: int, seed: int) -> None:
        self._people = people
        self._seed = seed
        self._first = array("L")
        self._households: dict[int, Household] = {}
        rng = Random(seed)
        number = 0
        while number < people:
            self._first.append(number)
            number += one_of(rng, _SIZES)

    def person(self, number: int) -> Person:
        """The person of that number (0 to people - 1)."""
        index = bisect_right(self._first, number) - 1
        household = self._households.get(index)
        if household is None:
            household = self._households[index] = self._household(index)
        return household.members[number - self._first[index]]

    def _household(self, index: int) -> Household:
        first = self._first[index]
        last = self._first[index + 1] if index + 1 < len(self._first) else self._people
        rng = Random((self._seed << 40) + index * 2 + 1)
        country = one_of(rng, COUNTRIES)
        several = last - first > 1
        street = one_of(rng, country.streets)
        house = 1 + int(rng.random() * 180)
        home = Household(
            country=country,
            street=f"{house} {street}" if country.number_first else f"{street} {house}",
            city=one_of(rng, country.cities),
            postal_code=_postal_code(rng, country.postal),
            tablet=uuid_text(rng) if several and rng.random() < 0.35 else None,
            card=self._card(first, 0) if several and rng.random() < 0.4 else None,
            phone=_phone(country, first + 2 * self._people) if several and rng.random() < 0.25 else None,
        )
        surname = _surname(rng, country)
        home.members = [self._person(rng, home, number, surname) for number in range(first, last)]
        return home

    def _card(self, number: int, shared: int) -> str:
        return f"29{shared}{self._seed % 100:02d}{number:08d}"

    def _person(self, rng: Random, home: Household, number: int, surname: str) -> Person:
        country = home.country
        given = one_of(rng, country.given)
        last = surname if rng.random() < 0.85 else _surname(rng, country)
        local = unaccented(f"{given}.{last}").lower().replace(" ", "").replace("'", "")
        own_card = self._card(number, 1) if rng.random() < 0.4 else None
        return Person(
            key=f"p{number:06d}",
            number=number,
            household=home,
            first_name=given,
            last_name=last,
            birthday=_birthday(rng),
            email=f"{local}{number}@{one_of(rng, DOMAINS)}",
            phone=_phone(country, number),
            next_phone=_phone(country, number + self._people) if rng.random() < 0.12 else None,
            user_id=f"u{self._seed}-{number:06d}",
            card=home.card or own_card,
            cookie=uuid_text(rng),
            app_id=uuid_text(rng),
            advertising_id=uuid_text(rng),
            ios=rng.random() < 0.4,
            favourite=int(rng.random() * 8),
            activity=min((1.0 - rng.random()) ** (-1 / 1.4), 150.0),
            token=f"tok_{code_text(rng, 16)}",
        )
