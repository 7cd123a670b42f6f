"""Destinations that are files: the members of a list as CSV or Parquet. Whoever reads one finds the old list
or the new one, whole."""

from collections.abc import Iterable
from pathlib import Path

from serving.destinations.platforms import Platform, Published
from serving.destinations.settings import FileSettings, path_of
from stream.exporting import Row, write_rows
from stream.whole import whole_file


class Files(Platform):
    """A file for each list. See ``Platform``."""

    settings: FileSettings
    publishes = True
    handles_per_row = 1_000

    def publish(self, remote: str, members: Iterable[Published]) -> None:
        """Columns: how she is recognised, in the form of the file's convention, and the kind of that."""
        rows = ((kind, value) for kind, _, value in (handle.partition(":") for handle, _ in members))
        write_table(path_of(self.settings.path, remote), ("kind", "value"), rows)


def write_table(path: Path, columns: Row, rows: Iterable[Row]) -> None:
    """Puts a table into a place, CSV or Parquet by its name, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path, mode=0o600) as out:
        write_rows("parquet" if path.suffix == ".parquet" else "csv", rows, columns, out)
