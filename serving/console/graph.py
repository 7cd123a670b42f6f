"""A person's records and identifiers as nodes and links, and who else holds one of these identifiers."""

from collections import Counter

from graph_schema.store import Document
from resolver.traced import record_shown
from stream.comparing import names_of
from stream.reader import Found, Reader

_MOST = 400
"""Nodes that one picture shows of her."""
_STRANGERS = 40


def picture(reader: Reader, found: Found) -> Document:
    """``nodes`` (kind: record, identifier or person) and ``links`` between their numbers. What only one
    record holds and joins nobody is left out where there is too much."""
    records = found.records
    nodes: list[Document] = []
    place: dict[tuple[str, int], int] = {}
    held = reader.tx.identifiers({one for record in records for one in record.holdings})
    shared = Counter(one for record in records for one in record.holdings)
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
    return {"nodes": nodes, "links": links + _strangers(reader, found, nodes, place)}


def _strangers(
    reader: Reader, found: Found, nodes: list[Document], place: dict[tuple[str, int], int]
) -> list[Document]:
    """Adds others who hold one of these identifiers, so that one can go on to them; returns their links."""
    held = {one: at for (kind, one), at in place.items() if kind == "identifier" and not nodes[at]["generic"]}
    holders = reader.tx.holders(held)
    own = {record.id for record in found.records}
    records = reader.tx.records({one for each in holders.values() for one in each if one not in own})
    living = {one: record.person for one, record in records.items() if not record.ghost}
    persons = reader.tx.persons(sorted(set(living.values()) - {found.person.id})[:_STRANGERS])
    names = names_of(reader, (person.person_id for person in persons.values()))
    for one, person in sorted(persons.items()):
        place["person", one] = len(nodes)
        url = f"/console/persons/{person.person_id}/graph"
        nodes.append({"kind": "person", "label": names.get(person.person_id, person.person_id), "url": url})
    pairs = {(at, living[one]) for value, at in held.items() for one in holders[value] if one in living}
    return [{"from": at, "to": place["person", person]} for at, person in sorted(pairs) if person in persons]
