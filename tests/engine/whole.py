"""All the evidence as a graph that can be walked."""

from collections.abc import Collection, Iterable, Mapping

from graph_schema.vocabulary import BLOCKED, CLAIMED, Identifier, IdentifierNode, Judgement, Record, RecordKey
from resolver.evidence import is_known
from resolver.matching.content import Prepared
from resolver.matching.model import Weight
from resolver.plan import Plan


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
