"""The step of matching and the vetoes, within the naive statement."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from tests.reference.alike import Matching, components
from tests.reference.evidence import Alike, Content, Group, Judgement, Key, Namespace, Pair
from tests.reference.groups import Facts, connected, union
from tests.reference.steps import Doubt, Step
from tests.reference.values import Tie, live_ties


def vetoes(facts: Facts, step: Step, groups: frozenset[Group], alike: Alike | None) -> frozenset[Pair]:
    """The pairs of records that a step's values tie and that speak against one person."""
    if alike is None or step.namespace is None or step.namespace.unique or step.only_anonymous:
        return frozenset()
    return frozenset(
        frozenset({a.record, b.record})
        for tie in live_ties(step.namespace, facts.records, facts.generic)
        for a, b in combinations(tie.sightings, 2)
        if alike.opposed(*(voices(facts, alike, tie, one.record) for one in (a, b)))
        and not any({a.record, b.record} <= g for g in groups)
    )


def voices(facts: Facts, alike: Alike, tie: Tie, record: Key) -> frozenset[Content]:
    """What speaks for a record where a value ties it."""
    if record in alike.says:
        return frozenset({alike.says[record]})
    holders = {
        s.record
        for namespace in facts.namespaces
        if namespace.joins == "people" and namespace.lease is None
        for other in live_ties(namespace, facts.records, facts.generic)
        if other.identifier != tie.identifier and record in {s.record for s in other.sightings}
        for s in other.sightings
    }
    return frozenset(alike.says[one] for one in holders if one in alike.says)


def matched(
    facts: Facts,
    after: Namespace,
    groups: frozenset[Group],
    alike: Alike,
    told: tuple[Sequence[Judgement], list[Doubt], list[tuple[str, Group, Group]]],
) -> frozenset[Group]:
    """The groups after matching; doubts and cases are added to the lists."""
    judgements, doubts, likely = told
    uniques = [n for n in facts.namespaces[: facts.namespaces.index(after) + 1] if n.unique]

    def rivals(a: Group, b: Group) -> bool:
        return any(
            len(facts.distinct(n, [a, b])) > 1 for n in uniques if facts.values(n, a) and facts.values(n, b)
        )

    def apart(a: Group, b: Group) -> bool:
        return facts.kept_apart(a, b) or facts.vetoed(a, b)

    # A group may be of several components, where anonymous values are stronger than matching.
    for component in sorted(components(alike, kins(facts, judgements)), key=lambda one: min(union(one))):
        together = {g for g in groups if g & union(component)}
        matching = Matching(alike, together, rivals, apart)
        matching.run()
        groups = (groups - together) | matching.groups
        doubts += [Doubt(part, anchors) for part, anchors in matching.doubts()]
        likely += matching.cases()
    return groups


def kins(facts: Facts, judgements: Sequence[Judgement]) -> list[Group]:
    """The records that live people-joining values and judgements connect, whatever forbids."""
    keys = {r.key for r in facts.records}
    ties = [frozenset({*j.a, *j.b}) & keys for j in judgements]
    for namespace in facts.namespaces:
        if namespace.joins == "people":
            found = live_ties(replace(namespace, lease=None), facts.records, facts.generic)
            ties += [frozenset(s.record for s in tie.sightings) for tie in found]
    return connected(keys, [tie for tie in ties if tie])
