"""A measured figure, what was asked of it, and how a list of them is shown."""

import sys
from collections.abc import Iterable
from typing import NamedTuple

from tests.bench.machine import machine


class Figure(NamedTuple):
    """One line of the report: ``asked`` in the same unit as ``measured``; None where nothing was."""

    what: str
    measured: float
    unit: str
    asked: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """Whether it is reached, and how far short it falls where not."""
        if self.asked is None:
            return ""
        if self.measured >= self.asked if self.at_least else self.measured <= self.asked:
            return "reached"
        share = self.measured / self.asked
        return f"{share:.0%} of what is asked" if self.at_least else f"{share:.2f} times what is asked"


def number(value: float) -> str:
    """A number in as many digits as say something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def table(figures: Iterable[Figure]) -> str:
    """A Markdown table of figures."""
    rows = ["| figure | asked | measured | |", "|---|---:|---:|---|"]
    for each in figures:
        sign = "≥" if each.at_least else "≤"
        asked = "" if each.asked is None else f"{sign} {number(each.asked)} {each.unit}"
        told = ", ".join(part for part in (each.verdict, each.note) if part)
        rows.append(f"| {each.what} | {asked} | {number(each.measured)} {each.unit} | {told} |")
    return "\n".join(rows)


def tell(command: str, figures: Iterable[Figure]) -> None:
    """Prints the command and the machine, each figure as soon as it is measured, and the table at the end."""
    sys.stdout.write(f"{command}\n{machine()}\n\n")
    told = []
    for each in figures:
        said = ", ".join(part for part in (each.verdict, each.note) if part)
        sys.stdout.write(f"  {each.what}: {number(each.measured)} {each.unit} {said}\n")
        sys.stdout.flush()
        told.append(each)
    sys.stdout.write(f"\n{table(told)}\n")


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of them lies (the nearest one)."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
