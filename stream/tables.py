"""Rows of CSV files, streamed, every cell as text."""

import csv
from collections.abc import Iterable, Iterator
from io import BufferedReader, TextIOWrapper
from typing import Final

from graph_schema.errors import MappingError
from graph_schema.messages import Rejected
from stream.mapping import FileMapping
from stream.rows import Row

_DELIMITERS: Final = (",", ";", "\t", "|")
_ENDLESS: Final = "The row has a cell without end, or far too long a one; close its quotes."


def csv_rows(stream: BufferedReader, mapping: FileMapping, where: str) -> Iterator[Row | Rejected]:
    """The rows below the header; one that can't be told apart into its cells is refused. Raises MappingError
    now, before the first row, where a column is missing.

    The text is UTF-8, with or without a byte order mark; the delimiter is a comma, semicolon, tab or bar,
    whichever gives the mapping its columns.
    """
    lines = TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
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
    return _csv_rows(lines, header, delimiter, mapping.source)


def _delimiter(header: str, mapping: FileMapping) -> str:
    wanted = mapping.columns().keys()

    def fit(delimiter: str) -> tuple[int, int]:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
        return len(wanted & set(names)), len(names)

    return max(_DELIMITERS, key=fit)


def _csv_rows(
    lines: Iterable[str], header: list[str], delimiter: str, source: str
) -> Iterator[Row | Rejected]:
    taken: list[str] = []
    ended = False

    def remembered() -> Iterator[str]:
        nonlocal ended
        for line in lines:
            taken.append(line)
            yield line
        ended = True

    reader = csv.reader(remembered(), delimiter=delimiter)
    width = len(header)
    while True:
        taken.clear()
        reason = ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells, reason = [], _ENDLESS
        if ended:  # it looked for the end of a cell behind the last line
            reason = _ENDLESS
        elif cells and len(cells) != width:
            reason = (
                f"The row has {len(cells)} cells under {width} columns; quote cells that hold the delimiter."
            )
        if reason:
            raw = "".join(taken).encode("utf-8", "surrogateescape")
            yield Rejected(source, None, "row", reason, raw)
        elif cells:
            yield dict(zip(header, cells, strict=True))
