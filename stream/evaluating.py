"""A store's persons beside a file that tells who is who."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from graph_schema.errors import Invalid, nearest
from resolver.evaluation import Evaluation, evaluate
from stream.reader import Reader

_WHO: Final = ("person", "person_id", "truth", "entity", "entity_id", "cluster", "cluster_id")

Key = tuple[str, str]


def evaluate_store(reader: Reader, path: Path) -> tuple[Evaluation, int]:
    """Compares the persons of a store with the truth, and counts records of it that the store doesn't have.

    The file is CSV with columns ``source``, ``record_id`` and who it is (``person``, or any third column); or
    ``message_id`` in place of ``record_id``, as the simulator writes it: then a record is whose most of its
    messages are. Raises ``Invalid`` where it is neither, or knows no record of the store.
    """
    named = {person.id: person.person_id for person in reader.tx.all_persons()}
    records = {one.id: one for one in reader.tx.all_records() if not one.ghost}
    found = {(one.key.source, one.key.record_id): named[one.person] for one in records.values()}
    by_message, rows = _read(path)
    truth: dict[Key, str] = {}
    if by_message:
        whose = dict(rows)
        votes: defaultdict[Key, Counter[str]] = defaultdict(Counter)
        for event in reader.tx.all_events():
            person = whose.get((event.key.source, event.key.message_id))
            if person is not None and event.record in records:
                key = records[event.record].key
                votes[key.source, key.record_id][person] += 1
        truth = {key: min(votes[key], key=lambda one: (-votes[key][one], one)) for key in votes}
    else:
        truth = dict(rows)
    missing = sum(1 for key in truth if key not in found)
    if missing == len(truth):
        raise Invalid(str(path), "The store has none of these records; check source and record_id.")
    return evaluate(found, truth), missing


def _read(path: Path) -> tuple[bool, list[tuple[Key, str]]]:
    """Whether keys are of messages, and each key with whom it is of."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            columns = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = columns
            unit = next((name for name in ("record_id", "message_id") if name in columns), None)
            if unit is None or "source" not in columns:
                wanted = ("source", "record_id", "person")
                missing = next(name for name in wanted if name not in columns)
                raise Invalid(
                    str(path), f"There is no column {missing!r}; it needs source, record_id, person."
                )
            rest = [name for name in columns if name not in ("source", "record_id", "message_id")]
            who = next((name for name in _WHO if name in rest), rest[0] if len(rest) == 1 else None)
            if who is None:
                raise Invalid(str(path), f"It doesn't say who a record is of. {nearest('person', _WHO)}.")
            return unit == "message_id", list(_rows(reader, unit, who))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(str(path), "This is no CSV file in UTF-8 that can be read.") from error


def _rows(reader: "csv.DictReader[str]", unit: str, who: str) -> Iterator[tuple[Key, str]]:
    for row in reader:
        if row["source"] and row[unit] and row[who]:
            yield (row["source"], row[unit]), row[who]
