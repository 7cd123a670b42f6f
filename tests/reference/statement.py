"""Who is who, stated as plainly as can be: DESIGN.md, sections 3 to 5; matching (section 6) is in ``alike``.

This is no second resolver to run, but a text to compare the real one with: explicit sets, explicit pairs,
loops over everything. Where the contract leaves a choice, the most literal reading is taken:

 1. Of a holding only `first` and `last` count; the interval between is one sighting, never split. A gap is
    measured from the latest `last` so far to the next `first`; only one longer than the lease separates.
 2. The leases of a value are those of the holders that take part in the step: unclaimed in the namespace's
    own steps, claimed and unclaimed in the claims step. So a claimed sighting keeps no lease alive for the
    unclaimed ones. An unattributed record's sighting bridges no gap in an anonymous or claims step.
 3. Generic: the values beside it are counted over the records that hold it unblocked and unclaimed, each
    other people-joining namespace by itself; values that are generic themselves count. `max_records` counts
    all records that hold it unblocked, claims too. Leases play no part.
 4. Unattributed: a record with at least one people-joining identifier that is neither blocked nor claimed,
    all of those generic. A claimed identifier beside them doesn't save it, and ties nothing.
 5. A unique value counts where it is neither blocked, claimed nor generic, in any lease. Conflict: the
    component holds more than one, wherever: one record with two values is in conflict with whatever it is
    tied to.
 6. "Values of records that judgements join count as one": all values of the records of one group of two or
    more as it stands after the judgements' step; transitively by shared values, everywhere. Records that
    judgements hold together but that didn't join (one of them was contested) give nothing.
 7. "Hold a single value of it" (first pass of a unique namespace) counts such values as one too. A group
    without a counting value takes no part, because nothing ties it.
 8. The judgements' step looks at no unique namespace (there is no "this one, or a stronger") and has no
    `contested`: only `different` can contest it.
 9. "This one, or a stronger" is the order of the rules, for anonymous namespaces too. A weaker unique one
    forbids nothing: it then finds a group that holds two values. A claims step heeds all people-joining
    namespaces, as an anonymous one in its place would (14).
10. Anchors of a component are the union over its conflicts. By a unique namespace: every group that holds a
    counting value of it, also two of the same value; a single such group (it holds two values) is a single
    anchor, which takes all parts in. By `different`: the groups of each pair that is to be apart.
11. A part is tied to an anchor by a value that a group of the part and the anchor both hold in one lease.
    Two groups are of one part where a value ties both (it may tie anchors too), but not by way of an
    anchor's other values.
12. `contested`: looks at the sightings, by the anchors' records, of values in their leases that the part
    shares with that anchor: the latest `last` or the earliest `first`; a sighting without a time after all
    others; then the smaller record key, for `latest` too. In a claims step an anchor's claimed sightings
    count as well.
13. A part stays ambiguous between the persons that its anchors have become. It ceases to be so only where it
    has joined one of these. Where its anchors have become one person without it, it is ambiguous with that
    one alone. A group in which several ambiguous parts met has an entry for each; a part that later joined a
    third person makes that person's an entry.
14. Claims steps stand directly after the last people-joining namespace (with none: after the judgements),
    before any anonymous namespace that comes later. A namespace is claimed where any record holds a value of
    it as an unblocked claim; then all its live values take part. The known groups that "only claim the
    value" are those of whose attributed records none holds it unclaimed, in whatever lease; leases are made
    before these groups are left out.
15. Two passes, and each claims step, are steps of their own ("as things stood before this step").
16. Look-up: by the youngest lease of the unblocked, unclaimed holders, unattributed records among them; all
    persons of these holders, an ambiguous part too; the owner by 12 over all their sightings in that lease.
    A value only ambiguous evidence holds goes to that evidence's own group. Undeclared namespaces look up
    nobody.
17. A case: a people-joining namespace (not its claims step) and the persons of the anchors that a unique
    namespace gave, two or more, unless a standing `different` is between each two of them.
18. A judgement's records that aren't in the evidence are left out, pair by pair.
19. Founding record: "people-joining identifier" needs a declared namespace.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from tests.reference.evidence import (
    Alike,
    Evidence,
    Group,
    Holding,
    Identifier,
    Judgement,
    Key,
    Namespace,
    Rec,
    check,
    standing,
)
from tests.reference.groups import Facts, connected, founding, holder, union
from tests.reference.matched import matched, vetoes
from tests.reference.steps import Contested, Doubt, Kind, Step
from tests.reference.values import (
    Sighting,
    Tie,
    counts,
    generic,
    known,
    live_ties,
    people_joining,
    unattributed,
)

__all__ = [
    "Answer",
    "Contested",
    "Evidence",
    "Group",
    "Holding",
    "Identifier",
    "Judgement",
    "Key",
    "Lookup",
    "Namespace",
    "Rec",
    "Sighting",
    "Tie",
    "generic",
    "known",
    "live_ties",
    "resolve",
    "resolve_evidence",
    "standing",
    "unattributed",
]


@dataclass(frozen=True)
class Lookup:
    """Whom an identifier finds: nobody (`between` is empty), `owner`, or without one several in doubt."""

    owner: Group | None
    between: frozenset[Group]


@dataclass(frozen=True)
class Answer:
    """Who is who, and what was left open; groups are persons as they are at the end, but in `contested`."""

    persons: frozenset[Group]
    ambiguous: frozenset[tuple[Group, frozenset[Group]]]
    founding: dict[Group, Key]
    contested: frozenset[Contested]
    cases: frozenset[tuple[str, frozenset[Group]]]
    generic: frozenset[Identifier]
    known: frozenset[Group]
    unattributed: frozenset[Key]
    facts: Facts = field(compare=False, repr=False)

    def person(self, group: Collection[Key]) -> Group:
        """The person that has these records of one group."""
        return next(p for p in self.persons if p.issuperset(group))

    def lookup(self, identifier: Identifier) -> Lookup:
        """Whom an identifier finds; an undeclared, generic, blocked or claimed one finds nobody."""
        namespace = next((n for n in self.facts.namespaces if n.name == identifier[0]), None)
        if namespace is None:
            return Lookup(None, frozenset())
        ties = live_ties(namespace, self.facts.records, self.generic)
        youngest = [tie.sightings for tie in ties if tie.identifier == identifier][-1:]
        if not youngest:
            return Lookup(None, frozenset())
        persons = frozenset(self.person({s.record}) for s in youngest[0])
        if len(persons) == 1:
            return Lookup(next(iter(persons)), persons)
        return Lookup(holder(namespace.contested, youngest[0], persons), persons)


def resolve(
    namespaces: Sequence[Namespace],
    records: Sequence[Rec],
    judgements: Sequence[Judgement],
    alike: Alike | None = None,
) -> Answer:
    """Who is who. Namespaces are strongest first; else order means nothing. ValueError for nonsense."""
    check(namespaces, records, judgements)
    facts = Facts(
        tuple(namespaces),
        tuple(records),
        standing(judgements),
        generic(namespaces, records),
        known(namespaces, records),
        unattributed(namespaces, records),
    )
    groups = frozenset(frozenset({r.key}) for r in records)
    contested: list[Contested] = []
    doubts: list[Doubt] = []
    likely: list[tuple[str, Group, Group]] = []
    for step in steps(namespaces, records):
        facts = replace(facts, vetoes=facts.vetoes | vetoes(facts, step, groups, alike))
        groups = walk(facts, step, groups, contested, doubts)
        if alike is not None and step.kind == "all" and step.namespace and step.namespace.name == alike.after:
            groups = matched(facts, step.namespace, groups, alike, (judgements, doubts, likely))
        if step.kind == "judgements":
            facts = replace(facts, judged=frozenset(g for g in groups if len(g) > 1))
    return answer(facts, groups, contested, (doubts, likely))


def resolve_evidence(evidence: Evidence) -> Answer:
    """`resolve` of a bundle."""
    return resolve(evidence.namespaces, evidence.records, evidence.judgements, evidence.alike)


def steps(namespaces: Sequence[Namespace], records: Sequence[Rec]) -> list[Step]:
    """Judgements, namespaces (a unique one twice), claims after the last people-joining one."""
    claimed = {h.namespace for r in records for h in r.holdings if h.claimed and not h.blocked}
    last = _last_of_people(namespaces)
    walks = [[Step("single", n), Step("all", n)] if n.unique else [Step("all", n)] for n in namespaces]
    before = [step for steps_of_one in walks[: last + 1] for step in steps_of_one]
    after = [step for steps_of_one in walks[last + 1 :] for step in steps_of_one]
    return [
        Step("judgements", None),
        *before,
        *(Step("claims", n) for n in namespaces if n.name in claimed),
        *after,
    ]


def _last_of_people(namespaces: Sequence[Namespace]) -> int:
    return max((i for i, n in enumerate(namespaces) if n.joins == "people"), default=-1)


def ties_of(facts: Facts, step: Step, groups: frozenset[Group]) -> list[Tie]:
    """Rule 1: what ties which groups in this step."""
    if step.namespace is None:
        held = [pair for pair, word in facts.words.items() if word == "same"]
        return [Tie(None, frozenset(), frozenset(g for g in groups if g & pair)) for pair in held]
    attributed = [r for r in facts.records if r.key not in facts.unattributed]
    records = attributed if step.only_anonymous else facts.records
    eligible = groups
    if step.kind == "single":
        eligible = frozenset(g for g in groups if len(facts.distinct(step.namespace, [g])) == 1)
    ties = []
    for tie in live_ties(step.namespace, records, facts.generic, claims=step.kind == "claims"):
        tied = {g for g in eligible if any(s.record in g for s in tie.sightings)}
        if step.kind == "claims":
            held_by = {
                r.key for r in records for h in r.holdings if h.identifier == tie.identifier and counts(h)
            }
            tied = {g for g in tied if not g & facts.known or g & held_by}
        ties.append(replace(tie, groups=frozenset(tied)))
    return ties


def conflicts(
    facts: Facts, step: Step, component: frozenset[Group]
) -> frozenset[tuple[Kind, frozenset[Group]]]:
    """Rule 2: why a component can't be one person, and the groups in conflict."""
    found: list[tuple[Kind, frozenset[Group]]] = []
    unique: set[Group] = set()
    at = facts.namespaces.index(step.namespace) if step.namespace is not None else -1
    if step.kind == "claims":
        at = _last_of_people(facts.namespaces)
    for namespace in facts.namespaces[: at + 1]:
        if namespace.unique and len(facts.distinct(namespace, component)) > 1:
            unique |= {g for g in component if facts.values(namespace, g)}
    apart = frozenset(g for a, b in combinations(component, 2) if facts.kept_apart(a, b) for g in (a, b))
    meeting = frozenset(g for g in component if g & facts.known)
    if unique:
        found.append(("unique", frozenset(unique)))
    if apart:
        found.append(("different", apart))
    vetoed = frozenset(g for a, b in combinations(component, 2) if facts.vetoed(a, b) for g in (a, b))
    if vetoed:
        found.append(("veto", vetoed))
    if step.only_anonymous and len(meeting) > 1:
        found.append(("known", meeting))
    return frozenset(found)


