"""A row of a table as the `identify` message that it stands for."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

import orjson

from graph_schema.iso_time import EARLIEST, LATEST, read_time
from graph_schema.messages import Rejected
from stream.mapping import FileMapping

Row = Mapping[str, str | None]
"""The cells of a row by column. None, "" and blanks are no value."""

_FIELDS: Final = {"user_id": "userId", "anonymous_id": "anonymousId"}
_TRAITS: Final = ("email", "phone")


class RowReader:
    """Turns rows into messages by one mapping."""

    def __init__(self, mapping: FileMapping) -> None:
        named = sorted(mapping.identifiers.items())
        self._mapping = mapping
        self._fields = [(_FIELDS[name], column) for name, column in named if name in _FIELDS]
        self._external = [(name, column) for name, column in named if name not in (*_FIELDS, *_TRAITS)]
        own = (((name,), column) for name, column in named if name in _TRAITS)
        self._traits = [*own, *mapping.trait_columns()]

    def message(self, row: Row) -> dict[str, Any] | Rejected:
        """The message of a row, or why it can't be one: then `field` is the column.

        Its messageId is a hash of all that it says: the same row read again is the same message, and a
        changed one is new evidence on the same record.
        """
        cells = {column: text for column, cell in row.items() if cell and (text := cell.strip())}
        record_id = cells.get(self._mapping.record_id)
        if record_id is None:
            reason = (
                "The row has no record id in this column; give each row the key that its source knows it by."
            )
            return self._refused(self._mapping.record_id, reason, row)
        context: dict[str, Any] = {"recordId": record_id}
        external = [{"type": name, "id": cells[column]} for name, column in self._external if column in cells]
        if external:
            context["externalIds"] = external
        message: dict[str, Any] = {"type": "identify", "source": self._mapping.source, "context": context}
        for name, column in self._fields:
            if column in cells:
                message[name] = cells[column]
        traits = _nested((path, cells[column]) for path, column in self._traits if column in cells)
        if traits:
            message["traits"] = traits
        dated = self._mapping.timestamp
        if dated in cells:
            at = read_time(cells[dated])
            if at is None or not EARLIEST <= at <= LATEST:
                reason = "This is not a time from 1900 to 2100 by ISO 8601, such as 2026-03-02; write it so."
                return self._refused(dated, reason, row)
            message["timestamp"] = cells[dated]
        message["messageId"] = row_id(message)
        return message

    def _refused(self, field: str, reason: str, row: Row) -> Rejected:
        return Rejected(self._mapping.source, None, field, reason, _canonical(row))


def row_id(said: object) -> str:
    """The messageId of a row, by all that it says."""
    return f"row:{sha256(_canonical(said)).hexdigest()}"


def _nested(values: Iterable[tuple[tuple[str, ...], str]]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, value in values:
        at = tree
        for name in path[:-1]:
            at = at.setdefault(name, {})
        at[path[-1]] = value
    return tree


def _canonical(value: object) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # Bytes that are not UTF-8 stand in the text as lone surrogates, which only this writer can escape.
        return json.dumps(value, sort_keys=True).encode()
