"""Decisions from what a store keeps: one or a thousand at a time, from one consistent view of it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from graph_schema.errors import AmbiguousIdentifier, Erased, UnknownPerson
from graph_schema.store import Document
from graph_schema.vocabulary import UNDECLARED, Identifier, Record
from profiles.decide import Decision, decide, nobody
from profiles.portrait import Outline, Portrait
from profiles.profile_rules import profile_rules
from profiles.scene import Request
from profiles.state import views
from resolver.founding import is_person_id
from stream.parts import in_parts
from stream.reader import Reader

Nobody = Literal["unknown_person", "ambiguous"]
_AT_ONCE: Final = 20


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
    for one in asked:
        profile_rules(rules).campaign(one.request.campaign)
    found = _persons(reader, {one.identifier for one in asked})
    decisions = [nobody("unknown_person")] * len(asked)
    of_persons: dict[int, list[int]] = {}
    for place, one in enumerate(asked):
        person = found[one.identifier]
        if isinstance(person, int):
            of_persons.setdefault(person, []).append(place)
        else:
            decisions[place] = nobody(person)
    # Few states at a time: dropped while they are young, they cost the collector of cycles nothing.
    for part in in_parts(of_persons, _AT_ONCE):
        for person, sketch in sketches_of(reader, part).items():
            for place in of_persons[person]:
                one = asked[place]
                decisions[place] = decide(sketch, _by_key(reader, sketch.state, one.request), rules, one.at)
    return decisions


def _by_key(reader: Reader, state: Document, request: Request) -> Request:
    """The request with her order and reward named by the keys that they are kept under: who asks may write a
    number otherwise than who told of it."""

    def key(said: str | None, namespace: str, kind: str) -> str | None:
        if not said:
            return said
        shown = views(state, kind)
        forms = (form.value for form in reader.intake.every_form(namespace, said))
        return next((one for one in forms if one in shown), said)

    return request._replace(
        order_id=key(request.order_id, "order_id", "order"),
        reward_code=key(request.reward_code, "reward_code", "reward"),
    )


def sketches_of(reader: Reader, persons: Collection[int]) -> Mapping[int, Outline]:
    """What decisions are made from, of each of these persons who wasn't erased; no more than that."""
    states = reader.tx.profiles(persons)
    blank = [one for one in persons if not states.get(one)]
    alive = living(reader.tx.members(blank), reader.tx.records) if blank else set()
    generic = reader.tx.generic(addresses_in(states.values()))
    return {one: Outline(states.get(one, {}), generic) for one in persons if states.get(one) or one in alive}


def addresses_in(states: Iterable[Document]) -> set[Identifier]:
    """The addresses of these states, of which has to be known whether they are generic."""
    return {
        Identifier(namespace, value)
        for state in states
        if "addresses" in state
        for namespace, values in state["addresses"].items()
        for value in values
    }


def living(
    members: Mapping[int, Collection[int]], records: Callable[[set[int]], Mapping[int, Record]]
) -> set[int]:
    """The persons who have a living record, of those with these records."""
    found = records({one for own in members.values() for one in own})
    return {person for person, own in members.items() if not all(found[one].ghost for one in own)}


def portraits_of(
    reader: Reader, persons: Collection[int], namespaces: Collection[str] | None = None
) -> Mapping[int, Portrait]:
    """Portraits, without what is ambiguous and without aliases, of those of these persons who weren't erased.

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
    nodes = tx.shown({one for record in records.values() for one in record.holdings})
    states = tx.profiles(persons)
    found: dict[int, Portrait] = {}
    for one, person in tx.persons(persons).items():
        living = [records[each] for each in members[one] if not records[each].ghost]
        held = {each: nodes[each] for record in living for each in record.holdings}
        if living:
            found[one] = Portrait(person.person_id, [], person.version, living, held, states.get(one, {}), [])
    return found


def _persons(reader: Reader, references: Collection[str]) -> dict[str, int | Nobody]:
    """To whom each reference leads. Most are settled by the identifier alone, all at once."""
    forms: dict[str, list[Identifier]] = {}
    for one in references:
        namespace, colon, value = one.partition(":")
        if colon and value and not is_person_id(one):
            forms[one] = reader.forms(namespace, value)
    nodes = reader.tx.look_up({form for each in forms.values() for form in each})
    found: dict[str, int | Nobody] = {}
    for one in references:
        held = [nodes[form] for form in forms.get(one, ()) if form in nodes]
        owner = reader.sole_owner(held[0]) if len(held) == 1 else None
        found[one] = _found(reader, one) if owner is None else owner
    return found


def _found(reader: Reader, reference: str) -> int | Nobody:
    try:
        return reader.named(reference)
    except (UnknownPerson, Erased):
        return "unknown_person"
    except AmbiguousIdentifier:
        return "ambiguous"
