"""Trains the bundled model of people on simulated ones: ``python -m tests.accuracy.train_people FILE``.

What holds for these names only is left out (value frequencies), the prior is set for a store of 100,000
records, and keys are added that a larger store needs. The same code gives the same file.
"""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

from resolver.matching.model import BIT, Comparison, Model, to_dict
from resolver.matching.names import PERSON
from resolver.matching.training import train
from resolver.matching.values import Traits
from tests.accuracy.tables import simulated

_PEOPLE = 9000
_STORE = 100_000
_MERGE = 2 * BIT
"""A model that did not see the data it is used on joins with more caution than one that did."""

_KEYS = (
    ("email: whole",),
    ("email: local",),
    ("phone: seven",),
    ("birthday: whole", "surname: sound"),
    ("birthday: whole", "given name: sound"),
    ("birthday: whole", "postcode: first half"),
    ("birthday: month day", "given name: both"),
    ("given name: both", "birthday: year"),
    ("given name: both", "postcode: whole"),
    ("given name: both", "city: whole"),
    ("given name: beginnings", "city: beginning"),
    ("given name: sound", "street: street number"),
    ("surname: sound", "street: number and two letters"),
    ("surname: whole", "postcode: whole"),
)


def _of_anybody(comparison: Comparison) -> Comparison:
    """A comparison without what holds for the simulated alone; names may come as whole ones, too."""
    traits = PERSON if len(comparison.traits) == len(PERSON) else comparison.traits
    return replace(comparison, traits=traits, rare={}, rare_other=0, slips=())


def people_model() -> Model:
    """The model as it is shipped."""
    records: list[Traits] = []
    for seed, dirty in ((101, 0.15), (102, 0.45)):
        records += simulated(_PEOPLE, seed, dirty).records.values()
    model = train(records).model
    rarer = round(math.log2(len(records) / _STORE) * BIT)
    comparisons = tuple(_of_anybody(one) for one in model.comparisons)
    blocking = tuple(dict.fromkeys((*_KEYS, *model.blocking)))
    return replace(
        model,
        comparisons=comparisons,
        blocking=blocking,
        prior=model.prior + rarer,
        merge=_MERGE,
        review=0,
        floor=_MERGE,
        explanations=tuple((name, weight + rarer) for name, weight in model.explanations),
        about={"records": len(records), "of": "simulated people", "prior for records": _STORE},
    )


def main() -> None:
    """Writes the model to the file named."""
    text = json.dumps(to_dict(people_model()), indent=1, ensure_ascii=False, sort_keys=True)
    Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    main()
