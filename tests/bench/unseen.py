"""Tables of people that nothing was tuned to: `python -m tests.bench.unseen [WORD…]`.

Each is made by `tests/bench/lives.py`, trained on, matched and scored: precision, recall and F1 over pairs of
whole persons. The words choose tables by their names; `--write FOLDER` writes them for
`tests.bench.end_to_end` instead. Columns have names that say nothing.
"""

import csv
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.accuracy.measure import measured
from tests.accuracy.tables import Table
from tests.bench.lives import Made, made

_FAMILIES = (1, 1, 2, 2, 3, 4, 5)
_ONCE = (1,)


def _shown(*what: str) -> dict[str, str]:
    """Columns under names that say nothing."""
    return {f"c{place}": one for place, one in enumerate(what, 1)}


_ALL = _shown("given", "surname", "born", "street", "code", "town", "phone", "mail", "job", "tier")
_HOME = _shown("given", "surname", "born", "street", "code", "town", "phone")
_MIXED = ("english", "spanish", "vietnamese", "arabic", "indian", "german")
_CLUB = {"birthPlace": "birthplace", "occupation": "job", "membership tier": "tier", "height": "height"}
TABLES: dict[str, Made] = {
    "english, four fields, clean": Made(("english",), 2500, _shown("given", "surname", "born", "town"), 0.03),
    "english, ten fields, homes": Made(("english",), 2500, _ALL, 0.15, 0.1, _FAMILIES),
    "english, ten fields, very dirty": Made(("english",), 2500, _ALL, 0.4, 0.3, _FAMILIES, moves=0.2),
    "english, six in ten missing": Made(("english",), 2500, _ALL, 0.1, 0.6, _FAMILIES),
    "english, name and birth date": Made(("english",), 3000, _shown("full", "born"), 0.1),
    "english, name and phone": Made(("english",), 3000, _shown("full", "phone"), 0.1),
    "english, name, city, postcode, state": Made(
        ("english",), 2500, _shown("given", "surname", "town", "code", "state"), 0.1, 0.1, moves=0.02
    ),
    "english, whole name, postcode, city": Made(("english",), 2500, _shown("full", "code", "town"), 0.1, 0.1),
    "english, surname, postcode, city": Made(("english",), 2500, _shown("surname", "code", "town"), 0.1, 0.1),
    "english, surname, city, e-mail": Made(("english",), 2500, _shown("surname", "town", "mail"), 0.1, 0.1),
    "english, postcode, city, phone": Made(("english",), 2500, _shown("code", "town", "phone"), 0.1, 0.1),
    "english homes, an eighth unasked": Made(
        ("english",), 2500, _HOME | {"c8": "mail"}, 0.1, 0.1, _FAMILIES, unasked=0.12
    ),
    "german homes": Made(("german",), 2500, _HOME, 0.15, 0.15, _FAMILIES),
    "spanish homes, two surnames": Made(("spanish",), 2500, _HOME, 0.15, 0.15, _FAMILIES),
    "vietnamese, four fields": Made(
        ("vietnamese",), 2500, _shown("given", "surname", "born", "town"), 0.1, 0.1
    ),
    "vietnamese homes": Made(("vietnamese",), 2500, _HOME, 0.1, 0.15, _FAMILIES),
    "chinese, name, birth date, phone": Made(
        ("chinese",), 2500, _shown("surname", "given", "born", "phone"), 0.1, 0.3
    ),
    "arabic, spelt in many ways": Made(
        ("arabic",), 2500, _shown("given", "surname", "born", "town", "phone"), 0.1, 0.25
    ),
    "indian, five fields": Made(("indian",), 2500, _shown("full", "born", "town", "job", "phone"), 0.1, 0.35),
    "icelandic homes": Made(("icelandic",), 2500, _HOME, 0.15, 0.15, _FAMILIES),
    "six origins, four fields": Made(_MIXED, 3000, _shown("given", "surname", "born", "town"), 0.1, 0.1),
    "six origins, names, place": Made(_MIXED, 3000, _shown("given", "surname", "code", "town"), 0.1),
    "six origins, homes": Made(_MIXED, 2500, _HOME, 0.15, 0.2, _FAMILIES),
    "famous names in homes": Made(("english",), 2500, _HOME, 0.1, 0.1, _FAMILIES, few=40),
    "twins and juniors": Made(("english",), 2500, _HOME, 0.1, 0.1, (3, 4, 5, 6), twins=0.4),
    "a club, unknown columns": Made(
        ("english",), 2500, _shown("given", "surname") | _CLUB | {"remarks": "note"}, 0.1, 0.1
    ),
    "movers, up to twenty rows": Made(
        ("english",), 700, _HOME, 0.15, 0.2, _FAMILIES, copies=(1, 2, 5, 10, 20), moves=0.5
    ),
    "ten rows each, postcode": Made(
        ("english",), 400, _shown("given", "surname", "born", "code", "town"), 0.3, 0.3, copies=(5, 10, 15)
    ),
    "ten rows each, full names": Made(
        ("english",), 400, _shown("full", "born", "code", "town", "job"), 0.4, 0.3, copies=(5, 10, 15)
    ),
    "twins by name and birth date": Made(
        ("english",), 2500, _shown("given", "surname", "born"), 0.1, 0.1, (3, 4, 5, 6), twins=0.4
    ),
    "twins in towns": Made(
        ("english",), 2500, _shown("given", "surname", "born", "town"), 0.1, 0.1, (3, 4, 5, 6), twins=0.2
    ),
    "skewed towns and names": Made(
        ("german",), 2500, _shown("given", "surname", "born", "town"), 0.1, 0.1, skew=4.0
    ),
    "one in twenty twice": Made(("german",), 5000, _HOME, 0.1, 0.1, _FAMILIES, copies=(1,) * 19 + (2,)),
    "5,000 once, four fields": Made(
        ("english",), 5000, _shown("given", "surname", "born", "town"), 0.1, 0.1, copies=_ONCE
    ),
    "5,000 once, surname, postcode, city": Made(
        ("english",), 5000, _shown("surname", "code", "town"), 0.1, 0.1, copies=_ONCE
    ),
    "5,000 once, homes": Made(("english",), 5000, _HOME, 0.1, 0.1, _FAMILIES, _ONCE, twins=0.1),
    "5,000 once, six origins": Made(
        _MIXED, 5000, _shown("given", "surname", "code", "town"), 0.1, copies=_ONCE
    ),
    "5,000 once, vietnamese": Made(
        ("vietnamese",), 5000, _shown("given", "surname", "born", "town"), 0.1, copies=_ONCE
    ),
    "5,000 once, famous names": Made(("english",), 5000, _HOME, 0.1, 0.1, _FAMILIES, _ONCE, few=40),
    "25,000 once, homes": Made(("english",), 25_000, _HOME, 0.1, 0.1, _FAMILIES, _ONCE),
}


