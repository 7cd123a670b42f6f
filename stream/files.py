"""Files of events: JSON lines (plain or gzip), and CSV or Parquet by a mapping."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from importlib import import_module
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from graph_schema.errors import Invalid, MappingError
from graph_schema.messages import Rejected
from stream.mapping import FileMapping
from stream.rows import Row, RowReader
from stream.tables import csv_rows

LONGEST_LINE: Final = 32 * 1024 * 1024
"""Bytes of a line that are read at once; a longer one is no message of anybody."""
_KEPT_OF_IT: Final = 64 * 1024
_LINES: Final = (".jsonl", ".ndjson", ".json")
_CSV: Final = (".csv", ".tsv")
_PARQUET: Final = (".parquet", ".pq")


class RawLine(NamedTuple):
    """A line of a file, or a row.

    `position` counts lines, or rows below the header, from 1.
    `body` is what `read_message` takes, or a `Rejected` where the row can't even be made a message.
    """

    position: int
    body: bytes | dict[str, Any] | Rejected


def read_file(path: str | Path, mapping: FileMapping | None = None) -> Iterator[RawLine]:
    """Reads a file line by line, without ever holding it whole; "-" is standard input.

    What the file is, is told by its name: .jsonl, .ndjson and .json are JSON lines, .csv and .tsv CSV,
    .parquet and .pq Parquet; any other, and standard input, is CSV where there is a mapping, else JSON lines.
    Gzip is told by its first bytes.

    Raises now, before the first line: MappingError where the mapping and the file don't fit, Invalid where
    the file can't be read; while reading, Invalid where it turns out to be damaged.
    """
    name = "standard input" if str(path) == "-" else str(path)
    is_parquet = _is_parquet(str(path), mapping)
    if mapping is None:
        return _lines(open_file(path), name)
    if is_parquet:
        tables = import_module("stream.parquet")  # a large library, which few need
        return _messages(tables.parquet_rows(Path(path), mapping), mapping, name)
    stream = open_file(path)
    try:
        rows = csv_rows(stream, mapping, name)
    except DAMAGED as error:
        raise _damaged(name, 0) from error
    return _messages(rows, mapping, name)


DAMAGED: Final = (EOFError, zlib.error, OSError)


def _is_parquet(path: str, mapping: FileMapping | None) -> bool:
    """Raises MappingError where a mapping is missing or has no use."""
    suffixes = [suffix.lower() for suffix in Path(path).suffixes if suffix.lower() != ".gz"]
    suffix = suffixes[-1] if suffixes else ""
    if suffix in _LINES and mapping is not None:
        what, way_out = "JSON lines are messages already and take no mapping", "Leave out --mapping"
        raise MappingError(what, where=path, way_out=way_out)
    if suffix in (*_CSV, *_PARQUET) and mapping is None:
        what, way_out = "the columns of this file need a mapping", "Give --mapping MAP.toml"
        raise MappingError(what, where=path, way_out=way_out)
    return suffix in _PARQUET


def open_file(path: str | Path) -> BufferedReader:
    """The bytes of a file, unpacked where they are packed."""
    if str(path) == "-" and (sys.stdin is None or sys.stdin.buffer.closed):
        raise Invalid("standard input", "It is closed, or was read before; name - once.")
    try:
        # It stays open for as long as its lines are read; whoever reads them closes it.
        file = sys.stdin.buffer if str(path) == "-" else Path(path).open("rb")  # noqa: SIM115
        stream = cast(BufferedReader, file)
        if stream.peek(2)[:2] != b"\x1f\x8b":
            return stream
    except OSError as error:
        reason = f"It can't be read ({error.strerror}); check the path and its permissions."
        raise Invalid(str(path), reason) from error
    return BufferedReader(cast(Any, gzip.GzipFile(fileobj=stream)), 1 << 20)


def _lines(stream: BufferedReader, name: str) -> Iterator[RawLine]:
    position = 0
    with stream:
        try:
            while line := stream.readline(LONGEST_LINE):
                position += 1
                if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                    _skip_line(stream)
                    yield RawLine(position, _endless(line[:_KEPT_OF_IT]))
                elif not line.isspace():
                    yield RawLine(position, line.rstrip(b"\r\n"))
        except DAMAGED as error:
            raise _damaged(name, position) from error


def _skip_line(stream: BufferedReader) -> None:
    while rest := stream.readline(LONGEST_LINE):
        if rest.endswith(b"\n"):
            return


def _endless(line: bytes) -> Rejected:
    reason = f"The line is longer than {LONGEST_LINE >> 20} MiB; write one message a line."
    return Rejected(None, None, "message", reason, line)


def _messages(rows: Iterator[Row | Rejected], mapping: FileMapping, name: str) -> Iterator[RawLine]:
    reader = RowReader(mapping)
    position = 0
    try:
        for position, row in enumerate(rows, 1):
            yield RawLine(position, row if isinstance(row, Rejected) else reader.message(row))
    except DAMAGED as error:
        raise _damaged(name, position) from error


def _damaged(name: str, position: int) -> Invalid:
    reason = (
        f"It is damaged or cut off after line {position}; fetch it whole and run again: it goes on there."
    )
    return Invalid(name, reason)
