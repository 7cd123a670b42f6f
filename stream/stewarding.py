"""What stewards do, through the engine's one write path, each with an entry of the audit log in the same
transaction."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from graph_schema.store import Transaction
from graph_schema.vocabulary import Audited, Judgement
from stream.batch import Batch
from stream.engine import Engine
from stream.judging import ALIASES, Word
from stream.seeing import check_unchanged


class Doer(NamedTuple):
    """Who does it, in which role, and why."""

    by: str
    role: str
    why: str = ""


def give(
    engine: Engine, word: Word, role: str, then: Mapping[str, Any] | None = None, also: Iterable[str] = ()
) -> Judgement:
    """Takes a word on the records that its sides name now. ``then`` is what was seen of the persons (see
    ``stream.seeing``), ``also`` the ids of what it is about besides.

    Raises ``Stale`` where they are no longer so, and what ``Judging.judgement`` raises.
    """

    def work(batch: Batch) -> Judgement:
        reader = engine.reader_of(batch.tx)
        if before := reader.came_before(word):
            return before
        if then is not None:
            check_unchanged(reader, then)
        judgement = reader.judgement(word)
        sides = [record for side in (("a", word.a), ("b", word.b)) for record in reader.side(*side).values()]
        persons = batch.tx.persons({record.person for record in sides}).values()
        batch.judge(judgement)
        about = (judgement.judgement_id, *also, *sorted({person.person_id for person in persons}))
        note(batch, Doer(word.by, role, word.why), word.kind, about)
        return judgement

    return engine.carry_out(work)


def take_back(engine: Engine, judgement_id: str, doer: Doer) -> Judgement:
    """Takes a judgement back: older words stand again. A second time changes nothing."""

    def work(batch: Batch) -> Judgement:
        judgement = engine.reader_of(batch.tx).retracted(judgement_id, batch.now)
        if judgement.retracted_at == batch.now:
            batch.judge(judgement)
            note(batch, doer, "taken back", (judgement_id,))
        return judgement

    return engine.carry_out(work)


def erase(engine: Engine, reference: str, doer: Doer) -> str:
    """Erases whom a reference names; returns the id that she had."""

    def work(batch: Batch) -> str:
        person = engine.reader_of(batch.tx).find(reference).person
        batch.erase(person.id, batch.now)
        note(batch, doer, "erased", (person.person_id,))
        return person.person_id

    return engine.carry_out(work)


def standing(tx: Transaction) -> Iterator[Judgement]:
    """The words of stewards that were not taken back; what trusted sources say of aliases is none."""
    return (
        one
        for one in tx.judgements()
        if one.retracted_at is None and not one.judgement_id.startswith(ALIASES)
    )


def note_only(engine: Engine, doer: Doer, what: str, about: Iterable[str]) -> None:
    """An entry of the audit log by itself."""
    engine.carry_out(lambda batch: note(batch, doer, what, about))


def note(batch: Batch, doer: Doer, what: str, about: Iterable[str]) -> None:
    """Adds an entry of the audit log to what a batch writes."""
    last = batch.tx.audit(None, 1)
    seq = (last[0].seq if last else 0) + 1 + len(batch.ws.writes.audit)
    batch.ws.writes.audit.append(Audited(seq, batch.now, doer.by, doer.role, what, tuple(about), doer.why))
