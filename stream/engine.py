"""The one engine and the one write path: read, resolve, write, in one transaction a batch.

Everything that changes a store comes through here: events of files, topics and HTTP, judgements of stewards,
erasures. What the evidence means is decided in ``resolver`` and ``profiles``; this only carries it out.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any, TypeVar

from graph_schema.errors import RulesMismatch
from graph_schema.rules import Rules
from graph_schema.store import Store, Transaction
from graph_schema.vocabulary import DeadLetter, Event, Judgement
from resolver.founding import DEFAULT_ID_KEY
from stream.batch import Batch, Counts
from stream.ghosts import ANY_GHOSTS
from stream.intake import Intake
from stream.judging import Judging
from stream.turns import in_turn, view_of_whole
from stream.upkeep import AUDIENCES_STATE, Upkeep, carry_over, refresh_all
from stream.workspace import Workspace

T = TypeVar("T")
RULES_STATE = "rules"
"""Operational state: the hash of the rules by which a store's persons were derived."""
KEY_STATE = "id key"
"""Operational state: what tells the key of person ids from another, and not which it is."""


def now_us() -> int:
    """The wall clock in microseconds."""
    return time.time_ns() // 1000


def _mark(id_key: bytes) -> str:
    return hashlib.blake2b(KEY_STATE.encode(), digest_size=8, key=id_key[:64]).hexdigest()


def disagreement(tx: Transaction, rules: Rules, id_key: bytes) -> RulesMismatch | None:
    """What is to be said where a store was not built by these rules, this key of person ids and this version;
    None where it was."""
    if tx.get(KEY_STATE) not in (None, _mark(id_key)):
        way_out = "Set the ONEFOLD_ID_KEY that it was built with"
        # By another key nobody would know who was erased.
        anew = "" if tx.get(ANY_GHOSTS) else ", or run `onefold rebuild`, which gives everybody another id"
        return RulesMismatch("this store was built with another key of person ids", way_out=way_out + anew)
    built_by = tx.get(RULES_STATE)
    if built_by is None or built_by == rules.identity_hash:
        return None
    if built_by in rules.older_hashes:
        return RulesMismatch(
            "this store was built by an older version of Onefold, which joins otherwise by the same rules",
            way_out="Run `onefold rebuild`; until then it can only be read, as that version left it",
        )
    return RulesMismatch(
        "this store was built by other rules, or by another version of Onefold",
        way_out="Name its rules with --rules, or run `onefold rebuild` with these",
    )


