"""Files into the store: read, parse beside the engine, write batch by batch, each with the position consumed.

How far a file was consumed stands in the store, written in the transaction that wrote what was consumed: so
after a crash it goes on there, and nothing counts twice. A position is the number of a line and a hash of all
lines up to it, so that a file that has grown goes on and one that was replaced starts again.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from graph_schema.messages import Rejected
from graph_schema.store import Behindhand
from stream.batch import Counts
from stream.engine import Engine
from stream.files import RawLine, read_file
from stream.intake import Items
from stream.mapping import FileMapping
from stream.parsing import Job, Parsing

BATCH: Final = 20_000
"""Events in one transaction. More write less each, as several change one page, and take more memory."""
_CHUNK_LINES: Final = 1_000
_CHUNK_BYTES: Final = 1 << 20
_POSITION: Final = "position/"
"""Operational state: how far a file was consumed."""


class Input(NamedTuple):
    """A file to ingest ("-" is standard input). ``source`` is for lines that name none."""

    path: str
    mapping: FileMapping | None = None
    source: str | None = None

    @property
    def stays(self) -> bool:
        """Whether it can be read twice: of a pipe what was read is gone, and its name is the next one's."""
        return self.path != "-" and Path(self.path).is_file()

    @property
    def name(self) -> str:
        """What it is called where its lines are told of."""
        return "standard input" if self.path == "-" else as_text(Path(self.path).name)

    @property
    def region(self) -> str | None:
        """Where its telephone numbers without a country code are from, unless the rules say it."""
        return self.mapping.region if self.mapping is not None else None


def as_text(name: str) -> str:
    """The name of a file as text: bytes of it that are no UTF-8, as older systems leave them, are spelled."""
    return name.encode("utf-8", "backslashreplace").decode()


class Mark(NamedTuple):
    """A position: the number of the last line consumed, and a hash of all lines up to it."""

    line: int
    digest: str


Report = Callable[[int, int], None]
"""Is told how many lines, and how many bytes of lines, have become durable since it was last told."""


def ingest(
    engine: Engine, given: Input, parsing: Parsing, report: Report = lambda *_: None, batch: int = BATCH
) -> Counts:
    """Takes everything of a file that was not taken before; when it returns, all of it is durable.

    Raises ``MappingError`` and ``Invalid`` as ``read_file`` does, and what ``Engine.ingest`` raises. What was
    consumed before stays consumed.
    """
    engine.agree()
    name = _POSITION + _identity(given)
    total = Counts()
    chunks = _Chunks(given, engine.clock, _resumed(given, _position(engine, name)), min(batch, _CHUNK_LINES))
    behind = (0, 0)
    for items, size, mark in chunks.batches(parsing, batch):
        state = {name: list(mark)} if given.stays else {}
        total.add(engine.ingest(items, state, soon=True))
        if behind[0]:
            # What went before, or this would not have been taken.
            report(*behind)
        behind = len(items), size
    if isinstance(engine.store, Behindhand):
        engine.store.settle()
    if behind[0]:
        report(*behind)
    return total


def _identity(given: Input) -> str:
    """What makes two runs the same: the same file, read in the same way."""
    mapping = given.mapping.model_dump(mode="json") if given.mapping is not None else None
    told = orjson.dumps(
        [as_text(str(Path(given.path).absolute())), mapping, given.source], option=orjson.OPT_SORT_KEYS
    )
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def _position(engine: Engine, name: str) -> Mark | None:
    with engine.store.read() as tx:
        return None if (stored := tx.get(name)) is None else Mark(*stored)


class _Lines(NamedTuple):
    """The lines that are still to be taken, and the hash of those before them."""

    rest: Iterator[RawLine]
    digest: hashlib.blake2b


def _resumed(given: Input, position: Mark | None) -> _Lines:
    """The lines after a position where the file still begins as it did then; else all of them."""
    lines, digest = read_file(given.path, given.mapping), hashlib.blake2b(digest_size=16)
    if position is None or not given.stays:
        return _Lines(lines, digest)
    for line in lines:
        _hash(digest, line)
        if line.position >= position.line:
            break
    if digest.hexdigest() == position.digest:
        return _Lines(lines, digest)
    return _Lines(read_file(given.path, given.mapping), hashlib.blake2b(digest_size=16))


def _hash(digest: hashlib.blake2b, line: RawLine) -> None:
    body = line.body
    said = body.raw if isinstance(body, Rejected) else body
    digest.update(b"%d\n" % line.position)
    digest.update(said if isinstance(said, bytes) else str(said["messageId"]).encode())


class _Chunks:
    """Reads lines in chunks."""

    def __init__(self, given: Input, clock: Callable[[], int], lines: _Lines, most: int) -> None:
        self._given = given
        self._clock = clock
        self._lines = lines
        self._most = most
        self._read: list[tuple[Mark, int]] = []

    def batches(self, parsing: Parsing, size: int) -> Iterator[tuple[Items, int, Mark]]:
        """What became of lines, at least so many but for the last of them: of how many bytes of lines, and
        where they end."""
        items: Items = []
        read, mark = 0, Mark(0, "")
        for made in parsing.run(self._jobs()):
            mark, more = self._read.pop(0)
            items += made
            read += more
            if len(items) >= size:
                yield items, read, mark
                items, read = [], 0
        if items:
            yield items, read, mark

    def _jobs(self) -> Iterator[Job]:
        lines: list[RawLine] = []
        size = 0
        for line in self._lines.rest:
            _hash(self._lines.digest, line)
            lines.append(line)
            size += len(line.body) + 1 if isinstance(line.body, bytes) else 0
            if len(lines) >= self._most or size >= _CHUNK_BYTES:
                yield self._job(lines, size)
                lines, size = [], 0
        if lines:
            yield self._job(lines, size)

    def _job(self, lines: list[RawLine], size: int) -> Job:
        given = self._given
        self._read.append((Mark(lines[-1].position, self._lines.digest.hexdigest()), size))
        return Job(lines, given.name, given.source, given.region, self._clock())
