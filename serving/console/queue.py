"""The stewards' queue as it was a moment ago, the most consequential case first.

Reading every case takes longer than a page may, so a snapshot is kept and made anew beside the pages, the
seldomer the longer it takes. Whoever is given a case sees it as it is: that is looked up at that moment.
"""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from math import inf
from typing import Final, NamedTuple

from graph_schema.store import Document
from serving.service import Service
from serving.stewardship import shown_case
from serving.waiting import Waiting, ranked
from stream.cases import open_cases
from stream.stewarding import standing

_log: Final = logging.getLogger("onefold")
_LEAST_S: Final = 1.0
_AT_ONCE_S: Final = 0.03
"""Where a snapshot takes no longer than this, each page has one of its own."""
_SHARE: Final = 20
"""Else a new one is begun when at least so many times its own time has passed."""
_PATIENCE_S: Final = 2.0
"""Who has just taken a word back waits at most so long for a snapshot that knows of it."""


class Snapshot(NamedTuple):
    """The queue at one moment."""

    waiting: Sequence[Waiting]
    decided: int
    mark: tuple[int, int]


class Queue:
    """The queue of one server."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._turn = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._gone: set[str] = set()
        self._next = 0.0
        self._took = 0.0
        self._patience = 0.0

    def begin(self) -> None:
        """Makes the first snapshot, so that nobody's first look waits for it."""
        self._turn.acquire()
        self._refresh_beside()

    def now(self) -> Snapshot:
        """The snapshot; what was decided here since is left out."""
        if self._snapshot is None or self._took < _AT_ONCE_S:
            with self._turn:
                self._refresh()
        elif time.monotonic() >= self._next and self._turn.acquire(timeout=self._patience):
            patience, self._patience = self._patience, 0.0
            beside = threading.Thread(target=self._refresh_beside, daemon=True)
            beside.start()
            beside.join(patience)
        found = self._snapshot
        assert found is not None  # noqa: S101 - made above
        gone = self._gone
        return found._replace(waiting=[one for one in found.waiting if one.case.case_id not in gone])

    def close(self, case_id: str) -> None:
        """Leaves a case out that was decided; it comes back where that is taken back."""
        self._gone = self._gone | {case_id}
        self._next = 0.0

    def again(self) -> None:
        """Has the queue looked at as soon as can be: the next page shows what was said here just now."""
        self._patience = _PATIENCE_S
        self._next = 0.0

    def _refresh_beside(self) -> None:
        try:
            self._refresh()
        except Exception as error:  # noqa: BLE001 - what a thread raises is printed, with whatever it says
            self._next = 0.0
            _log.warning("the queue could not be read; it will be", exc_info=error)
        finally:
            self._turn.release()

    def _refresh(self) -> None:
        started, gone = time.monotonic(), self._gone
        self._next = inf
        with self._service.engine.reader() as reader:
            tx = reader.tx
            audit = tx.audit(None, 1)
            mark = (tx.last_change(), audit[0].seq if audit else 0)
            if self._snapshot is None or mark != self._snapshot.mark:
                # Who used a reward twice herself has nothing to be judged: her page tells of it.
                between = [case for case in open_cases(reader) if len(case.persons) > 1]
                waiting = _once(ranked(reader, between))
                decided = sum(1 for _ in standing(tx))
                # What was closed meanwhile may be in what was read.
                self._gone = self._gone - gone
                self._snapshot = Snapshot(waiting, decided, mark)
                self._took = time.monotonic() - started
        if self._next == inf:
            self._next = time.monotonic() + max(_LEAST_S, _SHARE * self._took)


def _once(waiting: Iterable[Waiting]) -> list[Waiting]:
    """Each persons once, by the case that tells most of them: one answer decides about all."""
    first: dict[Sequence[str], Waiting] = {}
    for one in waiting:
        first.setdefault(one.case.persons, one)
    return list(first.values())


def shown(one: Waiting, worker: str | None) -> Document:
    """A waiting case as a page shows it; ``worker`` is whoever works on it."""
    return {
        **shown_case(one.case),
        "called": one.called,
        "records": one.records,
        "orders": one.orders,
        "total": one.total,
        "currency": one.currency,
        "by": worker,
    }
