"""Rows of CSV and Parquet files, streamed, every cell as text."""

import csv
from collections.abc import Iterable, Iterator
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from graph_schema.errors import Invalid, MappingError
from stream.mapping import FileMapping
from stream.rows import Row

_DELIMITERS: Final = (",", ";", "\t", "|")
_ROWS_AT_ONCE: Final = 2048
_ENDLESS: Final = "The row has a cell without end, or far too long a one; close its quotes."


class BadRow(NamedTuple):
    """A row that can't be told apart into its cells: why, and its text."""

    reason: str
    raw: bytes


class _Remembering:
    """The lines of a text, of which it remembers those taken since it was last asked."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._taken: list[str] = []
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            self.ended = True
            raise StopIteration
        self._taken.append(line)
        return line

    def taken(self) -> bytes:
        """The lines since the last call, as bytes as they were."""
        text = "".join(self._taken)
        self._taken.clear()
        return text.encode("utf-8", "surrogateescape")


def csv_rows(stream: BufferedReader, mapping: FileMapping, where: str) -> Iterator[Row | BadRow]:
    """The rows below the header. Raises MappingError now, before the first row, where a column is missing.

    The text is UTF-8, with or without a byte order mark; the delimiter is a comma, semicolon, tab or bar,
    whichever gives the mapping its columns.
    """
    lines = _Remembering(TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline=""))
    first = next(lines, "")
    if not first.strip():
        way_out = "The first line must name the columns"
        raise MappingError("the file has no header", where=where, way_out=way_out)
    delimiter = _delimiter(first, mapping)
    header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter))]
    if not set(header) & set(mapping.columns()):
        # It may be a row: to list its cells as columns would tell of somebody.
        asked = ", ".join(mapping.columns())
        way_out = f"The first line must name the columns; the mapping asks for {asked}"
        raise MappingError(
            "the first line names none of the columns of the mapping", where=where, way_out=way_out
        )
    mapping.check_columns(header, where)
    return _csv_rows(lines, header, delimiter)


def _delimiter(header: str, mapping: FileMapping) -> str:
    wanted = mapping.columns().keys()

    def fit(delimiter: str) -> tuple[int, int]:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
        return len(wanted & set(names)), len(names)

    return max(_DELIMITERS, key=fit)


def _csv_rows(lines: _Remembering, header: list[str], delimiter: str) -> Iterator[Row | BadRow]:
    lines.taken()
    reader = csv.reader(lines, delimiter=delimiter)
    width = len(header)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield BadRow(_ENDLESS, lines.taken())
            continue
        raw = lines.taken()
        if lines.ended:  # it looked for the end of a cell behind the last line
            yield BadRow(_ENDLESS, raw)
        elif len(cells) == width:
            yield dict(zip(header, cells, strict=True))
        elif cells:
            reason = (
                f"The row has {len(cells)} cells under {width} columns; quote cells that hold the delimiter."
            )
            yield BadRow(reason, raw)


def parquet_rows(path: Path, mapping: FileMapping) -> Iterator[Row]:
    """The rows of a Parquet file. Raises MappingError now, before the first, where a column is missing."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        what = (
            "There is no such file; check the path." if not path.exists() else "This is not a Parquet file."
        )
        raise Invalid(str(path), what) from error
    mapping.check_columns(file.schema_arrow.names, str(path))
    return _parquet_rows(file, list(mapping.columns()), str(path))


def _parquet_rows(file: pq.ParquetFile, columns: list[str], where: str) -> Iterator[Row]:
    with file:
        try:
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
                texts = [_texts(batch.column(column)) for column in columns]
                for cells in zip(*texts, strict=True):
                    yield dict(zip(columns, cells, strict=True))
        except (pa.ArrowException, OSError) as error:
            raise Invalid(where, "This Parquet file is damaged; write it again.") from error


def _texts(column: pa.Array) -> list[str | None]:
    """The cells of a column as a person would write them: 12 and not 12.0, times by ISO 8601."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _texts(column.dictionary_decode())
    if pa.types.is_floating(kind):
        return [_plain(number) for number in column.to_pylist()]
    if pa.types.is_timestamp(kind):
        moments = column.cast(pa.timestamp("us", "UTC" if kind.tz else None), safe=False)
        return [_moment(text) for text in moments.cast(pa.string()).to_pylist()]
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [_other(value) for value in column.to_pylist()]
    try:
        return list(column.cast(pa.string()).to_pylist())
    except pa.ArrowException:
        return [_other(value) for value in column.to_pylist()]


def _plain(number: float | None) -> str | None:
    if number is None or number != number:
        return None  # tables write NaN for an empty cell
    return str(int(number)) if number.is_integer() and abs(number) < 2**63 else repr(number)


def _moment(text: str | None) -> str | None:
    """Arrow's form of a time in ours. Midnight without a zone is a date that a table stored as a time."""
    if text is None:
        return None
    day, _, clock = text.partition(" ")
    if clock == "00:00:00.000000":
        return day
    zone = "Z" if clock.endswith("Z") else ""
    return (
        f"{day}T{clock.removesuffix('Z').rstrip('0').rstrip('.')}{zone}" if "." in clock else f"{day}T{clock}"
    )


def _other(value: Any) -> str | None:  # noqa: ANN401 - whatever a table can hold
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return orjson.dumps(value, default=str).decode() if isinstance(value, list | dict) else str(value)
