"""The whole way of a user on tables with a truth: `python -m tests.bench.end_to_end FOLDER…`.

Each folder has data.csv, map.toml and truth.csv (source, record_id, person); `tests/bench/made_up.py` makes
some. It trains, ingests, exports the links and compares these with the truth, pair by pair over persons.
"""

import csv
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from resolver.evaluation import Pairs, evaluate
from tests.bench.ingesting import ONEFOLD

RULES = 'extends = "retail"\n[matching]\nafter = "phone"\nmodel = "model.json"\n'


def matched(folder: Path, data: Path, mapping: Path) -> dict[tuple[str, str], str]:
    """The person of each record, by the commands, with their files in a folder."""
    (folder / "rules.toml").write_text(RULES)
    given = [str(data.absolute()), "--mapping", str(mapping.absolute())]
    on = ["--rules", "rules.toml", "--store", "sqlite:///matched.db"]
    steps = (
        ["train", *given, "--out", "model.json"],
        ["ingest", *given, *on],
        ["export", "links", "links.csv", *on],
    )
    for step in steps:
        onefold(folder, *step)
    return _column(folder / "links.csv", "person_id")


def onefold(folder: Path, *words: str) -> None:
    """Runs a command in a folder; raises RuntimeError with what it said where it fails."""
    done = subprocess.run(
        [*ONEFOLD, *words], cwd=folder, capture_output=True, text=True, check=False, env=_paths()
    )
    if done.returncode:
        raise RuntimeError(f"onefold {words[0]}: {done.stderr.strip()}")


def _paths() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path.cwd())}


def _column(path: Path, name: str) -> dict[tuple[str, str], str]:
    with path.open(newline="") as file:
        return {(row["source"], row["record_id"]): row[name] for row in csv.DictReader(file)}


def measured(table: Path) -> tuple[Pairs, int, float]:
    """Pairs, records, and seconds of processor time of all three commands."""
    before = os.times()
    with TemporaryDirectory(prefix="onefold-end-to-end-") as folder:
        found = matched(Path(folder), table / "data.csv", table / "map.toml")
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return evaluate(found, _column(table / "truth.csv", "person")).pairs, len(found), spent


def main() -> None:
    """Prints a line a table."""
    sys.stdout.write(
        "| table | records | F1 | wrong pairs | missed pairs | processor |\n|---|---:|---:|---:|---:|---:|\n"
    )
    for table in map(Path, sys.argv[1:]):
        pairs, records, spent = measured(table)
        told = f"{pairs.rates.f1:.4f} | {pairs.wrong:,} | {pairs.missed:,} | {spent:.1f} s"
        sys.stdout.write(f"| {table.name.replace('-', ' ')} | {records:,} | {told} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
