"""Decisions from what a store keeps: one or a thousand at a time, from one consistent view of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from graph_schema.errors import AmbiguousIdentifier, Erased, Invalid, UnknownPerson, nearest
from graph_schema.rules import Rules
from graph_schema.vocabulary import UNDECLARED, Identifier
from profiles.channels import REACHING
from profiles.decide import Decision, Request, decide, nobody
from profiles.portrait import Portrait
from resolver.founding import is_person_id
from stream.reader import Reader

Nobody = Literal["unknown_person", "ambiguous"]


class Asked(NamedTuple):
    """Whom a decision is about (a person id, or namespace:value), what, and the clock in microseconds."""

    identifier: str
    request: Request
    at: int


def decide_all(reader: Reader, asked: Sequence[Asked]) -> list[Decision]:
    """Decides each, in the order asked. Who is unknown, erased or one of several is sent nothing.

    Raises ``Invalid`` for a campaign that there isn't, or what is no reference.
    """
    rules = reader.intake.rules
    check_campaigns(rules, (one.request.campaign for one in asked))
    found = _persons(reader, {one.identifier for one in asked})
    persons = {one for one in found.values() if isinstance(one, int)}
    portraits = portraits_of(reader, persons, REACHING)
    decisions = []
    for one in asked:
        person = found[one.identifier]
        portrait = portraits.get(person) if isinstance(person, int) else None
        if portrait is None:
            decisions.append(nobody("ambiguous" if person == "ambiguous" else "unknown_person"))
        else:
            decisions.append(decide(portrait, one.request, rules, one.at))
    return decisions


def check_campaigns(rules: Rules, campaigns: Iterable[str]) -> None:
    """Raises ``Invalid`` for a campaign that the rules don't have."""
    for one in campaigns:
        if one not in rules.campaigns:
            raise Invalid("campaign", f"no campaign has this name. {nearest(one, rules.campaigns)}")


def portraits_of(
    reader: Reader, persons: Collection[int], namespaces: Collection[str] | None = None
) -> Mapping[int, Portrait]:
    """What decisions are made from, of each of these persons who wasn't erased; no more than that.

    ``namespaces`` are those of which identifiers are wanted, None for all.
    """
    tx = reader.tx
    members = tx.members(persons)
    records = tx.records([one for each in members.values() for one in each])
    if namespaces is not None:
        places = {reader.intake.plan.position.get(name, UNDECLARED) for name in namespaces}
        for record in records.values():
            record.holdings = {
                one: holding for one, holding in record.holdings.items() if holding.namespace in places
            }
    nodes = tx.identifiers({one for record in records.values() for one in record.holdings})
    states = tx.profiles(persons)
    spaces = [space.name for space in reader.intake.plan.spaces]
    found: dict[int, Portrait] = {}
    for one, person in tx.persons(persons).items():
        living = [records[each] for each in members[one] if not records[each].ghost]
        held = {each: nodes[each] for record in living for each in record.holdings}
        if living:
            found[one] = Portrait(
                person.person_id,
                [],
                person.version,
                person.flags,
                living,
                held,
                states.get(one, {}),
                [],
                spaces,
            )
    return found


def _persons(reader: Reader, references: Collection[str]) -> dict[str, int | Nobody]:
    """To whom each reference leads. Most are settled by the identifier alone, all at once."""
    forms: dict[str, list[Identifier]] = {}
    for one in references:
        namespace, colon, value = one.partition(":")
        if colon and value and not is_person_id(one):
            forms[one] = reader.forms(namespace, value)
    ids = reader.tx.identifier_ids({form for each in forms.values() for form in each})
    nodes = reader.tx.identifiers(ids.values())
    found: dict[str, int | Nobody] = {}
    for one in references:
        held = [nodes[ids[form]] for form in forms.get(one, ()) if form in ids]
        owner = reader.sole_owner(held[0]) if len(held) == 1 else None
        found[one] = _found(reader, one) if owner is None else owner
    return found


def _found(reader: Reader, reference: str) -> int | Nobody:
    try:
        return reader.find(reference).person.id
    except (UnknownPerson, Erased):
        return "unknown_person"
    except AmbiguousIdentifier:
        return "ambiguous"
