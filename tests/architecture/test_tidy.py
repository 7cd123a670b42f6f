"""Sizes, names and leftovers: what keeps the code readable."""

import ast
import io
import re
import tokenize
from collections.abc import Callable

import pytest

from tests.architecture.source import PACKAGES, Function, Source, complaint, docstrings, functions, sources

FUNCTION_LINES = 60
FILE_LINES = 350
PARAMETERS = 6
LINE_LENGTH = 110
CODE_LINES = 27_262
"""Lines of code of the five packages, matching and simulation among them: docs/decisions/0008."""
EVERYWHERE = (*PACKAGES, "tests")

BANNED_NAMES = frozenset(
    "base common core helper helpers lib libs manager misc shared stuff util utils".split()
)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
STATEMENTS = (
    ast.Import,
    ast.ImportFrom,
    ast.Assign,
    ast.AugAssign,
    ast.Return,
    ast.Raise,
    ast.Assert,
    ast.Delete,
)
DIRECTIVE = re.compile(r"#\s*(type:|noqa|pragma|fmt:|ruff:|mypy:|!)")
SAYS_IT_ASSERTS = re.compile(r"^_?(assert|check|expect|verify|must)(_|$)")

Rule = Callable[[Source], list[str]]


def long_functions(source: Source) -> list[str]:
    """Functions, decorators apart, of more lines than allowed."""
    return [
        source.at(function, f"{function.name} has {lines} lines")
        for function in functions(source.tree)
        if (lines := (function.end_lineno or function.lineno) - function.lineno + 1) > FUNCTION_LINES
    ]


def long_files(source: Source) -> list[str]:
    """The file, where it has more lines than allowed."""
    lines = len(source.text.splitlines())
    return [f"{source.path}: {lines} lines"] if lines > FILE_LINES else []


def many_parameters(source: Source) -> list[str]:
    """Functions of more parameters than allowed; self and cls don't count, nor options by which a command is
    called: each has its name before it there, and its own line in the command's help."""
    found = []
    for function in functions(source.tree):
        if source.path.startswith("serving/commands_") and not function.name.startswith("_"):
            continue
        spec = function.args
        names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
        count = len(names) - (names[:1] in (["self"], ["cls"]))
        if count > PARAMETERS:
            found.append(source.at(function, f"{function.name} has {count} parameters"))
    return found


def long_lines(source: Source) -> list[str]:
    """Lines of more characters than allowed, but for those of one word, which can't be broken."""
    return [
        f"{source.path}:{number}: {len(line)} characters"
        for number, line in enumerate(source.text.splitlines(), 1)
        if len(line) > LINE_LENGTH and len(line.split()) > 1
    ]


def comments(source: Source) -> list[tuple[int, str]]:
    """Each comment of a file with its line."""
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def unfinished(source: Source) -> list[str]:
    """Comments and docstrings that put work off."""
    documentation = docstrings(source.tree)
    prose = comments(source) + [
        (node.lineno, node.value)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) in documentation
    ]
    return [f"{source.path}:{line}: {found[0]}" for line, text in prose if (found := UNFINISHED.search(text))]


def is_code(comment: str) -> bool:
    """Whether a comment reads as a statement of Python."""
    text = comment.lstrip("# ").rstrip()
    if DIRECTIVE.match(comment) or not text:
        return False
    for attempt in (text, f"{text} pass"):
        try:
            (statement,) = ast.parse(attempt).body
        except (SyntaxError, ValueError):
            continue
        call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call | ast.Await)
        return call or isinstance(statement, STATEMENTS) or attempt != text
    return False


def dead_code(source: Source) -> list[str]:
    """Comments that are code."""
    return [f"{source.path}:{line}: {text}" for line, text in comments(source) if is_code(text)]


def prints(source: Source) -> list[str]:
    """Calls of print and of the debugger."""
    return [
        source.at(node, f"{node.func.id}()")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"print", "breakpoint"}
    ]


def empty_names(source: Source) -> list[str]:
    """Modules and packages whose name doesn't say what they hold."""
    return [source.path] if BANNED_NAMES & set(source.path.removesuffix(".py").split("/")) else []


def asserts(function: Function, known: dict[str, Function], seen: frozenset[str] = frozenset()) -> bool:
    """Whether a function can fail by a check of its own, or of a function of its file that it calls."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in {"raises", "fail", "warns", "run_state_machine_as_test"} or SAYS_IT_ASSERTS.match(name):
            return True
        if name in known and name not in seen and asserts(known[name], known, seen | {name}):
            return True
    return False


def tests_without_assertion(source: Source) -> list[str]:
    """Tests that can't fail but by an error."""
    everything = functions(source.tree)
    known = {function.name: function for function in everything}
    return [
        source.at(function, f"{function.name} asserts nothing")
        for function in everything
        if function.name.startswith("test_") and not asserts(function, known)
    ]


