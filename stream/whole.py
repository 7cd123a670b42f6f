"""Files that are there whole or not at all: they are written beside their place, then put there at once."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, FileIO
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO


class _Named(FileIO):
    """A file of which also what can't be written tells the name."""

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - whatever holds bytes
        try:
            return super().write(data)
        except OSError as error:
            error.filename = str(self.name)
            raise


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
    # By a name of its own: what two write at once is of the one or of the other.
    beside = place.with_name(f".{place.name}.{token_hex(4)}.new") if is_file else place
    try:
        raw = _Named(beside, "wb", opener=lambda name, flags: os.open(name, flags, mode))
        with BufferedWriter(raw, 1 << 20) as out:
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
