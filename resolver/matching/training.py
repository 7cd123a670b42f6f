"""Fits a model to records without labels: which comparisons, their weights, value frequencies, keys,
thresholds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import TypeAlias

import numpy as np

from graph_schema.errors import Invalid
from resolver.matching import keys
from resolver.matching.blocking import Floats, Ints
from resolver.matching.draws import alike, draw
from resolver.matching.estimation import Apart, Odds, Pairs, maximise, posterior, start
from resolver.matching.explanations import EXPLANATIONS
from resolver.matching.kinds import KINDS
from resolver.matching.model import BIT, Comparison, Model, Weight, rarity_text
from resolver.matching.placeholders import placeholders
from resolver.matching.proposing import Proposal, comparisons_of, propose
from resolver.matching.quick import QUICK
from resolver.matching.rarity import Frequencies
from resolver.matching.report import Training, expected_errors, propose_merge, propose_veto
from resolver.matching.table import Cell, Column, share_alike
from resolver.matching.values import Traits, texts
from resolver.sentences import counted

_MOST_RECORDS = 60_000
_RANDOM_PAIRS = 150_000
_CANDIDATE_PAIRS = 200_000
_LOCAL_PAIRS = 30_000
_NAME_PAIRS = 10_000
_CANDIDATES_A_RECORD = 40
_FEW_RECORDS = 500
_SLIP_PSEUDO_PAIRS = 10.0
_MOST_OWN = 0.15
"""So many of one person's slips at most make a name that others bear: else two of a family, Carol and
Charles, are taken for one who mistypes."""

_PLACE_SHARED = 0.0005
"""Where two records at random name one place less often than this, it is as small as a household."""

_Slips: TypeAlias = dict[int, tuple[float, float]]
"""Per level of slips what it adds, in bits, that both values are listed, and that one is not."""

Progress = Callable[[str, float], None]


@dataclass
class _Sample:
    """The records that are looked at, taken apart, and the outcomes of comparing some of their pairs;
    ``unread``: how many have what can't be read, and how many have anything, in each comparison."""

    comparisons: tuple[Comparison, ...]
    columns: list[Column]
    nothing: list[set[Cell]]
    unread: list[tuple[int, int]]
    atoms: keys.Atoms
    left: Ints
    right: Ints
    candidates: Pairs
    apart: Apart
    places: list[tuple[Ints, Ints]]
    records: int


def train(
    records: Sequence[Traits],
    seed: int = 1,
    progress: Progress = lambda *_: None,
    kinds: Mapping[str, str] | None = None,
    blocking: Sequence[tuple[str, ...]] = (),
) -> Training:
    """Learns a model from records of which nobody said who is who.

    What is compared is proposed from the data, but for traits of which ``kinds`` says as what; ``blocking``
    are lists of one or two traits whose values shall find candidates, beside the keys that are chosen. Of
    more than 60,000 records that many are looked at, chosen by ``seed``, as are the random pairs for u: the
    same records in the same order give the same model. ``progress`` is told what is done and the share of
    the whole. Raises ``Invalid`` with too few records, nothing to compare, or an unknown trait.
    """
    if len(records) < 2:
        raise Invalid(
            "records", f"{counted(len(records), 'record')} with traits: a model needs some hundreds at least."
        )
    proposals = propose(records, kinds)
    given = comparisons_of(proposals, kinds or {}, blocking)
    if len(records) > _MOST_RECORDS:
        chosen = np.sort(np.argsort(draw(seed, len(records), 1 << 62))[:_MOST_RECORDS]).tolist()
        records = [records[place] for place in chosen]
    sample = _sample(records, given, seed, progress)
    odds = start([KINDS[one.kind] for one in given], sample.apart, sample.records)
    odds = maximise(sample.candidates, sample.apart, odds, sample.records)
    progress("weights learnt", 0.8)
    frequencies = _frequencies(sample, odds)
    slips = _set_rarities(sample, odds, frequencies)
    odds = maximise(sample.candidates, sample.apart, odds, sample.records)
    progress("value frequencies learnt", 0.9)
    return _finish(sample, odds, (frequencies, slips), proposals, blocking)


