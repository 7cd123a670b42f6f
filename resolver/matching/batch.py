"""Everything at once: the candidates, edges and persons of a whole set of records."""

from collections.abc import Mapping, Set

import numpy as np

from resolver.matching.blocking import candidate_pairs
from resolver.matching.components import Graph, Group, Key
from resolver.matching.content import Prepared
from resolver.matching.linking import Linked, link
from resolver.matching.model import Model, Weight
from resolver.matching.table import weigh

_AT_ONCE = 1 << 20


def edges_of(contents: Mapping[int, Prepared], model: Model) -> dict[int, dict[int, Weight]]:
    """All edges among distinct contents: candidates whose weight is at least ``min(floor, review)``."""
    numbers = sorted(number for number, content in contents.items() if content.votes)
    ordered = [contents[number] for number in numbers]
    left, right = candidate_pairs([content.keys for content in ordered], model.block_cap)
    edges: dict[int, dict[int, Weight]] = {number: {} for number in numbers}
    least = min(model.floor, model.review)
    for start in range(0, len(left), _AT_ONCE):
        one, two = left[start : start + _AT_ONCE], right[start : start + _AT_ONCE]
        weights = weigh(ordered, one, two, model)
        kept = np.flatnonzero(weights >= least)
        rows = zip(one[kept].tolist(), two[kept].tolist(), weights[kept].tolist(), strict=True)
        for here, there, weight in rows:
            edges[numbers[here]][numbers[there]] = weight
            edges[numbers[there]][numbers[here]] = weight
    return edges


def match_all(
    prepared: Mapping[Key, Prepared],
    model: Model,
    unique: Mapping[Key, Set[tuple[str, str]]] | None = None,
    apart: Mapping[Key, Set[Key]] | None = None,
) -> Linked:
    """The persons among records, each a group of its own so far: what a stream of them ends with in any
    order.

    ``unique``: (namespace, value) per record; ``apart``: records that judgements keep apart, both ways round.
    """
    contents = {content.content: content for content in prepared.values()}
    groups = {
        key: Group(
            key,
            frozenset((content.content,) if content.votes else ()),
            frozenset((unique or {}).get(key, ())),
        )
        for key, content in prepared.items()
    }
    own = {number: content.own for number, content in contents.items()}
    return link(Graph(groups, edges_of(contents, model), own), model, apart)
