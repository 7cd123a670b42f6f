"""Which store an address means, and opening it."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final, cast

from graph_schema.errors import Invalid, StoreUnavailable, nearest
from graph_schema.memory import MemoryStore
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Store

DEFAULT_STORE: Final = "sqlite:///onefold.db"
_NEO4J: Final = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
_SCHEMES: Final = ("sqlite", "memory", *_NEO4J)
_FILE: Final = "Write a file as sqlite:///onefold.db (four slashes before an absolute path)"


def open_store(url: str, create: bool = True) -> Store:
    """The store at an address, migrated.

    ``sqlite:///file.db`` is relative to the working directory, with four slashes absolute; ``memory:`` lives
    as long as the process. Raises ``Invalid`` for an address that means nothing, ``StoreUnavailable`` where
    nothing answers there, or where there is no file yet and ``create`` is false.
    """
    scheme, colon, rest = url.partition(":")
    if not colon or scheme not in _SCHEMES:
        raise Invalid("--store", f"This is no address of a store. {nearest(scheme, _SCHEMES)}. {_FILE}.")
    if scheme == "memory":
        return MemoryStore()
    if scheme in _NEO4J:
        return _neo4j(url)
    path = sqlite_path(url)
    if path is None:
        raise Invalid("--store", f"This names no file ({rest}). {_FILE}.")
    if not create and not path.exists():
        raise StoreUnavailable(
            f"there is no store in the file {path}",
            way_out="Name another with --store or ONEFOLD_STORE, or make one: onefold ingest FILE",
        )
    return SqliteStore(path)


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite address; None for any other."""
    path = url.removeprefix("sqlite:///")
    return Path(path) if path and path != url else None


def _neo4j(url: str) -> Store:
    if find_spec("graph_schema.neo4j") is None:
        raise StoreUnavailable("this version has no Neo4j store", way_out=_FILE)
    return cast(Store, import_module("graph_schema.neo4j").open_store(url))