def _sample(
    records: Sequence[Traits], comparisons: tuple[Comparison, ...], seed: int, progress: Progress
) -> _Sample:
    cells: list[tuple[Cell, ...]] = [
        tuple(KINDS[one.kind].values(traits, one.traits) for one in comparisons) for traits in records
    ]
    unread = [_unread(records, one, [row[place] for row in cells]) for place, one in enumerate(comparisons)]
    progress("records read", 0.2)
    columns = [Column([row[place] for row in cells]) for place in range(len(comparisons))]
    nothing = placeholders(comparisons, columns)
    for place, none in enumerate(nothing):
        if none:
            columns[place] = Column([() if row[place] in none else row[place] for row in cells])
    atoms = keys.Atoms.of(comparisons, columns)
    one_in = max(1, round(len(records) * _CANDIDATES_A_RECORD / _CANDIDATE_PAIRS))
    left, right = keys.candidates(atoms, Model.block_cap, one_in)
    progress("candidates found", 0.4)
    total = len(records) * (len(records) - 1) // 2
    if total <= _RANDOM_PAIRS:
        here, there = (side.astype(np.int64) for side in np.triu_indices(len(records), 1))
    else:
        here = draw(seed + 1, _RANDOM_PAIRS, len(records))
        there = (here + 1 + draw(seed + 2, _RANDOM_PAIRS, len(records) - 1)) % len(records)
    candidates = _compared(comparisons, columns, left, right, float(one_in))
    progress("candidates compared", 0.6)
    places = [(here, there), alike(_place(comparisons, columns), seed + 3, _LOCAL_PAIRS)]
    for kind in ("given name", "surname"):
        named = [one for of, one in zip(comparisons, columns, strict=True) if of.kind == kind]
        numbers = named[0].numbered(lambda name: name[0]) if named else np.zeros(0, np.int64)
        places.append(alike(numbers, seed + 3, _NAME_PAIRS))
    apart = Apart(*(_compared(comparisons, columns, *pairs, 1.0) for pairs in places))
    progress("random pairs compared", 0.7)
    looked_at = comparisons, columns, nothing, unread, atoms
    return _Sample(*looked_at, left, right, candidates, apart, places, len(records))


def _unread(records: Sequence[Traits], comparison: Comparison, cells: list[Cell]) -> tuple[int, int]:
    if len(comparison.traits) > 1:  # of the several that name a person one alone says nothing of another
        return 0, 0
    held = [bool(texts(traits, comparison.traits)) for traits in records]
    return sum(one and not cell for one, cell in zip(held, cells, strict=True)), sum(held)


def _place(comparisons: tuple[Comparison, ...], columns: list[Column]) -> Ints:
    """The number of the place that each record names, of the smallest kind of place that many share."""
    found = [(1.0, np.zeros(0, np.int64))]
    for comparison, column in zip(comparisons, columns, strict=True):
        if not KINDS[comparison.kind].neighbours or 4 * int((column.of >= 0).sum()) < len(column.of):
            continue
        same = share_alike(column.of)
        if same >= _PLACE_SHARED:
            found.append((same, column.of))
    return min(found, key=lambda one: one[0])[1]


def _compared(
    comparisons: tuple[Comparison, ...], columns: list[Column], left: Ints, right: Ints, counts_for: float
) -> Pairs:
    levels = np.full((len(left), len(columns)), -1, np.int64, order="F")
    for place, (comparison, column) in enumerate(zip(comparisons, columns, strict=True)):
        level_of, quick = KINDS[comparison.kind].level, QUICK.get(comparison.kind)
        levels[:, place] = column.levels(left, right, level_of, quick)
    return Pairs(levels, np.zeros(levels.shape, order="F"), counts_for)


def _frequencies(sample: _Sample, odds: Odds) -> list[Frequencies]:
    match = posterior(sample.candidates, odds)[0]
    found = []
    for place, (comparison, column) in enumerate(zip(sample.comparisons, sample.columns, strict=True)):
        agree = (sample.candidates.levels[:, place] == 0) & (match > 0.01)
        weights = match[agree] * sample.candidates.counts_for
        found.append(Frequencies(comparison.kind, column, sample.left[agree], sample.right[agree], weights))
    return found


def _set_rarities(sample: _Sample, odds: Odds, frequencies: Sequence[Frequencies]) -> list[_Slips]:
    """Sets what frequencies add to each pair; what they add to slips is learnt here, and given back."""
    match = posterior(sample.candidates, odds)[0]
    apart = 1.0 - np.sum(posterior(sample.apart.random, odds), axis=0)
    places = [(sample.candidates, sample.left, sample.right)]
    places += [(pairs, *both) for pairs, both in zip(sample.apart, sample.places, strict=True)]
    found = []
    for place, (comparison, frequency) in enumerate(zip(sample.comparisons, frequencies, strict=True)):
        worth, listed = frequency.of_records(), frequency.listed()
        slips: _Slips = {}
        for level in KINDS[comparison.kind].slips:
            shares = []
            for (pairs, left, right), weights in zip(places, (match, apart), strict=False):
                here = pairs.levels[:, place] == level
                both = listed[left[here]] & listed[right[here]]
                shares.append((float(weights[here][both].sum()), float(weights[here].sum())))
            slips[level] = _slip_bits(*shares)
        for pairs, left, right in places:
            levels = pairs.levels[:, place]
            same = levels == 0
            pairs.rarity[same, place] = np.minimum(worth[left[same]], worth[right[same]])
            for level, (both_bits, either_bits) in slips.items():
                here = levels == level
                both = listed[left[here]] & listed[right[here]]
                pairs.rarity[here, place] = np.where(both, both_bits, either_bits)
        found.append(slips)
    return found


