"""A traced resolution as explanations read it, and how records, identifiers and words are named in them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from graph_schema.iso_time import write_time
from graph_schema.store import Document
from graph_schema.vocabulary import BLOCKED, CLAIMED, IdentifierNode, Judgement, Record, RecordKey
from resolver.evidence import Holder, leases
from resolver.matching.model import Prepared
from resolver.plan import Plan
from resolver.resolution import Contest, Resolution


@dataclass(frozen=True)
class Evidence:
    """A neighbourhood, resolved with a trace: its records by numbers in the order of their keys, identifiers
    by numbers in theirs. ``persons`` names the person of each record, by record id;
    ``contents`` are what records say that matching compares."""

    plan: Plan
    records: Mapping[int, Record]
    nodes: Mapping[int, IdentifierNode]
    judgements: Collection[Judgement]
    resolution: Resolution
    persons: Mapping[int, str]
    contents: Mapping[int, Prepared] = field(default_factory=dict)

    @cached_property
    def holders(self) -> Mapping[int, list[int]]:
        """The records that hold each identifier in whatever way."""
        found: dict[int, list[int]] = {}
        for record in self.records.values():
            for identifier in record.holdings:
                found.setdefault(identifier, []).append(record.id)
        return found

    @cached_property
    def generic(self) -> set[int]:
        """The identifiers that are too common to link."""
        return {node.id for node in self.nodes.values() if node.generic}

    def of(self, record: int) -> list[int]:
        """All records of the person of one."""
        return self.resolution.groups[self.resolution.group_of[record]]

    def spans(self, value: int, claimed: bool = True) -> list[list[Holder]]:
        """The holders of a value that could tie by it, lease by lease; with those who only claim it, or as
        the steps see it that leave them out."""
        out = BLOCKED if claimed else BLOCKED | CLAIMED
        place = self.nodes[value].namespace
        held = [(one, self.records[one].holdings[value]) for one in self.holders[value]]
        usable = [Holder(one, h.first, h.last) for one, h in held if not h.flags & out]
        return leases(usable, self.plan.spaces[place].lease) if usable and place >= 0 else []

    def shown(self, record: int) -> Document:
        """A record as it is told."""
        return record_shown(self.plan, self.records[record], self.nodes, self.persons.get(record))

    def identifier(self, value: int) -> Document:
        """An identifier as it is told, in its match form."""
        return self.nodes[value].identifier._asdict()

    def numbers(self, keys: Iterable[RecordKey]) -> list[int]:
        """The records with these keys."""
        wanted = set(keys)
        return [one for one, record in self.records.items() if record.key in wanted]


def involved(contest: Contest) -> list[int]:
    """A record of each group that takes part in a contest."""
    return [*contest.anchors, *(part[0][0] for part in contest.parts)]


def iso(at: int | None) -> str | None:
    """A time by ISO 8601; None for no time."""
    return None if at is None else write_time(at)


def record_shown(
    plan: Plan, record: Record, nodes: Mapping[int, IdentifierNode], person: str | None
) -> Document:
    """A record by its key, and by a name that people can read; of an erased one nothing but that."""
    if record.ghost:
        return {"source": None, "record_id": None, "name": "an erased record", "person_id": person}
    source, record_id = record.key
    return {"source": source, "record_id": record_id, "name": _name(plan, record, nodes), "person_id": person}


def _name(plan: Plan, record: Record, nodes: Mapping[int, IdentifierNode]) -> str:
    """``record crm/4711``; where the key is derived, the source and its strongest identifier."""
    source, record_id = record.key
    if not record_id.startswith("~"):
        return f"record {source}/{record_id}"
    held = [(nodes[one], holding) for one, holding in record.holdings.items()]
    if not held:
        return f"a {source} record"
    last = len(plan.spaces)
    node, _ = min(held, key=lambda one: (one[1].flags, one[0].namespace % (last + 1), one[0].identifier))
    return f"the {source} record of {node.identifier.namespace} {node.identifier.value}"


def judgement_shown(judgement: Judgement) -> Document:
    """A steward's word as it is told."""
    return {
        "judgement_id": judgement.judgement_id,
        "word": judgement.kind,
        "by": judgement.by,
        "at": iso(judgement.at),
        "why": judgement.why,
    }
