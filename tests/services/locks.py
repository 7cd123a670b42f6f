"""Locks between processes, on files that may be removed when nobody holds them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock `path`; shared holders exclude only the others."""
    while True:
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            if _still_at(path, file):
                yield
                return


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock `path`."""
    with path.open("a") as file:
        return not _taken(file)


def remove_unless_held(path: Path) -> None:
    """Remove the lock's file; whoever waits for it at this moment will make another one."""
    with path.open("a") as file:
        if _taken(file):
            path.unlink(missing_ok=True)


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _still_at(path: Path, file: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