def _slip_bits(matched: tuple[float, float], apart: tuple[float, float]) -> tuple[float, float]:
    """What it adds that both of two unlike values are listed, and that they aren't; of each kind of pairs so
    many with both listed, and so many in all."""
    u = (apart[0] + 1.0) / (apart[1] + 2.0)
    m = (matched[0] + _SLIP_PSEUDO_PAIRS * u) / (matched[1] + _SLIP_PSEUDO_PAIRS)
    m = min(m, _MOST_OWN, u)
    return log2(m / u), log2((1.0 - m) / (1.0 - u))


def _finish(
    sample: _Sample,
    odds: Odds,
    learnt: tuple[list[Frequencies], list[_Slips]],
    proposals: Sequence[Proposal],
    blocking: Sequence[tuple[str, ...]],
) -> Training:
    fitted = _fitted(sample, odds, *learnt)
    match_of = posterior(sample.candidates, odds)[0]
    rest = np.maximum(1.0 - match_of, 1e-9)
    weights = np.clip(np.log2(np.maximum(match_of, 1e-9) / rest), -12, 12)
    errors = expected_errors(weights, sample.candidates.counts_for)
    likely = match_of > 0.5
    chosen = keys.choose(
        sample.atoms, sample.left[likely], sample.right[likely], match_of[likely], Model.block_cap
    )
    wanted = keys.of_traits(sample.comparisons, sample.atoms, blocking)
    merge = propose_merge(errors)
    model = Model(
        tuple(fitted),
        tuple(dict.fromkeys((*wanted, *(sample.atoms.named(key) for key, _ in chosen)))),
        round(log2(odds.match) * BIT),
        tuple(
            (explanation.name, round(log2(share) * BIT))
            for explanation, share in zip(EXPLANATIONS, odds.shares, strict=True)
            if share
        ),
        merge=merge,
        review=merge - 2 * BIT,
        floor=merge,
        veto=propose_veto(fitted),
        about={"records": sample.records, "pairs": round(odds.steps[-1][0])},
    )
    reasons = [(" + ".join(key), "the rules say so") for key in wanted]
    reasons += [(" + ".join(sample.atoms.named(key)), why) for key, why in chosen]
    counts = np.histogram(weights, bins=24, range=(-12, 12))[0] * sample.candidates.counts_for
    histogram, notes = tuple(float(x) for x in counts), _notes(sample, odds)
    return Training(model, tuple(proposals), tuple(reasons), errors, histogram, notes)


def _notes(sample: _Sample, odds: Odds) -> tuple[str, ...]:
    """What to be careful about."""
    records, found = sample.records, []
    for comparison, (unread, held) in zip(sample.comparisons, sample.unread, strict=True):
        if unread:
            many = f"{unread} of {held} values"
            found.append(f"{comparison.name}: {many} can't be read as {comparison.kind}: they are none.")
    for comparison, none in zip(sample.comparisons, sample.nothing, strict=True):
        if none:
            found.append(f"{comparison.name}: values that count as none, as many have them: {len(none)}.")
    if records < _FEW_RECORDS:
        found.append(f"Only {records} records: the weights are mostly what is expected of people in general.")
    if odds.steps[-1][0] < 0.01 * records:
        found.append("Hardly two records seem to be of one person: what they differ in could not be learnt.")
    return tuple(found)


def _fitted(
    sample: _Sample, odds: Odds, frequencies: list[Frequencies], slips: list[_Slips]
) -> list[Comparison]:
    """The comparisons with all that was learnt of them."""
    ratios = [row for row, share in zip(odds.ratios(), (1.0, *odds.shares), strict=True) if share]
    fitted = []
    for place, comparison in enumerate(sample.comparisons):
        match, *others = (_whole(ratio[place]) for ratio in ratios)
        frequency = frequencies[place]
        rare: dict[str, Weight | None] = {}
        rare |= {text: round(bits * BIT) for text, bits in sorted(frequency.bits.items())}
        rare |= {rarity_text(comparison.kind, cell[0]): None for cell in sample.nothing[place]}
        m, u = (tuple(float(f"{x:.6g}") for x in share[place]) for share in (odds.m, odds.u))
        weighed = tuple(weights if any(weights) else () for weights in others)
        added = tuple((level, round(a * BIT), round(b * BIT)) for level, (a, b) in slips[place].items())
        # What is unlike never weighs more than what is less so, however few showed it.
        lowest = (*match[:-1], min(match))
        learnt = (lowest, weighed, rare, round(frequency.other * BIT), m, u, added)
        fitted.append(Comparison(comparison.name, comparison.kind, comparison.traits, *learnt))
    return fitted


def _whole(bits: Floats) -> tuple[Weight, ...]:
    return tuple(round(float(one) * BIT) for one in bits)
