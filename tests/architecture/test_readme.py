"""README.md says what happens: its commands are run, and what they print is compared with what it quotes."""

import os
import pty
import re
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.architecture.source import ROOT
from tests.picture import FILE, draw

README = ROOT / "README.md"
BLOCK = re.compile(r"<!-- (file|run)(?:: ([^>]*?))? -->\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STYLING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
QUOTED_PORT = "8000"
PATIENCE_S = 60


class Block(NamedTuple):
    """A marked code block: a file to write, or commands to run (one other in the place of its own)."""

    kind: str
    named: str
    text: str


class Step(NamedTuple):
    """One command, and the lines that it is said to print; ``…`` stands for anything."""

    command: str
    quoted: list[str]


def blocks(text: str) -> Iterator[Block]:
    """The marked blocks of a document, in their order."""
    yield from (Block(kind, named, body) for kind, named, body in BLOCK.findall(text))


def steps(block: Block) -> list[Step]:
    """The commands of a block, each with what it is said to print."""
    found: list[Step] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(Step(block.named or line[2:], []))
        else:
            found[-1].quoted.append(line)
    return found


def agrees(quoted: list[str], printed: str) -> bool:
    """Whether something printed is what is quoted, but for ``…`` and blank lines at either end."""
    lines = [line.rstrip() for line in printed.splitlines()]
    parts = [
        ".*" if line.strip() == "…" else re.escape(line.rstrip()).replace("…", "[^\n]*") for line in quoted
    ]
    pattern = "\n".join(parts).strip("\n")
    return re.fullmatch(pattern, "\n".join(lines).strip("\n"), re.DOTALL) is not None


class Shell:
    """Runs commands as on a terminal, in a folder; those that end in ``&`` go on until the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
        self._staying: list[subprocess.Popen[bytes]] = []

    def run(self, command: str, lines: int) -> str:
        """What a command prints; of one that stays, its first lines."""
        stays = command.endswith("&")
        terminal, other = pty.openpty()
        process = subprocess.Popen(
            ["bash", "-c", "exec " + command.rstrip("& ") if stays else command],
            cwd=self._folder,
            env={**os.environ, "PATH": self._path, "TERM": "xterm", "TTY_INTERACTIVE": "0"},
            stdin=subprocess.DEVNULL,
            stdout=other,
            stderr=other,
        )
        os.close(other)
        if stays:
            self._staying.append(process)
        printed = _read(terminal, lines if stays else None)
        if not stays:
            os.close(terminal)
            assert process.wait(PATIENCE_S) == 0, f"{command}\n{printed}"
        return printed

    def end(self) -> None:
        """Ends what stays."""
        for process in self._staying:
            process.terminate()
            process.wait(PATIENCE_S)


def _read(terminal: int, lines: int | None) -> str:
    said = b""
    until = time.monotonic() + PATIENCE_S
    while (lines is None or said.count(b"\n") < lines) and time.monotonic() < until:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            more = os.read(terminal, 65_536)
        except OSError:  # the other end is closed
            break
        said += more
    return STYLING.sub("", said.decode()).replace("\r\n", "\n")


def free_port() -> str:
    """A port that nobody listens at."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return str(listening.getsockname()[1])


@pytest.mark.skipif(not shutil.which("curl"), reason="the README's commands need curl")
def test_the_commands_of_the_readme_print_what_it_quotes(tmp_path: Path) -> None:
    port = free_port()
    shell = Shell(tmp_path)
    ran = 0
    try:
        for block in blocks(README.read_text(encoding="utf-8")):
            if block.kind == "file":
                (tmp_path / block.named).write_text(block.text, encoding="utf-8")
                continue
            for step in steps(block._replace(text=block.text.replace(QUOTED_PORT, port))):
                printed = shell.run(step.command, len(step.quoted))
                quoted = "\n".join(step.quoted)
                assert agrees(step.quoted, printed), f"$ {step.command}\n{printed}\nis quoted as\n{quoted}"
                ran += 1
    finally:
        shell.end()
    assert ran > 10


def test_the_demo_that_is_quoted_is_what_make_demo_runs() -> None:
    recipe = re.search(r"^demo:.*\n\t@\$\(BIN\)/(.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipe is not None
    first = next(blocks(README.read_text(encoding="utf-8")))
    assert (first.text.splitlines()[0], first.named) == ("$ make demo", f"{recipe[1]} --no-serve")


def test_the_picture_is_the_one_that_the_demo_draws() -> None:
    assert FILE.read_text(encoding="utf-8") == draw(), "run python -m tests.picture"


@pytest.mark.parametrize(
    ("quoted", "printed", "same"),
    [
        (["a", "b"], "a\r\nb\n", True),
        (["a", "…", "d"], "a\nb\nc\nd", True),
        (["took … s (x)"], "took 1.2 s (x)", True),
        (["took … s"], "took 1.2\n3 s", False),
        (["a", "…"], "b\nc", False),
        (["a"], "a\nb", False),
    ],
)
def test_what_is_quoted_is_compared(quoted: list[str], printed: str, same: bool) -> None:
    assert agrees(quoted, printed.replace("\r\n", "\n")) is same