def walk(
    facts: Facts, step: Step, groups: frozenset[Group], contested: list[Contested], doubts: list[Doubt]
) -> frozenset[Group]:
    """Rules 1 to 4 for one step: the groups after it; refusals and ambiguities are added to the lists."""
    ties = ties_of(facts, step, groups)
    after: set[Group] = set()
    for component in connected(groups, [tie.groups for tie in ties]):
        against = conflicts(facts, step, component) if len(component) > 1 else frozenset()
        if not against:
            after.add(union(component))
            continue
        refused = Contested(step.kind, step.namespace.name if step.namespace else None, against)
        contested.append(refused)
        joining: dict[Group, list[Group]] = {anchor: [] for anchor in refused.anchors}
        rest = component - refused.anchors
        for part in connected(rest, [tie.groups - refused.anchors for tie in ties]):
            shared = [tie for tie in ties if tie.groups & part and tie.groups & refused.anchors]
            tied = frozenset(a for a in refused.anchors if any(a in tie.groups for tie in shared))
            taker = next(iter(tied)) if len(tied) == 1 else None
            if len(tied) > 1 and step.namespace is not None:
                mine = [(s, tied & tie.groups) for tie in shared for s in tie.sightings]
                seen = [s for s, anchors in mine if s.record in union(anchors)]
                taker = holder(step.namespace.contested, seen, tied)
            if taker is not None:
                joining[taker].append(union(part))
                continue
            after.add(union(part))
            if tied:
                doubts.append(Doubt(union(part), tied))
        after |= {union([anchor, *parts]) for anchor, parts in joining.items()}
    return frozenset(after)


