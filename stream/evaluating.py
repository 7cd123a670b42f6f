"""A store's persons beside a file that tells who is who."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from graph_schema.errors import Invalid, nearest
from graph_schema.messages import Rejected
from resolver.evaluation import Evaluation, evaluate
from stream.files import DAMAGED, open_file
from stream.reader import Reader
from stream.rows import Row
from stream.tables import headed, rows_below

_KEYS: Final = ("source", "record_id", "message_id")
_WHO: Final = ("person", "person_id", "truth", "entity", "entity_id", "cluster", "cluster_id")

Key = tuple[str, str]


def evaluate_store(reader: Reader, path: Path) -> tuple[Evaluation, int]:
    """Compares the persons of a store with the truth, and counts what it tells of and the store doesn't have.

    The file is CSV, packed or not, with columns ``source``, ``record_id`` and who it is (``person``, or any
    third column); or ``message_id`` in place of ``record_id``, as the simulator writes it: then a record is
    whose most of its messages are. Raises ``Invalid`` where it is neither, can't be read, contradicts itself,
    or knows no record of the store; ``MappingError`` where it has no header.
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
    name = str(path)
    try:
        with open_file(path) as stream:
            table = headed(stream, (*_KEYS, *_WHO), name, "strict")
            columns = table.header
            unit = next((one for one in ("record_id", "message_id") if one in columns), None)
            if unit is None or "source" not in columns:
                wanted = ("source", "record_id", "person")
                missing = next(one for one in wanted if one not in columns)
                raise Invalid(name, f"There is no column {missing!r}; it needs source, record_id, person.")
            rest = [one for one in columns if one not in _KEYS]
            who = next((one for one in _WHO if one in rest), rest[0] if len(rest) == 1 else None)
            if who is None:
                raise Invalid(name, f"It doesn't say who a record is of. {nearest('person', _WHO)}.")
            twice = next((one for one in ("source", unit, who) if columns.count(one) > 1), None)
            if twice is not None:
                raise Invalid(name, f"There are several columns {twice!r}; rename all but one of them.")
            return unit == "message_id", _whose(rows_below(table, name), name, unit, who)
    except (UnicodeDecodeError, *DAMAGED) as error:
        raise Invalid(name, "This is no CSV file in UTF-8 that can be read.") from error


def _whose(rows: Iterable[Row | Rejected], path: str, unit: str, who: str) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for number, row in enumerate(rows, 1):
        if isinstance(row, Rejected):
            raise Invalid(path, f"Row {number} can't be read. {row.reason}")
        key, whom = (row["source"] or "", row[unit] or ""), row[who]
        if all(key) and whom and found.setdefault(key, whom) != whom:
            raise Invalid(path, f"Row {number} says another {who} than a row before it.")
    return found
