"""Which store an address means, and opening it."""

from importlib import import_module
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
        # Its driver takes a while to import, which those who keep a file needn't wait for.
        return cast(Store, import_module("graph_schema.neo4j_store").open_store(url, create))
    name = rest.removeprefix("///")
    if not name or name == rest:
        raise Invalid("--store", f"This names no file ({rest}). {_FILE}.")
    path = Path(name)
    if not create and not path.exists():
        raise StoreUnavailable(
            f"there is no store in the file {path}",
            way_out="Name another with --store or ONEFOLD_STORE, or make one: onefold ingest FILE",
        )
    return SqliteStore(path)


def in_neo4j(url: str) -> bool:
    """Whether an address is of a Neo4j."""
    return url.partition("://")[0] in _NEO4J


def fleeting_graph(url: str) -> Store:
    """A graph of its own in the Neo4j at an address, gone when it is closed."""
    return cast(Store, import_module("graph_schema.neo4j_store").fleeting(url))


def without_password(url: str) -> str:
    """An address as it may be shown."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"
