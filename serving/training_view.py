"""What training found as a page that somebody can read: charts as pictures inside it, nothing fetched."""

from collections.abc import Iterable, Sequence
from html import escape
from math import log2
from typing import Final

from resolver.matching.kinds import KINDS
from resolver.matching.model import BIT, Comparison
from resolver.matching.report import Training

_WIDTH: Final = 720
_ROW: Final = 20
_LABELS: Final = 250
_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#57606a;--line:#d0d7de;--for:#2a6f97;
--against:#b3541e}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--soft:#9aa4af;--line:#30363d;
--for:#6fb3d9;--against:#e8955d}}
body{font:15px/1.5 system-ui,sans-serif;max-width:780px;margin:2rem auto;padding:0 1rem;color:var(--ink);
background:var(--paper)}
svg{width:100%;height:auto;display:block;margin:.5rem 0 1.5rem}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .soft{fill:var(--soft)}
.for{fill:var(--for)}.against{fill:var(--against)}line{stroke:var(--line)}.mark{stroke:var(--against)}
polyline{fill:none;stroke-width:2;stroke:var(--for)}polyline.second{stroke:var(--against)}
polyline.third{stroke:var(--soft);stroke-dasharray:5 3}
table{border-collapse:collapse;width:100%}td,th{padding:.2rem .6rem .2rem 0;text-align:left;
border-bottom:1px solid var(--line)}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
"""


def as_html(training: Training) -> str:
    """The report as one page without scripts."""
    model = training.model
    merge, review, veto = (weight / BIT for weight in (model.merge, model.review, model.veto))
    about = ", ".join(f"{value:,} {name}" for name, value in sorted(model.about.items()))
    notes = "".join(f"<p>{escape(note)}</p>" for note in training.notes)
    return "".join(
        (
            "<!doctype html><html lang=en><meta charset=utf-8>",
            "<meta name=viewport content='width=device-width'>",
            f"<title>Matching model {model.hash}</title><style>{_STYLE}</style>",
            f"<h1>Matching model {model.hash}</h1><p>Learnt without labels from {escape(about)}.</p>{notes}",
            f"<p>Proposed: persons merge from {merge:+.1f} bits on, from {review:+.1f} bits a "
            f"steward reviews, and identifiers are vetoed below {veto:+.1f} bits. A bit is odds doubled.</p>",
            "<h2>What is compared, and why</h2>",
            _table(
                ("trait", "as", "because"),
                ((p.name, p.kind or "left out", p.why) for p in training.proposals),
            ),
            "<h2>Match weights</h2><p>What each outcome of a comparison adds to the evidence for one person. "
            "m: how often two records of one person come out so; u: how often two people do.</p>",
            *(_weights(comparison) for comparison in model.comparisons),
            "<h2>Scores</h2><p>Pairs worth comparing by their weight (a logarithmic scale); most are people "
            "apart.</p>",
            _histogram(training.histogram, merge, review),
            "<h2>Expected errors</h2><p>By the model's own probabilities, at each threshold: precision "
            "(orange), recall (grey, dashed), F1 (blue).</p>",
            _curves(training, merge),
            "<h2>Keys</h2><p>Records are compared where they share one of these, and few others do.</p>",
            _table(("key", "because"), training.keys),
        )
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = "".join(f"<th>{escape(name)}" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}" for cell in row) for row in rows)
    return f"<table><tr>{cells}{body}</table>"


def _weights(comparison: Comparison) -> str:
    """One comparison's bars, to the right for one person, to the left against."""
    levels = KINDS[comparison.kind].levels
    middle, unit = _LABELS + (_WIDTH - _LABELS) * 0.42, (_WIDTH - _LABELS) * 0.38 / 14
    parts = [f"<line x1={middle:.0f} x2={middle:.0f} y1=0 y2={_ROW * len(levels)} />"]
    rows = zip(levels, comparison.match, comparison.m, comparison.u, strict=True)
    for place, (level, weight, m, u) in enumerate(rows):
        bits = max(-14.0, min(14.0, weight / BIT))
        y, wide = place * _ROW, abs(bits) * unit
        x, sort = (middle, "for") if bits >= 0 else (middle - wide, "against")
        end = middle + wide + 4 if bits >= 0 else middle - wide - 4
        anchor = "start" if bits >= 0 else "end"
        parts.append(
            f"<text x=0 y={y + 14}>{escape(level)}</text>"
            f"<rect class={sort} x={x:.1f} y={y + 3} width={max(wide, 0.5):.1f} height={_ROW - 6} />"
            f"<text x={end:.1f} y={y + 14} text-anchor={anchor}>{weight / BIT:+.1f}</text>"
            f"<text class=soft x={_WIDTH} y={y + 14} text-anchor=end>m {m:.3f} u {u:.5f}</text>"
        )
    title = f"{comparison.name} ({comparison.kind})"
    return f"<h3>{escape(title)}</h3>{_picture(title, _ROW * len(levels), parts)}"


