"""What matching has to go by within a set of records, and its step: groups joined by how alike they are."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from graph_schema.vocabulary import Record
from resolver.groups import Groups
from resolver.kinship import Component, Graph, Kinship
from resolver.matching.components import Graph as Likes
from resolver.matching.components import Group, Key
from resolver.matching.content import Prepared
from resolver.matching.linking import Joined, Linkage, Review
from resolver.matching.model import Model, Weight
from resolver.matching.scoring import veto_weight
from resolver.plan import Matching, Step

_COMPARED = 64
"""Of more contents that share one value those of the smallest record keys are compared, two by two."""


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
        if one == two or not mine.fields or not theirs.fields:
            return False
        return veto_weight(mine, theirs, matching.model, matching.identifiers) < matching.model.veto


def likeness_of(graph: Graph, kinship: Kinship, records: Mapping[int, Record]) -> Likeness:
    """What there is to go by among records whose components are all among them."""
    components = kinship.components(records)
    said = {record.content for record in records.values()} - {0}
    contents = graph.prepared(said) if said else {}
    voting = [one for one in said if contents[one].votes]
    return Likeness(components, contents, graph.edges(voting) if voting else {})


def vetoes(
    matching: Matching,
    likeness: Likeness,
    groups: Groups,
    records: Mapping[int, Record],
    holders: Collection[int],
) -> Iterator[tuple[int, int]]:
    """Pairs of records among the holders of a value, of two groups, whose contents speak against one person.

    A pair of each two contents and groups: more would say nothing else.
    """
    said: dict[tuple[int, int], int] = {}
    for one in sorted(holders, key=lambda one: records[one].key):
        content = records[one].content
        if content:
            said.setdefault((content, groups.of[one]), one)
    if len(said) < 2 or len({content for content, _ in said}) < 2:
        return
    kept = list(dict.fromkeys(content for content, _ in said))[:_COMPARED]
    against = {pair for pair in combinations(sorted(kept), 2) if likeness.against(matching, *pair)}
    if against:
        for ((one, here), first), ((two, there), second) in combinations(said.items(), 2):
            if here != there and (min(one, two), max(one, two)) in against:
                yield first, second


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
    for component in likeness.components:
        together = {groups.of[one] for one in component.records}
        if len(together) > 1:
            yield _match(model, step, likeness, groups, (together, records))


def _match(
    model: Model,
    step: Step,
    likeness: Likeness,
    groups: Groups,
    among: tuple[set[int], Mapping[int, Record]],
) -> Matched:
    together, records = among
    key_of = {group: min(records[one].key for one in groups.members[group]) for group in together}
    made: dict[Key, Group] = {
        key: _group(key, step, likeness, groups, (group, records)) for group, key in key_of.items()
    }
    own = {one: content.own for one, content in likeness.contents.items()}
    linkage = Linkage(Likes(made, likeness.edges, own), sorted(made), model, dict(_apart(groups, key_of)))
    linkage.run()
    return Matched(
        {key: group for group, key in key_of.items()}, linkage.joins, linkage.ambiguous, linkage.reviews()
    )


def _group(
    key: Key, step: Step, likeness: Likeness, groups: Groups, of: tuple[int, Mapping[int, Record]]
) -> Group:
    group, records = of
    said = {records[one].content for one in groups.members[group]}
    unique = groups.unique.get(group, {})
    return Group(
        key,
        frozenset(one for one in said if one and likeness.contents[one].votes),
        frozenset((place, value) for place in step.uniques for value in unique.get(place, ())),
    )


def _apart(groups: Groups, key_of: Mapping[int, Key]) -> Iterable[tuple[Key, set[Key]]]:
    """The keys of the groups that each group is kept apart from."""
    marked = [group for group in key_of if group in groups.cells or group in groups.foes]
    for one in marked:
        others = {key_of[two] for two in marked if one != two and groups.kept_apart(one, two)}
        if others:
            yield key_of[one], others
