"""A process beside this one that does one kind of work, job by job in their order: a core of its own, and an
interpreter.

It is fed and drained through pipes and ends when they do, however the process that feeds it ended.
"""

import gc
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import BinaryIO, Final, Generic, TypeVar, cast

from graph_schema.errors import OnefoldError

_PRIORITY: Final = 10
"""As `nice` counts: what answers people has 0, the last of all 19."""


Job = TypeVar("Job")
Made = TypeVar("Made")


def let_others_go_first() -> None:
    """Puts this process into the background: whoever answers somebody meanwhile waits for it no longer than
    it takes to change over, and is not interrupted by it. Where a sandbox forbids that, all are equal."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(_PRIORITY, os.getpriority(os.PRIO_PROCESS, 0)))
        if sys.platform == "linux" and os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


class Beside(Generic[Job, Made]):
    """One process that makes something of each job. What is sent and received are pickles.

    ``maker`` is a function of a module: called there with ``by``, it gives the function that is called with
    each job. It has this process's priority, unless ``maker`` changes that.
    """

    def __init__(self, maker: Callable[..., Callable[[Job], Made]], *by: object) -> None:
        # Never the working directory's modules, but those that this process found.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", "from stream.beside import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        # Each end has one owner: what Popen holds is closed here.
        with cast(BinaryIO, self._process.stdin) as to, cast(BinaryIO, self._process.stdout) as back:
            self._input, self._output = (Connection(os.dup(pipe.fileno())) for pipe in (to, back))
        self._results: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=_take_all, args=(self._output, self._results), daemon=True).start()
        self.send(cast(Job, (maker, by)))

    def send(self, job: Job) -> None:
        """Gives it a job; raises as ``receive`` where it has ended."""
        try:
            self._input.send_bytes(pickle.dumps(job, pickle.HIGHEST_PROTOCOL))
        except BrokenPipeError as error:
            raise _ended() from error

    def is_ready(self) -> bool:
        """Whether something is made that was not received yet."""
        return not self._results.empty()

    def receive(self) -> Made:
        """What it made of the next job, once that is done; raises ``OnefoldError`` where it ended before."""
        data = self._results.get()
        if data is None:
            raise _ended()
        return cast(Made, pickle.loads(data))  # noqa: S301 - what our own process wrote

    def stop(self) -> None:
        """Ends it, whatever it is at."""
        self._process.kill()
        self._process.wait()
        self._input.close()


def _ended() -> OnefoldError:
    return OnefoldError(
        "a process that worked beside this one ended before its time",
        way_out="Run again: it goes on where it was",
    )


def _take_all(pipe: Connection, into: "queue.SimpleQueue[bytes | None]") -> None:
    """Takes what comes, and None at the end, when the other side has ended."""
    with suppress(EOFError, OSError):
        while True:
            into.put(pipe.recv_bytes())
    into.put(None)


def serve() -> None:
    """What the process runs: works off what comes on standard input until it ends.

    Reading and writing have threads of their own, so that neither side ever waits for the other to take
    something off its hands.
    """
    # An interrupt is for the process that feeds this one; this one ends when it does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Nothing that is made is ever in a cycle.
    gc.disable()
    source, sink = Connection(sys.stdin.fileno(), writable=False), Connection(sys.stdout.fileno())
    jobs: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    results: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def deliver() -> None:
        try:
            while True:
                sink.send_bytes(results.get())
        except BrokenPipeError:
            os._exit(0)

    threading.Thread(target=_take_all, args=(source, jobs), daemon=True).start()
    threading.Thread(target=deliver, daemon=True).start()
    first = jobs.get()
    if first is None:
        os._exit(0)
    maker, by = pickle.loads(first)  # noqa: S301 - from the process that started this one
    make = maker(*by)
    while (data := jobs.get()) is not None:
        results.put(pickle.dumps(make(pickle.loads(data)), pickle.HIGHEST_PROTOCOL))  # noqa: S301
    os._exit(0)
