"""A person's records, identifiers and the words of stewards as nodes and links."""

from graph_schema.store import Document
from resolver.traced import record_shown
from stream.reader import Found, Reader

_MOST = 400
"""Nodes that one picture shows."""


def picture(reader: Reader, found: Found) -> Document:
    """``nodes`` (kind: record or identifier) and ``links`` between their numbers. What only one record holds
    and joins nobody is left out where there is too much."""
    records = found.records
    nodes: list[Document] = []
    place: dict[tuple[str, int], int] = {}
    held = reader.tx.identifiers({one for record in records for one in record.holdings})
    shared: dict[int, int] = {}
    for record in records:
        for one in record.holdings:
            shared[one] = shared.get(one, 0) + 1
    spaces = reader.intake.plan.spaces
    wanted = sorted(held, key=lambda one: (-shared[one], held[one].namespace, held[one].identifier))
    for record in records:
        place["record", record.id] = len(nodes)
        told = record_shown(reader.intake.plan, record, held, found.person.person_id)
        nodes.append({"kind": "record", "label": told["name"], "source": record.key.source})
    for one in wanted[: max(0, _MOST - len(nodes))]:
        node = held[one]
        joins = 0 <= node.namespace < len(spaces) and spaces[node.namespace].people
        place["identifier", one] = len(nodes)
        told = {"kind": "identifier", "label": node.identifier.value, "namespace": node.identifier.namespace}
        nodes.append({**told, "joins": joins, "generic": node.generic})
    links = [
        {"from": place["record", record.id], "to": place["identifier", one]}
        for record in records
        for one in record.holdings
        if ("identifier", one) in place
    ]
    return {"nodes": nodes, "links": links}
