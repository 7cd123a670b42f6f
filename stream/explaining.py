"""Why and how, asked of a store: resolves the neighbourhood of those who are meant again, with a trace."""

from collections.abc import Callable, Collection, Iterable, Set
from dataclasses import replace
from typing import Any, NamedTuple

from graph_schema.errors import UnknownPerson, naming
from graph_schema.store import Document
from graph_schema.vocabulary import BLOCKED, Record
from resolver.evidence import peers_of
from resolver.explain import how as how_of
from resolver.explain import why as why_of
from resolver.founding import canonical_person_id, is_person_id
from resolver.neighbourhood import neighbourhood
from resolver.resolve import resolve_near
from resolver.traced import Evidence
from stream.judging import aliases_of
from stream.reader import Found, Reader
from stream.workspace import Workspace


class Meant(NamedTuple):
    """Whom a reference leads to, and which of her records it means."""

    found: Found
    records: list[Record]


def meant(reader: Reader, reference: str) -> Meant:
    """The person and records of a reference: every record of hers that holds an identifier, the one record of
    ``source/record_id``, or for a person id the record that founds it.

    Raises ``UnknownPerson``, ``AmbiguousIdentifier``, ``Erased`` or ``Invalid``.
    """
    if is_person_id(reference):
        found = reader.find(reference)
        founder = reader.founder(canonical_person_id(reference)).id
        return Meant(found, [record for record in found.records if record.id == founder])
    before_slash, _, _ = reference.partition("/")
    namespace, _, value = reference.partition(":")
    if "/" in reference and ":" not in before_slash:
        return _record(reader, reference)
    try:
        found = reader.find(reference)
    except UnknownPerson:
        if "/" not in reference:
            raise
        return _record(reader, reference)
    values = {(form.namespace, form.value) for form in reader.intake.every_form(namespace, value)}
    held = reader.tx.shown({one for record in found.records for one in record.holdings})
    ids = {node.id for node in held.values() if node.identifier in values}
    records = [
        record
        for record in found.records
        if any(one in ids and not holding.flags & BLOCKED for one, holding in record.holdings.items())
    ]
    return Meant(found, records)


def _record(reader: Reader, reference: str) -> Meant:
    record = reader.record(reference)
    return Meant(reader.of(record.person), [record])


def why(reader: Reader, a: str, b: str) -> Document:
    """Why two references (records, identifiers or person ids) lead to one person, or what keeps them apart.

    The document of ``resolver.explain.why``, with the references and the ids of the persons.
    """
    with naming("a"):
        one = meant(reader, a)
    with naming("b"):
        two = meant(reader, b)
    evidence = evidence_around(reader, [*one.found.records, *two.found.records], _held(one) & _held(two))
    ours, theirs = (evidence.numbers(record.key for record in each.records) for each in (one, two))
    document = why_of(evidence, ours, theirs, _aliased(reader, one, two))
    persons = [one.found.person.person_id, two.found.person.person_id]
    return {"references": [a, b], "person_ids": persons, **document}


def _held(one: Meant) -> set[int]:
    return {value for record in one.found.records for value in record.holdings}


def how(reader: Reader, reference: str) -> Document:
    """How the person of a reference came to be: the document of ``resolver.explain.how``, with her id."""
    one = meant(reader, reference)
    evidence = evidence_around(reader, one.found.records)
    (number,) = evidence.numbers([one.found.records[0].key])
    return {"person_id": one.found.person.person_id, **how_of(evidence, number)}


def _aliased(reader: Reader, one: Meant, two: Meant) -> list[str]:
    """The untrusted sources of which an alias names a record of each, where they are two persons."""
    few, many = sorted((one.found.records, two.found.records), key=len)
    if one.found.person.id == two.found.person.id:
        return []
    others = {record.key for record in many}
    told = aliases_of(reader.tx, [record.id for record in few])
    return sorted({key.source for pair in told if not others.isdisjoint(pair) for key in pair})


def evidence_around(reader: Reader, records: Collection[Record], shared: Set[int] = frozenset()) -> Evidence:
    """The neighbourhood of records, resolved with a trace. Its numbers follow keys and values: so what is
    told of it is the same in whatever order it arrived. Of the generic values among ``shared`` all holders
    are counted, but for those that more hold than may."""
    plan = reader.intake.plan
    workspace = Workspace(plan, reader.id_key)
    workspace.begin(reader.tx)
    found = neighbourhood(plan, workspace, {record.id for record in records})
    persons = workspace.persons({record.person for record in found.records.values()})
    held = {one for record in found.records.values() for one in record.holdings}
    nodes = {**workspace.identifiers(held)}
    for one in shared & held:
        node = nodes[one]
        if node.generic and node.holders <= plan.spaces[node.namespace].max_records:
            holders = workspace.records(workspace.holders((one,))[one]).values()
            nodes[one] = replace(node, peers=peers_of(plan, node, holders))
    values = _numbered(nodes, lambda one: nodes[one].identifier)
    found = found.renumbered(_numbered(found.records, lambda one: found.records[one].key), values)
    named = {
        one: persons[record.person].person_id
        for one, record in found.records.items()
        if record.person in persons
    }
    return Evidence(
        plan,
        found.records,
        {number: replace(nodes[one], id=number) for one, number in values.items()},
        list(found.judgements.values()),
        resolve_near(plan, found, trace=True),
        named,
        found.likeness.contents,
    )


def _numbered(things: Iterable[int], order: Callable[[int], Any]) -> dict[int, int]:
    return {one: number for number, one in enumerate(sorted(things, key=order), 1)}
