"""Runs the command line, in this process or as one of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from serving.cli import main


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


class Onefold:
    """The command line in a folder of its own, with a store there."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ended:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        said = self._capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    def lines(self, name: str, *messages: dict[str, Any] | bytes) -> str:
        """A file of JSON lines."""
        path = self.folder / name
        lines = [one if isinstance(one, bytes) else orjson.dumps(one) for one in messages]
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return str(path)


def process(
    folder: Path, *arguments: str, stdin: int | None = None, stdout: int | None = None
) -> "subprocess.Popen[bytes]":
    """A command as a process of its own."""
    program = [sys.executable, "-c", "from serving.cli import main; main()"]
    return subprocess.Popen(
        [*program, *arguments], cwd=folder, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE
    )
