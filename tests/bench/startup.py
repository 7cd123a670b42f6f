"""What a command costs before it does anything: what is paid for each call in a shell loop."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.ingesting import ONEFOLD

_EVENT = (
    b'{"source": "web", "type": "identify", "userId": "u-1", "messageId": "m-1", "traits": {"age": 40}}\n'
)


def measure(folder: Path, times: int) -> Iterator[Figure]:
    """The best of several calls of three commands."""
    file, store = folder / "one.jsonl", f"sqlite:///{folder / 'startup.db'}"
    file.write_bytes(_EVENT)
    commands = {
        "onefold --help": ["--help"],
        "onefold ingest, one event": ["ingest", str(file), "--store", store],
        "onefold person": ["person", "user_id:u-1", "--store", store],
    }
    for name, command in commands.items():
        yield Figure(name, min(_seconds(command) for _ in range(times)) * 1e3, "ms")


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([*ONEFOLD, *command], check=True, capture_output=True)
    return time.perf_counter() - started