def write(folder: Path, table: Table, columns: Mapping[str, str]) -> None:
    """A table as data.csv, map.toml and truth.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    traits = "".join(f'"{name}" = "{name}"\n' for name in columns)
    (folder / "map.toml").write_text(f'source = "made"\nrecord_id = "id"\n[traits]\n{traits}')
    with (
        (folder / "data.csv").open("w", newline="") as data,
        (folder / "truth.csv").open("w", newline="") as truth,
    ):
        rows, whose = csv.writer(data), csv.writer(truth)
        rows.writerow(["id", *columns])
        whose.writerow(["source", "record_id", "person"])
        for key, traits_of in table.records.items():
            rows.writerow([key[1], *(traits_of.get(name, ("",))[0] for name in columns)])
            whose.writerow([*key, table.truth[key]])


def main() -> None:
    """Prints a line a table, or writes them."""
    words = sys.argv[1:]
    folder = Path(words.pop(words.index("--write") + 1)) if "--write" in words else None
    chosen = {name: what for name, what in TABLES.items() if not words or any(word in name for word in words)}
    sys.stdout.write("| table | records | precision | recall | F1 | wrong | missed | processor |\n")
    sys.stdout.write("|---|---:|---:|---:|---:|---:|---:|---:|\n")
    for name, what in chosen.items():
        table = made(what)
        if folder:
            write(folder / name.replace(" ", "-").replace(",", ""), table, what.columns)
            continue
        before = time.process_time()
        pairs = measured(table)
        rates = f"{pairs.rates.precision:.4f} | {pairs.rates.recall:.4f} | {pairs.rates.f1:.4f}"
        spent = f"{pairs.wrong:,} | {pairs.missed:,} | {time.process_time() - before:.1f} s"
        sys.stdout.write(f"| {name} | {len(table.records):,} | {rates} | {spent} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
