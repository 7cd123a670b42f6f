"""The report as somebody reads it: in text with bars, or as a page with a picture."""

from typing import Any, Final, Literal

from serving.single_pages import single_page
from stream.reporting import BUYERS, STAGES

Side = Literal["with_resolution", "without_resolution"]

_SIDES: Final[tuple[tuple[Side, str], ...]] = (
    ("with_resolution", "as persons"),
    ("without_resolution", "as records, without resolution"),
)
_GROUPS: Final = (("by_stage", "By stage", STAGES), ("by_purchases", "By purchases", BUYERS))
_BAR: Final = 24


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
                    f" {one['revenue']:14,.2f} {paid:6.1%} {bar}".rstrip()
                )
        lines.append("")
    return "\n".join(lines)


def as_html(report: dict[str, Any]) -> str:
    """A page that stands alone: a picture, and the tables it is drawn from."""
    return single_page("report.html", report=report, sides=_SIDES, groups=_GROUPS, told=_told, share=_share)


def _told(total: dict[str, Any], currency: str | None) -> str:
    others = "".join(f" and {paid:,.2f} {one}" for one, paid in total["other_currencies"].items())
    return (
        f"{total['customers']:,} customers, {total['orders']:,} orders, "
        f"{total['revenue']:,.2f}{f' {currency}' if currency else ''}{others}"
    )


def _share(one: dict[str, Any], total: dict[str, Any], what: str) -> float:
    return one[what] / total[what] if total[what] else 0.0
