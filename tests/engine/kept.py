"""What a store holds, told without its own numbers, and whether what it remembers of it is right."""

from collections import defaultdict
from dataclasses import fields
from itertools import chain

from graph_schema.store import Store, Transaction
from graph_schema.vocabulary import (
    ALIKE,
    BETWEEN,
    CONTESTED_ANONYMOUS,
    CONTESTED_PEOPLE,
    JUDGED,
    KNOWN,
    LEADS,
    TWO_VALUES,
    IdentifierNode,
    Person,
    Record,
    RecordKey,
)
from resolver.evidence import is_known
from resolver.founding import DEFAULT_ID_KEY, person_id
from resolver.resolution import Contest
from tests.engine.truth import Folded, Group, Picture, canonical, claims, links

FLAGS = {
    CONTESTED_PEOPLE: "contested by people",
    CONTESTED_ANONYMOUS: "contested by anonymous",
    JUDGED: "judged",
    ALIKE: "alike",
    KNOWN: "known",
    LEADS: "leads",
    TWO_VALUES: "two values",
}


def picture(store: Store) -> Picture:
    """What a store shows."""
    with store.read() as tx:
        return picture_of(tx)


def picture_of(tx: Transaction) -> Picture:
    """What a transaction shows."""
    records = {record.id: record for record in tx.all_records()}
    people = {person.id: person for person in tx.all_persons()}
    nodes = {node.id: node.identifier for node in tx.all_identifiers()}
    members: dict[int, set[RecordKey]] = defaultdict(set)
    for record in records.values():
        members[record.person].add(record.key)
    groups: dict[int, Group] = {person: frozenset(keys) for person, keys in members.items()}
    assert groups.keys() == people.keys()
    profiles = {people[one].person_id: state for one, state in tx.profiles(people.keys()).items()}
    return Picture(
        {groups[one]: person.person_id for one, person in people.items()},
        frozenset(
            (groups[records[one.part].person], groups[records[one.anchor].person], one.namespace)
            for one in tx.related(records.keys())
        ),
        frozenset(
            (one.kind, one.detail, frozenset(groups[records[record].person] for record in one.records))
            for one in tx.cases()
        ),
        frozenset(node.identifier for node in tx.all_identifiers() if node.generic and node.holders),
        {
            record.key: (record.first_at, frozenset((nodes[one], h) for one, h in record.holdings.items()))
            for record in records.values()
        },
        {one: canonical(state) for one, state in profiles.items() if state},
        {key: canonical(found) for kind in ("order", "reward") for key, found in tx.all_objects(kind)},
    )


def differences(kept: Picture, expected: Picture) -> list[str]:
    """Where two pictures differ, part by part, the first some of each."""
    found = []
    for part in (field.name for field in fields(Picture)):
        ours, theirs = getattr(kept, part), getattr(expected, part)
        if isinstance(ours, dict):
            extra, missing = _unlike(ours, theirs), _unlike(theirs, ours)
        else:
            extra, missing = sorted(map(str, ours - theirs)), sorted(map(str, theirs - ours))
        if extra or missing:
            found.append(f"{part}: kept {extra[:3]}, not {missing[:3]}")
    return found


def _unlike(one: dict[object, object], other: dict[object, object]) -> list[str]:
    return sorted(f"{_plain(key)}: {value!r}" for key, value in one.items() if other.get(key) != value)


def _plain(value: object) -> str:
    if isinstance(value, frozenset):
        return " ".join(sorted(f"{key.source}/{key.record_id[:9]}" for key in value))
    return str(value)


def slips(store: Store, expected: Folded) -> list[str]:
    """Where the store's own notes on its identifiers, records and persons are wrong or not careful enough."""
    with store.read() as tx:
        records = {record.id: record for record in tx.all_records()}
        by_id = {node.id: node for node in tx.all_identifiers()}
        generic = {node.id for node in by_id.values() if node.generic}
        founded = tx.founded([person_id(r.key, r.erasures, DEFAULT_ID_KEY) for r in records.values()])
        found = [] if set(founded.values()) == records.keys() else ["some record can't be found by its id"]
        holders = tx.holders(by_id.keys())
        found += _histories(tx, records)
        for node in by_id.values():
            held = [r for r in records.values() if node.id in r.holdings and links(r.holdings[node.id])]
            if sorted(holders[node.id]) != sorted(record.id for record in held):
                found.append(f"{node.identifier}: the holders are others")
            if held:
                found += [f"{node.identifier}: {what}" for what in _of_node(node, held, generic, expected)]
        for person in tx.all_persons():
            own = [record for record in records.values() if record.person == person.id]
            found += [f"{person.person_id}: {what}" for what in _of_person(person, own, expected)]
        return found


def _histories(tx: Transaction, records: dict[int, Record]) -> list[str]:
    """Records whose history leaves out an event of theirs, or tells one of another's."""
    own: dict[int, set[int]] = {one: set() for one in records}
    for event in tx.all_events():
        own[event.record].add(event.id)
    told: dict[int, list[int]] = {one: [] for one in records}
    for record, event in tx.history(records.keys()):
        if event.record == record:
            told[record].append(event.id)
    return [
        f"{records[one].key}: history {told[one]}, not {own[one]}"
        for one in records
        if sorted(told[one]) != sorted(own[one])
    ]


