"""The documents speak of what is there: links resolve, and cited paths and tests exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import PACKAGES, ROOT, complaint, functions, sources

CITED = "every path and test that a document cites exists"
NAMED = "every word of the glossary and of the map that reads as a name of our code is one"
LINKED = "every relative link of a document leads somewhere"
ANSWERED_FOR = (*PACKAGES, "tests", "docs", ".ci")
ROOT_FILE = re.compile(r"[\w.-]+\.(md|toml|lock|yaml|yml)|Makefile|LICENSE")
# Named in documents as examples of a user's own files.
USERS_FILES = frozenset({"rules.toml", "MAP.toml", "map.toml", "mapping.toml", "scenario.yaml"})

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
NAME = re.compile(r"(?:[A-Za-z_]\w*\.)?(_?[A-Za-z]+_\w+|[A-Z]\w*[a-z]\w*|[A-Z]{4,})")
TEST_NAME = re.compile(r"\btest_\w+\b(?!\.py|/|\w*\*)")


def documents(root: Path) -> Iterator[Path]:
    """The Markdown files at the root and below docs/."""
    yield from sorted(root.glob("*.md"))
    yield from sorted((root / "docs").rglob("*.md"))


def every_test() -> frozenset[str]:
    """The names of all tests, and of the files that hold them."""
    files = sources("tests")
    stems = {Path(source.path).stem for source in files}
    return frozenset(stems | {function.name for source in files for function in functions(source.tree)})


def every_name() -> frozenset[str]:
    """The names of all classes, functions, fields and constants of the packages."""
    trees = [source.tree for source in sources(*PACKAGES)]
    found = {
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }
    targets = (
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.AnnAssign)
    )
    for node in targets:
        assigned = node.targets if isinstance(node, ast.Assign) else [node.target]
        found |= {each.id for each in assigned if isinstance(each, ast.Name)}
    return frozenset(found)


def unknown_names(text: str, known: frozenset[str]) -> list[str]:
    """Code spans that read as a class, a constant or a function of ours, and are none."""
    names = [(span, NAME.fullmatch(span)) for span in SPAN.findall(FENCE.sub("", text))]
    return [span for span, name in names if name and name[1] not in known]


def anchors(text: str) -> set[str]:
    """The anchors that a document's headings get."""
    plain = [re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading) for heading in HEADING.findall(FENCE.sub("", text))]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def broken_links(document: Path, root: Path) -> list[str]:
    """Relative links of a document to files or headings that don't exist."""
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    broken = []
    for target in (inline or reference for inline, reference in LINK.findall(text)):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (
            root / path.lstrip("/") if path.startswith("/") else document.parent / path if path else document
        )
        if not file.exists() or (
            anchor and file.suffix == ".md" and anchor not in anchors(file.read_text(encoding="utf-8"))
        ):
            broken.append(f"{document.relative_to(root)}: {target}")
    return broken


def is_there(cited: str, root: Path) -> bool:
    """Whether a code span that names a path of ours names one that exists; any other span is no matter."""
    path = re.sub(r"(::.*|:\d+(-\d+)?|#.*)$", "", cited).rstrip("/")
    if re.search(r"[\s<>{}$…|()]|://|^/", path) or path in USERS_FILES:
        return True
    ours = "/" in path and path.split("/")[0] in ANSWERED_FOR
    if not ours and not ROOT_FILE.fullmatch(path):
        return True
    return any(root.glob(path)) or (not ours and any(root.glob(f"*/**/{path}")))


def missing_citations(document: Path, root: Path, known: frozenset[str]) -> list[str]:
    """Paths and test names in a document's code spans that don't exist."""
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    spans = SPAN.findall(text)
    missing = [span for span in spans if not is_there(span, root)]
    missing += [name for span in spans for name in TEST_NAME.findall(span) if name not in known]
    return [f"{document.relative_to(root)}: {name}" for name in missing]


def test_links_lead_somewhere() -> None:
    offences = [offence for document in documents(ROOT) for offence in broken_links(document, ROOT)]
    assert not offences, complaint(LINKED, offences)


def test_what_the_documents_cite_exists() -> None:
    # A decision tells of its own day; what it names may be gone since.
    today = [document for document in documents(ROOT) if "decisions" not in document.parts]
    known = every_test()
    offences = [offence for document in today for offence in missing_citations(document, ROOT, known)]
    assert not offences, complaint(CITED, offences)


def test_the_glossary_speaks_of_what_there_is() -> None:
    words = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    spoken = "\n".join(line.rpartition(" | ")[2] for line in words.splitlines())
    map_of_it = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    known = every_name() | every_test()
    offences = unknown_names(spoken, known) + unknown_names(map_of_it, known)
    assert not offences, complaint(NAMED, offences)


def test_a_name_that_is_none_is_seen() -> None:
    text = "`Person` `Persona` `is_known` `is_nobody` `Engine.ingest_all` `fold` `a b` `people/`"
    known = frozenset({"Person", "is_known", "Engine"})
    assert unknown_names(text, known) == ["Persona", "is_nobody", "Engine.ingest_all"]


def test_a_broken_link_and_a_missing_citation_are_seen(tmp_path: Path) -> None:
    (tmp_path / "stream").mkdir()
    (tmp_path / "stream" / "engine.py").touch()
    document = tmp_path / "ARCHITECTURE.md"
    document.write_text(
        "# The walk\n[here](#the-walk) [there](stream/engine.py) [gone](stream/gone.py) [nowhere](#nowhere)\n"
        "`stream/engine.py:12` `stream/gone.py` `GONE.md` `test_known` `tests/a.py::test_unknown` `a/b`\n"
        "```\n[in code](no/matter.py) `stream/no_matter.py`\n```\n",
        encoding="utf-8",
    )
    assert broken_links(document, tmp_path) == [
        "ARCHITECTURE.md: stream/gone.py",
        "ARCHITECTURE.md: #nowhere",
    ]
    assert missing_citations(document, tmp_path, frozenset({"test_known"})) == [
        f"ARCHITECTURE.md: {name}"
        for name in ("stream/gone.py", "GONE.md", "tests/a.py::test_unknown", "test_unknown")
    ]
