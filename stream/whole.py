"""Files that are there whole or not at all: they are written beside their place, then put there at once."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Takes what is to stand at `path`; where that breaks off, whatever stood there before still does.

    "-" is standard output. What is no file (a pipe, /dev/null) is written to as it is. `mode` is who may read
    a new file, as far as the process allows.
    """
    if str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    # A link stays one: what it leads to is replaced.
    place = path.resolve()
    is_file = place.is_file() or not place.exists()
    beside = place.with_name(f".{place.name}.new") if is_file else place
    try:
        with open(beside, "wb", 1 << 20, opener=lambda name, flags: os.open(name, flags, mode)) as out:
            yield out
            if is_file:
                out.flush()
                os.fsync(out.fileno())
                beside.replace(place)
    except BaseException as error:
        if is_file:
            with suppress(OSError):
                beside.unlink()
        if isinstance(error, OSError) and error.filename == str(beside):
            error.filename = str(path)
        raise
