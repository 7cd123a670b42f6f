"""The files that come with Onefold: rules, a model and tables, in ``bundled/``."""

from importlib.resources import files


def bundled_text(name: str) -> str:
    """What one of the files says; raises FileNotFoundError where there is none of that name."""
    return files("graph_schema").joinpath("bundled", name).read_text(encoding="utf-8")
