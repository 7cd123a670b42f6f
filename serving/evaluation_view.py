"""A store beside the truth, for people and for programs."""

from collections.abc import Iterator
from typing import Any, Final

from resolver.evaluation import Evaluation, Mixed, Rates
from resolver.sentences import counted

_EXAMPLES: Final = 10


def evaluation_view(found: Evaluation, missing: int) -> dict[str, Any]:
    """All figures, and examples of what is wrong."""
    pairs = found.pairs
    return {
        "records": found.records,
        "people": found.people,
        "persons": found.persons,
        "not_in_store": missing,
        "pairwise": {**_rates(pairs.rates), **pairs._asdict()},
        "b_cubed": _rates(found.b_cubed),
        "overlinks": _mixed(found.overlinked),
        "underlinks": _mixed(found.underlinked),
    }


def _rates(rates: Rates) -> dict[str, float]:
    return {"precision": rates.precision, "recall": rates.recall, "f1": rates.f1}


def _mixed(groups: Mixed) -> dict[str, Any]:
    examples = [[["/".join(key) for key in part] for part in parts] for parts in groups[:_EXAMPLES]]
    return {"count": len(groups), "examples": examples}


def evaluation_lines(told: dict[str, Any]) -> Iterator[str]:
    """The same as sentences and a table; of each example what `onefold why` takes."""
    records, people = counted(told["records"], "record"), counted(told["people"], "person", "people")
    are = "is" if told["records"] == 1 else "are"
    yield f"{records} of {people} {are} {counted(told['persons'], 'person', 'persons')} here"
    if told["not_in_store"]:
        yield f"{told['not_in_store']:,} of what the truth tells of is not in the store"
    yield ""
    yield f"{'':10} {'precision':>10} {'recall':>10} {'F1':>10}"
    for name, title in (("pairwise", "pairwise"), ("b_cubed", "B-cubed")):
        rates = told[name]
        yield f"{title:10} {rates['precision']:10.4f} {rates['recall']:10.4f} {rates['f1']:10.4f}"
    pairs = told["pairwise"]
    yield f"pairs: {pairs['right']:,} right, {pairs['wrong']:,} wrong, {pairs['missed']:,} missed"
    for name, what in (
        ("overlinks", "persons that hold records of several people"),
        ("underlinks", "people whose records are several persons"),
    ):
        yield f"\n{name}: {told[name]['count']:,} {what}"
        for parts in told[name]["examples"]:
            shown = " | ".join(", ".join(part[:3]) + (", …" if len(part) > 3 else "") for part in parts[:4])
            yield f"  {shown}\n    onefold why {parts[0][0]} {parts[1][0]}"
