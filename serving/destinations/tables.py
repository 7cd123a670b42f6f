"""Destinations that are files: the members of a list as CSV or Parquet, always whole.

A file is written beside its place and then put there at once, so whoever reads it finds the old list or the
new one.
"""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from serving.destinations.platforms import Platform, Published
from serving.destinations.settings import FileSettings
from stream.parquet import write_parquet


class Files(Platform):
    """A file for each list. See ``Platform``."""

    settings: FileSettings
    publishes = True
    handles_per_row = 1_000

    def publish(self, remote: str, members: Iterable[Published]) -> None:
        """Columns: how she is recognised, in the form of the file's convention, and the kind of that."""
        rows = (one.handle.split(":", 1) for one in members)
        write_table(path_of(self.settings.path, remote), ("kind", "value"), rows)


def path_of(path: str, remote: str) -> Path:
    """Where a list is written."""
    return Path(path.replace("{audience}", remote.replace("/", "_")))


def write_table(path: Path, columns: tuple[str, ...], rows: Iterable[Sequence[str]]) -> None:
    """Puts a table into a place, CSV or Parquet by its name, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.touch(mode=0o600)
    if path.suffix == ".parquet":
        with beside.open("wb") as out:
            write_parquet(rows, columns, out)
    else:
        with beside.open("w", encoding="utf-8", newline="") as text:
            writer = csv.writer(text)
            writer.writerow(columns)
            writer.writerows(rows)
    with beside.open("rb") as written:
        os.fsync(written.fileno())
    beside.replace(path)
