"""Where a record goes that gained identifiers, in the many cases where nobody else can be touched by it.

Most changes need no resolving: the value is new, or all who hold it are one person at peace. Each short cut
here gives what ``resolve_near`` would give on everything; where that is in doubt the answer is to resolve.
"""

from collections.abc import Collection, Iterable, Mapping, Set
from enum import Enum
from typing import NamedTuple

from graph_schema.vocabulary import (
    ALIKE,
    BETWEEN,
    BLOCKED,
    CLAIMED,
    CONTESTED_ANONYMOUS,
    CONTESTED_PEOPLE,
    JUDGED,
    KNOWN,
    TWO_VALUES,
    IdentifierNode,
    Person,
    Record,
)
from resolver.evidence import is_generic, people_holdings
from resolver.plan import Plan


class Verdict(Enum):
    """What is to be done with a record that changed."""

    STAY = "its person does not change"
    FOUND = "it is a person of its own"
    ATTACH = "it belongs to this person"
    RESOLVE = "everything that the change can reach is to be resolved"


class Placement(NamedTuple):
    """A verdict; ``person`` to attach to; ``local``: then resolve by anonymous values alone; ``contested``:
    persons that now share an anonymous value with another known person, so are no longer at peace;
    ``absorbed``: persons who are not known and at peace, and now become one with the record's, whole."""

    verdict: Verdict
    person: int = 0
    local: bool = False
    contested: tuple[int, ...] = ()
    absorbed: tuple[int, ...] = ()


class Change(NamedTuple):
    """A record after the change, the identifiers that it gained, whether it was known before, and all its
    people-joining identifiers with their namespaces."""

    record: Record
    fresh: Set[int]
    was_known: bool
    people: list[tuple[int, int]]


_RESOLVE = Placement(Verdict.RESOLVE)
_LOCAL = Placement(Verdict.RESOLVE, local=True)
_UNREST = CONTESTED_PEOPLE | CONTESTED_ANONYMOUS | JUDGED


def note_peers(plan: Plan, change: Change, nodes: Mapping[int, IdentifierNode]) -> set[int]:
    """Counts a changed record's people-joining identifiers with each identifier that it holds.

    Returns the identifiers that became generic by it. Identifiers that are generic already learn nothing
    more.
    """
    record = change.record
    new_people = [each for each in change.people if each[0] in change.fresh]
    flipped: set[int] = set()
    for identifier in record.holdings if new_people else change.fresh:
        holding = record.holdings[identifier]
        if holding.namespace < 0 or holding.flags & BLOCKED:
            continue
        node = nodes[identifier]
        if node.generic:
            continue
        space = plan.spaces[holding.namespace]
        if not holding.flags & CLAIMED:
            for other, namespace in change.people if identifier in change.fresh else new_people:
                if namespace != holding.namespace and namespace in plan.counted:
                    node.peers.setdefault(namespace, set()).add(other)
        if is_generic(space, node.holders + (identifier in change.fresh), node.peers):
            node.generic = True
            flipped.add(identifier)
    return flipped


def place(
    plan: Plan,
    change: Change,
    nodes: Mapping[int, IdentifierNode],
    persons: Mapping[int, Person],
    flipped: Set[int],
) -> Placement:
    """Where ``change.record`` goes.

    ``nodes`` are the identifiers that it gained and its people-joining ones, not yet counting it;
    ``persons`` those who are the sole holders of one of them, and the record's own; ``flipped`` what
    ``note_peers`` returned.
    """
    record = change.record
    if flipped & _shared(nodes, flipped):
        return _RESOLVE
    touched = [nodes[one] for one in change.fresh if _ties(record, nodes[one])]
    if not plan.people_first and (touched or record.person):
        return _RESOLVE
    if any(node.claims or record.holdings[node.id].flags & CLAIMED for node in touched):
        return _RESOLVE
    known = holds_live(change.people, nodes)
    if record.person:
        return _existing(plan, change, known, touched, persons)
    if not touched or (change.people and not known):
        return Placement(Verdict.FOUND)
    by_people = [node for node in touched if node.namespace in plan.people]
    by_others = [node for node in touched if node.namespace not in plan.people]
    if by_people:
        return _with_people(plan, change, by_people, by_others, persons)
    return _anonymous(plan, known, by_others, persons)


