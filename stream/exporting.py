"""Everything that a store says of who is who, as tables in a set order; erased records are left out."""

import csv
import heapq
import io
import tempfile
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import count, islice
from typing import BinaryIO, Final, Literal

import orjson

from stream.parts import in_parts
from stream.reader import Found, Reader

Form = Literal["csv", "parquet", "jsonl"]
Row = tuple[str, ...]

COLUMNS: Final = {
    "links": ("source", "record_id", "person_id"),
    "events": ("message_id", "source", "record_id", "person_id"),
    "persons": ("person_id", "profile"),
}
_SORTED_AT_ONCE: Final = 200_000
_PERSONS_AT_ONCE: Final = 500


def export(reader: Reader, what: str, out: BinaryIO, form: Form, at: int) -> int:
    """Writes "links", "events" or "persons" to a binary file; returns how many rows.

    ``at`` is the clock of golden profiles, in microseconds. Rows are sorted. Of these a bounded part is held
    at once, and beside it the keys of all persons and, for events, of all records.
    """
    rows = {"links": links, "events": events}[what](reader) if what != "persons" else persons(reader, at)
    return write_rows(form, rows, COLUMNS[what], out)


def write_rows(form: Form, rows: Iterable[Row], columns: Row, out: BinaryIO) -> int:
    """Writes a table to a binary file; returns how many rows."""
    numbers = count()
    _WRITERS[form]((row for row, _ in zip(rows, numbers, strict=False)), columns, out)
    return next(numbers)


def links(reader: Reader) -> Iterator[Row]:
    """(source, record_id, person_id) of every record."""
    return _sorted((source, record_id, person) for _, source, record_id, person in _records(reader))


def events(reader: Reader) -> Iterator[Row]:
    """(message_id, source, record_id, person_id) of every event."""
    records = {one: (record_id, person) for one, _, record_id, person in _records(reader)}
    return _sorted(
        (event.key.message_id, event.key.source, *records[event.record])
        for event in reader.tx.all_events()
        if event.record in records
    )


def persons(reader: Reader, at: int) -> Iterator[Row]:
    """(person_id, golden profile as JSON) of every person who was not erased."""
    found = sorted((person.person_id, person.id) for person in reader.tx.all_persons())
    for part in in_parts((one for _, one in found), _PERSONS_AT_ONCE):
        known = reader.tx.persons(part)
        members = reader.tx.members(part)
        records = reader.tx.records([one for each in members.values() for one in each])
        for one in part:
            own = sorted((records[each] for each in members[one]), key=lambda record: record.key)
            if all(record.ghost for record in own):
                continue
            profile = reader.profile_of(Found(known[one], own), at)
            yield known[one].person_id, orjson.dumps(profile).decode()


def _records(reader: Reader) -> Iterator[tuple[int, str, str, str]]:
    named = {person.id: person.person_id for person in reader.tx.all_persons()}
    return (
        (record.id, record.key.source, record.key.record_id, named[record.person])
        for record in reader.tx.all_records()
        if not record.ghost
    )


def _sorted(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows in their order; what is too much for memory waits in temporary files."""
    waiting = iter(rows)
    part = sorted(islice(waiting, _SORTED_AT_ONCE))
    runs: list[Iterator[Row]] = []
    while len(part) == _SORTED_AT_ONCE:
        runs.append(_spilled(part))
        part = sorted(islice(waiting, _SORTED_AT_ONCE))
    yield from heapq.merge(*runs, part) if runs else part


def _spilled(rows: list[Row]) -> Iterator[Row]:
    run = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever reads it to its end
    run.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
    run.seek(0)

    def read() -> Iterator[Row]:
        with run:
            for line in run:
                yield tuple(orjson.loads(line))

    return read()


def _write_csv(rows: Iterable[Row], columns: Row, out: BinaryIO) -> None:
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    text.flush()
    text.detach()


def _write_json(rows: Iterable[Row], columns: Row, out: BinaryIO) -> None:
    for row in rows:
        line = row[1].encode() if "profile" in columns else orjson.dumps(dict(zip(columns, row, strict=True)))
        out.write(line + b"\n")
    out.flush()


def _write_parquet(rows: Iterable[Row], columns: Row, out: BinaryIO) -> None:
    import_module("stream.parquet").write_parquet(rows, columns, out)  # a large library


_WRITERS: Final = {"csv": _write_csv, "jsonl": _write_json, "parquet": _write_parquet}
