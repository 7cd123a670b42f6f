"""What speaks less for one person never raises a score; and what two records of one content weigh."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from resolver.matching.content import prepare
from resolver.matching.model import Model, Weight, from_dict
from resolver.matching.scoring import compare, explain, others_than_random
from resolver.matching.training import train
from tests.accuracy.tables import simulated

_PATTERNS = 3_000


def _bundled() -> Model:
    return from_dict(json.loads(Path("graph_schema/bundled/people.json").read_text()))


def _trained() -> Model:
    return train(list(simulated(1200, 2, 0.3).records.values())).model


def _weight(model: Model, levels: Mapping[int, int]) -> Weight:
    """What a pair weighs, the prior and the rarity of values left out, of these levels of its comparisons."""
    outcomes = [(model.scales[place], level, 0) for place, level in levels.items() if level >= 0]
    return sum(scale.match[level] for scale, level, _ in outcomes) - others_than_random(outcomes, model)


@pytest.mark.parametrize("made", [_bundled, _trained])
def test_what_speaks_less_for_one_person_never_raises_a_score(made: Callable[[], Model]) -> None:
    model, random = made(), Random(1)
    for _ in range(_PATTERNS):
        levels = {place: random.randrange(-1, len(scale.match)) for place, scale in enumerate(model.scales)}
        place = random.randrange(len(levels))
        match = model.scales[place].match
        told = [(match[level], _weight(model, {**levels, place: level})) for level in range(len(match))]
        assert match[-1] == min(match), model.comparisons[place].name
        for less, more in pairwise(sorted(told)):
            assert less[1] <= more[1] or less[0] == more[0], (model.comparisons[place].name, levels)


@pytest.mark.parametrize("made", [_bundled, _trained])
def test_a_record_and_its_copy_weigh_what_any_two_do(made: Callable[[], Model]) -> None:
    """Else two would be one person though the sum that explains it doesn't reach ``merge``."""
    model, random = made(), Random(2)
    for traits in simulated(200, 3, 0.6).records.values():
        said = prepare({name: traits[name] for name in random.sample(sorted(traits), 3)}, model)
        assert (
            said.own == compare(said, said, model) == sum(step.weight for step in explain(said, said, model))
        )
