"""Rows of CSV files, streamed, every cell as text."""

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from io import BufferedReader, TextIOWrapper
from itertools import chain, islice
from typing import Final, NamedTuple

from graph_schema.errors import MappingError
from graph_schema.messages import Rejected
from stream.mapping import FileMapping
from stream.rows import Row

_DELIMITERS: Final = (",", ";", "\t", "|")
_SAID: Final = re.compile(r'"?sep=([^\w\s"]|\t)"?\r?\n')
"""How Excel is told the delimiter, in a line above the header."""
_LINES_OF_A_HEADER: Final = 20
_NOT_UTF_8: Final = re.compile("[\0\udc80-\udcff]")
"""What other encodings leave: zeros between letters (UTF-16), or bytes that are no character (Latin-1)."""
_ENDLESS: Final = "The row has a cell without end, or far too long a one; close its quotes."


class Table(NamedTuple):
    """A CSV file of which the header was read: what the columns are called, and the lines below it."""

    header: list[str]
    delimiter: str
    lines: Iterator[str]


def headed(
    stream: BufferedReader, wanted: Collection[str], where: str, errors: str = "surrogateescape"
) -> Table:
    """The text is UTF-8, with or without a byte order mark; the delimiter is what a first line such as sep=;
    says, else a comma, semicolon, tab or bar, whichever gives the most of the ``wanted`` columns. Raises
    MappingError where there is no header."""
    lines = TextIOWrapper(stream, "utf-8-sig", errors=errors, newline="")
    ahead = list(islice(lines, _LINES_OF_A_HEADER))
    delimiters: Sequence[str] = _DELIMITERS
    if ahead and (said := _SAID.match(ahead[0])):
        delimiters, ahead = (said[1],), ahead[1:]
    if not ahead or not ahead[0].strip():
        way_out = "The first line must name the columns"
        raise MappingError("the file has no header", where=where, way_out=way_out)
    headers = (_header(ahead, delimiter) for delimiter in delimiters)
    best = max(headers, key=lambda one: (len({*wanted} & {*one.names}), len(one.names)))
    return Table(best.names, best.delimiter, chain(ahead[best.ends :], lines))


def csv_rows(stream: BufferedReader, mapping: FileMapping, where: str) -> Iterator[Row | Rejected]:
    """The rows below the header; one that can't be told apart into its cells is refused. Raises MappingError
    now, before the first row, where a column is missing."""
    wanted = mapping.columns().keys()
    table = headed(stream, wanted, where)
    header = table.header
    if not wanted <= set(header) and _NOT_UTF_8.search("".join(header)):
        way_out = "Save the file as UTF-8"
        raise MappingError("the first line is not UTF-8 text", where=where, way_out=way_out)
    if not wanted & set(header):
        # It may be a row: to list its cells as columns would tell of somebody.
        asked = ", ".join(wanted)
        way_out = f"The first line must name the columns; the mapping asks for {asked}"
        raise MappingError(
            "the first line names none of the columns of the mapping", where=where, way_out=way_out
        )
    mapping.check_columns(header, where)
    return rows_below(table, mapping.source)


class _Header(NamedTuple):
    """What the columns are called by one delimiter, and how many lines say so: a name may hold line ends."""

    names: list[str]
    ends: int
    delimiter: str


def _header(lines: list[str], delimiter: str) -> _Header:
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        names = [name.strip() for name in next(reader)]
    except csv.Error:  # by this delimiter one name is endless: it is another
        names = []
    return _Header(names, reader.line_num, delimiter)


def rows_below(table: Table, source: str) -> Iterator[Row | Rejected]:
    """The rows of a table; one that can't be told apart into its cells is refused."""
    header, delimiter, lines = table
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
