"""Files that are none, and files of strange names."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import orjson
import pytest

from tests.integration.command import Onefold, process


@pytest.fixture
def onefold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Onefold:
    monkeypatch.chdir(tmp_path)
    return Onefold(tmp_path, capsys)


def line_of(name: str) -> bytes:
    return orjson.dumps({"source": "web", "type": "identify", "messageId": name, "userId": name}) + b"\n"


def test_what_comes_by_a_pipe_of_the_same_name_is_taken_each_time(onefold: Onefold) -> None:
    pipe = onefold.folder / "pipe"
    os.mkfifo(pipe)
    for name in ("u-1", "u-2"):
        sender = threading.Thread(target=pipe.write_bytes, args=(line_of(name),))
        sender.start()
        told = onefold("ingest", "pipe")
        sender.join()
        assert "1 event taken" in told.err


def test_standard_input_is_named_once(onefold: Onefold) -> None:
    program = process(onefold.folder, "ingest", "-", "-", stdin=subprocess.PIPE)
    _, said = program.communicate(line_of("u-1"), timeout=60)
    assert program.returncode == 2
    assert said.splitlines() == [b"onefold: standard input: It is closed, or was read before; name - once."]
    assert "1 duplicate" in onefold("ingest", onefold.lines("day.jsonl", line_of("u-1"))).err


@pytest.mark.skipif(sys.platform != "linux", reason="a system whose names of files are UTF-8")
def test_a_file_whose_name_is_no_utf_8_is_one_as_others(onefold: Onefold) -> None:
    name = os.fsdecode(b"M\xe4rz.jsonl")
    (onefold.folder / name).write_bytes(line_of("u-1") + b"not JSON\n")
    told = onefold("ingest", name)
    assert (told.code, "1 event taken" in told.err) == (0, True)
    assert "0 dead letters" in onefold("ingest", name).err
    assert "rz.jsonl:2: message: This is not JSON" in onefold("doctor").out


@pytest.mark.parametrize("name", ["links [final].csv", "a[/b].csv"])
def test_brackets_in_a_name_are_letters(onefold: Onefold, name: str) -> None:
    (onefold.folder / "a[").mkdir()
    onefold("ingest", onefold.lines("day.jsonl", line_of("u-1")))
    told = onefold("export", "links", name)
    assert (told.code, told.err) == (0, f"{name}: 1 row\n")


@pytest.mark.parametrize(
    ("command", "closed", "code"),
    [
        (["person", "user_id:u-1"], ">&-", 2),
        (["export", "links", "links.csv"], ">&-", 0),
        (["ingest", "-"], "<&-", 2),
        (["export", "links", "links.csv"], "<&- >&- 2>&-", 0),
    ],
)
def test_a_closed_stream_is_as_a_full_disk(
    onefold: Onefold, command: list[str], closed: str, code: int
) -> None:
    onefold("ingest", onefold.lines("day.jsonl", line_of("u-1")))
    program = [sys.executable, "-c", "from serving.cli import main; main()", *command]
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *program]
    ended = subprocess.run(shell, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (ended.returncode, b"Traceback" in ended.stderr) == (code, False), ended.stderr
    assert bool(ended.stderr) == ("2>&-" not in closed)
