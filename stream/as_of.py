"""A person as of an earlier moment: the evidence of then, resolved and folded once more, with the clock then.

All evidence that could matter is the closure of what the reference names now: through every value, generic
ones too (they may not have been so then), through judgements, orders and rewards. Its events that qualify go
through a fresh engine into a store in memory: there is no second way in which a person comes to be. Of
whom was erased since there are ghosts then too: others are who they were.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

from graph_schema.errors import Erased, Invalid, UnknownPerson
from graph_schema.memory import MemoryStore
from graph_schema.rules import Rules
from graph_schema.store import Document, Store, Transaction
from graph_schema.vocabulary import Identifier, Judgement, Record, RecordKey, StoredEvent
from profiles.objects import speakers
from resolver.founding import canonical_person_id, is_person_id
from stream.burial import bury_then, objects_of
from stream.engine import Engine
from stream.ghosts import ghost_identifier
from stream.intake import Intake
from stream.judging import ALIASES, alias_name
from stream.parts import in_parts
from stream.reader import Reader
from stream.turns import undisturbed, view_of_whole
from stream.workspace import Workspace

By = Literal["received", "event"]
"""What qualifies evidence: that this store had received it by then, or that it had happened by then."""

_AT_ONCE = 2_000


def as_of(store: Store, rules: Rules, id_key: bytes, reference: str, at: int, by: str) -> Document:
    """The golden profile of whom a reference named at ``at`` (in microseconds), with the clock then.

    ``by`` is "received" or "event"; an event without a time counts as having happened when it was received.
    A judgement counts from when it was given until it was taken back. ``version`` counts within this replay.
    Raises ``UnknownPerson``, ``AmbiguousIdentifier`` or ``Erased``.
    """
    with reader_as_of(store, rules, id_key, reference, at, by == "event") as reader:
        return reader.profile(reference, at)


@contextmanager
def reader_as_of(
    store: Store, rules: Rules, id_key: bytes, reference: str, at: int, by_event: bool
) -> Iterator[Reader]:
    """Answers of then for one reference; the evidence of others was not gathered."""
    intake = Intake(rules)

    def gathered() -> tuple[Engine, dict[int, StoredEvent], list[Judgement]]:
        engine = Engine(MemoryStore(), rules, id_key, clock=lambda: at, audiences=False)
        with store.read(view_of_whole()) as tx:
            records = _closure(tx, intake, id_key, _start(tx, intake, id_key, reference))
            bury_then(tx, engine, tx.records(records).values(), at)
            return engine, {event.id: event for _, event in tx.history(records)}, tx.judgements(records)

    engine, events, judgements = undisturbed(gathered)
    chosen = [
        event
        for event in events.values()
        if (event.at if by_event and event.at is not None else event.received) <= at
    ]
    replay(engine, sorted(chosen, key=lambda event: event.id), judgements, at)
    with engine.store.read() as then:
        yield Reader(then, engine.intake, id_key)


def replay(engine: Engine, events: list[StoredEvent], judgements: Iterable[Judgement], at: int) -> None:
    """Takes stored events, and the judgements that stood at a moment."""
    for part in in_parts(events, _AT_ONCE):
        engine.ingest([engine.intake.again(event) for event in part])
    taken = {alias_name(event.key) for event in events}
    standing = []
    for judgement in judgements:
        gone = judgement.retracted_at is not None and judgement.retracted_at <= at
        if judgement.judgement_id.startswith(ALIASES):
            # Its event gives it again; what must be told is only that it was taken back.
            if gone and judgement.judgement_id in taken:
                standing.append(judgement)
        elif not gone and (judgement.at is None or judgement.at <= at):
            standing.append(replace(judgement, retracted_at=None))
    if standing:
        engine.judge(standing)


def _start(tx: Transaction, intake: Intake, id_key: bytes, reference: str) -> set[int]:
    """The records that a reference could have meant at any time."""
    namespace, colon, value = reference.partition(":")
    if is_person_id(reference):
        found = set(tx.founded((canonical_person_id(reference),)).values())
    elif not colon:
        raise Invalid("identifier", "is neither a person id nor namespace:value")
    else:
        held = intake.every_form(namespace, value)
        forms = {Identifier(one.namespace, one.value) for one in held}
        ids = tx.identifier_ids({*forms, *(ghost_identifier(one, id_key) for one in forms)}).values()
        found = {record for records in tx.holders(ids).values() for record in records}
    records = tx.records(found).values()
    if not records:
        raise UnknownPerson
    if all(record.ghost for record in records):
        raise Erased
    return found


def _closure(tx: Transaction, intake: Intake, id_key: bytes, start: set[int]) -> set[int]:
    """All records that any evidence connects with some."""
    graph = Workspace(intake.plan, id_key)
    graph.begin(tx)
    met: set[int] = set()
    walked: set[int] = set()
    ring = start
    while ring:
        met |= ring
        records = tx.records(ring).values()
        values = {one for record in records for one in record.holdings} - walked
        walked |= values
        following = {record for holders in tx.holders(values).values() for record in holders}
        keys = {key for judgement in tx.judgements(ring) for key in (*judgement.a, *judgement.b)}
        keys |= _sharing(tx, records)
        following |= set(graph.record_ids(keys).values()) | _alike(tx, records)
        ring = following - met
    return met


def _alike(tx: Transaction, records: Collection[Record]) -> set[int]:
    """The records that say the same as some, or what is like it."""
    said = {record.content for record in records} - {0}
    contents = said.union(*tx.edges(said).values()) if said else said
    return {one for speakers in tx.speakers(contents).values() for one in speakers}


def _sharing(tx: Transaction, records: Collection[Record]) -> set[RecordKey]:
    """The records that speak of the orders and rewards of the persons of some."""
    return {speaker for one in objects_of(tx, records).values() for speaker in speakers(one)}
