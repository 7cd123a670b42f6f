"""What matching has to go by within a set of records, and its step: groups joined by how alike they are."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import combinations, islice, product

from graph_schema.vocabulary import Record
from resolver.components import Tie
from resolver.evidence import people_holdings
from resolver.groups import Groups
from resolver.kinship import Component, Graph, Kinship
from resolver.matching.components import Graph as Likes
from resolver.matching.components import Group, Key
from resolver.matching.linking import Joined, Linkage, Review
from resolver.matching.model import Model, Prepared, Weight
from resolver.matching.scoring import veto_weight
from resolver.plan import Matching, Plan, Step

_COMPARED = 64
"""Of more voices that one value ties those of the smallest record keys are compared two by two, and each of
the others with them, up to the first that speaks against it: that she stays apart takes no second."""

_REMEMBERED = 100_000
"""Pairs of contents of which it is remembered whether they speak against one person. At an address that many
names were given for the same two thousand pairs are asked for at each of them."""

_VOICES = 8
"""Where more contents than these would speak for a record that says nothing itself, none does."""


@dataclass
class Likeness:
    """What records say, by content, and how much alike that is: all of it that matters among some records.

    ``components`` are the records that are matched together; a record of none is matched with nobody.
    """

    components: Sequence[Component] = ()
    contents: Mapping[int, Prepared] = field(default_factory=dict)
    edges: Mapping[int, Mapping[int, Weight]] = field(default_factory=dict)
    _telling: dict[int, bool] = field(default_factory=dict)

    def against(self, plan: Plan, matching: Matching, one: int, two: int) -> bool:
        """Whether two contents speak against one person, whatever ties those who say so."""
        mine, theirs = self.contents[one], self.contents[two]
        if one == two or not mine.fields or not theirs.fields:
            return False
        known, pair = plan.opposed, (min(one, two), max(one, two))
        if pair not in known:
            if len(known) > _REMEMBERED:
                known.clear()
            weight = veto_weight(mine, theirs, matching.model, matching.identifiers)
            known[pair] = weight < matching.model.veto
        return known[pair]

    def tells(self, matching: Matching, record: Record) -> bool:
        """Whether a record says, or said before it was erased, more of a person than identifiers."""
        if not record.content or record.ghost:
            return record.content != 0
        if (known := self._telling.get(record.content)) is not None:
            return known
        fields = enumerate(self.contents[record.content].fields)
        told = any(said for place, said in fields if place not in matching.identifiers)
        self._telling[record.content] = told
        return told


def likeness_of(graph: Graph, kinship: Kinship, records: Mapping[int, Record]) -> Likeness:
    """What there is to go by among records whose components are all among them."""
    components = kinship.components(records)
    said = {record.content for record in records.values()} - {0}
    contents = graph.prepared(said) if said else {}
    voting = [one for one in said if contents[one].votes]
    return Likeness(components, contents, graph.edges(voting) if voting else {})


@dataclass
class Voices:
    """What speaks for a record where a value ties it to others: what it says or, where that is nothing, what
    all say who hold another people-joining value of its own.

    A receipt with an e-mail address speaks as the customer of that address does. ``held``: the holders of
    live values, per namespace; where there is a lease they may be somebody else.
    """

    plan: Plan
    likeness: Likeness
    records: Mapping[int, Record]
    held: Sequence[Mapping[int, Sequence[int]]]
    _told: dict[int, set[int]] = field(default_factory=dict)
    _live: dict[int, list[tuple[int, set[int]]]] = field(default_factory=dict)

    def vetoes(
        self, matching: Matching, groups: Groups, tie: Tie
    ) -> Iterator[tuple[Mapping[int, int], Mapping[int, int]]]:
        """Each voice among the records that a value ties with all those which speak against one person with
        it: of each of the two sides a record of each group, by the group. More would say nothing else."""
        said: dict[frozenset[int], dict[int, int]] = {}
        for one in sorted(tie.records, key=lambda one: self.records[one].key):
            if voices := self._of(matching, self.records[one], tie.value):
                said.setdefault(voices, {}).setdefault(groups.of[one], one)

        def opposed(mine: frozenset[int], theirs: frozenset[int]) -> bool:
            """Whether all that speaks for the one is against all that speaks for the other; of one group
            alone nothing has to be kept apart."""
            if len(said[mine]) == 1 and said[mine].keys() == said[theirs].keys():
                return False
            return all(self.likeness.against(self.plan, matching, *both) for both in product(mine, theirs))

        compared, others = list(said)[:_COMPARED], list(said)[_COMPARED:]
        pairs = [pair for pair in combinations(compared, 2) if opposed(*pair)]
        for theirs in others:
            pairs += islice(((mine, theirs) for mine in compared if opposed(mine, theirs)), 1)
        against: dict[frozenset[int], dict[int, int]] = {}
        for mine, theirs in pairs:
            against.setdefault(mine, {}).update(said[theirs])
            against.setdefault(theirs, {}).update(said[mine])
        for voices, opponents in against.items():
            yield said[voices], opponents

    def _of(self, matching: Matching, record: Record, value: int | None) -> frozenset[int]:
        if self.likeness.tells(matching, record):
            return frozenset((record.content,))
        if record.id not in self._live:
            people = people_holdings(self.plan, record.holdings)
            self._live[record.id] = [
                (one, self._by(matching, one, place))
                for one, place in (people if len(people) > 1 else [])
                if self.plan.spaces[place].lease is None
            ]
        told = frozenset[int]().union(*(says for one, says in self._live[record.id] if one != value))
        return told if len(told) <= _VOICES else frozenset()

    def _by(self, matching: Matching, value: int, namespace: int) -> set[int]:
        if value not in self._told:
            holders = [self.records[one] for one in self.held[namespace].get(value, ())]
            self._told[value] = {one.content for one in holders if self.likeness.tells(matching, one)}
        return self._told[value]


@dataclass
class Matched:
    """What the step of matching did among some groups, in group keys; ``group`` names the group of each."""

    group: dict[Key, int]
    joins: list[Joined]
    ambiguous: list[tuple[Key, Key]]
    reviews: list[Review]


def match(
    model: Model, step: Step, likeness: Likeness, groups: Groups, records: Mapping[int, Record]
) -> Iterator[Matched]:
    """Matches the groups of each component; the joins are to be made before the next one is asked for.

    Where anonymous values have joined records before, a group may be of several components: they are then
    matched in the order of their smallest record keys.
    """
    voting = {one for one, content in likeness.contents.items() if content.votes}
    components = likeness.components
    if len(components) > 1:
        components = sorted(components, key=lambda one: min(records[each].key for each in one.records))
    for component in components:
        together = {groups.of[one] for one in component.records}
        if len(together) < 2:
            continue
        named: dict[Key, int] = {}
        for group in together:
            members = [records[one] for one in groups.members[group]]
            # Who says nothing decides nothing: she may come to a person whom nobody then looks at again.
            speaking = [one.key for one in members if one.content in voting]
            named[min(speaking or [one.key for one in members])] = group
        made: dict[Key, Group] = {}
        for key, group in named.items():
            said = {records[one].content for one in groups.members[group]}
            held = {(at, one) for at in step.uniques for one in groups.unique.get(group, {}).get(at, ())}
            made[key] = Group(key, frozenset(said & voting), frozenset(held))
        linkage, twins = linked(model, likeness, made, dict(_apart(groups, named)))
        yield Matched(named, [*twins, *linkage.joins], linkage.ambiguous, linkage.reviews())


def linked(
    model: Model, likeness: Likeness, made: Mapping[Key, Group], apart: Mapping[Key, Set[Key]]
) -> tuple[Linkage, list[Joined]]:
    """Groups of one component after linkage, and the joins before it: of those that nothing tells apart, and
    who are as like each other as anybody is. They come into one cluster in any case; but linkage would weigh
    each pair of a thousand rows that two customers share an address on, again and again."""
    left, twins = dict(made), []
    first: dict[tuple[int, Set[Key]], Key] = {}
    for key in () if any(group.unique for group in made.values()) else sorted(made):
        said = min(made[key].contents, default=0)
        if len(made[key].contents) != 1:
            continue
        own = likeness.contents[said].own
        stands = first.setdefault((said, frozenset(apart.get(key, ()))), key)
        if stands != key and own >= max([model.merge, *likeness.edges.get(said, {}).values()]):
            twins.append(Joined((stands,), (key,), own))
            left[stands] = left[stands]._replace(size=left[stands].size + 1)
            del left[key]
    linkage = Linkage(Likes(left, likeness.edges, likeness.contents), sorted(left), model, apart)
    linkage.run()
    return linkage, twins


def _apart(groups: Groups, named: Mapping[Key, int]) -> Iterator[tuple[Key, Set[Key]]]:
    """The keys of the groups that a judgement or a veto keeps apart from each group."""
    key_of = {group: key for key, group in named.items()}
    judged = [(key, group) for key, group in named.items() if group in groups.cells]
    vetoed: dict[tuple[int, ...], frozenset[Key]] = {}
    for key, one in named.items():
        sides = tuple(groups.foes.get(one, ()))
        if sides not in vetoed:
            vetoed[sides] = frozenset(key_of[two] for two in groups.vetoed(one) if two in key_of)
        others: Set[Key] = vetoed[sides]
        if one in groups.cells:
            others = others | {
                two for two, other in judged if one != other and groups.judged_apart(one, other)
            }
        if others:
            yield key, others
