"""Numbered migrations: applied once, in order, each remembered with its check-sum in the store itself."""

import hashlib
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import NamedTuple

from graph_schema.errors import SchemaMismatch


class Migration(NamedTuple):
    """One numbered file. ``checksum`` is the SHA-256 of its text."""

    number: int
    name: str
    text: str
    checksum: str


def migrations(folder: str, ending: str) -> list[Migration]:
    """The migrations shipped in a folder of this package, by number."""
    found = []
    for entry in resources.files("graph_schema").joinpath(folder).iterdir():
        if entry.name.endswith(ending):
            text = entry.read_text(encoding="utf-8")
            number, _, name = entry.name.removesuffix(ending).partition("_")
            found.append(Migration(int(number), name, text, hashlib.sha256(text.encode()).hexdigest()))
    return sorted(found)


def pending(shipped: Iterable[Migration], applied: Mapping[int, str]) -> list[Migration]:
    """The migrations still to be applied to a store whose history is ``applied`` (check-sum by number).

    Raises ``SchemaMismatch`` where the history holds a migration that is unknown here, or was changed since.
    """
    known = {migration.number: migration for migration in shipped}
    for number, checksum in applied.items():
        if number not in known:
            raise SchemaMismatch(
                f"the store's schema is newer: it has migration {number}",
                way_out="Use the version that wrote it",
            )
        if known[number].checksum != checksum:
            raise SchemaMismatch(
                f"migration {number} is not the one that the store was made with",
                way_out="Restore the migration file, or rebuild into a new store",
            )
    return [migration for number, migration in sorted(known.items()) if number not in applied]