class Engine:
    """Writes to one store under one set of rules. Safe to call from several threads; they take turns."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        id_key: bytes = DEFAULT_ID_KEY,
        clock: Callable[[], int] = now_us,
        audiences: bool = True,
    ) -> None:
        """``audiences``: whether they are kept up to date; what only asks about persons needn't."""
        self.store = store
        self.rules = rules
        self.id_key = id_key
        self.clock = clock
        self.intake = Intake(rules)
        self.upkeep = Upkeep(rules) if audiences else None
        self._audiences_agree = False
        self._tells = True
        self._workspace = Workspace(self.intake.plan, id_key)
        self._turn = threading.Lock()

    @contextmanager
    def reader(self, whole: bool = False) -> Iterator[Judging]:
        """What the store has, to ask about persons. ``whole``: all of it as of one moment, which raises
        ``Overtaken`` at the end where that can't be: see ``stream.turns.undisturbed``."""
        with self.store.read(view_of_whole() if whole else "loose") as tx:
            yield self.reader_of(tx)

    def reader_of(self, tx: Transaction) -> Judging:
        """What a transaction sees, to ask about persons."""
        return Judging(tx, self.intake, self.id_key)

    def ingest(
        self,
        items: Sequence[Event | DeadLetter],
        state: Mapping[str, Any] | None = None,
        positions: Sequence[str | None] = (),
        soon: bool = False,
    ) -> Counts:
        """Takes a batch of events and dead letters; when it returns, all of it is durable, or will be
        ``soon``, and before whatever comes next, in a store that is ``Behindhand``.

        ``state`` is operational state to be written with it: the position up to which a file or topic is
        consumed. ``positions`` says of each item where it stood, where it may come again from there: what
        can't be taken is then kept once. Raises ``RulesMismatch`` where the store was built by other rules.
        """

        def take(batch: Batch) -> Counts:
            batch.ws.writes.soon = soon
            batch.prefetch([item for item in items if isinstance(item, Event)])
            for item, batch.position in zip(items, chain(positions, repeat(None)), strict=False):
                if isinstance(item, DeadLetter):
                    batch.reject(item)
                else:
                    batch.take(item)
            return batch.counts

        return self.carry_out(take, state)

    def judge(self, judgements: Iterable[Judgement]) -> None:
        """Takes judgements, new, or known ones that are now retracted."""

        def take(batch: Batch) -> None:
            for judgement in judgements:
                batch.judge(judgement)

        self.carry_out(take)

    def agree(self) -> None:
        """Raises ``RulesMismatch`` where the store was built by other rules."""
        with self.store.read() as tx:
            self._agree(tx)

    def put(self, state: Mapping[str, Any]) -> None:
        """Writes operational state alone."""
        self.carry_out(lambda batch: None, state)

    def fall_due(self, until: int) -> int:
        """Moves persons in and out of audiences whom time alone moves by a moment, each at her own; returns
        how many it looked at."""
        with self._turn:
            return self._fall_due(until)

    def _fall_due(self, until: int) -> int:
        upkeep = self.upkeep
        if upkeep is None:
            return 0
        looked = 0
        while True:
            with self.store.read() as tx:
                self._agree(tx)
                agree = self._audiences_agree or tx.get(AUDIENCES_STATE) == upkeep.hash
                waiting = bool(tx.due(until, 1))
            if not agree:
                refresh_all(self.store, upkeep, self._workspace, until)
            self._audiences_agree = True
            if not waiting:
                return looked
            looked += in_turn(self.store, lambda tx: upkeep.fall_due(tx, self._workspace, until))

    def carry_out(self, work: Callable[[Batch], T], state: Mapping[str, Any] | None = None) -> T:
        """Does in one batch what must read and write in one transaction, and writes operational state with
        it; returns what it came to. Where it raises, nothing was written; where another writer was first, all
        of it is done again."""

        def attempt(tx: Transaction) -> list[T]:
            self._agree(tx)
            if self.upkeep is not None and tx.due(now, 1):
                return []
            self._workspace.begin(tx)
            batch = Batch(tx, self._workspace, self.intake, now)
            done = work(batch)
            batch.finish({**self._built_by(tx), **(state or {})}, self.upkeep, self._tells)
            return [done]

        with self._turn:
            now = self.clock()
            try:
                if not self._audiences_agree:
                    self._fall_due(now)
                while not (done := in_turn(self.store, attempt)):
                    # Whom time alone moves goes first.
                    self._fall_due(now)
                return done[0]
            except BaseException:
                self._workspace.forget()
                raise

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """For as long as much is taken in that is no news: nobody is moved in or out of an audience, and the
        feed tells nothing. The store may be written beside it meanwhile."""
        kept, self.upkeep, self._tells = self.upkeep, None, False
        try:
            yield
        finally:
            self.upkeep, self._tells = kept, True
            self._workspace.forget()

    def take_over_audiences(self, was: Transaction) -> None:
        """Evaluates everybody, after all was derived again from a store that told its audiences so far."""
        if self.upkeep is not None:
            carry_over(was, self.store, self.upkeep, self._workspace, self.clock())

    def _built_by(self, tx: Transaction) -> dict[str, str]:
        """What a store has to say of the rules, and doesn't say yet."""
        audiences = {} if self.upkeep is None else {AUDIENCES_STATE: self.upkeep.hash}
        hashes = {RULES_STATE: self.rules.identity_hash, KEY_STATE: _mark(self.id_key), **audiences}
        return {name: one for name, one in hashes.items() if tx.get(name) != one}

    def _agree(self, tx: Transaction) -> None:
        wrong = disagreement(tx, self.rules, self.id_key)
        if wrong is not None:
            raise wrong
