"""The project's Python files, parsed once, for the rules that are checked on them."""

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("graph_schema", "resolver", "profiles", "stream", "serving")
PURE = ("resolver", "profiles")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the project, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The file's syntax tree."""
        return ast.parse(self.text, self.path)

    @property
    def package(self) -> str:
        """The top-level directory that the file is in."""
        return self.path.split("/")[0]

    def at(self, node: ast.AST, what: str) -> str:
        """An offence, at the place of a node."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {what}"


def sources(*directories: str) -> list[Source]:
    """Every Python file below these directories, in the order of their paths."""
    found = sorted(path for directory in directories for path in (ROOT / directory).rglob("*.py"))
    return [Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in found]


def functions(tree: ast.AST) -> list[Function]:
    """Every function and method of a tree, nested ones too."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def docstrings(tree: ast.Module) -> set[int]:
    """The identities of the nodes that are docstrings."""
    owners = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | Function)]
    firsts = [owner.body[0] for owner in owners if owner.body]
    return {id(first.value) for first in firsts if isinstance(first, ast.Expr)}


def complaint(rule: str, offences: list[str]) -> str:
    """What a failing test says: the rule, then each place that breaks it."""
    return "\n  ".join([f"the rule: {rule}", *offences])
