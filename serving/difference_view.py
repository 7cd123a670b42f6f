"""What other rules would change, for people and for programs."""

from collections.abc import Iterator

from graph_schema.store import Document
from resolver.sentences import counted
from stream.differing import KINDS, Difference

_SAID = {
    "merged": "persons become one with others",
    "split": "a person becomes several",
    "moved": "persons exchange records",
    "renamed": "a person keeps the records under another id",
}


def difference_view(found: Difference) -> Document:
    """All of it as JSON."""
    return {
        "persons": {"before": found.persons[0], "after": found.persons[1], "same": found.same},
        "cases": {"before": found.cases[0], "after": found.cases[1]},
        **{kind: found.altered[kind] for kind in KINDS},
        "examples": [
            {
                "kind": one.kind,
                "before": list(one.before),
                "after": list(one.after),
                "records": [key._asdict() for key in one.records],
            }
            for one in found.examples
        ],
    }


def difference_lines(found: Difference) -> Iterator[str]:
    """The same in lines of text."""
    before, after = found.persons
    yield f"{counted(before, 'person', 'persons')} would be {after:,}; {found.same:,} as before."
    yield f"{counted(found.cases[0], 'open case')} would be {found.cases[1]:,}."
    for kind in KINDS:
        if found.altered[kind]:
            yield f"{kind}: {counted(found.altered[kind], 'time')} {_SAID[kind]}"
        for one in (each for each in found.examples if each.kind == kind):
            records = ", ".join("/".join(key) for key in one.records)
            yield f"    {' '.join(one.before)} → {' '.join(one.after)}  ({records})"
    if not sum(found.altered.values()):
        yield "No person would change."
