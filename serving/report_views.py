"""The report as somebody reads it: in text with bars, or as a page with a picture."""

from html import escape
from typing import Any, Final, Literal

from stream.reporting import BUYERS, STAGES

Side = Literal["with_resolution", "without_resolution"]

_SIDES: Final[tuple[tuple[Side, str], ...]] = (
    ("with_resolution", "as persons"),
    ("without_resolution", "as records, without resolution"),
)
_GROUPS: Final = (("by_stage", "By stage", STAGES), ("by_purchases", "By purchases", BUYERS))
_COLOURS: Final = {
    "new": "#4e79a7",
    "active": "#59a14f",
    "defecting": "#edc948",
    "inactive": "#b07aa1",
    "closed": "#79706e",
    "first_time": "#76b7b2",
    "repeat": "#f28e2b",
}
_BAR: Final = 24
_WIDTH: Final = 640
_ROW: Final = 30


def as_text(report: dict[str, Any]) -> str:
    """Tables with bars of the share of revenue."""
    lines = [f"Customers and revenue at {report['at']}", ""]
    for side, title in _SIDES:
        total = report[side]
        lines += [f"{title.capitalize()}: {_told(total, report['currency'])}"]
        for group, _, names in _GROUPS:
            for name in names:
                one = total[group][name]
                share, paid = _share(one, total, "customers"), _share(one, total, "revenue")
                bar = "█" * round(paid * _BAR)
                lines.append(
                    f"  {name.replace('_', '-'):11}{one['customers']:9,} customers {share:6.1%}"
                    f"{one['revenue']:15,.2f} {paid:6.1%} {bar}".rstrip()
                )
        lines.append("")
    return "\n".join(lines)


def as_html(report: dict[str, Any]) -> str:
    """A page that stands alone: a picture, and the tables it is drawn from."""
    parts = [
        f"<h2>{escape(heading)}</h2>{_picture(report, group, names)}{_table(report, group, names)}"
        for group, heading, names in _GROUPS
    ]
    totals = "".join(
        f"<p><b>{title.capitalize()}</b>: {escape(_told(report[side], report['currency']))}</p>"
        for side, title in _SIDES
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Onefold: customers and revenue</title>'
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:720px;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse;width:100%}td,th{padding:.2rem .6rem;text-align:right}"
        "td:first-child,th:first-child{text-align:left}svg{width:100%;height:auto}</style>"
        f"<h1>Customers and revenue</h1><p>{escape(str(report['at']))}</p>{totals}{''.join(parts)}</html>\n"
    )


def _told(total: dict[str, Any], currency: str | None) -> str:
    return (
        f"{total['customers']:,} customers, {total['orders']:,} orders, "
        f"{total['revenue']:,.2f}{f' {currency}' if currency else ''}"
    )


def _share(one: dict[str, Any], total: dict[str, Any], what: str) -> float:
    return one[what] / total[what] if total[what] else 0.0


def _picture(report: dict[str, Any], group: str, names: tuple[str, ...]) -> str:
    """Stacked bars: the share of customers and of revenue of each group, for both sides."""
    bars: list[str] = []
    y = 0
    for side, title in _SIDES:
        for what in ("customers", "revenue"):
            bars.append(
                f'<text x="0" y="{y + 20}" font-size="13">{what} {escape(title.split(",")[0])}</text>'
            )
            x = 190.0
            for name in names:
                width = _share(report[side][group][name], report[side], what) * (_WIDTH - 190)
                label = f"{name}: {_share(report[side][group][name], report[side], what):.1%}"
                bars.append(
                    f'<rect x="{x:.1f}" y="{y + 4}" width="{width:.1f}" height="22" fill="{_COLOURS[name]}">'
                    f"<title>{label}</title></rect>"
                )
                x += width
            y += _ROW
    for number, name in enumerate(names):
        x = number * _WIDTH / len(names)
        bars.append(
            f'<rect x="{x:.0f}" y="{y + 12}" width="12" height="12" fill="{_COLOURS[name]}"/>'
            f'<text x="{x + 18:.0f}" y="{y + 23}" font-size="13">{name.replace("_", "-")}</text>'
        )
    return (
        f'<svg role="img" aria-label="Shares of customers and revenue" viewBox="0 0 {_WIDTH} {y + 30}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(bars)}</svg>'
    )


def _table(report: dict[str, Any], group: str, names: tuple[str, ...]) -> str:
    rows = []
    for name in names:
        cells = "".join(
            f"<td>{report[side][group][name]['customers']:,}</td>"
            f"<td>{report[side][group][name]['revenue']:,.2f}</td>"
            for side, _ in _SIDES
        )
        rows.append(f"<tr><td>{name.replace('_', '-')}</td>{cells}</tr>")
    heads = "".join(
        f"<th>customers, {escape(title.split(',')[0])}</th><th>revenue</th>" for _, title in _SIDES
    )
    return f"<table><tr><th></th>{heads}</tr>{''.join(rows)}</table>"
