"""Carries ghosts over into a fresh store: erased records, of which only hashes and sightings are left."""

from collections.abc import Iterable, Mapping

from graph_schema.store import Document, Transaction
from graph_schema.vocabulary import GHOST_SOURCE, Held, IdentifierNode, ObjectKey, Record
from resolver.founding import person_id
from stream.batch import Batch
from stream.engine import RULES_STATE, Engine
from stream.identity import Identity
from stream.workspace import Workspace

_KINDS = ("order", "reward")


def bury(was: Transaction, engine: Engine) -> dict[int, int]:
    """Writes the ghosts of one store into another that is empty but for operational state.

    They take part in the resolution as before, and the ids that they founded answer as erased. What they did
    to orders and rewards stands, and under the same rules how like what others say they were: it can't be
    told any more from what is left of what they said. Returns the new id of each.
    """
    ghosts = [record for record in was.all_records() if record.ghost]
    if not ghosts:
        return {}
    founded: dict[int, list[str]] = {}
    wanted = {ghost.id for ghost in ghosts}
    for named, record in was.all_founded():
        if record in wanted:
            founded.setdefault(record, []).append(named)
    with engine.store.write() as tx:
        workspace = Workspace(engine.intake.plan, engine.id_key)
        workspace.begin(tx)
        batch = Batch(tx, workspace, engine.intake, engine.clock())
        buried = {
            ghost.id: _bury_one(
                batch, ghost, was.identifiers(ghost.holdings.keys()), founded.get(ghost.id, [])
            )
            for ghost in ghosts
        }
        writes = workspace.collect()
        writes.objects = dict(_haunted(was))
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
    return buried


def _bury_one(batch: Batch, ghost: Record, nodes: Mapping[int, IdentifierNode], ids: list[str]) -> int:
    ws = batch.ws
    record = ws.new_record(ghost.key, ghost.first_at)
    record.erasures, record.ghost = ghost.erasures, ghost.ghost
    ws.writes.founded.pop(person_id(ghost.key, 0, ws.id_key), None)
    ws.writes.founded.update(dict.fromkeys(ids, record.id))
    for one, holding in ghost.holdings.items():
        identifier = nodes[one].identifier
        held = Held(identifier.namespace, identifier.value, identifier.value, holding.flags)
        for at in dict.fromkeys((holding.first, holding.last)):
            batch._fold(ghost.key, at, (held,))
    person = ws.person(record.person)
    if person.founder == record.id and ids:
        person.person_id = ids[0]
    return record.id


def _haunted(was: Transaction) -> Iterable[tuple[ObjectKey, Document]]:
    """Orders and rewards as far as ghosts speak of them."""
    for kind in _KINDS:
        for key, told in was.all_objects(kind):
            ghostly = {name: entry for name, entry in told.items() if entry[0] == GHOST_SOURCE}
            if ghostly:
                yield key, ghostly
