"""What comes in by a pipe that has a name, as the shell gives one (`<(…)`, /dev/stdin) or mkfifo makes it."""

import os
import threading
from pathlib import Path

import orjson
import pytest

from tests.integration.command import Onefold


@pytest.fixture
def onefold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Onefold:
    monkeypatch.chdir(tmp_path)
    return Onefold(tmp_path, capsys)


def test_what_comes_by_a_pipe_of_the_same_name_is_taken_each_time(onefold: Onefold) -> None:
    pipe = onefold.folder / "pipe"
    os.mkfifo(pipe)
    for name in ("u-1", "u-2"):
        line = orjson.dumps({"source": "web", "type": "identify", "messageId": name, "userId": name}) + b"\n"
        sender = threading.Thread(target=pipe.write_bytes, args=(line,))
        sender.start()
        told = onefold("ingest", "pipe")
        sender.join()
        assert "1 event taken" in told.err
