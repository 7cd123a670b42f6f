"""What counts among the evidence: live values, generic ones, leases, known and unattributed records.

Everything here is a function of the set of records, whatever their order.
"""

from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple

from graph_schema.vocabulary import BLOCKED, CLAIMED, Holding, IdentifierNode, Record
from resolver.plan import Plan, Space


class Holder(NamedTuple):
    """A record that holds a value, and when it did first and last."""

    record: int
    first: int | None
    last: int | None


def people_holdings(plan: Plan, holdings: Mapping[int, Holding]) -> list[tuple[int, int]]:
    """(identifier, namespace) of the people-joining identifiers: declared, not blocked, not claimed."""
    people = plan.people
    return [
        (one, held.namespace) for one, held in holdings.items() if held.namespace in people and not held.flags
    ]


def is_founding(plan: Plan, holdings: Mapping[int, Holding]) -> bool:
    """Whether a record holds a people-joining identifier, generic or not: such records found persons
    first."""
    return bool(people_holdings(plan, holdings))


def is_known(plan: Plan, holdings: Mapping[int, Holding], generic: Set[int]) -> bool:
    """Whether a record by itself holds a people-joining identifier that is live."""
    return any(identifier not in generic for identifier, _ in people_holdings(plan, holdings))


def is_unattributed(plan: Plan, holdings: Mapping[int, Holding], generic: Set[int]) -> bool:
    """Whether all people-joining identifiers of a record, and there are some, are generic."""
    people = people_holdings(plan, holdings) if generic else ()
    return bool(people) and all(identifier in generic for identifier, _ in people)


def is_generic(space: Space, holders: int, peers: Mapping[int, Set[int]]) -> bool:
    """Whether a value is too common to say who somebody is: its (unclaimed) holders hold more than
    ``generic_above`` values of one other people-joining namespace (``peers``, by namespace), or more than
    ``max_records`` records hold it."""
    return holders > space.max_records or any(len(others) > space.generic_above for others in peers.values())


def peers_of(plan: Plan, node: IdentifierNode, holders: Iterable[Record]) -> dict[int, set[int]]:
    """The values of other people-joining namespaces that all (unclaimed) holders of a value hold, by
    namespace. A node that is generic learns of no more: which it knows follows the order of arrival."""
    peers: dict[int, set[int]] = {}
    for record in holders:
        if not record.holdings[node.id].flags & (CLAIMED | BLOCKED):
            for other, namespace in people_holdings(plan, record.holdings):
                if namespace != node.namespace and namespace in plan.counted:
                    peers.setdefault(namespace, set()).add(other)
    return peers


def leases(holders: list[Holder], lease: int | None) -> list[list[Holder]]:
    """The holders of one value by lease, oldest first; those without a time are of the youngest.

    Two sightings further apart than ``lease`` microseconds, with none between, may be of two owners.
    """
    if lease is None or len(holders) < 2:
        return [holders]
    timed = sorted((h for h in holders if h.last is not None), key=lambda h: (h.first or 0, h.last or 0))
    spans: list[list[Holder]] = []
    end = 0
    for holder in timed:
        first, last = holder.first or 0, holder.last or 0
        if not spans or first - end > lease:
            spans.append([])
            end = last
        spans[-1].append(holder)
        end = max(end, last)
    timeless = [holder for holder in holders if holder.last is None]
    if not spans:
        return [timeless]
    spans[-1] += timeless
    return spans
