"""What other rules, or another model, would change on the evidence that a store keeps. Nothing is written."""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

from graph_schema.rules import Rules
from graph_schema.sqlite import SqliteStore
from graph_schema.store import Store, Transaction
from graph_schema.vocabulary import RecordKey
from resolver.together import Together
from stream.engine import Engine
from stream.rebuilding import derive
from stream.retelling import links

Kind = Literal["merged", "split", "moved", "renamed"]
KINDS: tuple[Kind, ...] = ("merged", "split", "moved", "renamed")


class Altered(NamedTuple):
    """Persons, by id, that come out otherwise: of ``before`` there would be ``after``. ``records`` are some
    of theirs, as they are keyed now."""

    kind: Kind
    before: tuple[str, ...]
    after: tuple[str, ...]
    records: tuple[RecordKey, ...]


@dataclass
class Difference:
    """The persons and cases before and after, how many stay the same, and what is altered, by kind."""

    persons: tuple[int, int]
    cases: tuple[int, int]
    same: int = 0
    altered: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    examples: list[Altered] = field(default_factory=list)


def difference(
    store: Store, rules: Rules, id_key: bytes, examples: int, report: Callable[[int], None] = lambda _: None
) -> Difference:
    """Derives what a store keeps by other rules, into a temporary file, and compares persons by their events.

    Merged: several persons become one; split: one becomes several; moved: records go from some to others;
    renamed: the same events under another id. ``examples`` of each kind are told.
    """
    with (
        TemporaryDirectory(prefix="onefold-diff-") as folder,
        closing(SqliteStore(Path(folder) / "diff.db")) as fresh,
    ):
        derive(store, Engine(fresh, rules, id_key, audiences=False), report)
        with store.read() as was, fresh.read() as now:
            return _compared(was, now, id_key, examples)


def _compared(was: Transaction, now: Transaction, id_key: bytes, examples: int) -> Difference:
    linked: dict[tuple[int, int], int] = {}
    for old, new, record in links(was, now, id_key):
        linked.setdefault((old, new), record)
    names = [{one.id: one.person_id for one in tx.all_persons()} for tx in (was, now)]
    found = Difference((len(names[0]), len(names[1])), (len(was.cases()), len(now.cases())))
    for olds, news, records in _together(linked):
        ids = [tuple(sorted(names[0][one] for one in olds)), tuple(sorted(names[1][one] for one in news))]
        kind = _kind(ids[0], ids[1])
        if kind is None:
            found.same += 1
            continue
        found.altered[kind] += 1
        if sum(one.kind == kind for one in found.examples) < examples:
            keys = tuple(sorted(record.key for record in was.records(records[:5]).values()))
            found.examples.append(Altered(kind, ids[0], ids[1], keys))
    return found


def _kind(before: tuple[str, ...], after: tuple[str, ...]) -> Kind | None:
    if len(before) > 1:
        return "moved" if len(after) > 1 else "merged"
    if len(after) > 1:
        return "split"
    return None if before == after else "renamed"


def _together(linked: dict[tuple[int, int], int]) -> Iterable[tuple[set[int], set[int], list[int]]]:
    """Persons of before and after that events connect, with records that tell how."""
    together = Together[int]()
    for old, new in linked:
        together.join((old, ~new))
    found: dict[int, tuple[set[int], set[int], list[int]]] = {}
    for (old, new), record in linked.items():
        olds, news, records = found.setdefault(together.find(old), (set(), set(), []))
        olds.add(old)
        news.add(new)
        records.append(record)
    return found.values()
