"""Who may import whom, what stays pure, and where each library and query language lives."""

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from tests.architecture.source import PACKAGES, PURE, ROOT, Source, complaint, docstrings, functions, sources

DIRECTION = (
    "graph_schema <- resolver <- profiles <- stream <- serving: each imports only from those to its left"
)
PURITY = "resolver and profiles are pure: no I/O, no clock, no randomness, no logging; pass such things in"
CONFINEMENT = (
    "each library has one home: faust in stream/faust_app.py, databases in graph_schema/, web in serving/"
)
PLAIN = "imports stand at the head of the file, and are the same for the type checker as at run time"
QUERIES = "no SQL and no Cypher outside graph_schema/: ask the store in words of the domain"
TESTLESS = "no package imports from tests/"

IMPURE_MODULES = frozenset(
    "asyncio concurrent ctypes fcntl glob http httpx importlib io logging mmap multiprocessing os pathlib "
    "pickle platform queue random requests secrets selectors shelve shutil signal socket sqlite3 ssl "
    "subprocess tempfile threading time urllib.request".split()
)
IMPURE_NAMES = {"uuid": {"uuid1", "uuid4"}, "numpy": {"random"}, "sys": {"stdin", "stdout", "stderr", "argv"}}
IMPURE_CALLS = frozenset({"open", "print", "input", "hash", "exec", "eval", "breakpoint"})
IMPURE_METHODS = frozenset(
    "now utcnow today read_text write_text read_bytes write_bytes uuid1 uuid4 getenv urandom".split()
)
HOMES = {
    "faust": ("stream/faust_app.py",),
    "mode": ("stream/faust_app.py",),
    "aiokafka": ("stream/",),
    "sqlite3": ("graph_schema/",),
    "neo4j": ("graph_schema/",),
    "fastapi": ("serving/",),
    "jinja2": ("serving/console/", "serving/single_pages.py"),
    "authlib": ("serving/console/",),
    "joserfc": ("serving/console/oidc.py", "serving/destinations/service_account.py"),
    "itsdangerous": ("serving/console/",),
    "starlette": ("serving/",),
    "uvicorn": ("serving/",),
    "typer": ("serving/",),
    "rich": ("serving/",),
    "httpx": ("serving/destinations/", "serving/console/oidc.py"),
    "tenacity": ("serving/destinations/",),
    "cryptography": ("serving/destinations/",),
}
QUERY = re.compile(
    r"\bSELECT\b.+\bFROM\b|\bINSERT\s+(OR\s+\w+\s+)?INTO\b"
    r"|\bUPDATE\s+\w+\s+SET\b|\bDELETE\s+FROM\b|\bPRAGMA\s+\w+"
    r"|\b(CREATE|DROP|ALTER)\s+(TABLE|INDEX|UNIQUE|VIEW|CONSTRAINT)\b|\bMATCH\s*\(|\bMERGE\s*\(|\bUNWIND\s+\$"
    r"|\A\s*(?i:select\s.+\sfrom\s|insert\s+into\s|delete\s+from\s|create\s+table\s|update\s+\w+\s+set\s)",
    re.DOTALL,
)

Rule = Callable[[Source], list[str]]


def imports(source: Source) -> Iterator[tuple[ast.stmt, str, str | None]]:
    """Each import of a file: the statement, the module's full name, and the name taken from it."""
    folder = source.path.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = folder[: len(folder) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node, module, alias.name) for alias in node.names)


def wrong_direction(source: Source) -> list[str]:
    """Imports of a package to the right of the file's own."""
    allowed = PACKAGES[: PACKAGES.index(source.package) + 1]
    return [
        source.at(node, f"{source.package} imports {module}")
        for node, module, _ in imports(source)
        if module.split(".")[0] in PACKAGES and module.split(".")[0] not in allowed
    ]


def impure_imports(source: Source) -> list[str]:
    """Imports of modules, or names of modules, that reach outside the process or differ from run to run."""
    return [
        source.at(node, f"imports {module}" + (f".{name}" if name else ""))
        for node, module, name in imports(source)
        if {module, module.split(".")[0], f"{module}.{name}"} & IMPURE_MODULES
        or name in IMPURE_NAMES.get(module, ())
    ]


def impure_calls(source: Source) -> list[str]:
    """Uses of the clock, of files, of randomness, and of hash(), which differs from process to process."""
    inside_hash = {
        id(inner)
        for function in functions(source.tree)
        if function.name == "__hash__"
        for inner in ast.walk(function)
    }
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = {"np": "numpy"}.get(node.value.id, node.value.id)
            if node.attr in IMPURE_NAMES.get(module, ()):
                found.append(source.at(node, f"uses {module}.{node.attr}"))
        if not isinstance(node, ast.Call) or id(node) in inside_hash:
            continue
        if isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            found.append(source.at(node, f"calls {node.func.id}()"))
        elif isinstance(node.func, ast.Attribute) and node.func.attr in IMPURE_METHODS:
            found.append(source.at(node, f"calls .{node.func.attr}()"))
    return found


def away_from_home(source: Source) -> list[str]:
    """Imports of a library by a file outside the library's home."""
    return [
        source.at(node, f"imports {module}, whose home is {' or '.join(homes)}")
        for node, module, _ in imports(source)
        if (homes := HOMES.get(module.split(".")[0])) and not source.path.startswith(homes)
    ]


