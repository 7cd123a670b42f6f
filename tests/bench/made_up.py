"""Makes tables of people of many countries, for `tests.bench.end_to_end`: run with the Python of build/peers.

    build/peers/bin/pip install faker
    build/peers/bin/python tests/bench/made_up.py FOLDER [TABLE…]

Each table is a folder with data.csv, map.toml and truth.csv. Names, columns, notations of dates, what is
missing, how much is spoilt, who lives with whom and who is there once only differ from table to table.
"""

import csv
import importlib
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Table(NamedTuple):
    """A table's columns by what they hold ("given", "last", "born", …), and in which state its rows are.

    ``spoilt``: the share of values with slips; ``swapped``: of rows whose names changed places.
    """

    language: str
    people: int
    columns: dict[str, str]
    spoilt: float
    missing: dict[str, float]
    swapped: float = 0.02
    dates: str = "%Y-%m-%d"
    homes: bool = False
    names: int = 0
    copies: tuple[int, ...] = (1, 1, 2, 2, 3, 4)


_FOUR = {"given": "fname", "last": "sname", "born": "dob", "town": "town"}
_HOME = {"given": "a1", "last": "a2", "born": "a3", "street": "a4", "code": "a5", "town": "a6", "phone": "a7"}
TABLES = {
    "english, four fields": Table("en_US", 4000, _FOUR, 0.15, {"born": 0.15, "town": 0.1}, dates="%m/%d/%Y"),
    "english, three fields": Table("en_US", 3000, {k: _FOUR[k] for k in ("given", "last", "born")}, 0.1, {}),
    "spanish": Table("es_ES", 3000, _FOUR, 0.15, {"born": 0.1, "town": 0.1}, dates="%d/%m/%Y"),
    "indian": Table("en_IN", 3000, _FOUR, 0.2, {"born": 0.15}, 0.05),
    "turkish": Table("tr_TR", 2500, _FOUR, 0.15, {"born": 0.15}, dates="%d.%m.%Y"),
    "chinese": Table("zh_CN", 2000, _FOUR, 0.1, {"born": 0.1}, 0.0),
    "russian homes": Table(
        "ru_RU", 2500, _HOME, 0.15, {"born": 0.1, "phone": 0.4}, homes=True, dates="%d.%m.%Y"
    ),
    "polish homes": Table("pl_PL", 3000, _HOME, 0.2, {"born": 0.2, "street": 0.15}, 0.05, homes=True),
    "german homes": Table(
        "de_DE", 3000, _HOME, 0.15, {"born": 0.2, "phone": 0.4}, homes=True, dates="%d.%m.%Y"
    ),
    "italian homes, clean": Table("it_IT", 3000, _HOME, 0.02, {"phone": 0.1}, 0.0, homes=True),
    "brazilian, very dirty": Table("pt_BR", 3000, _HOME, 0.35, dict.fromkeys(_HOME, 0.25), 0.08),
    "famous names": Table("en_US", 4000, _FOUR, 0.1, {"born": 0.1, "town": 0.05}, 0.01, names=50),
    "once, homes": Table("en_GB", 25_000, _HOME, 0.1, {"born": 0.2, "phone": 0.4}, homes=True, copies=(1,)),
    "once, four fields": Table("en_US", 25_000, _FOUR, 0.05, {"born": 0.1}, copies=(1,)),
}


def people(table: Table, rng: Random) -> Iterator[dict[str, Any]]:
    """The people of a table, those of one home one after another."""
    fake = importlib.import_module("faker").Faker(table.language)
    fake.seed_instance(7)
    few = [(fake.first_name(), fake.last_name()) for _ in range(table.names)]

    def person() -> dict[str, Any]:
        given, last = fake.first_name(), fake.last_name()
        if few:
            given, last = (few[int(table.names * rng.random() ** 2.5)][part] for part in (0, 1))
        born = fake.date_of_birth(minimum_age=18, maximum_age=90)
        street = fake.street_address().split("\n")[0]
        return {
            "given": given, "last": last, "born": born, "street": street, "code": fake.postcode(),
            "town": fake.city(), "phone": fake.phone_number(),
        }  # fmt: skip

    made = 0
    while made < table.people:
        home, before = person(), None
        for member in range(rng.choice((1, 1, 2, 2, 3, 4, 5)) if table.homes else 1):
            one = {**person(), **{name: home[name] for name in ("last", "street", "code", "town")}}
            if before and rng.random() < 0.04:
                one["born"] = before["born"]
            if not member or rng.random() < 0.5:
                one["phone"] = home["phone"]
            yield (before := one)
            made += 1


def spoilt(value: Any, table: Table, rng: Random) -> str:
    """A value as somebody typed it."""
    wrong = rng.random() < table.spoilt
    if isinstance(value, date):
        if wrong:
            value = rng.choice(
                (
                    value.replace(day=rng.randint(1, 28)),
                    value.replace(year=value.year + 1 - 2 * rng.randrange(2), day=1),
                )
            )
        return str(value.strftime(table.dates))
    text = str(value)
    at = rng.randrange(len(text))
    letter = rng.choice("0123456789" if text[at].isdigit() else _LETTERS)
    if not wrong:
        return text
    return rng.choice(
        (
            text[:at] + text[at + 1 :],
            text[:at] + letter + text[at + 1 :],
            text[:at] + letter + text[at:],
            text.upper(),
        )
    )


def write(folder: Path, table: Table) -> None:
    """Writes a table, its rows in no order."""
    rng = Random(3)
    rows = []
    for number, one in enumerate(people(table, rng)):
        for _ in range(rng.choice(table.copies)):
            said = {name: spoilt(one[name], table, rng) for name in table.columns}
            if rng.random() < table.swapped:
                said["given"], said["last"] = said["last"], said["given"]
            kept = {
                n: value if rng.random() >= table.missing.get(n, 0.0) else "" for n, value in said.items()
            }
            rows.append((number, [kept[name] for name in table.columns]))
    rng.shuffle(rows)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "data.csv").open("w", newline="") as data, (folder / "truth.csv").open("w") as truth:
        writer = csv.writer(data)
        writer.writerow(["id", *table.columns.values()])
        truth.write("source,record_id,person\n")
        for place, (number, values) in enumerate(rows):
            writer.writerow([f"r{place}", *values])
            truth.write(f"s,r{place},{number}\n")
    traits = "".join(f'{column} = "{column}"\n' for column in table.columns.values())
    (folder / "map.toml").write_text(f'source = "s"\nrecord_id = "id"\n[traits]\n{traits}')


if __name__ == "__main__":
    for name, made in TABLES.items():
        if name in (sys.argv[2:] or TABLES):
            write(Path(sys.argv[1]) / name.replace(",", "").replace(" ", "-"), made)
