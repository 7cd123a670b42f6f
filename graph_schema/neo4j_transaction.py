"""Writing one transaction of the Neo4j store.

What a batch stands on was read without stopping anybody. Only when it writes, it takes its turn: a lock on
the graph's own node, held until the commit. Then it looks whether others have changed meanwhile what it
read; if so nothing is written, and the batch is to be worked out again, this time within its turn.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import LiteralString

import neo4j

from graph_schema import neo4j_known as marks
from graph_schema import neo4j_more_queries as more
from graph_schema import neo4j_queries as q
from graph_schema import neo4j_rows as r
from graph_schema.errors import Overtaken
from graph_schema.neo4j_asking import Ask, Asked, begun
from graph_schema.neo4j_beside import path_of, place_of
from graph_schema.neo4j_known import COMMITS, Known
from graph_schema.neo4j_likeness import Likeness
from graph_schema.neo4j_refusals import TURN_SECONDS
from graph_schema.neo4j_rows import Graph, Row, packed, short_hash, within
from graph_schema.rows import judgement_row
from graph_schema.store import Kind, Writes
from graph_schema.vocabulary import Record

Allocate = Callable[[Kind, int], int]
"""Gives a new id of a kind within a graph."""


class Neo4jTransaction(Likeness):
    """See ``Transaction``. ``turn`` says who takes one (``writer``) at which graph (``name``)."""

    def __init__(
        self, ask: Ask, graph: Graph, known: Known, allocate: Allocate, turn: dict[str, str]
    ) -> None:
        super().__init__(ask, graph, known)
        self._allocate = allocate
        self._turn = turn
        self._full = set()
        self.changed: set[int] = set()
        self.erased = self.soon = self.beside = False
        self._written: Writes | None = None
        self._profiles: dict[int, str | None] = {}
        self.unchanged = self.locked = False

    def begin(self, unchanged: bool, locked: bool) -> None:
        """Says what may be remembered from before, and whether it has its turn already."""
        self.unchanged, self.locked = unchanged, locked
        # What isn't asked here leaves no mark: whatever others change meanwhile may be of it.
        self.read_all = unchanged

    def fits(self) -> bool:
        """Whether what was read fits together, as nobody has changed any of it since: for an answer that
        anybody may get, as that nobody is known, for which nobody waits."""
        return self._fits(self._ask, q.GRAPH)

    def fits_surely(self, session: neo4j.Session) -> bool:
        """The same for what can't be where all fits together: it waits until the last writer is through, as a
        commit may be seen in part."""
        with begun(session, TURN_SECONDS) as transaction:
            found = self._fits(Ask(transaction), q.LOCK)
            transaction.rollback()
        return found

    def _fits(self, ask: Ask, query: LiteralString) -> bool:
        rows = ask(query, self._turn)
        if not rows or rows[0][0] != self.graph.number:
            return False
        changed = changed_since(ask, Graph(*rows[0]), self.graph.commits)
        return changed is not None and not self._is_touched(changed)

    def _is_touched(self, changed: set[int]) -> bool:
        """Whether anything that was read here is among what others changed."""
        return bool(changed) if self.read_all else not changed.isdisjoint(self.read)

    def allocate(self, kind: Kind) -> int:
        """See ``Transaction``."""
        one = self._allocate(kind, self.graph.number)
        self._new[kind].add(one)
        return one

    def _lock(self, *also: Asked) -> tuple[Graph, list[list[Row]]]:
        """Takes its turn; returns the graph, and what else was asked for then. Raises ``Overtaken`` where
        others have changed what was read so far."""
        if self.locked:
            return self.graph, self._ask.together(*also)
        known = self._known
        rows, *found = self._ask.together((q.LOCK, self._turn), *also)
        self._ask.heed()
        now = Graph(*rows[0]) if rows else None
        self.locked = True
        if now is None or now.number != self.graph.number:
            raise Overtaken
        changed = changed_since(self._ask, now, known.commit)
        if changed is None:
            raise Overtaken
        self.beside = now.commits != known.commit
        # Whatever was read of a commit in part is of these.
        known.drop(changed)
        known.commit = now.commits
        if self._is_touched(changed):
            known.current = True
            raise Overtaken
        return now, found

    def apply(self, writes: Writes) -> None:
        """See ``Transaction``. Raises ``Overtaken`` where others came first."""
        self._mind(writes)
        now, names = self._lock(*self._asked_of_names(writes))
        told = {name: None if value is None else packed(value) for name, value in writes.state.items()}
        state = [
            (name, value)
            for name, value in told.items()
            if marks.of_other("state", name) not in self.read or self._stated((name,))[name] != value
        ]
        changed = marks.marks_of(writes)
        changed.update(marks.of_other("state", name) for name, _ in state)
        changed.update(self._marks_of_likeness(writes))
        changed.update(self._apply_events_gone(writes))
        self._apply_persons(writes)
        self._apply_records(writes)
        self._apply_identifiers(writes)
        self._apply_likeness(writes)
        self._apply_events(writes)
        self._apply_objects(writes)
        self._apply_stewardship(writes)
        cases = self._apply_cases(writes, now)
        self._apply_names(writes, *names)
        changed.update(self._apply_audit(writes))
        self._tell_ids(q.DELETE_RECORDS, writes.records_gone)
        self._tell_ids(q.DELETE_PERSONS, writes.persons_gone)
        self._apply_audiences(writes)
        stated = [[path_of(now.number, name), name, value] for name, value in state]
        self._tell(more.UNSET_STATE, [row for row in stated if row[2] is None])
        self._tell(more.SET_STATE, [row for row in stated if row[2] is not None])
        self.changed, self.graph = changed, self._close(writes, now, cases, changed)
        self._known.state.update((marks.of_other("state", name), value) for name, value in state)
        self._written, self.erased = writes, bool(writes.erased_records)
        self.soon = writes.soon and not self.erased

    def remember(self) -> None:
        """Takes into the process's memory what is now durable."""
        if self._written is not None:
            self._known.take(self._written, self._new, self._profiles)
            self._known.commit += 1
        self._known.trim()

    def _tell_ids(self, query: LiteralString, ids: Iterable[int]) -> None:
        self._tell(query, [self._low + one for one in sorted(ids)], "ids")

    def _pairs(self, query: LiteralString, pairs: Iterable[tuple[int, int]]) -> None:
        self._tell(query, [[self._low + one, self._low + other] for one, other in pairs])

    def _apply_events_gone(self, writes: Writes) -> set[int]:
        gone = [self._low + one for one in sorted(writes.erased_records)]
        keys = self._ask(q.ERASE_EVENTS, {"ids": gone}) if gone else []
        self._tell(q.ALSO_ERASED, gone, "ids")
        return {within(row[0]) << 3 | marks.EVENT for row in keys}

    def _apply_persons(self, writes: Writes) -> None:
        profiles = {one: packed(state) for one, state in writes.profiles.items()}
        self._profiles = dict.fromkeys(self._new["person"]) | profiles
        persons = sorted(writes.persons.items())
        rows = [r.person_row(person, profiles.pop(one, None), self._low) for one, person in persons]
        self._put("person", rows, q.CREATE_PERSONS, q.MERGE_PERSONS)
        self._tell(q.SET_PROFILES, [[self._low + one, state] for one, state in profiles.items()])

    def _put(self, kind: Kind, rows: list[Row], create: LiteralString, merge: LiteralString) -> None:
        """Tells rows of nodes that this transaction makes, and of those that may be there."""
        made, low = self._new[kind], self._low
        new = [row for row in rows if row[0] - low in made]
        self._tell(create, gathered((row[-1], row) for row in new) if kind == "event" else new)
        self._tell(merge, [row for row in rows if row[0] - low not in made])

    def _apply_records(self, writes: Writes) -> None:
        named = {record: one for one, record in writes.founded.items()}
        made = self._new["record"]
        new, light, whole = [], [], []
        for one, record in sorted(writes.records.items()):
            if one in made:
                founds = named.get(one)
                key = None if founds is None else self._low + short_hash(founds)
                new.append([*r.record_row(record, self._low), founds, key])
            elif self._only_grew(record):
                row = [self._low + one, record.first_at, record.last_event, r.held_row(record)]
                light.append([*row, *r.said_row(record, self._low)])
            else:
                whole.append(r.record_row(record, self._low))
        gone = [[self._low + short_hash(one), one] for one in sorted(writes.founded_gone)]
        self._tell(q.UNFOUND, gone)
        self._tell(q.FORMERLY_UNFOUND, gone)
        self._tell(q.CREATE_RECORDS, new)
        self._tell(q.UPDATE_RECORDS, light)
        self._tell(q.MERGE_RECORDS, whole)
        others = [
            [self._low + short_hash(one), one, record]
            for one, record in sorted(writes.founded.items())
            if not (record in made and record in writes.records and named[record] == one)
        ]
        self._tell(q.FOUND, others)

    def _only_grew(self, record: Record) -> bool:
        """Whether a record is whose it was, under the key that it had."""
        was = self._known.records.get(record.id)
        if was is None:
            return False
        before = (was.key, was.person, was.erasures, was.ghost)
        return before == (record.key, record.person, record.erasures, record.ghost)

    def _apply_identifiers(self, writes: Writes) -> None:
        low, made, new = self._low, self._new["identifier"], self._new["record"]
        rows = [r.identifier_row(node, low) for _, node in sorted(writes.identifiers.items())]
        self._put("identifier", rows, q.CREATE_IDENTIFIERS, q.MERGE_IDENTIFIERS)
        self._pairs(q.LET_GO, writes.holders_gone)
        fresh = {pair for pair in writes.holders if pair[0] in made or pair[1] in new}
        for query, pairs in ((q.HOLD, fresh), (q.HOLD_ONCE, writes.holders - fresh)):
            self._tell(query, gathered((low + record, low + one) for one, record in sorted(pairs)))

    def _apply_events(self, writes: Writes) -> None:
        # Of two under one id the later stands.
        rows = {one: r.event_row(event, self._low) for one, event in writes.events.items()}
        self._put("event", [rows[one] for one in sorted(rows)], q.CREATE_EVENTS, q.MERGE_EVENTS)
        self._pairs(q.ALSO_GONE, writes.also_gone)
        self._pairs(q.ALSO, writes.also)

    def _apply_objects(self, writes: Writes) -> None:
        orders, rewards = (q.DELETE_ORDERS, q.MERGE_ORDERS), (q.DELETE_REWARDS, q.MERGE_REWARDS)
        for kind, (delete, merge) in (("order", orders), ("reward", rewards)):
            keys = [key for key in [*writes.objects_gone, *writes.objects] if key.kind == kind]
            named = {key: [self._low + short_hash(*key), key.key] for key in keys}
            self._tell(delete, [named[key] for key in sorted(named.keys() & writes.objects_gone)])
            told = sorted(named.keys() & writes.objects.keys())
            self._tell(merge, [[*named[key], packed(writes.objects[key])] for key in told])

    def _apply_stewardship(self, writes: Writes) -> None:
        low = self._low
        self._tell_ids(q.UNRELATE, writes.related_gone - self._new["record"])
        self._tell(q.RELATE, [[low + a, low + b, c] for told in writes.related.values() for a, b, c in told])
        words = [(one.judgement_id, judgement_row(one, packed)) for one in writes.judgements]
        self._tell(q.MERGE_JUDGEMENTS, [[low + short_hash(named), *row] for named, row in words])
        judged = sorted(set(writes.judged_records))
        self._tell(q.JUDGE, [[low + one, low + short_hash(word), word] for one, word in judged])
        self._tell(q.UNJUDGE, [[low + short_hash(named), named] for _, named in writes.judged_gone])

    def _apply_cases(self, writes: Writes, now: Graph) -> int:
        """Closes and opens cases; returns the number of the last."""
        self._tell_ids(q.CLOSE_CASES, writes.cases_gone - self._new["record"])
        numbered = enumerate(writes.cases, self._low + now.cases + 1)
        rows = [
            [number, *case, [self._low + one for one in sorted(set(case.records))]]
            for number, case in numbered
        ]
        self._tell(q.OPEN_CASES, rows)
        return now.cases + len(rows)

    def _apply_audiences(self, writes: Writes) -> None:
        low, graph = self._low, self.graph.number
        left, joined = (
            [(one, place_of(graph, one)) for one in sorted(each)]
            for each in (writes.enrolled_gone, writes.enrolled)
        )
        self._tell(more.LEAVE, [[low + one.person, place] for one, place in left])
        keys = {one[1:]: low + short_hash(*one[1:]) for one, _ in joined}
        self._tell(more.AUDIENCES, [[key, *named] for named, key in keys.items()])
        self._tell(more.ENROL, [[low + one.person, keys[one[1:]], *one[1:], place] for one, place in joined])
        dues = sorted(writes.dues.items())
        gone = writes.persons_gone
        rows = [[low + one, None if at is None else graph, at] for one, at in dues if one not in gone]
        self._tell(more.SET_DUES, rows)

    def _close(self, writes: Writes, now: Graph, cases: int, changed: set[int]) -> Graph:
        """Tells feeds, commit and counts; returns the graph as it is then. What was numbered from an earlier
        end of a feed moves behind it."""
        ahead = now.changes - self.graph.changes
        changes = [one._replace(seq=one.seq + ahead) for one in writes.changes]
        if changes:
            told = {"last": self._low + changes[-1].seq, "entries": packed(list(map(list, changes)))}
            self._ask.tell(more.TELL_CHANGES, told)
        ahead = now.deltas - self.graph.deltas
        deltas = [one._replace(seq=one.seq + ahead) for one in writes.deltas]
        if deltas:
            told = {"last": self._low + deltas[-1].seq, "entries": packed(list(map(list, deltas)))}
            self._ask.tell(more.TELL_DELTAS, {**told, "audiences": sorted({one.audience for one in deltas})})
        numbered = enumerate(writes.dead_letters, self._low + now.letters + 1)
        letters = [[number, *letter] for number, letter in numbered]
        self._tell(more.CREATE_DEAD_LETTERS, letters)
        emptied = [[self._low + one, b""] for one in sorted(writes.letters_emptied)]
        self._tell(more.EMPTY_DEAD_LETTERS, emptied)
        ends = changes[-1].seq if changes else now.changes, deltas[-1].seq if deltas else now.deltas
        graph = Graph(now.number, now.commits + 1, *ends, now.letters + len(letters), cases)
        told = {"slot": self._low + graph.commits % COMMITS, "keys": marks.to_bytes(changed)}
        self._ask.tell(q.COMMIT, {**self._turn, **graph._asdict(), **told})
        return graph


def gathered(pairs: Iterable[tuple[int, object]]) -> list[Row]:
    """What is of the same, together, so that it is looked up once: its number, and all that is of it."""
    found: dict[int, list[object]] = defaultdict(list)
    for one, other in pairs:
        found[one].append(other)
    return list(map(list, found.items()))


def changed_since(ask: Ask, now: Graph, commit: int) -> set[int] | None:
    """The marks of what was changed after a commit; None where that can't be told any more."""
    if commit == now.commits:
        return set()
    if commit < 0 or now.commits - commit > COMMITS:
        return None
    wanted = range(commit + 1, now.commits + 1)
    rows = ask(q.COMMITS, {"slots": [now.low + number % COMMITS for number in wanted]})
    return set(chain.from_iterable(marks.from_bytes(row[1]) for row in rows))
