"""What a list must be told: who belongs into it by what the store knows now, against what the ledger has."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from graph_schema.rules import Rules
from graph_schema.store import Transaction
from graph_schema.vocabulary import Membership, ShownIdentifier
from profiles.audiences import may_be_given, permission
from profiles.profile_rules import profile_rules
from serving.destinations.contacts import NAMESPACES, contact_of, hash_namespaces
from serving.destinations.ledger import WITHHELD, Entry, Ledger, State
from serving.destinations.platforms import Platform, Row
from serving.destinations.recognition import ADDRESS_TRAITS
from serving.destinations.settings import Target
from stream.deciding import portraits_of
from stream.reader import Reader


class Touched(NamedTuple):
    """Persons to be looked at, those of them who were erased, and whether the list is gone over."""

    persons: Collection[str]
    erased: Collection[str] = ()
    is_tour: bool = False


class Wanted(NamedTuple):
    """Of the persons asked about: the rows of those who belong in, why others who are members don't, and who
    was asked about at all, under the ids that they have now as well."""

    rows: Mapping[str, Row]
    withheld: Mapping[str, str]
    asked: frozenset[str]


class Wants:
    """Who belongs into the lists of one destination."""

    def __init__(self, rules: Rules, platform: Platform) -> None:
        self._rules = rules
        self._platform = platform
        self._kinds = platform.settings.identifiers
        # An address in clear tells consent and bounces, so it is read in any case.
        self._namespaces = {
            "email",
            "phone",
            *hash_namespaces(rules),
            *(one for kind in self._kinds for one in NAMESPACES[kind]),
        }
        self._traits = ADDRESS_TRAITS if "address" in self._kinds else ()

    def of(self, reader: Reader, target: Target, person_ids: Collection[str], at: int) -> Wanted:
        """Evaluates persons at a moment of the store."""
        tx = reader.tx
        living = tx.persons(_living(tx, person_ids))
        asked = frozenset({*person_ids, *(person.person_id for person in living.values())})
        places = tx.memberships(living.keys())
        members = [one for one, found in places.items() if is_in(target, found)]
        # No audience goes any more into the list of a target without one: nobody belongs into it.
        audience = profile_rules(self._rules).audiences.get(target.audience)
        shared = audience is not None and audience.settings.kind == "suppress"
        rows: dict[str, Row] = {}
        withheld: dict[str, str] = {}
        for person, portrait in portraits_of(reader, members, self._namespaces).items():
            said = permission(portrait, self._rules, at, self._platform.channels)
            is_hers = partial(_is_hers, reader, person, shared)
            contact = contact_of(portrait, self._rules, is_hers, self._traits)
            handles = self._platform.recognition.handles(contact, self._kinds)
            why = self._platform.why_not(said)
            if not may_be_given(target.audience, said, self._rules):
                why = "no_consent"
            elif not handles:
                why = "no_identifier"
            if why:
                withheld[portrait.person_id] = why
            else:
                rows[portrait.person_id] = Row(portrait.person_id, said, tuple(handles))
        return Wanted(rows, withheld, asked)

    def sharing(self, reader: Reader, person_ids: Collection[str]) -> set[str]:
        """The others who hold addresses of these persons: by what they may be told can have changed with
        these, though nothing of their own did."""
        tx, position = reader.tx, reader.intake.plan.position
        places = {position[name] for name in self._namespaces if name in position}
        members = tx.members(_living(tx, person_ids))
        own = tx.records([one for each in members.values() for one in each])
        held = {
            one
            for record in own.values()
            for one, holding in record.holdings.items()
            if holding.namespace in places
        }
        several = [one for one, node in tx.shown(held).items() if node.sole < 0]
        others = {one for each in tx.holders(several).values() for one in each} - own.keys()
        persons = {record.person for record in tx.records(others).values()}
        return {person.person_id for person in tx.persons(persons).values()}


def _living(tx: Transaction, person_ids: Collection[str]) -> set[int]:
    """The store's ids of persons who are not erased, by theirs or former ones."""
    founders = tx.records(list(tx.founded(person_ids).values())).values()
    return {record.person for record in founders if not record.ghost}


