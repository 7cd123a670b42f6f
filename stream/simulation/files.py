"""The stream as a file: JSON lines, with their truth as CSV."""

import gzip
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import orjson

from stream.simulation.messages import Simulated
from stream.whole import whole_file

_REPORT_EVERY = 10_000


def write_stream(
    stream: Iterable[Simulated],
    out: Path,
    truth: Path | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Write messages to `out` as JSON lines, and who they are of to `truth` as CSV.

    The CSV's columns are `message_id,source,person`; a message that is sent twice has one row. A file whose
    name ends in .gz is compressed, "-" is standard output; equal streams make equal bytes. Both files
    are there once the stream has ended, not before. `progress` is told how many messages have been written,
    every 10,000 and at the end. Raises OSError where a file can't be written.
    """
    written = 0
    with _packed(out) as lines, whole_file(truth) if truth else nullcontext() as rows:
        if rows is not None:
            rows.write(b"message_id,source,person\n")
        for message, person, repeat in stream:
            lines.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))
            if rows is not None and not repeat:
                rows.write(f"{message['messageId']},{message['source']},{person}\n".encode())
            written += 1
            if written % _REPORT_EVERY == 0:
                progress(written)
    progress(written)


@contextmanager
def _packed(path: Path) -> Iterator[BinaryIO | gzip.GzipFile]:
    with whole_file(path) as raw:
        if not path.name.endswith(".gz"):
            yield raw
            return
        # Level 1: the stream is for reading once. No time stamp, so that equal streams are equal files.
        with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0) as packed:
            yield packed
