"""Everything that the rule could connect to a change: what must be read to resolve it exactly.

Two reaches. The *people* reach goes through live people-joining values, judgements and likeness (as far as
a component of ``kinship``), without a border: all that it meets is inside. The *anonymous* reach goes
through anonymous and claimed values, but only through records that are not known. A known person whom it
meets is a border: by then she is one group, and of her only the records that hold the values at hand matter.

    r(new) --session-- r1 --device-- K1(known: border) ··· her other records are not read
                        \\--device-- K2(known: border)

That is exact where all people-joining namespaces are stronger than all anonymous ones, and where no record
that is not known stands under a ``different``; otherwise there are no borders.
"""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

from graph_schema.vocabulary import BLOCKED, CLAIMED, IdentifierNode, Judgement, Record
from resolver.evidence import is_known, is_unattributed
from resolver.kinship import Graph, Kinship
from resolver.likeness import Likeness, likeness_of
from resolver.plan import Plan


@dataclass
class Neighbourhood:
    """What is to be resolved: records inside and at the border, generic identifiers, judgements, likeness."""

    records: dict[int, Record] = field(default_factory=dict)
    borders: dict[int, int] = field(default_factory=dict)
    generic: set[int] = field(default_factory=set)
    judgements: dict[str, Judgement] = field(default_factory=dict)
    likeness: Likeness = field(default_factory=Likeness)

    def renumbered(self, records: Mapping[int, int], identifiers: Mapping[int, int]) -> "Neighbourhood":
        """The same by other numbers; in the order of these, in which both mappings are."""
        found: dict[int, Record] = {}
        for one, number in records.items():
            record = self.records[one]
            held = sorted((identifiers[value], holding) for value, holding in record.holdings.items())
            found[number] = replace(record, id=number, holdings=dict(held))
        components = [
            each._replace(records=frozenset(records[one] for one in each.records))
            for each in self.likeness.components
        ]
        return Neighbourhood(
            found,
            {number: self.borders[one] for one, number in records.items() if one in self.borders},
            {identifiers[one] for one in self.generic & identifiers.keys()},
            dict(sorted(self.judgements.items())),
            replace(self.likeness, components=components),
        )

    def estranged(self, plan: Plan) -> list[Record]:
        """The records that are not known by themselves and stand under a ``different``."""
        under = {
            key for one in self.judgements.values() if one.kind == "different" for key in (*one.a, *one.b)
        }
        named = [record for record in self.records.values() if record.key in under] if under else []
        return [record for record in named if not is_known(plan, record.holdings, self.generic)]


def neighbourhood(
    plan: Plan,
    graph: Graph,
    seeds: Iterable[int],
    flipped: Set[int] = frozenset(),
    local: bool = False,
    crossing: bool = False,
) -> Neighbourhood:
    """The neighbourhood of the records ``seeds``.

    ``flipped`` are identifiers whose genericness the change has altered: they are followed whatever they are
    now. ``local`` says that the people reach of the seeds can't have changed: a known seed is then a border.
    ``crossing``: there are no borders, for there were none before the change.
    """
    walk = _Walk(plan, graph, flipped, crossing=crossing or not plan.people_first)
    walk.begin(seeds, local and plan.people_first)
    if not walk.crossing and walk.must_cross():
        walk = _Walk(plan, graph, flipped, crossing=True)
        walk.begin(seeds, False)
    if plan.matching is not None:
        inside = {one: r for one, r in walk.found.records.items() if one not in walk.found.borders}
        walk.found.likeness = likeness_of(graph, walk.kinship, inside)
    return walk.found