def only_tie(
    plan: Plan, change: Change, nodes: Mapping[int, IdentifierNode], flipped: Set[int]
) -> IdentifierNode | None:
    """The identifier by which a new record is tied to others, where it is the only one and nothing of the
    record can keep it from going along with whoever else holds it. ``nodes`` are as for ``place``."""
    record = change.record
    tied = [nodes[one] for one in change.fresh if _ties(record, nodes[one])]
    if record.person or not plan.people_first or len(tied) != 1 or flipped & _shared(nodes, flipped):
        return None
    node = tied[0]
    if node.claims or record.holdings[node.id].flags or _leased(plan, tied):
        return None
    by_people = node.namespace in plan.people
    if any(namespace in plan.uniques for _, namespace in change.people) if by_people else change.people:
        return None
    return node


def leads(plan: Plan, node: IdentifierNode, other: Record, person: Person) -> bool:
    """Whether a record whose ``only_tie`` is ``node`` goes wherever ``other`` goes, who is ``person``'s.

    A tie takes all that it connects along, but for anchors; and she never was one.
    """
    if other.ghost or other.holdings[node.id].flags or person.flags & (BETWEEN | ALIKE) != BETWEEN:
        return False
    return node.namespace in plan.people or not people_holdings(plan, other.holdings)


def stands_for(plan: Plan, other: Record, change: Change, nodes: Mapping[int, IdentifierNode]) -> bool:
    """Whether the rule makes of a new record whatever it makes of another that says the same, if no judgement
    names that one.

    Both hold the same people-joining values, one of which joins them before matching, for good; wherever the
    smallest key has to stand for several, it is the other's.
    """
    if plan.matching is None or other.ghost or other.key > change.record.key:
        return False
    after = plan.matching.after
    joined = any(place <= after and not nodes[one].generic for one, place in change.people)
    leased = any(plan.spaces[place].lease for _, place in change.people)
    return joined and not leased and sorted(people_holdings(plan, other.holdings)) == sorted(change.people)


def says_more(record: Record) -> bool:
    """Whether more than values that are said can tie a record to others, or keep it apart."""
    return bool(record.content) or any(holding.flags & CLAIMED for holding in record.holdings.values())


def holds_live(people: Iterable[tuple[int, int]], nodes: Mapping[int, IdentifierNode]) -> bool:
    """Whether one of these people-joining identifiers is not generic: so is its holder known."""
    return any(not nodes[one].generic for one, _ in people)


def _shared(nodes: Mapping[int, IdentifierNode], identifiers: Iterable[int]) -> set[int]:
    return {identifier for identifier in identifiers if nodes[identifier].holders}


def _ties(record: Record, node: IdentifierNode) -> bool:
    """Whether an identifier that a record gained ties it to whoever held it before."""
    holding = record.holdings[node.id]
    return node.namespace >= 0 and not holding.flags & BLOCKED and not node.generic and node.holders > 0


def _sole(nodes: Collection[IdentifierNode]) -> int:
    """The one person of all holders of all these identifiers, else -1."""
    persons = {node.sole for node in nodes}
    return persons.pop() if len(persons) == 1 else -1


def _existing(
    plan: Plan, change: Change, known: bool, touched: list[IdentifierNode], persons: Mapping[int, Person]
) -> Placement:
    """A record that has a person and gained identifiers."""
    record = change.record
    home = persons[record.person]
    gained = [one for one in change.people if one[0] in change.fresh]
    if known != change.was_known or (gained and not known):
        return _RESOLVE
    if any(node.namespace in plan.people for node in touched):
        return _RESOLVE
    if gained and (home.flags & _UNREST or any(namespace in plan.uniques for _, namespace in gained)):
        return _RESOLVE
    if not touched or (change.people and not known):
        return Placement(Verdict.STAY)
    if home.flags & JUDGED:
        return _RESOLVE
    if known:
        return _shares(plan, Placement(Verdict.STAY, home.id), touched, persons)
    other = persons.get(_sole(touched))
    if other is None or _leased(plan, touched):
        return _LOCAL
    if other.id == home.id:
        return _LOCAL if home.flags & _UNREST else Placement(Verdict.STAY)
    if not other.flags and (home.flags or other.size <= home.size):
        return Placement(Verdict.STAY, home.id, absorbed=(other.id,))
    if home.flags or not _takes(other, touched):
        return _LOCAL
    return Placement(Verdict.ATTACH, other.id, absorbed=(home.id,))