RULES = [
    pytest.param(
        long_functions, f"a function has at most {FUNCTION_LINES} lines", EVERYWHERE, id="functions"
    ),
    pytest.param(long_files, f"a file has at most {FILE_LINES} lines", EVERYWHERE, id="files"),
    pytest.param(
        many_parameters, f"a function has at most {PARAMETERS} parameters", EVERYWHERE, id="parameters"
    ),
    pytest.param(long_lines, f"a line has at most {LINE_LENGTH} characters", EVERYWHERE, id="lines"),
    pytest.param(
        unfinished, "no put-off work in the code: do it, or open an issue", EVERYWHERE, id="unfinished"
    ),
    pytest.param(dead_code, "no commented-out code: the history keeps it", EVERYWHERE, id="dead-code"),
    pytest.param(prints, "only serving/ speaks to a terminal", PACKAGES[:-1], id="prints"),
    pytest.param(empty_names, "a module's name says what it holds", EVERYWHERE, id="names"),
    pytest.param(tests_without_assertion, "every test asserts something", ("tests",), id="assertions"),
]


@pytest.mark.parametrize(("rule", "sentence", "directories"), RULES)
def test_the_project_keeps_the_rule(rule: Rule, sentence: str, directories: tuple[str, ...]) -> None:
    offences = [offence for source in sources(*directories) for offence in rule(source)]
    assert not offences, complaint(sentence, offences)


def code_lines(source: Source) -> int:
    """The lines of a file that hold code: no blank lines, comments or docstrings."""
    silent = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    spoken = [token for token in tokens if token.type not in silent]
    held = {line for token in spoken for line in range(token.start[0], token.end[0] + 1)}
    documentation = docstrings(source.tree)
    told = {
        line
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and id(node) in documentation
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    return len(held - told)


def test_the_project_stays_small() -> None:
    lines = {package: sum(map(code_lines, sources(package))) for package in PACKAGES}
    rule = f"the packages have at most {CODE_LINES} lines of code: what goes beyond takes something out"
    assert sum(lines.values()) <= CODE_LINES, complaint(
        rule, [f"{name}: {count}" for name, count in lines.items()]
    )


def test_only_code_is_counted() -> None:
    text = '"""What.\n\nMore.\n"""\n\nx = [\n    1,  # one\n]\n# why\n\n\ndef f() -> None:\n    """It."""\n'
    assert code_lines(Source("stream/example.py", text)) == 4


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (long_functions, "def f() -> None:\n" + "    x = 1\n" * FUNCTION_LINES),
        (long_files, "x = 1\n" * (FILE_LINES + 1)),
        (many_parameters, "def f(a, b, c, *, d, e, f, g): ..."),
        (long_lines, "x = '" + "a" * LINE_LENGTH + "'"),
        (unfinished, "x = 1  # TO" + "DO: y"),
        (unfinished, "def f() -> None:\n    '''FIX" + "ME: later.'''"),
        (dead_code, "# import os"),
        (dead_code, "# person = resolve(records)"),
        (dead_code, "# if person is None:"),
        (prints, "print(person)"),
        (tests_without_assertion, "def test_f() -> None:\n    resolve([])"),
        (tests_without_assertion, "def look(x): return x\ndef test_f() -> None:\n    look(1)"),
    ],
)
def test_the_rule_sees_an_offence(rule: Rule, text: str) -> None:
    assert rule(Source("stream/example.py", text)), f"not seen: {text[:80]}"


@pytest.mark.parametrize("path", ["stream/utils.py", "resolver/common/match.py", "tests/helpers.py"])
def test_a_name_that_says_nothing_is_seen(path: str) -> None:
    assert empty_names(Source(path, "")) == [path]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (many_parameters, "class A:\n    def f(self, a, b, c, d, e, f): ..."),
        (dead_code, "x = 1  # The oldest record stands (see resolve): ties go by key."),
        (long_lines, "    r'" + "a|" * LINE_LENGTH + "'"),
        (dead_code, "x = y  # type: ignore[assignment]"),
        (
            tests_without_assertion,
            "def test_f() -> None:\n    with pytest.raises(ValueError):\n        parse('')",
        ),
        (tests_without_assertion, "def holds(x): assert x\ndef test_f() -> None:\n    holds(1)"),
    ],
)
def test_the_rule_lets_the_rest_pass(rule: Rule, text: str) -> None:
    assert rule(Source("tests/example.py", text)) == []
