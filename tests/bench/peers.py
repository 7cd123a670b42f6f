"""Onefold beside other tools on the same tables, in one run: `python -m tests.bench.peers [TABLE…]`.

FEBRL 3, FEBRL 4 and 50,000 simulated dirty rows: F1 over pairs of whole clusters, and the processor time of
all processes from the file to the clusters. The others have an environment of their own in build/peers, which
the first run makes (with pip, from whatever registry pip is set to).
"""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from resolver.evaluation import evaluate
from tests.bench.end_to_end import matched
from tests.bench.machine import machine
from tests.people_table import people_table

_HOME = Path("build/peers")
_PYTHON = str(_HOME / "bin" / "python")
_TOOLS = ("splink", "splink-wide", "recordlinkage", "goldenmatch")
_WANTED = ("splink", "recordlinkage", "goldenmatch", "pandas", "polars", "pyarrow", "setuptools<81")
_SCRIPT = "tests/bench/peer_tools.py"
_DIRTY = 0.5
_PEOPLE = 28_000
_FEBRL = {
    "given": "given_name", "surname": "surname", "date": "date_of_birth",
    "codes": ["soc_sec_id", "postcode"], "texts": ["suburb", "address_1"], "also": ["street_number", "state"],
    "wide": [["soc_sec_id"], ["postcode"], ["surname"], ["suburb"], ["address_1"]],
}  # fmt: skip
_SIMULATED = {
    "given": "firstName", "surname": "lastName", "date": "birthday",
    "codes": ["postalCode", "phone", "email"], "texts": ["city", "street"], "also": [],
    "wide": [["phone"], ["email"], ["postalCode"], ["street"], ["lastName", "city"]],
}  # fmt: skip


class Case(NamedTuple):
    """A table on disk with the columns' roles and whose each row is."""

    table: Path
    roles: dict[str, object]
    columns: list[str]
    truth: dict[str, str]


def case(folder: Path, name: str) -> Case:
    """Writes a table with the row's key in the column "id"."""
    if name == "simulated":
        rows = [
            {
                "id": row["record_id"],
                "person": row["person"],
                **{k: v for k, v in row.items() if k not in _LEFT_OUT},
            }
            for row in people_table(_PEOPLE, 11, _DIRTY)
        ]
        roles: dict[str, object] = dict(_SIMULATED)
    else:
        with (folder / f"{name}.csv").open(newline="") as file:
            rows = [{"id": row.pop("rec_id"), **row} for row in csv.DictReader(file)]
        rows = [{**row, "person": row["id"].split("-")[1]} for row in rows]
        roles = dict(_FEBRL)
    columns = [column for column in rows[0] if column not in ("id", "person")]
    table = folder / f"{name}-table.csv"
    with table.open("w", newline="") as out:
        writer = csv.DictWriter(out, ["id", *columns], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return Case(table, roles, columns, {row["id"]: row["person"] for row in rows})


_LEFT_OUT = ("source", "record_id", "person")


def _onefold(given: Case, folder: Path) -> dict[str, str]:
    traits = "".join(f'{column} = "{column}"\n' for column in given.columns)
    (folder / "map.toml").write_text(f'source = "s"\nrecord_id = "id"\n[traits]\n{traits}')
    found = matched(folder, given.table, folder / "map.toml")
    (folder / "matched.db").unlink()
    return {record: person for (_, record), person in found.items()}


def peer(tool: str, given: Case, folder: Path) -> dict[str, str]:
    """The cluster of each row by another tool, in its own environment."""
    (folder / "roles.json").write_text(json.dumps(given.roles))
    told = [str(given.table), str(folder / "roles.json"), str(folder / "out.csv")]
    _run([_PYTHON, _SCRIPT, tool, *told], Path.cwd())
    with (folder / "out.csv").open(newline="") as file:
        return {row["id"]: row["cluster"] for row in csv.DictReader(file)}


def _run(command: list[str], folder: Path) -> None:
    paths = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(command, cwd=folder, env=paths, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it ended badly")


def _measured(name: str, run: Callable[[], dict[str, str]], truth: dict[str, str]) -> str:
    before, started = os.times(), time.monotonic()
    try:
        found = run()
    except RuntimeError as error:
        return f"| {name} | | | | | {error} |"
    seconds, after = time.monotonic() - started, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    pairs = evaluate(found, truth).pairs
    errors = f"{pairs.rates.f1:.4f} | {pairs.wrong:,} | {pairs.missed:,}"
    return f"| {name} | {errors} | {spent:.1f} s | {seconds:.0f} s |"


def lines(folder: Path, names: list[str]) -> Iterator[str]:
    """The report, a line as soon as it is known."""
    _run([_PYTHON, _SCRIPT, "tables", str(folder)], Path.cwd())
    for name in names:
        given = case(folder, name)
        yield f"\n{name}, {len(given.truth):,} records\n\n| tool | F1 | wrong | missed | processor | clock |"
        yield "|---|---:|---:|---:|---:|---:|"
        yield _measured("Onefold", partial(_onefold, given, folder), given.truth)
        for tool in _TOOLS:
            yield _measured(tool, partial(peer, tool, given, folder), given.truth)


def peers_installed() -> None:
    """Makes the environment of the others where there is none."""
    if not Path(_PYTHON).exists():
        subprocess.run([sys.executable, "-m", "venv", str(_HOME)], check=True)
        subprocess.run([_PYTHON, "-m", "pip", "install", "--quiet", *_WANTED], check=True)


def main() -> None:
    """Measures table by table."""
    peers_installed()
    names = sys.argv[1:] or ["febrl3", "febrl4", "simulated"]
    sys.stdout.write(f"python -m tests.bench.peers {' '.join(names)}\n{machine()}\n")
    with TemporaryDirectory(prefix="onefold-peers-") as folder:
        for line in lines(Path(folder), names):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
