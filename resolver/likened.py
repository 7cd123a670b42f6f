"""How alike the records of two sides are, as a waterfall of weights that people can read."""

from collections.abc import Collection

from graph_schema.store import Document
from resolver.matching.model import BIT, Weight
from resolver.matching.scoring import compare, explain
from resolver.traced import Evidence

_COMPARED = 32
"""So many different contents of each side are compared, those of the smallest record keys."""


def in_bits(weight: Weight) -> float:
    """A weight as people are told it."""
    return round(weight / BIT, 2)


def closest(evidence: Evidence, ours: Collection[int], theirs: Collection[int]) -> tuple[int, int] | None:
    """The two records of two sides that speak most for one person; None where one of them says nothing."""
    if evidence.plan.matching is None:
        return None
    model, contents = evidence.plan.matching.model, evidence.contents
    mine, yours = (_said(evidence, side) for side in (ours, theirs))
    weighed = [
        (compare(contents[here], contents[there], model), one, two)
        for here, one in mine.items()
        for there, two in yours.items()
    ]
    return max(weighed, key=lambda each: each[0])[1:] if weighed else None


def likened(evidence: Evidence, ours: Collection[int], theirs: Collection[int]) -> Document | None:
    """How much the names, dates and addresses of two sides speak for one person, in bits, by the two records
    that do so most, and what each comparison adds or takes. None where one of the sides says nothing."""
    pair = closest(evidence, ours, theirs)
    if pair is None or evidence.plan.matching is None:
        return None
    model = evidence.plan.matching.model
    one, two = (evidence.contents[evidence.records[each].content] for each in pair)
    steps = explain(one, two, model)
    return {
        "bits": in_bits(sum(step.weight for step in steps)),
        "merge": in_bits(model.merge),
        "review": in_bits(model.review),
        "between": [evidence.shown(each) for each in pair],
        "steps": [
            {"compared": step.comparison, "level": step.level, "bits": in_bits(step.weight)}
            for step in steps
            if step.weight
        ],
    }


def _said(evidence: Evidence, side: Collection[int]) -> dict[int, int]:
    """The contents of some records with values left to compare, each with the first who says it."""
    found: dict[int, int] = {}
    for one in sorted(side):
        content = evidence.records[one].content
        if content in evidence.contents and evidence.contents[content].fields:
            found.setdefault(content, one)
    return dict(list(found.items())[:_COMPARED])