def _with_people(
    plan: Plan,
    change: Change,
    by_people: list[IdentifierNode],
    by_others: list[IdentifierNode],
    persons: Mapping[int, Person],
) -> Placement:
    """A new record with people-joining values that others hold."""
    person = persons.get(_sole(by_people))
    if person is None or person.flags & TWO_VALUES:
        return _RESOLVE
    if person.flags & JUDGED and person.flags & CONTESTED_PEOPLE:
        return _RESOLVE
    leased = [node for node in by_people if plan.spaces[node.namespace].lease]
    if len(leased) == len(by_people) or any(node.timeless for node in leased):
        return _RESOLVE
    shared = {node.id for node in by_people}
    unique = [one for one, namespace in change.people if namespace in plan.uniques]
    if any(one not in shared for one in unique):
        return _RESOLVE
    if person.flags & CONTESTED_PEOPLE and not _joins_first(plan, by_people):
        return _RESOLVE
    return _shares(plan, Placement(Verdict.ATTACH, person.id), by_others, persons)


def _joins_first(plan: Plan, by_people: list[IdentifierNode]) -> bool:
    """Whether a record joins before anything of its person can be contested: by the strongest namespace
    alone."""
    strongest = plan.spaces[0]
    by_it = len(by_people) == 1 and by_people[0].namespace == 0
    return by_it and strongest.unique and not strongest.lease


def _shares(
    plan: Plan, placement: Placement, nodes: list[IdentifierNode], persons: Mapping[int, Person]
) -> Placement:
    """A known person (of ``placement``) who now holds these anonymous values, which others hold as well."""
    person = persons[placement.person]
    contested: list[int] = []
    absorbed: set[int] = set()
    for node in nodes:
        settled = not node.unknown or not (person.flags & _UNREST or node.timeless)
        if node.sole == person.id and settled:
            continue
        other = persons.get(node.sole)
        if other is not None and not other.flags and other is not person and not _leased(plan, (node,)):
            absorbed.add(other.id)
        elif node.unknown or _newly_several(plan, node):
            return placement._replace(local=True)
        else:
            contested += [one for one in (person.id, node.sole) if one > 0]
    return placement._replace(contested=tuple(contested), absorbed=tuple(sorted(absorbed)))


def _takes(person: Person, nodes: Iterable[IdentifierNode]) -> bool:
    """Whether who holds all these anonymous values takes in whoever else comes to hold them, and isn't known:
    a known record of hers holds each, or nothing was ever contested there."""
    if not person.flags & CONTESTED_ANONYMOUS:
        return True
    return not person.flags & JUDGED and all(node.unknown < node.holders for node in nodes)


def _anonymous(
    plan: Plan, known: bool, nodes: list[IdentifierNode], persons: Mapping[int, Person]
) -> Placement:
    """A new record that only anonymous values tie to others."""
    person = persons.get(_sole(nodes))
    at_peace = person is not None and not person.flags & _UNREST and not _leased(plan, nodes)
    if known:
        if person is not None and at_peace and not person.flags & KNOWN:
            return Placement(Verdict.ATTACH, person.id)
        if any(node.unknown or _newly_several(plan, node) for node in nodes):
            return Placement(Verdict.FOUND, local=True)
        return Placement(Verdict.FOUND, contested=(*{node.sole for node in nodes if node.sole > 0}, 0))
    if person is None or _leased(plan, nodes):
        return _LOCAL
    single = len(nodes) == 1 or not person.flags & CONTESTED_ANONYMOUS
    if single and _takes(person, nodes):
        return Placement(Verdict.ATTACH, person.id)
    if person.flags & JUDGED or any(node.unknown for node in nodes):
        return _LOCAL
    return Placement(Verdict.ATTACH, person.id)


def _newly_several(plan: Plan, node: IdentifierNode) -> bool:
    """Whether a value may come to be contested by somebody whom several held apart in time, each alone: then
    nobody has noted yet that they contest it."""
    return node.sole < 0 and _leased(plan, (node,))


def _leased(plan: Plan, nodes: Iterable[IdentifierNode]) -> bool:
    """Whether an identifier may have changed hands: then who holds it does not tell whom it ties."""
    return any(plan.spaces[node.namespace].lease for node in nodes)
