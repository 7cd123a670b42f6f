"""A store's persons beside a file that tells who is who."""

import csv
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

from graph_schema.errors import Invalid, nearest
from resolver.evaluation import Evaluation, evaluate
from stream.reader import Reader

_WHO: Final = ("person", "person_id", "truth", "entity", "entity_id", "cluster", "cluster_id")

Key = tuple[str, str]


def evaluate_store(reader: Reader, path: Path) -> tuple[Evaluation, int]:
    """Compares the persons of a store with the truth, and counts what it tells of and the store doesn't have.

    The file is CSV with columns ``source``, ``record_id`` and who it is (``person``, or any third column); or
    ``message_id`` in place of ``record_id``, as the simulator writes it: then a record is whose most of its
    messages are. Raises ``Invalid`` where it is neither, contradicts itself, or knows no record of the store.
    """
    named = {person.id: person.person_id for person in reader.tx.all_persons()}
    records = {one.id: one for one in reader.tx.all_records() if not one.ghost}
    found = {(one.key.source, one.key.record_id): named[one.person] for one in records.values()}
    by_message, whose = _read(path)
    truth, met = whose, found.keys() & whose.keys()
    if by_message:
        met = set()
        votes: defaultdict[Key, Counter[str]] = defaultdict(Counter)
        for event in reader.tx.all_events():
            message = (event.key.source, event.key.message_id)
            if message in whose and event.record in records:
                met.add(message)
                key = records[event.record].key
                votes[key.source, key.record_id][whose[message]] += 1
        truth = {key: min(votes[key], key=lambda one: (-votes[key][one], one)) for key in votes}
    if not met:
        unit = "message" if by_message else "record"
        raise Invalid(str(path), f"The store has none of these {unit}s; check source and {unit}_id.")
    return evaluate(found, truth), len(whose) - len(met)


def _read(path: Path) -> tuple[bool, dict[Key, str]]:
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
            return unit == "message_id", _whose(reader, str(path), unit, who)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(str(path), "This is no CSV file in UTF-8 that can be read.") from error


def _whose(reader: "csv.DictReader[str]", path: str, unit: str, who: str) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for row in reader:
        key, whom = (row["source"], row[unit]), row[who]
        if all(key) and whom and found.setdefault(key, whom) != whom:
            raise Invalid(path, f"Line {reader.line_num} says another {who} than a line before it.")
    return found