def hidden_imports(source: Source) -> list[str]:
    """Imports within a function or a class, and imports for the type checker alone."""
    owners = [
        *functions(source.tree),
        *(node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)),
    ]
    inner = {
        node.lineno: source.at(node, "imports within a function or class")
        for owner in owners
        for node in ast.walk(owner)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    checking = [
        source.at(node, "imports TYPE_CHECKING")
        for node, _, name in imports(source)
        if name == "TYPE_CHECKING"
    ]
    checking += [
        source.at(node, "uses TYPE_CHECKING")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr == "TYPE_CHECKING"
    ]
    return [*inner.values(), *checking]


def queries(source: Source) -> list[str]:
    """Strings, docstrings apart, that read as SQL or Cypher, outside graph_schema."""
    if source.package == "graph_schema":
        return []
    documentation = docstrings(source.tree)
    return [
        source.at(node, "holds a query")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in documentation and QUERY.search(node.value)
    ]


def tests_in_use(source: Source) -> list[str]:
    """Imports from the tests."""
    return [
        source.at(node, f"imports {module}")
        for node, module, _ in imports(source)
        if module.split(".")[0] == "tests"
    ]


RULES = [
    pytest.param(wrong_direction, DIRECTION, PACKAGES, id="direction"),
    pytest.param(impure_imports, PURITY, PURE, id="pure-imports"),
    pytest.param(impure_calls, PURITY, PURE, id="pure-calls"),
    pytest.param(away_from_home, CONFINEMENT, PACKAGES, id="homes"),
    pytest.param(hidden_imports, PLAIN, (*PACKAGES, "tests"), id="plain-imports"),
    pytest.param(queries, QUERIES, PACKAGES, id="queries"),
    pytest.param(tests_in_use, TESTLESS, PACKAGES, id="no-tests-in-use"),
]


@pytest.mark.parametrize(("rule", "sentence", "directories"), RULES)
def test_the_project_keeps_the_rule(rule: Rule, sentence: str, directories: tuple[str, ...]) -> None:
    read = sources(*directories)
    offences = [offence for source in read for offence in rule(source)]
    assert {source.package for source in read} == set(directories), (
        "a package is missing, so the rule checks nothing"
    )
    assert not offences, complaint(sentence, offences)


def test_query_files_live_in_graph_schema() -> None:
    files = [
        path
        for package in PACKAGES[1:]
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".sql", ".cypher"}
    ]
    assert not files, complaint(QUERIES, [path.relative_to(ROOT).as_posix() for path in files])


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (wrong_direction, "resolver/a.py", "from profiles.golden import fold"),
        (wrong_direction, "graph_schema/a.py", "import serving.cli"),
        (wrong_direction, "stream/a.py", "from serving import api"),
        (impure_imports, "resolver/a.py", "import os.path"),
        (impure_imports, "resolver/a.py", "from urllib import request"),
        (impure_imports, "profiles/a.py", "from uuid import uuid4"),
        (impure_imports, "profiles/a.py", "from time import monotonic"),
        (impure_calls, "profiles/a.py", "at = datetime.now(UTC)"),
        (impure_calls, "profiles/a.py", "rules = open('rules.toml')"),
        (impure_calls, "resolver/a.py", "key = hash('ana')"),
        (impure_calls, "resolver/a.py", "draw = np.random.default_rng()"),
        (away_from_home, "stream/engine.py", "import faust"),
        (away_from_home, "stream/engine.py", "from sqlite3 import connect"),
        (away_from_home, "resolver/a.py", "from fastapi import FastAPI"),
        (hidden_imports, "stream/a.py", "def f() -> None:\n    import json"),
        (hidden_imports, "stream/a.py", "from typing import TYPE_CHECKING"),
        (queries, "stream/a.py", "q = 'SELECT id\\nFROM person'"),
        (queries, "serving/a.py", "q = f'MATCH (p:Person) WHERE p.id = {x} RETURN p'"),
        (queries, "serving/a.py", "q = 'delete from person'"),
        (tests_in_use, "serving/a.py", "from tests.model import Story"),
    ],
)
def test_the_rule_sees_an_offence(rule: Rule, path: str, text: str) -> None:
    assert rule(Source(path, text)), f"not seen in {path}: {text}"


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (wrong_direction, "profiles/a.py", "from resolver.people import Person\nfrom . import orders"),
        (
            impure_imports,
            "resolver/a.py",
            "from urllib.parse import quote\nfrom uuid import UUID\nimport datetime",
        ),
        (
            impure_calls,
            "resolver/a.py",
            "class A:\n    def __hash__(self) -> int:\n        return hash(self.key)",
        ),
        (away_from_home, "stream/faust_app.py", "import faust"),
        (hidden_imports, "stream/a.py", "import json\n\n\ndef f() -> None:\n    json.loads('1')"),
        (
            queries,
            "serving/a.py",
            "'''Select one from the list.'''\nsay = 'Choose a person to MERGE with, FROM the left'",
        ),
        (queries, "graph_schema/a.py", "q = 'SELECT id FROM person'"),
    ],
)
def test_the_rule_lets_the_rest_pass(rule: Rule, path: str, text: str) -> None:
    assert rule(Source(path, text)) == []
