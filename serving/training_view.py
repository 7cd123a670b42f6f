"""What training found as a page that somebody can read: charts as pictures inside it, nothing fetched."""

from math import log2

from resolver.matching.kinds import KINDS
from resolver.matching.model import BIT
from resolver.matching.report import Training
from serving.single_pages import single_page


def as_html(training: Training) -> str:
    """The report as one page without scripts."""
    model = training.model
    # Of pairs that are people apart there are so many more that only a logarithm shows the others.
    tallest = log2(1.0 + max(*training.histogram, 2.0))
    return single_page(
        "training.html",
        training=training,
        model=model,
        kinds=KINDS,
        bit=BIT,
        merge=model.merge / BIT,
        review=model.review / BIT,
        veto=model.veto / BIT,
        bars=[(count, log2(1.0 + count) / tallest) for count in training.histogram],
    )
