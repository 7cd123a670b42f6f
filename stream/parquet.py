"""Rows of Parquet files, streamed, every cell as text. Apart, as they take a large library."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph_schema.errors import Invalid
from stream.mapping import FileMapping
from stream.parts import in_parts
from stream.rows import Row

_ROWS_AT_ONCE: Final = 2048
_ROWS_WRITTEN_AT_ONCE: Final = 20_000
_NO_FRACTION: Final = re.compile(r"\.0+$")


def parquet_rows(path: Path, mapping: FileMapping) -> Iterator[Row]:
    """The rows of a Parquet file. Raises MappingError now, before the first, where a column is missing."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        what = (
            "There is no such file; check the path." if not path.exists() else "This is not a Parquet file."
        )
        raise Invalid(str(path), what) from error
    mapping.check_columns(_columns(file.schema_arrow), str(path))
    return _parquet_rows(file, list(mapping.columns()), str(path))


def _parquet_rows(file: pq.ParquetFile, columns: list[str], where: str) -> Iterator[Row]:
    with file:
        try:
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
                texts = [_texts(_column(batch, column)) for column in columns]
                for cells in zip(*texts, strict=True):
                    yield dict(zip(columns, cells, strict=True))
        except (pa.ArrowException, OSError) as error:
            raise Invalid(where, "This Parquet file is damaged; write it again.") from error


def _columns(fields: Iterable[pa.Field], within: str = "") -> Iterator[str]:
    """The columns of a table, and, by its path, each part of those that have some: address.street."""
    for one in fields:
        yield within + one.name
        if pa.types.is_struct(one.type):
            yield from _columns(one.type, f"{within}{one.name}.")


def _column(batch: pa.RecordBatch, column: str) -> pa.Array:
    if column in batch.schema.names:
        return batch.column(column)
    name, *parts = column.split(".")
    return pc.struct_field(batch.column(name), parts)


def write_parquet(rows: Iterable[Sequence[str]], columns: tuple[str, ...], out: BinaryIO) -> None:
    """Writes a table of texts."""
    schema = pa.schema([(name, pa.string()) for name in columns])
    with pq.ParquetWriter(out, schema) as writer:
        for part in in_parts(rows, _ROWS_WRITTEN_AT_ONCE):
            cells = [pa.array(column, pa.string()) for column in zip(*part, strict=True)]
            writer.write_table(pa.Table.from_arrays(cells, schema=schema))


def _texts(column: pa.Array) -> list[str | None]:
    """The cells of a column as a person would write them: 12 and not 12.0, times by ISO 8601."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _texts(column.dictionary_decode())
    if pa.types.is_floating(kind):
        # A short number by its own digits: 19.9, where as a long one it would be 19.899999618530273.
        numbers = column if kind == pa.float64() else column.cast(pa.string()).cast(pa.float64())
        return [_plain(number) for number in numbers.to_pylist()]
    if pa.types.is_decimal(kind):  # so some databases write every number, keys too
        return [text and _NO_FRACTION.sub("", text) for text in column.cast(pa.string()).to_pylist()]
    if pa.types.is_timestamp(kind):
        moments = column.cast(pa.timestamp("us", "UTC" if kind.tz else None), safe=False)
        return [_moment(text) for text in moments.cast(pa.string()).to_pylist()]
    if pa.types.is_nested(kind):
        return [_other(value) for value in column.cast(_in_microseconds(kind), safe=False).to_pylist()]
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [_other(value) for value in column.to_pylist()]
    try:
        return list(column.cast(pa.string()).to_pylist())
    except UnicodeDecodeError:  # some write what is in another encoding as text
        return [_other(value) for value in column.cast(pa.binary()).to_pylist()]
    except pa.ArrowException:
        return [_other(value) for value in column.to_pylist()]


def _in_microseconds(kind: pa.DataType) -> pa.DataType:
    """A type whose times are no finer than Python has them: finer ones come only where there is pandas."""
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_in_microseconds(field.type)) for field in kind])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        many = pa.large_list if pa.types.is_large_list(kind) else pa.list_
        return many(kind.value_field.with_type(_in_microseconds(kind.value_type)))
    return kind


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


def _is_empty(value: Any) -> bool:  # noqa: ANN401 - whatever a table can hold
    """Whether nothing stands in a cell, nor in any part of it."""
    parts = value.values() if isinstance(value, dict) else value
    return all(map(_is_empty, parts)) if isinstance(value, list | dict) else value is None


def _other(value: Any) -> str | None:  # noqa: ANN401 - whatever a table can hold
    if _is_empty(value):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return orjson.dumps(value, default=str).decode() if isinstance(value, list | dict) else str(value)