class _Walk:
    """A breadth-first walk that reads one ring of the graph at a time."""

    def __init__(self, plan: Plan, graph: Graph, flipped: Set[int], crossing: bool) -> None:
        self.plan = plan
        self.graph = graph
        self.flipped = flipped
        self.crossing = crossing
        self.found = Neighbourhood()
        self._nodes: dict[int, IdentifierNode] = {}
        self._walked: set[tuple[int, bool]] = set()
        self._seeds: set[int] = set()
        self.kinship = Kinship(plan, graph)

    def begin(self, seeds: Iterable[int], local: bool) -> None:
        ring = self._seeds = set(seeds)
        if local:
            records = self._read(ring)
            known = [record for record in records if is_known(self.plan, record.holdings, self.found.generic)]
            for record in known:
                self.found.borders[record.id] = record.person
            ring = self._follow(known, people=False) | (ring - {record.id for record in known})
        while ring:
            inside = self._read(ring)
            ring = (
                self._follow(inside, people=True) | self._follow(inside, people=False) | self._judged(inside)
            )
            ring |= self.kinship.reach(record.id for record in inside)
            ring -= self.found.records.keys() - self.found.borders.keys()
            for inward in ring:
                self.found.borders.pop(inward, None)

    def must_cross(self) -> bool:
        """Whether a record inside that is not known stands under a ``different``."""
        return any(record.id not in self.found.borders for record in self.found.estranged(self.plan))

    def _read(self, ids: Collection[int]) -> list[Record]:
        """Reads records, with the nodes of all that they hold, into what was found."""
        records = self.graph.records(ids)
        self.found.records.update(records)
        known = self._nodes
        wanted = {held for record in records.values() for held in record.holdings if held not in known}
        if wanted:
            nodes = self.graph.identifiers(wanted)
            self._nodes.update(nodes)
            self.found.generic.update(node.id for node in nodes.values() if node.generic)
        return list(records.values())

    def _follow(self, records: Iterable[Record], people: bool) -> set[int]:
        """The records to go on to from these, by people-joining values or by the others; notes borders."""
        values: set[int] = set()
        for record in records:
            led: list[int] = []
            for identifier, holding in record.holdings.items():
                if holding.namespace < 0 or holding.flags & BLOCKED or (identifier, people) in self._walked:
                    continue
                node = self._nodes[identifier]
                if node.generic and identifier not in self.flipped:
                    continue
                joins_people = holding.namespace in self.plan.people
                said = not holding.flags & CLAIMED or identifier in self.flipped
                if joins_people and said if people else not joins_people or node.claims > 0:
                    led.append(identifier)
            if led and (people or not self._alone(record)):
                values.update(led)
        self._walked.update((value, people) for value in values)
        holders = self.graph.holders(values) if values else {}
        met = {record for records in holders.values() for record in records}
        if not met:
            return met
        if people:
            return {
                record.id
                for record in self._peek(met)
                if any(
                    value in record.holdings and not record.holdings[value].flags & CLAIMED
                    for value in values
                )
            }
        return self._beyond(met)

    def _beyond(self, met: Set[int]) -> set[int]:
        """Of the holders of anonymous values those to go on through; the known ones become borders."""
        onward: set[int] = set()
        for record in self._peek({one for one in met if one not in self.found.records}):
            if self._alone(record):
                continue
            if not self.crossing and is_known(self.plan, record.holdings, self.found.generic):
                self.found.borders[record.id] = record.person
                self.found.records[record.id] = record
            else:
                onward.add(record.id)
        return onward

    def _peek(self, ids: Collection[int]) -> list[Record]:
        """Reads records to decide on them, without counting them as found."""
        missing = [record for record in ids if record not in self.found.records]
        before = self.found.records
        self.found.records = {}
        peeked = self._read(missing) if missing else []
        self.found.records = before
        return peeked + [before[record] for record in ids if record in before]

    def _alone(self, record: Record) -> bool:
        """Unattributed before and after the change: such a record ties nothing by anonymous values."""
        if record.id in self._seeds:
            return False
        return is_unattributed(self.plan, record.holdings, self.found.generic - self.flipped)

    def _judged(self, inside: list[Record]) -> set[int]:
        """The other records on the sides of judgements that name these."""
        judgements = self.graph.judgements([record.id for record in inside])
        new = [one for one in judgements if one.judgement_id not in self.found.judgements]
        self.found.judgements.update((one.judgement_id, one) for one in new)
        keys = {key for judgement in new for key in (*judgement.a, *judgement.b)}
        return set(self.graph.record_ids(keys).values()) if keys else set()
