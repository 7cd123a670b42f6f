"""Makes events of raw lines beside the engine: in other processes, so that the engine has a core of its own.

A few lines are parsed here, for a process takes longer to start than they take. What is under way in the
other processes is bounded. Whenever this process would wait for them, it parses as well.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, cycle
from typing import Any, Final, NamedTuple

import orjson

from graph_schema.messages import Rejected, is_batch, names_no_source
from graph_schema.rules import Rules
from graph_schema.vocabulary import DeadLetter, Event, StoredEvent
from resolver.normalise import normalise
from stream.beside import Beside, let_others_go_first
from stream.files import RawLine
from stream.intake import Intake, Items
from stream.rows import row_id

_ALONE: Final = 4_000
"""Lines that are parsed in this process before others are started."""
_UNDER_WAY: Final = 24
"""Jobs that a process may have waiting, at work and done: enough to work on while a batch is taken in, or
this process would have to parse the next one itself."""


class Job(NamedTuple):
    """Lines to parse, or stored events to make ready again.

    ``name`` is the file's, to say where a line stood; ``source`` is for lines that name none, ``region`` for
    phones of a source to which the rules give none. ``received`` is the time of receipt, ``stamp`` that of
    messages that have none.
    """

    lines: Sequence[RawLine | StoredEvent]
    name: str = ""
    source: str | None = None
    region: str | None = None
    received: int = 0
    stamp: int | None = None


class Parser:
    """Parses jobs under one set of rules; with the key of the store for an engine that matches."""

    def __init__(self, rules: Rules, id_key: bytes | None = None) -> None:
        self._rules = rules
        self._intake = Intake(rules, id_key)

    def parse(self, job: Job) -> Items:
        """What became of each line, in their order; a line that is a ``batch`` makes as many as it holds."""
        made: Items = []
        for line in job.lines:
            if isinstance(line, StoredEvent):
                made.append(self._intake.again(line))
            elif isinstance(line.body, bytes) and is_batch(line.body):
                position = f"{job.name}:{line.position}"
                made += self._intake.take_batch(
                    line.body, job.received, None, job.stamp, position, job.source
                )
            else:
                made.append(self._take(line, job))
        return made

    def _take(self, line: RawLine, job: Job) -> Event | DeadLetter:
        body, position = line.body, f"{job.name}:{line.position}"
        if isinstance(body, Rejected):
            source = body.source if body.source is not None else job.source
            return self._intake.made(body._replace(source=source), job.received, position)
        if isinstance(body, dict) and job.region is not None:
            body = self._international(body, job.region)
        source = unless_named(job.source, body)
        return self._intake.take(body, job.received, source, job.stamp, position)

    def _international(self, body: dict[str, Any], region: str) -> dict[str, Any]:
        """The message of a row with its phones in international form, as read in the file's region.

        So the evidence says it itself, and whoever reads the stored event again needs no mapping for it.
        """
        if self._rules.source(body["source"]).region is not None:
            return body
        changed = dict(body)
        traits = body.get("traits", {})
        if "phone" in traits:
            changed["traits"] = {**traits, "phone": self._phone("phone", traits["phone"], region)}
        context = body.get("context", {})
        if "externalIds" in context:
            external = [
                {**one, "id": self._phone(one["type"], one["id"], region)} for one in context["externalIds"]
            ]
            changed["context"] = {**context, "externalIds": external}
        if changed == body:
            return body
        return {**changed, "messageId": row_id([body["messageId"], changed])}

    def _phone(self, namespace: str, value: str, region: str) -> str:
        declared = self._rules.by_name.get(namespace)
        if declared is None or declared.normaliser != "phone" or normalise("phone", value, None) is not None:
            return value
        return normalise("phone", value, region) or value


def parser_by(rules: Rules, id_key: bytes | None) -> Callable[[Job], Items]:
    """What parses jobs, in a process beside."""
    let_others_go_first()
    return Parser(rules, id_key).parse


def unless_named(source: str | None, body: bytes | Mapping[str, Any]) -> str | None:
    """The source of what is still to be typed, None where it names one itself."""
    return source if source is not None and _names_no_source(body) else None


def _names_no_source(body: bytes | Mapping[str, Any]) -> bool:
    try:
        message = orjson.loads(body) if isinstance(body, bytes) else body
    except orjson.JSONDecodeError:
        return True
    return names_no_source(message)


class Parsing:
    """Parses a stream of jobs, with ``workers`` processes beside this one once there is enough to do. All go
    into the background then: with ``behind`` this process does too."""

    def __init__(
        self, rules: Rules, id_key: bytes | None = None, workers: int | None = None, behind: bool = False
    ) -> None:
        self._by = (rules, id_key)
        self._parser = Parser(rules, id_key)
        self._wanted = min(3, max(1, (os.cpu_count() or 1) - 1)) if workers is None else workers
        self._behind = behind
        self._workers: list[Beside[Job, Items]] = []

    def __enter__(self) -> "Parsing":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()

    def run(self, jobs: Iterable[Job]) -> Iterator[Items]:
        """What became of each job's lines, job by job in their order."""
        waiting = iter(jobs)
        if self._wanted and not self._workers:
            alone = 0
            for job in waiting:
                if alone >= _ALONE:
                    break
                alone += len(job.lines)
                yield self._parser.parse(job)
            else:
                return
            if self._behind:
                let_others_go_first()
            self._workers = [Beside(parser_by, *self._by) for _ in range(self._wanted)]
            waiting = chain((job,), waiting)
        yield from self._shared_out(waiting) if self._workers else map(self._parser.parse, waiting)

    def _shared_out(self, waiting: Iterator[Job]) -> Iterator[Items]:
        """Gives jobs to the workers in turn; parses one itself whenever it would have to wait for them."""
        under_way: deque[Beside[Job, Items] | Items] = deque()
        bound = _UNDER_WAY * len(self._workers)
        turns = cycle(self._workers)
        sent = 0
        while True:
            while sent < bound and (job := next(waiting, None)) is not None:
                worker = next(turns)
                worker.send(job)
                under_way.append(worker)
                sent += 1
            if not under_way:
                return
            head = under_way[0]
            if isinstance(head, Beside):
                job = None if head.is_ready() or len(under_way) > 2 * bound else next(waiting, None)
                if job is not None:
                    under_way.append(self._parser.parse(job))
                    continue
                sent -= 1
                head = head.receive()
            under_way.popleft()
            yield head
