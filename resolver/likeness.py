"""What matching has to go by within a set of records, and its step: groups joined by how alike they are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

from graph_schema.vocabulary import Record
from resolver.components import Tie
from resolver.evidence import people_holdings
from resolver.groups import Groups
from resolver.kinship import Component, Graph, Kinship
from resolver.matching.components import Graph as Likes
from resolver.matching.components import Group, Key
from resolver.matching.content import Prepared
from resolver.matching.linking import Joined, Linkage, Review
from resolver.matching.model import Model, Weight
from resolver.matching.scoring import veto_weight
from resolver.plan import Matching, Plan, Step

_COMPARED = 64
"""Of more contents that share one value those of the smallest record keys are compared, two by two."""

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

    def against(self, matching: Matching, one: int, two: int) -> bool:
        """Whether two contents speak against one person, whatever ties those who say so."""
        mine, theirs = self.contents[one], self.contents[two]
        model, compared = matching.model, bool(one != two and mine.fields and theirs.fields)
        return compared and veto_weight(mine, theirs, model, matching.identifiers) < model.veto

    def tells(self, matching: Matching, record: Record) -> bool:
        """Whether a record says, or said before it was erased, more of a person than identifiers."""
        if not record.content or record.ghost:
            return record.content != 0
        fields = enumerate(self.contents[record.content].fields)
        return any(said for place, said in fields if place not in matching.identifiers)


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

    def vetoes(self, matching: Matching, groups: Groups, tie: Tie) -> Iterator[tuple[int, int]]:
        """Pairs of records that a value ties, of two groups, for which all that speaks is against one person.

        A pair of each two voices and groups: more would say nothing else.
        """
        said: dict[frozenset[int], dict[int, int]] = {}
        for one in sorted(tie.records, key=lambda one: self.records[one].key):
            if voices := self._of(matching, self.records[one], tie.value):
                said.setdefault(voices, {}).setdefault(groups.of[one], one)
        for mine, theirs in combinations(list(said)[:_COMPARED], 2):
            ours, others = said[mine], said[theirs]
            if len(ours) == len(others) == 1 and ours.keys() == others.keys():
                continue
            # Before any pair is made: of who has thousands of records there are millions.
            if all(self.likeness.against(matching, *both) for both in product(mine, theirs)):
                pairs = product(ours.items(), others.items())
                yield from ((one, two) for (here, one), (there, two) in pairs if here != there)

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
    """Matches the groups of each component; the joins are not made yet."""
    voting = {one for one, content in likeness.contents.items() if content.votes}
    for component in likeness.components:
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
        likes = Likes(made, likeness.edges, likeness.contents)
        linkage = Linkage(likes, sorted(made), model, dict(_apart(groups, named)))
        linkage.run()
        yield Matched(named, linkage.joins, linkage.ambiguous, linkage.reviews())


def _apart(groups: Groups, named: Mapping[Key, int]) -> Iterable[tuple[Key, set[Key]]]:
    """The keys of the groups that each group is kept apart from."""
    marked = [(key, group) for key, group in named.items() if group in groups.cells or group in groups.foes]
    for key, one in marked:
        others = {other for other, two in marked if one != two and groups.kept_apart(one, two)}
        if others:
            yield key, others
