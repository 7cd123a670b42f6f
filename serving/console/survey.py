"""The health of the graph, counted over everything: beside the pages, now and then, never while one waits."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from graph_schema.store import Document, Transaction
from graph_schema.vocabulary import KNOWN
from profiles.moments import iso
from serving.service import Service
from stream.letters import every_letter
from stream.parts import followed, in_parts

_log: Final = logging.getLogger("onefold")
_EVERY_S: Final = 600.0
_PATIENCE_S: Final = 0.06
_SLICE: Final = 100
_REST_S: Final = 0.004
_SIZES: Final = (
    (1, "1"),
    (2, "2"),
    (5, "3–5"),
    (10, "6–10"),
    (20, "11–20"),
    (50, "21–50"),
    (1 << 60, "51 and more"),
)
_DAYS: Final = 14
_LISTED: Final = 100
_CHANGES: Final = 20_000

T = TypeVar("T")


class Surveys:
    """The last survey of one server, and the next one when it is due."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._last: Document | None = None
        self._due = 0.0
        self._working: threading.Thread | None = None

    def last(self) -> Document | None:
        """The last survey; None while the first is being made and isn't ready in a moment."""
        if time.monotonic() >= self._due and (self._working is None or not self._working.is_alive()):
            self._due = time.monotonic() + _EVERY_S
            self._working = threading.Thread(target=self._make, daemon=True)
            self._working.start()
        if self._working is not None:
            self._working.join(_PATIENCE_S)
        return self._last

    def _make(self) -> None:
        try:
            with self._service.engine.store.read() as tx:
                self._last = survey(self._service, tx)
        except Exception as error:  # noqa: BLE001 - what a thread raises is printed, with whatever it says
            _log.warning("the graph could not be surveyed; it will be", exc_info=error)


def survey(service: Service, tx: Transaction) -> Document:
    """Sizes of persons, growth by day, refusals by field, generic and blocked values with their counts."""
    sizes: Counter[str] = Counter()
    persons = known = biggest = 0
    for person in _gently(tx.all_persons()):
        persons += 1
        known += bool(person.flags & KNOWN)
        biggest = max(biggest, person.size)
        sizes[next(name for most, name in _SIZES if person.size <= most)] += 1
    return {
        "at": iso(service.engine.clock()),
        "persons": persons,
        "known": known,
        "biggest": biggest,
        "sizes": [{"bucket": name, "count": sizes[name]} for _, name in _SIZES],
        "growth": _growth(tx),
        **_refused(tx),
        **_values(service, tx),
    }


def _growth(tx: Transaction) -> list[Document]:
    """Persons created, merged and split by day, as far as the end of the feed tells."""
    days: dict[str, Counter[str]] = {}
    after = max(0, tx.last_change() - _CHANGES)
    for change in _gently(followed(tx.changes, after, _SLICE)):
        days.setdefault(str(iso(change.at))[:10], Counter())[change.kind] += 1
    return [
        {"bucket": day, **{kind: days[day][kind] for kind in ("created", "merged", "split", "erased")}}
        for day in sorted(days)[-_DAYS:]
    ]


def _refused(tx: Transaction) -> Document:
    """Dead letters by the field that was wrong, and the reasons."""
    fields = Counter(letter.field for _, letter in _gently(every_letter(tx)))
    return {"refused": fields.total(), "fields": _most(fields)}


def _values(service: Service, tx: Transaction) -> Document:
    """Generic and blocked values, those with most records first, and how many identifiers there are."""
    by_name = service.engine.rules.by_name
    namespaces: Counter[str] = Counter()
    found: dict[str, list[Document]] = {"generic": [], "blocked": []}
    for node in _gently(tx.all_identifiers()):
        namespace, value = node.identifier
        namespaces[namespace] += 1
        kind = "generic" if node.generic else ""
        if not kind and node.holders and namespace in by_name and by_name[namespace].blocks(value):
            kind = "blocked"
        if kind:
            found[kind].append({"namespace": namespace, "value": value, "records": node.holders})
    return {
        name: sorted(held, key=lambda one: (-one["records"], one["namespace"], one["value"]))[:_LISTED]
        for name, held in found.items()
    } | {"identifiers": namespaces.total(), "namespaces": _most(namespaces)}


def _most(counts: Counter[str]) -> list[Document]:
    return [{"bucket": name, "count": number} for name, number in counts.most_common(12)]


def _gently(items: Iterable[T]) -> Iterator[T]:
    """The items, with rests in which pages are made."""
    for part in in_parts(items, _SLICE):
        yield from part
        time.sleep(_REST_S)