def _histogram(counts: Sequence[float], merge: float, review: float) -> str:
    from_bits, high = -12, 160
    tallest = max(max(counts, default=1.0), 2.0)
    wide = _WIDTH / len(counts)
    parts = []
    for place, count in enumerate(counts):
        tall = high * log2(1.0 + count) / log2(1.0 + tallest)
        parts.append(
            f"<rect class=for x={place * wide + 1:.1f} y={high - tall:.1f} width={wide - 2:.1f} "
            f"height={tall:.1f}><title>{from_bits + place} to {from_bits + place + 1} bits: {count:,.0f}"
            "</title></rect>"
        )
    for place in range(0, len(counts) + 1, 4):
        anchor = "start" if place == 0 else "end" if place == len(counts) else "middle"
        label = f"{from_bits + place:+d}"
        parts.append(f"<text x={place * wide:.1f} y={high + 16} text-anchor={anchor}>{label}</text>")
    for bits, name, y in ((merge, "merge", 12), (review, "review", 28)):
        x = (bits - from_bits) * wide
        parts.append(f"<line class=mark x1={x:.1f} x2={x:.1f} y1=0 y2={high} />")
        parts.append(f"<text x={x + 4:.1f} y={y}>{name}</text>")
    return _picture("Pairs by their weight in bits", high + 20, parts)


def _curves(training: Training, merge: float) -> str:
    high, first, last = 160, training.errors[0].threshold, training.errors[-1].threshold
    unit = _WIDTH / (last - first)
    parts = []
    for name, sort in (("precision", "second"), ("recall", "third"), ("f1", "first")):
        points = " ".join(
            f"{(one.threshold - first) * unit:.1f},{high - high * getattr(one, name):.1f}"
            for one in training.errors
        )
        parts.append(f"<polyline class={sort} points='{points}' />")
    x = (merge - first) * unit
    parts.append(f"<line class=mark x1={x:.1f} x2={x:.1f} y1=0 y2={high} />")
    parts.append(f"<text x={x + 4:.1f} y={high - 6}>merge</text>")
    parts += [f"<text x=0 y=12>1</text><text x=0 y={high}>0</text>"]
    for bits in range(int(first), int(last) + 1, 2):
        anchor = "start" if bits == first else "end" if bits == last else "middle"
        parts.append(
            f"<text x={(bits - first) * unit:.1f} y={high + 16} text-anchor={anchor}>{bits:+d}</text>"
        )
    return _picture("Expected precision, recall and F1 by threshold in bits", high + 20, parts)


def _picture(title: str, high: int, parts: Iterable[str]) -> str:
    drawn = "".join(parts)
    return (
        f"<svg viewBox='0 0 {_WIDTH} {high}' role=img aria-label='{escape(title, quote=True)}'>{drawn}</svg>"
    )
