"""Which records are of one kin, and which kins matching looks at together.

A *kin* are the records that live people-joining values and judgements connect, whatever comes of it. Kins are
connected by *likeness*: contents of theirs are the same, or their edge weighs at least the floor.

    kin {r1, r2 by an e-mail} ── 5.1 bits ── kin {r3} ── 3.4 bits ── kin {r4, r5 by a phone}

What is connected is one component, and is matched as a whole. Where that would be more kins than the model's
cap, the floor rises by a bit and the search begins again: all members of a component find the same one, and
no search goes further than the cap.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol

from graph_schema.vocabulary import IdentifierNode, Judgement, Record, RecordKey
from resolver.evidence import people_holdings
from resolver.matching.model import BIT, Prepared, Weight
from resolver.plan import Matching, Plan
from resolver.together import Together


class Graph(Protocol):
    """Reading the identity graph, many at a time."""

    def records(self, ids: Collection[int]) -> Mapping[int, Record]:
        """Records by id."""

    def identifiers(self, ids: Collection[int]) -> Mapping[int, IdentifierNode]:
        """Identifiers by id."""

    def holders(self, identifiers: Collection[int]) -> Mapping[int, Collection[int]]:
        """Ids of the records that hold each identifier, claimed or not."""

    def judgements(self, records: Collection[int]) -> Collection[Judgement]:
        """The judgements, not retracted, that name one of these records on a side."""

    def record_ids(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, int]:
        """Ids of the records with these keys, of those that exist."""

    def prepared(self, contents: Collection[int]) -> Mapping[int, Prepared]:
        """Contents by id; without values where all who said so were erased."""

    def speakers(self, contents: Collection[int]) -> Mapping[int, Collection[int]]:
        """Ids of the records that have each content."""

    def edges(self, contents: Collection[int]) -> Mapping[int, Mapping[int, Weight]]:
        """The weight of each edge of each content, by the other content."""


class Component(NamedTuple):
    """Records that are matched together. ``wide``: several kins, or some that a raised floor keeps alone."""

    records: frozenset[int]
    wide: bool
    raised: bool = False


class Kinship:
    """Finds components in a graph that does not change meanwhile; what was read is kept.

    ``without`` is a record of no kin with others whose likeness is left out.
    """

    def __init__(self, plan: Plan, graph: Graph, without: int = 0) -> None:
        self._plan = plan
        self._graph = graph
        self._without = without
        self._kin_of: dict[int, int] = {}
        self._members: list[list[int]] = []
        self._alike: dict[int, list[tuple[Weight, int]]] = {}
        self._kins_of: dict[int, set[int]] = {}
        self._crowded: dict[int, Weight] = {}
        self._component_of: dict[int, Component] = {}

    def components(self, records: Iterable[int]) -> list[Component]:
        """The components of records, each once."""
        matching = self._plan.matching
        starts = set(records)
        if matching is None or not starts:
            return []
        self._learn_kins(starts)
        found: dict[int, Component] = {}
        for kin in sorted({self._kin_of[one] for one in starts if one in self._kin_of}):
            if kin not in self._component_of:
                self._search(matching, kin)
            component = self._component_of[kin]
            found[min(component.records)] = component
        return list(found.values())

    def reach(self, records: Iterable[int]) -> set[int]:
        """All records of the components of records."""
        return set[int]().union(*(component.records for component in self.components(records)))

    def _search(self, matching: Matching, start: int) -> None:
        model = matching.model
        floor, kins = model.floor, None
        while kins is None and floor <= model.clip:
            kins = self._connected(start, floor, model.component_cap)
            floor += BIT
        kins = kins or {start}
        records = frozenset(one for kin in kins for one in self._members[kin])
        raised = floor > model.floor + BIT
        component = Component(records, len(kins) > 1 or raised, raised)
        self._component_of.update(dict.fromkeys(kins, component))

    def _connected(self, start: int, floor: Weight, cap: int) -> set[int] | None:
        """The kins that likeness of at least the floor connects with one; None where they are too many."""
        found, ring = {start}, [start]
        while ring:
            self._learn_likeness(ring)
            if any(self._crowded.get(kin, floor - 1) >= floor for kin in ring):
                return None
            reached = {other for kin in ring for weight, other in self._alike[kin] if weight >= floor} - found
            found |= reached
            if len(found) > cap:
                return None
            ring = list(reached)
        return found

    def _learn_likeness(self, kins: Iterable[int]) -> None:
        """Reads the likeness of kins to others."""
        new = [kin for kin in kins if kin not in self._alike]
        if not new:
            return
        records = self._graph.records([one for kin in new for one in self._members[kin]])
        said = {kin: {records[one].content for one in self._members[kin]} - {0} for kin in new}
        contents = set[int]().union(*said.values())
        prepared = self._graph.prepared(contents) if contents else {}
        voting = [one for one in contents if prepared[one].votes]
        edges = self._graph.edges(voting) if voting else {}
        others = {other for alike in edges.values() for other in alike}.union(voting)
        self._learn_who_say(others)
        for kin in new:
            alike = []
            for content in said[kin] & edges.keys():
                alike += self._who_say(content, prepared[content].own, kin)
                for other, weight in edges[content].items():
                    alike += self._who_say(other, weight, kin)
            self._alike[kin] = alike

    def _who_say(self, content: int, weight: Weight, kin: int) -> list[tuple[Weight, int]]:
        """The others of a content that a kin resembles so much. Of one that more kins say than a component
        may have it is only noted how much: by less than that floor the kin is of no component."""
        if self.is_crowded(content):
            self._crowded[kin] = max(weight, self._crowded.get(kin, weight))
            return []
        return [(weight, each) for each in self._kins_of[content] if each != kin]

    def is_crowded(self, content: int) -> bool:
        """Whether more kins have a content than one component may have."""
        self._learn_who_say((content,))
        matching = self._plan.matching
        return matching is not None and len(self._kins_of[content]) > matching.model.component_cap

    def _learn_who_say(self, contents: Collection[int]) -> None:
        """Finds the kins of those who have each content."""
        missing = [one for one in contents if one not in self._kins_of]
        speakers = self._graph.speakers(missing) if missing else {}
        self._learn_kins({one for found in speakers.values() for one in found})
        for one, found in speakers.items():
            self._kins_of[one] = {self._kin_of[record] for record in found if record != self._without}

    def _learn_kins(self, records: Collection[int]) -> None:
        """Finds the kins of records, all at once."""
        ring = {one for one in records if one not in self._kin_of}
        ring -= self._learn_lonely(ring)
        if not ring:
            return
        kins = Together[int]()
        read: set[int] = set()
        walked: set[int] = set()
        while ring:
            inside = self._graph.records(ring)
            read |= ring
            met: set[int] = set()
            for together in [*self._sharing(inside.values(), walked), *self._judged(inside)]:
                met |= together
                kins.join(together)
            for one in inside:
                kins.find(one)
            ring = met - read
        for members in kins.sets():
            self._kin_of.update(dict.fromkeys(members, len(self._members)))
            self._members.append(members)

    def _learn_lonely(self, records: Collection[int]) -> set[int]:
        """Finds those of records that are of no kin with anybody, by nothing that could tie them."""
        if not records:
            return set()
        people = self._plan.people
        free = {
            one
            for one, record in self._graph.records(records).items()
            if not any(held.namespace in people and not held.flags for held in record.holdings.values())
        }
        if free:
            named = self._judged(free)
            free -= set[int]().union(*named)
        for one in free:
            self._kin_of[one] = len(self._members)
            self._members.append([one])
        return free

    def _sharing(self, records: Iterable[Record], walked: set[int]) -> list[set[int]]:
        """Records that hold one live people-joining value, for each that these hold and nobody did before."""
        held = {one for record in records for one, _ in people_holdings(self._plan, record.holdings)} - walked
        walked |= held
        if not held:
            return []
        live = [node.id for node in self._graph.identifiers(held).values() if not node.generic]
        holders = self._graph.holders(live)
        everyone = self._graph.records({one for found in holders.values() for one in found})
        return [
            {one for one in found if (h := everyone[one].holdings.get(value)) and not h.flags}
            for value, found in holders.items()
            if len(found) > 1
        ]

    def _judged(self, inside: Collection[int]) -> list[set[int]]:
        """The records that each judgement names which names one of these."""
        named = [{*word.a, *word.b} for word in self._graph.judgements(inside)]
        ids = self._graph.record_ids(set[RecordKey]().union(*named)) if named else {}
        return [together for keys in named if (together := {ids[key] for key in keys if key in ids})]