def answer(
    facts: Facts,
    persons: frozenset[Group],
    contested: Sequence[Contested],
    left: tuple[Sequence[Doubt], Sequence[tuple[str, Group, Group]]],
) -> Answer:
    """What the steps left, told of the persons at the end."""

    def final(group: Group) -> Group:
        return next(p for p in persons if group <= p)

    doubts, likely = left
    open_doubts = {(final(d.part), frozenset(final(a) for a in d.anchors)) for d in doubts}
    cases = {(name, frozenset({final(a), final(b)})) for name, a, b in likely if final(a) != final(b)}
    for refused in contested:
        by_people = refused.namespace in people_joining(facts.namespaces) and refused.step != "claims"
        for kind, groups in refused.conflicts if by_people else ():
            rivals = kind in ("unique", "veto")
            if rivals and not all(facts.kept_apart(a, b) for a, b in combinations(groups, 2)):
                name = f"veto {refused.namespace}" if kind == "veto" else str(refused.namespace)
                cases.add((name, frozenset(final(g) for g in groups)))
    return Answer(
        persons=persons,
        ambiguous=frozenset((part, anchors) for part, anchors in open_doubts if part not in anchors),
        founding={p: founding(facts.namespaces, [r for r in facts.records if r.key in p]) for p in persons},
        contested=frozenset(contested),
        cases=frozenset(cases),
        generic=facts.generic,
        known=frozenset(p for p in persons if p & facts.known),
        unattributed=facts.unattributed,
        facts=facts,
    )