def _of_node(node: IdentifierNode, held: list[Record], generic: set[int], expected: Folded) -> list[str]:
    plan = expected.plan
    leased = plan.spaces[node.namespace].lease is not None
    right = {
        "holders": len(held),
        "unknown": sum(not is_known(plan, record.holdings, generic) for record in held),
        "claims": sum(claims(record.holdings[node.id]) for record in held),
        "timeless": sum(leased and record.holdings[node.id].last is None for record in held),
    }
    wrong = [
        f"{name} {getattr(node, name)}, not {n}" for name, n in right.items() if getattr(node, name) != n
    ]
    if node.generic:
        return wrong
    persons = {record.person for record in held}
    if node.sole != -1 and {node.sole} != persons:
        wrong.append(f"sole {node.sole} of {persons}")
    peers: dict[int, set[int]] = {}
    for record in held:
        if not claims(record.holdings[node.id]):
            for other, holding in record.holdings.items():
                people = holding.namespace in plan.people and links(holding) and not claims(holding)
                if people and holding.namespace != node.namespace:
                    peers.setdefault(holding.namespace, set()).add(other)
    if {place: others for place, others in node.peers.items() if others} != peers:
        wrong.append(f"peers {node.peers}, not {peers}")
    return wrong


def _of_person(person: Person, own: list[Record], expected: Folded) -> list[str]:
    wrong = [] if person.size == len(own) else [f"size {person.size} of {len(own)}"]
    if person.founder not in {record.id for record in own}:
        wrong.append("founded by a record of another")
    if person.version < 1:
        wrong.append("never counted a change")
    needed = _needed(frozenset(record.key for record in own), expected)
    missing = [name for flag, name in FLAGS.items() if needed & flag and not person.flags & flag]
    if person.flags & BETWEEN and _is_anchor(own, expected):
        wrong.append("noted as only ever between others")
    return wrong + [f"not noted: {name}" for name in missing]


def _is_anchor(own: list[Record], expected: Folded) -> bool:
    """Whether a person is one of those between whom something is contested."""
    group = expected.person_of[own[0].key]
    return any(
        group in {expected.found.group_of[one] for one in _open(contest)[0]}
        for contest in expected.found.contests
    )


def _open(contest: Contest) -> tuple[set[int], list[tuple[int, ...]]]:
    """The anchors between whom a contest is, a record of each, and what lies between them; nobody for one
    alone, who takes in all that she is tied to, as if nothing were contested.

    Who contest a claimed value were kept apart by a people-joining step before, and what touches a claim is
    resolved: there only those count whom what is claimed ties, and only where it ties several. What follows
    all others is played in `test_whatever_follows_a_claim_on_some_of_several_is_from_scratch`.
    """
    if contest.step is None or not contest.step.claims:
        anchors, parts = set(contest.anchors), list(contest.parts)
    else:
        parts = [part for part in contest.parts if len(part[1]) > 1]
        anchors = {one for _, tied, _ in parts for one in tied}
    return (anchors, [part[0] for part in parts]) if len(anchors) > 1 else (set(), [])


def _needed(keys: Group, expected: Folded) -> int:
    """The flags that a person must have: what is not noted would let a short cut go wrong."""
    group = expected.person_of[next(iter(keys))]
    found, estranged = expected.found, _estranged(expected)
    flags = KNOWN * (group in found.known) | TWO_VALUES * (group in found.two_values)
    for component in expected.likeness.components:
        if component.wide and any(expected.records[one].key in keys for one in component.records):
            flags |= ALIKE
    for contest in found.contests:
        rivals, between = _open(contest)
        anonymous = contest.step is not None and contest.step.anonymous
        if group in {found.group_of[record] for record in (*rivals, *chain.from_iterable(between))}:
            flags |= CONTESTED_ANONYMOUS if anonymous else CONTESTED_PEOPLE
        parts = {found.group_of[part[0]] for part in between}
        anchors = {found.group_of[record] for record in rivals}
        led = parts | anchors if (parts | anchors) & estranged else parts - anchors
        if anonymous and group in led & found.known:
            flags |= LEADS
    flags |= LEADS * (group in estranged & found.known)
    for word in expected.truth.standing:
        named = {key for key in (*word.a, *word.b) if key in expected.person_of}
        if len(named) > 1 and named & keys:
            flags |= JUDGED
    return flags


def _estranged(expected: Folded) -> set[int]:
    """The groups that hold a record, not known by itself, that stands under a ``different``."""
    named: set[RecordKey] = set()
    for word in expected.truth.standing:
        known = {key for key in (*word.a, *word.b) if key in expected.person_of}
        if word.kind == "different" and len(known) > 1:
            named |= known
    return {
        expected.found.group_of[record.id]
        for record in expected.records.values()
        if record.key in named and not is_known(expected.plan, record.holdings, expected.generic)
    }
