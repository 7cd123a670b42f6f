"""The simulated town in files, whole or not at all, and its customer tables."""

import csv
import gzip
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from subprocess import PIPE, Popen

import orjson
import pytest

from stream.simulation import Simulated, simulate, write_stream
from stream.whole import whole_file
from tests.people_table import COLUMNS, people_table


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


def test_a_stream_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    def broken() -> Iterator[Simulated]:
        yield from simulate(20, 100, 4)
        raise KeyboardInterrupt

    (tmp_path / "out.jsonl").write_text("older\n")
    with pytest.raises(KeyboardInterrupt):
        write_stream(broken(), tmp_path / "out.jsonl", tmp_path / "truth.csv")
    assert [one.name for one in tmp_path.iterdir()] == ["out.jsonl"]
    assert (tmp_path / "out.jsonl").read_text() == "older\n"


def test_a_place_that_cannot_be_written_is_named_as_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere") as raised:
        write_stream(simulate(20, 100, 4), tmp_path / "nowhere" / "out.jsonl")
    assert raised.value.filename == str(tmp_path / "nowhere" / "out.jsonl")


def test_a_full_disk_is_told_with_the_file_that_found_no_room(tmp_path: Path) -> None:
    for name in ("out.jsonl", "truth.csv"):
        out, truth = tmp_path / "out.jsonl", tmp_path / "truth.csv"
        (tmp_path / name).symlink_to("/dev/full")
        with pytest.raises(OSError, match="No space left") as raised:
            write_stream(simulate(20, 9_000, 4), out, truth)
        assert raised.value.filename == str(tmp_path / name)
        (tmp_path / name).unlink()


def test_what_two_write_at_once_is_of_one_of_them(tmp_path: Path) -> None:
    place = tmp_path / "links.csv"
    with whole_file(place) as one:
        one.write(b"one\n")
        with whole_file(place) as other:
            other.write(b"the other\n")
        assert place.read_bytes() == b"the other\n"
    assert place.read_bytes() == b"one\n"
    assert [found.name for found in tmp_path.iterdir()] == ["links.csv"]


def test_a_pipe_is_written_to_and_a_link_stays_one(tmp_path: Path) -> None:
    pipe, link, file = (tmp_path / name for name in ("pipe", "link.jsonl", "file.jsonl"))
    os.mkfifo(pipe)
    link.symlink_to(file)
    with Popen(["cat", pipe], stdout=PIPE) as reading:
        write_stream(simulate(20, 100, 4), pipe)
        piped = reading.communicate()[0]
    write_stream(simulate(20, 100, 4), link)
    assert (pipe.is_fifo(), link.is_symlink(), file.read_bytes() == piped) == (True, True, True)
    assert len(piped.splitlines()) == 100


def test_the_table_is_the_same_for_the_same_seed_and_has_duplicates_of_people() -> None:
    rows = list(people_table(1_000, 3, 0.3))
    assert rows == list(people_table(1_000, 3, 0.3))
    assert all(tuple(row) == COLUMNS for row in rows)
    assert len({(row["source"], row["record_id"]) for row in rows}) == len(rows)
    counts = Counter(row["person"] for row in rows)
    assert len(counts) == 1_000
    assert 1.5 < len(rows) / 1_000 < 2.2


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
