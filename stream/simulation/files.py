"""The stream and the table as files: JSON lines with their truth, and CSV."""

import csv
import gzip
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

import orjson

from stream.simulation.messages import Simulated
from stream.simulation.table import COLUMNS, people_table

_REPORT_EVERY = 10_000


def write_stream(
    stream: Iterable[Simulated],
    out: Path,
    truth: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write messages to `out` as JSON lines, and who they are of to `truth` as CSV.

    The CSV's columns are `message_id,source,person`; a message that is sent twice has one row. A file whose
    name ends in .gz is compressed, "-" is standard output; equal streams make equal bytes. `progress` is told
    how many messages have been written, every 10,000 and at the end. Raises OSError where a file can't be
    written.
    """
    written = 0
    with _open(out) as lines, _open(truth) if truth else nullcontext() as rows:
        if rows is not None:
            rows.write(b"message_id,source,person\n")
        for message, person, repeat in stream:
            lines.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))
            if rows is not None and not repeat:
                rows.write(f"{message['messageId']},{message['source']},{person}\n".encode())
            written += 1
            if progress is not None and written % _REPORT_EVERY == 0:
                progress(written)
    if progress is not None:
        progress(written)


def write_people(people: int, seed: int, dirty: float, out: Path) -> None:
    """Write `people_table` to `out` as CSV with a header line; compressed where the name ends in .gz."""
    with _open(out) as raw:
        # csv wants text; the rows are few enough to encode one by one.
        writer = csv.writer(_Encoded(raw), lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(tuple(row.values()) for row in people_table(people, seed, dirty))


class _Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> int: ...


class _Encoded:
    """A text sink over a binary one, in UTF-8."""

    def __init__(self, raw: _Sink) -> None:
        self._raw = raw

    def write(self, text: str) -> int:
        return self._raw.write(text.encode())


@contextmanager
def _open(path: Path) -> Iterator[_Sink]:
    if str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with path.open("wb", buffering=1 << 20) as raw:
        if not path.name.endswith(".gz"):
            yield raw
            return
        # Level 1: the stream is for reading once. No time stamp, so that equal streams are equal files.
        with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0) as packed:
            yield packed
