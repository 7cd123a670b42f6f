"""The files that come with Onefold: rules, a model and tables, in ``bundled/``."""

from importlib.resources import files
from typing import Final

BUNDLED: Final = files("graph_schema").joinpath("bundled")


def bundled_text(name: str) -> str:
    """What one of the files says; raises FileNotFoundError where there is none of that name."""
    return BUNDLED.joinpath(name).read_text(encoding="utf-8")


def bundled_lines(name: str) -> list[str]:
    """The lines of one of the tables; those that begin with # are for people."""
    return [line for line in bundled_text(name).splitlines() if not line.startswith("#")]