def _is_hers(reader: Reader, person: int, shared: bool, node: ShownIdentifier) -> bool:
    """Whether somebody may be told by what she holds: whoever alone holds it in its youngest lease or, to be
    spared (``shared``), everybody who does. Who only claims it takes it from nobody."""
    if node.sole > 0 or node.namespace < 0:
        return shared or node.sole > 0
    holding = reader.owners(node.identifier, contested=False)
    return person in holding and (shared or len(holding) == 1)


def is_in(target: Target, places: Iterable[Membership]) -> bool:
    """Whether somebody with these places belongs into a list."""
    return any(one.audience == target.audience and target.product in (None, one.product) for one in places)


@dataclass
class Plan:
    """What is to be sent, those who go before those who come, and what the ledger is to know at once."""

    removes: list[Row] = field(default_factory=list)
    adds: list[Row] = field(default_factory=list)
    state: State = field(default_factory=dict)
    members: int = 0


class Comparing:
    """Compares what is wanted of some persons with what a list was told of them."""

    def __init__(self, tx: Transaction, ledger: Ledger, wanted: Wanted) -> None:
        self._ledger = ledger
        self._wanted = wanted
        self.had = ledger.handles(tx, wanted.asked)
        new = {one: list(row.handles) for one, row in wanted.rows.items()}
        self._lost = {
            one: [handle for handle in had if handle not in new.get(one, ())] for one, had in self.had.items()
        }
        self._new = new
        concerned = {handle for each in (*new.values(), *self._lost.values()) for handle in each}
        self._entries: dict[str, Entry] = ledger.entries(tx, concerned)

    def beside(self) -> set[str]:
        """Others who are known there by a handle that somebody loses: a platform that takes out whom it
        recognises by it may take them out too, so they are sent again."""
        lost = {handle for each in self._lost.values() for handle in each}
        held = (self._entries[one].persons for one in lost if one in self._entries)
        return {person for persons in held for person in persons} - self._wanted.asked

    def plan(self, again: Collection[str], renewed: Collection[str]) -> Plan:
        """``again``: persons whose every handle is sent; ``renewed``: handles that are sent in any case."""
        plan = Plan()
        owners = {handle: set(entry.persons) for handle, entry in self._entries.items()}
        for one, lost in self._lost.items():
            for handle in lost:
                owners.setdefault(handle, set()).discard(one)
        for one, handles in self._new.items():
            for handle in handles:
                owners.setdefault(handle, set()).add(one)
        gone: set[str] = set()
        for one, lost in sorted(self._lost.items()):
            left = [handle for handle in lost if not owners[handle] and handle not in gone]
            gone.update(left)
            if left:
                plan.removes.append(Row(one, "", tuple(left)))
        for one, row in sorted(self._wanted.rows.items()):
            whole = one in again or bool(self._lost.get(one))
            sent = [
                handle for handle in row.handles if whole or handle in renewed or not self._is_there(handle)
            ]
            if sent:
                plan.adds.append(row._replace(handles=tuple(sent)))
        for handle, entry in self._entries.items():
            if handle not in gone and owners[handle] != set(entry.persons):
                kept = entry._replace(persons=tuple(sorted(owners[handle])))
                plan.state[self._ledger.row(handle)] = list(kept)
        for one, had in self.had.items():
            now = self._new.get(one, [])
            if now != had:
                plan.state[self._ledger.name("person", one)] = now or None
                plan.members += bool(now) - bool(had)
        return plan

    def _is_there(self, handle: str) -> bool:
        return handle in self._entries and self._entries[handle].refused != WITHHELD

    def refused(self) -> set[str]:
        """Handles that were refused before."""
        return {handle for handle, entry in self._entries.items() if entry.refused}

    def due(self, platform: Platform, at: int) -> set[str]:
        """Handles that are to be sent again when the list is refreshed."""
        return {handle for handle, entry in self._entries.items() if platform.is_due(entry.told, at)}
