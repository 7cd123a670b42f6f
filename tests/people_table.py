"""A town's customer tables, for matching by names and addresses.

The same people as in the stream, several rows each, with errors and gaps.
"""

from array import array
from collections.abc import Iterator
from random import Random

from stream.simulation.people import Person, Population
from stream.simulation.slips import email_as_typed, misdated, misnamed, mistyped, phone_as_typed, restreeted

COLUMNS = (
    "source", "record_id", "firstName", "lastName", "birthday",
    "street", "city", "postalCode", "country", "email", "phone", "person",
)  # fmt: skip
_SOURCES = ("crm", "shop", "store", "newsletter")
_ROWS = (1, 1, 1, 1, 1, 1, 2, 2, 3, 5)


def people_table(people: int, seed: int, dirty: float) -> Iterator[dict[str, str]]:
    """Rows of dirty person records in no order of persons; the keys are `COLUMNS`, an empty text is no value.

    `person` is the truth key. `dirty` is the share of rows, between 0 and 1, that hold typing errors; what is
    written with other habits (a phone's form, a tag in an e-mail address) or left out is so in all. About 1.8
    rows a person; the same for the same arguments. Raises ValueError for numbers out of range.
    """
    if not 0 <= dirty <= 1:
        raise ValueError("dirty: a share between 0 and 1")
    return _rows(Population(people, seed), people, Random(seed * 2 + 3), dirty)


def _rows(population: Population, people: int, rng: Random, dirty: float) -> Iterator[dict[str, str]]:
    numbers = array("L")
    for number in range(people):
        numbers.extend([number] * _ROWS[int(rng.random() * len(_ROWS))])
    rng.shuffle(numbers)
    for row, number in enumerate(numbers):
        yield _row(rng, population.person(number), row, dirty)


def _row(rng: Random, person: Person, row: int, dirty: float) -> dict[str, str]:
    home = person.household
    source = _SOURCES[int(rng.random() * len(_SOURCES))]
    first, last, birthday = person.first_name, person.last_name, person.birthday
    street, city, postal_code = home.street, home.city, home.postal_code
    email = email_as_typed(rng, person.email, 0.0).strip()
    phone = phone_as_typed(rng, person.phone, home.country.calling, home.country.trunk)
    if rng.random() < dirty:
        slips = rng.getrandbits(5) or 1
        if slips & 1:
            first, last = misnamed(rng, first, last)
        if slips & 2:
            street = restreeted(rng, street)
        if slips & 4:
            birthday = misdated(rng, birthday)
        if slips & 8:
            city = mistyped(rng, city)
        if slips & 16:
            postal_code = mistyped_digits(rng, postal_code)
    letters = source == "newsletter"
    values = (
        source, f"{source}-{row}", first, last, _kept(rng, birthday, 0.75),
        _kept(rng, street, 0.85), city, _kept(rng, postal_code, 0.9), home.country.code,
        _kept(rng, email, 0.9 if letters else 0.35), _kept(rng, phone, 0.1 if letters else 0.4), person.key,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _kept(rng: Random, value: str, share: float) -> str:
    return value if rng.random() < share else ""


def mistyped_digits(rng: Random, code: str) -> str:
    """A code with one digit replaced by another, if it has a digit."""
    places = [at for at, letter in enumerate(code) if letter.isdigit()]
    if not places:
        return code
    at = places[int(rng.random() * len(places))]
    return f"{code[:at]}{(int(code[at]) + 1 + int(rng.random() * 9)) % 10}{code[at + 1 :]}"
