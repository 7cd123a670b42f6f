"""All the evidence as a graph that can be walked."""

from collections.abc import Collection, Iterable, Mapping, Set

from graph_schema.vocabulary import BLOCKED, CLAIMED, Identifier, IdentifierNode, Judgement, Record, RecordKey
from resolver.evidence import is_generic, is_known, people_holdings
from resolver.likeness import Likeness
from resolver.matching.model import Prepared, Weight
from resolver.neighbourhood import Neighbourhood
from resolver.plan import Plan, Space
from resolver.resolution import Resolution
from resolver.resolve import resolve_near


class Whole:
    """See ``Graph``. ``edges`` and ``contents`` are for all that records say."""

    def __init__(
        self,
        plan: Plan,
        records: Mapping[int, Record],
        generic: Collection[int],
        judgements: Iterable[Judgement] = (),
        said: tuple[Mapping[int, Prepared], Mapping[int, Mapping[int, Weight]]] = ({}, {}),
    ) -> None:
        self._records = records
        self._ids = {record.key: one for one, record in records.items()}
        self._judgements = tuple(judgements)
        self._contents, self._edges = said
        held = {one for record in records.values() for one in record.holdings}
        self._nodes = {one: self._node(plan, one, generic) for one in held}

    def _node(self, plan: Plan, number: int, generic: Collection[int]) -> IdentifierNode:
        holders = [record for record in self._records.values() if number in record.holdings]
        holdings = [record.holdings[number] for record in holders]
        return IdentifierNode(
            number,
            Identifier("", str(number)),
            holdings[0].namespace,
            len(holders),
            sum(not is_known(plan, record.holdings, set(generic)) for record in holders),
            sum(bool(holding.flags & CLAIMED) for holding in holdings),
            generic=number in generic,
        )

    def records(self, ids: Collection[int]) -> Mapping[int, Record]:
        """See ``Graph``."""
        return {one: self._records[one] for one in ids}

    def identifiers(self, ids: Collection[int]) -> Mapping[int, IdentifierNode]:
        """See ``Graph``."""
        return {one: self._nodes[one] for one in ids}

    def holders(self, identifiers: Collection[int]) -> Mapping[int, Collection[int]]:
        """See ``Graph``."""
        return {
            one: [
                record.id
                for record in self._records.values()
                if one in record.holdings
                and record.holdings[one].namespace >= 0
                and not record.holdings[one].flags & BLOCKED
            ]
            for one in identifiers
        }

    def judgements(self, records: Collection[int]) -> Collection[Judgement]:
        """See ``Graph``."""
        keys = {self._records[one].key for one in records}
        return [one for one in self._judgements if keys.intersection((*one.a, *one.b))]

    def record_ids(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, int]:
        """See ``Graph``."""
        return {key: self._ids[key] for key in keys if key in self._ids}

    def prepared(self, contents: Collection[int]) -> Mapping[int, Prepared]:
        """See ``Graph``."""
        return {one: self._contents[one] for one in contents}

    def speakers(self, contents: Collection[int]) -> Mapping[int, Collection[int]]:
        """See ``Graph``."""
        return {
            one: [record.id for record in self._records.values() if record.content == one] for one in contents
        }

    def edges(self, contents: Collection[int]) -> Mapping[int, Mapping[int, Weight]]:
        """See ``Graph``."""
        return {one: self._edges.get(one, {}) for one in contents}


def resolve(
    plan: Plan,
    records: Mapping[int, Record],
    generic: Set[int],
    judgements: Iterable[Judgement] = (),
    likeness: Likeness | None = None,
) -> Resolution:
    """The persons that ``records`` (by id) make, where these are all there are.

    ``generic`` are the identifiers that are too common (of those, nothing is tied); ``likeness`` is what
    matching has to go by: without it nobody is matched.
    """
    said = {judgement.judgement_id: judgement for judgement in judgements}
    everything = Neighbourhood(dict(records), {}, set(generic), said, likeness or Likeness())
    return resolve_near(plan, everything)


def generic_identifiers(plan: Plan, records: Iterable[Record]) -> set[int]:
    """The values that are too common to say who somebody is, among all the records of their holders.

    Counted anew from what all of them hold; see ``is_generic``.
    """
    peers: dict[int, dict[int, set[int]]] = {}
    holders: dict[int, int] = {}
    spaces: dict[int, Space] = {}
    for record in records:
        people = people_holdings(plan, record.holdings)
        for identifier, holding in record.holdings.items():
            if holding.namespace < 0 or holding.flags & BLOCKED:
                continue
            spaces[identifier] = plan.spaces[holding.namespace]
            holders[identifier] = holders.get(identifier, 0) + 1
            if holding.flags & CLAIMED:
                continue
            known = peers.setdefault(identifier, {})
            for other, namespace in people:
                if namespace != holding.namespace and namespace in plan.counted:
                    known.setdefault(namespace, set()).add(other)
    return {
        identifier
        for identifier, space in spaces.items()
        if is_generic(space, holders[identifier], peers.get(identifier, {}))
    }
