"""Derives everything again from the evidence that a store keeps: by other rules, or by the same.

Events are taken in again in the order in which they came, through the one engine. What is no event is carried
over: dead letters, the feed, operational state, ghosts and tombs, and the stewards' judgements, each attached
to the records that now hold the founding events of those it spoke of. Person ids that were given out answer
as well: one that no record founds any more, by the event that founded it.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

from graph_schema.errors import Conflict, Invalid
from graph_schema.rules import Rules
from graph_schema.store import Replaceable, Store, Transaction, Writes
from graph_schema.vocabulary import GHOST_SOURCE, EventKey, Judgement, RecordKey
from resolver.founding import person_id
from stream.awaited import AWAITED, ISSUED, issued, lead
from stream.batch import Batch
from stream.burial import bury_all
from stream.engine import KEY_STATE, RULES_STATE, Engine
from stream.ghosts import ANY_GHOSTS
from stream.judging import ALIASES, founding_events
from stream.letters import every_letter
from stream.parsing import Job, Parsing
from stream.parts import followed, in_parts
from stream.retelling import tell_what_changed
from stream.upkeep import AUDIENCES_STATE

_AT_ONCE: Final = 10_000
_JOB: Final = 1_000
_ATTEMPTS: Final = 3


@dataclass
class Rebuilt:
    """What a rebuild did. ``moot`` counts judgements ``different`` of what has become one record."""

    events: int = 0
    refused: int = 0
    persons_before: int = 0
    persons: int = 0
    judgements: int = 0
    moot: int = 0


def rebuild(store: Store, rules: Rules, id_key: bytes, report: Callable[[int], None]) -> Rebuilt:
    """Derives a store again and swaps the result in at once, when all of it is ready.

    ``report`` is told how many events are done. Raises ``Invalid`` for a store that lives in memory,
    ``Conflict`` where others write to it all the while; then nothing has changed.
    """
    if not isinstance(store, Replaceable):
        raise Invalid("--store", "A store in memory has nothing to rebuild; name a file or a graph.")
    for _ in range(_ATTEMPTS):
        with store.swap() as swap:
            with closing(swap.fresh()) as fresh:
                engine = Engine(fresh, rules, id_key)
                told = derive(store, engine, report)
                with store.read() as was:
                    tell_what_changed(was, engine)
            if swap.take_place():
                return told
    raise Conflict("others wrote to the store while it was rebuilt", way_out="Stop them, and run it again")


def derive(old: Store, engine: Engine, report: Callable[[int], None] = lambda _: None) -> Rebuilt:
    """Derives what ``old`` keeps into the empty store of ``engine``, by the engine's rules."""
    with old.read() as was:
        told = Rebuilt(persons_before=sum(1 for _ in was.all_persons()))
        for writes in _carried_over(was):
            with engine.store.write() as tx:
                tx.apply(writes)
        bury_all(was, engine)
        with engine.quietly(), Parsing(engine.rules, engine.id_key, behind=True) as parsing:
            jobs = (Job(part) for part in in_parts(was.all_events(), _JOB))
            for made in in_parts(parsing.run(jobs), _AT_ONCE // _JOB):
                counts = engine.ingest([item for items in made for item in items])
                told.events += counts.taken
                told.refused += counts.erased
                report(told.events)
        with engine.quietly():
            told.judgements, told.moot = _attach(was, engine)
            _keep_ids(was, engine)
            if told.refused:
                _end_ids(was, engine)
        engine.take_over_audiences(was)
    with engine.store.read() as tx:
        told.persons = sum(1 for _ in tx.all_persons())
    return told


def _carried_over(was: Transaction) -> Iterator[Writes]:
    """The feed, the dead letters, the audit log, and operational state that is not derived from the rules."""
    key = () if was.get(ANY_GHOSTS) else (KEY_STATE,)
    derived = (RULES_STATE, AUDIENCES_STATE, ALIASES, AWAITED, *key)
    state = {name: value for name, value in was.scan("").items() if not name.startswith(derived)}
    yield Writes(state=state)
    for changes in in_parts(followed(was.changes, 0, _AT_ONCE), _AT_ONCE):
        yield Writes(changes=changes)
    for letters in in_parts(every_letter(was), _AT_ONCE):
        yield Writes(dead_letters=[letter for _, letter in letters])
    yield Writes(audit=was.audit(None, 1 << 30)[::-1])


def _attach(was: Transaction, engine: Engine) -> tuple[int, int]:
    """Gives the stewards' words again, of the records that now hold what they spoke of: how many, how many
    of them moot."""
    words: list[Judgement] = []
    with engine.store.read() as tx:
        rederived = {one.judgement_id: one for one in tx.judgements()}
        for word in was.judgements():
            if word.judgement_id.startswith(ALIASES):
                own = rederived.get(word.judgement_id)
                if own is not None and word.retracted_at is not None:
                    words.append(replace(own, retracted_at=word.retracted_at))
                elif own is None and any(key.source == GHOST_SOURCE for key in (*word.a, *word.b)):
                    words.append(word)
                continue
            words.append(_attached(was, tx, engine, word))
    if not words:
        return 0, 0
    engine.judge(words)
    return len(words), sum(word.kind == "different" and not (word.a and word.b) for word in words)


def _attached(was: Transaction, now: Transaction, engine: Engine, word: Judgement) -> Judgement:
    told = {key: word.founders.get(key) or (None,) for key in (*word.a, *word.b)}
    moved = {
        key: {event: _moved(was, now, engine, (key, event)) for event in events}
        for key, events in told.items()
    }
    a, b = ({one for key in side for one in moved[key].values()} for side in (word.a, word.b))
    # What has become one record can't be divided; what the word says of all the others still stands.
    both = a & b if word.kind == "different" else set()
    # An earlier rebuild may have left records out that it names founders of, this one refused messages.
    taken = now.seen({event for events in told.values() for event in events if event is not None})
    found: dict[RecordKey, set[EventKey]] = {}
    for event, key in (pair for each in moved.values() for pair in each.items()):
        if event is not None and event in taken and key not in both:
            found.setdefault(key, set()).add(event)
    founders = {key: tuple(sorted(events)) for key, events in found.items()}
    return replace(word, a=tuple(sorted(a - both)), b=tuple(sorted(b - both)), founders=founders)


def _moved(
    was: Transaction, now: Transaction, engine: Engine, held: tuple[RecordKey, EventKey | None]
) -> RecordKey:
    """The key of the record that now holds the founding event of one that had this key; a ghost keeps its."""
    old, founder = held
    if founder is None:
        return old
    ids = now.seen((founder,)), was.seen((founder,))
    if not all(ids):
        return old
    new_event, old_event = (
        tx.events(found.values())[found[founder]] for tx, found in zip((now, was), ids, strict=True)
    )
    again = engine.intake.again(new_event)
    if was.records((old_event.record,))[old_event.record].key == old:
        return again.record
    second = engine.reader_of(was).living((old,)).values()
    if all(event.key != founder for _, event in was.history([record.id for record in second])):
        return old  # another content under its id has moved the event away from it
    return again.record if again.also is None else again.also[0]


def _end_ids(was: Transaction, engine: Engine) -> None:
    """Lets the ids that led to a message which these rules refuse lead to whom it was refused for."""

    def work(batch: Batch) -> None:
        ids = issued(batch.tx)
        seen = batch.tx.seen(set(ids.values()))
        gone = was.seen({event for event in ids.values() if event not in seen})
        told = {one.key: engine.intake.again(one).record for one in was.events(gone.values()).values()}
        batch.ws.record_ids(set(told.values()))
        left = {named: batch.ws.ghost(told[event]) for named, event in ids.items() if event in told}
        lead(batch.tx, batch.ws.writes, {named: one.id for named, one in left.items() if one is not None})

    engine.carry_out(work)


def _keep_ids(was: Transaction, engine: Engine) -> None:
    """Remembers the founding event of every person id that no record founds any more."""
    living = (record for record in was.all_records() if not record.ghost)
    for part in in_parts(living, _AT_ONCE):
        named = {person_id(record.key, record.erasures, engine.id_key): record for record in part}
        with engine.store.read() as tx:
            gone = named.keys() - tx.founded(named.keys()).keys()
        events = founding_events(was, [named[one].id for one in gone])
        kept = {ISSUED + one: list(events[named[one].id]) for one in gone if named[one].id in events}
        if kept:
            engine.put(kept)
