"""The simulated town in files, and its customer tables."""

import csv
import gzip
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import orjson

from stream.simulation import COLUMNS, people_table, simulate, write_people, write_stream


def test_write_puts_out_lines_and_the_truth_of_each_message(tmp_path: Path) -> None:
    told: list[int] = []
    write_stream(simulate(200, 12_000, 4), tmp_path / "out.jsonl", tmp_path / "truth.csv", told.append)
    messages = [orjson.loads(line) for line in (tmp_path / "out.jsonl").read_bytes().splitlines()]
    with (tmp_path / "truth.csv").open() as file:
        truth = list(csv.DictReader(file))
    assert len(messages) == 12_000
    assert told == [10_000, 12_000]
    keys = [(row["message_id"], row["source"]) for row in truth]
    assert len(set(keys)) == len(keys)
    assert {(message["messageId"], message["source"]) for message in messages} == set(keys)
    assert {row["person"] for row in truth} <= {f"p{number:06d}" for number in range(200)}


def test_a_compressed_file_holds_the_same_and_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz", "c.jsonl"):
        write_stream(simulate(50, 500, 4), tmp_path / name)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()) == (tmp_path / "c.jsonl").read_bytes()


def test_the_table_is_the_same_for_the_same_seed_and_has_duplicates_of_people(tmp_path: Path) -> None:
    rows = list(people_table(1_000, 3, 0.3))
    assert rows == list(people_table(1_000, 3, 0.3))
    assert all(tuple(row) == COLUMNS for row in rows)
    assert len({(row["source"], row["record_id"]) for row in rows}) == len(rows)
    counts = Counter(row["person"] for row in rows)
    assert len(counts) == 1_000
    assert 1.5 < len(rows) / 1_000 < 2.2
    write_people(1_000, 3, 0.3, tmp_path / "people.csv")
    with (tmp_path / "people.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == rows


def test_a_clean_table_agrees_on_names_and_a_dirty_one_does_not() -> None:
    def variants(dirty: float) -> int:
        forms: dict[str, set[str]] = defaultdict(set)
        for row in people_table(500, 3, dirty):
            forms[row["person"]].add(row["firstName"] + row["lastName"])
        return sum(len(names) > 1 for names in forms.values())

    assert variants(0) == 0
    assert variants(0.6) > 50


def test_a_dirty_birthday_is_still_a_date() -> None:
    for row in people_table(500, 3, 1.0):
        assert not row["birthday"] or datetime.fromisoformat(row["birthday"])
