"""Parts that are loaded when a command first needs them, so that a small one starts without the large."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from graph_schema.errors import OnefoldError


def load(name: str) -> ModuleType:
    """A module of ours by name; raises ``OnefoldError`` where this installation is without it."""
    if find_spec(name) is None:
        raise OnefoldError(f"this installation has no {name}", way_out="Install Onefold again, whole")
    return import_module(name)
