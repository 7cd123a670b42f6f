"""Carries ghosts over into a fresh store: erased records, of which only hashes and sightings are left."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from graph_schema.store import Document, Transaction
from graph_schema.vocabulary import GHOST_SOURCE, Held, IdentifierNode, ObjectKey, Record
from profiles.state import mentions
from resolver.founding import is_person_id, person_id
from stream.batch import Batch
from stream.engine import RULES_STATE, Engine
from stream.ghosts import ANY_GHOSTS, ghost_identifier, is_hashed
from stream.identity import Identity
from stream.workspace import Workspace


def objects_of(tx: Transaction, records: Iterable[Record]) -> Mapping[ObjectKey, Document]:
    """The orders and rewards that the persons of some records show."""
    states = tx.profiles({record.person for record in records}).values()
    return tx.objects({key for state in states for key in mentions(state)})


def bury_then(was: Transaction, engine: Engine, records: Collection[Record], at: int) -> None:
    """Carries over, as ``bury`` does, the ghosts among some records as far as they had been seen by a moment;
    when each of their sightings was received nobody knows any more."""
    names = [person_id(one.key, past, engine.id_key) for one in records for past in range(one.erasures)]
    founded = dict(was.founded(names))
    met = {one.id: one for one in records if one.ghost} | dict(was.records(founded.values()))
    persons = was.persons({one.person for one in met.values()}).values()
    founded |= {one.person_id: one.founder for one in persons}
    ghosts = [_seen_by(ghost, at) for ghost in met.values() if (ghost.first_at or at) <= at]
    every = objects_of(was, records).items()
    objects = {key: haunted for key, told in every if (haunted := _haunted(told, at))}
    bury(was, engine, ghosts, founded.items(), objects)


def bury_all(was: Transaction, engine: Engine) -> None:
    """Carries over, as ``bury`` does, all ghosts of a store."""
    ghosts = [record for record in was.all_records() if record.ghost]
    every = (one for kind in ("order", "reward") for one in was.all_objects(kind)) if ghosts else ()
    objects = {key: haunted for key, told in every if (haunted := _haunted(told))}
    bury(was, engine, ghosts, was.all_founded(), objects)


def _seen_by(ghost: Record, at: int) -> Record:
    held = ((one, had) for one, had in ghost.holdings.items() if (had.first or at) <= at)
    seen = {one: had._replace(last=had.last and min(had.last, at)) for one, had in held}
    return replace(ghost, holdings=seen)


def bury(
    was: Transaction,
    engine: Engine,
    ghosts: list[Record],
    founded: Iterable[tuple[str, int]],
    objects: Mapping[ObjectKey, Document],
) -> None:
    """Writes ghosts of one store into another that is empty but for operational state.

    They take part in the resolution as before, and the ids that they founded answer as erased. What they did
    to orders and rewards stands, and under the same rules how like what others say they were: it can't be
    told any more from what is left of what they said.
    """
    if not (ghosts or objects):
        return
    ids: dict[int, list[str]] = {ghost.id: [] for ghost in ghosts}
    for named, record in founded:
        if record in ids and is_person_id(named):
            ids[record].append(named)
    # The id by which she was last called comes first: what is left of her is called by it again.
    called = {one.person_id for one in was.persons({ghost.person for ghost in ghosts}).values()}
    for names in ids.values():
        names.sort(key=lambda named: (named not in called, named))
    with engine.store.write() as tx:
        workspace = Workspace(engine.intake.plan, engine.id_key)
        workspace.begin(tx)
        batch = Batch(tx, workspace, engine.intake, engine.clock())
        buried = {
            ghost.id: _bury_one(batch, ghost, was.identifiers(ghost.holdings.keys()), ids[ghost.id])
            for ghost in ghosts
        }
        writes = workspace.collect()
        writes.state[ANY_GHOSTS] = True
        writes.objects = dict(objects)
        said = {ghost.content for ghost in ghosts} - {0}
        if was.get(RULES_STATE) != engine.rules.identity_hash:
            said.clear()
        for ghost in ghosts:
            writes.records[buried[ghost.id]].content = ghost.content if ghost.content in said else 0
        writes.contents = dict(was.contents(said))
        edges = [
            (one, two, weight) for one, alike in was.edges(said).items() for two, weight in alike.items()
        ]
        writes.edges = {(min(one, two), max(one, two)): weight for one, two, weight in edges}
        tx.apply(writes)
    if said:
        with engine.store.write() as tx:
            workspace.forget()
            workspace.begin(tx)
            Identity(workspace).around(buried.values())
            tx.apply(workspace.collect())


def _bury_one(batch: Batch, ghost: Record, nodes: Mapping[int, IdentifierNode], ids: list[str]) -> int:
    ws = batch.ws
    record = ws.new_record(ghost.key, ghost.first_at)
    record.erasures, record.ghost = ghost.erasures, ghost.ghost
    ws.writes.founded.pop(person_id(ghost.key, 0, ws.id_key), None)
    ws.writes.founded.update(dict.fromkeys(ids, record.id))
    ws.writes.founded[ghost.key.record_id] = record.id
    batch._fold(ghost.key, ghost.first_at, ())
    for one, holding in ghost.holdings.items():
        identifier = nodes[one].identifier
        # Who lives may hold it in another form by these rules.
        if not is_hashed(identifier):
            identifier = ghost_identifier(identifier, ws.id_key)
        held = Held(identifier.namespace, identifier.value, identifier.value, holding.flags)
        for at in dict.fromkeys((holding.first, holding.last)):
            batch._fold(ghost.key, at, (held,))
    person = ws.person(record.person)
    if person.founder == record.id and ids:
        person.person_id = ids[0]
    return record.id


def _haunted(told: Document, until: int | None = None) -> Document:
    """An order or a reward as far as ghosts speak of it, by a moment."""
    ghostly = ((name, entry) for name, entry in told.items() if entry[0] == GHOST_SOURCE)
    return {name: entry for name, entry in ghostly if until is None or (entry[2] or until) <= until}
