"""Reading ahead: what settling a batch's events is about to ask for one by one, asked for at once.

In a store where each question costs a trip, whoever comes again after a while would cost a dozen. Nothing
depends on it: what is not foreseen is asked for when it is needed.
"""

from collections.abc import Collection, Iterable

from graph_schema.vocabulary import Record
from stream.workspace import Workspace


def foresee(workspace: Workspace, gaining: Collection[Record], gained: Collection[int]) -> None:
    """Reads what is asked about these records, that come to hold or to say something, and about known
    identifiers that somebody comes to hold: of persons of whom nothing is in memory their records, of
    identifiers of several persons who holds them; what all those hold and say, and who says the like."""
    nodes = workspace.identifiers(gained)
    whose = {node.sole for node in nodes.values()}.union(record.person for record in gaining)
    strangers = workspace.strangers(whose)
    workspace.identifiers(_held(record for record in gaining if record.person in strangers))
    persons = workspace.persons(strangers).values()
    members = workspace.members([person.id for person in persons if person.size <= _FEW])
    shared = [node.id for node in nodes.values() if node.sole < 0 and node.holders <= _FEW]
    near = {person.founder for person in persons}
    near.update(*members.values(), *workspace.holders(shared).values())
    records = workspace.records(near)
    said = {record.content for record in records.values() if record.content}
    if workspace.model is not None and said:
        workspace.prepared(said)
        alike = {other for found in workspace.edges(said).values() for other in found}
        speakers = [few for few in workspace.speakers(said | alike).values() if len(few) <= _FEW]
        records = {**records, **workspace.records({one for few in speakers for one in few})}
    held = workspace.identifiers(_held(records.values())).values()
    workspace.holders([node.id for node in held if 1 < node.holders <= _FEW])
    workspace.persons({record.person for record in records.values()})


def _held(records: Iterable[Record]) -> set[int]:
    return {one for record in records for one in record.holdings}


_FEW = 32
"""Of persons with more records, and of what more hold or say than these, not all are asked for ahead."""
