"""How well matching does without labels, at its own threshold: ``python -m tests.accuracy.measure``."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping

from resolver.evaluation import Pairs, evaluate
from resolver.matching.components import Key
from resolver.matching.content import prepare
from resolver.matching.training import train
from tests.accuracy.tables import Table, febrl, one_name, simulated
from tests.engine.at_once import match_all


def score(persons: Iterable[tuple[Key, ...]], truth: Mapping[Key, str]) -> Pairs:
    """Compares persons with the truth, pair by pair."""
    found = {key: number for number, person in enumerate(persons) for key in person}
    return evaluate(found, truth).pairs


def measured(table: Table) -> Pairs:
    """Trains on a table, matches it, and scores the persons."""
    model = train(list(table.records.values())).model
    prepared = {key: prepare(traits, model) for key, traits in table.records.items()}
    return score(match_all(prepared, model).persons, table.truth)


def tables() -> dict[str, Callable[[], Table]]:
    """All that is measured, by name."""
    few = ("street", "postalCode", "country", "email", "phone")
    return {
        "all fields, a tenth dirty": lambda: simulated(8000, 1, 0.1),
        "all fields, a third dirty": lambda: simulated(8000, 2, 0.3),
        "all fields, most dirty": lambda: simulated(8000, 3, 0.6),
        "names, birth date, city": lambda: simulated(8000, 4, 0.3, few),
        "names and birth date": lambda: simulated(8000, 4, 0.3, (*few, "city")),
        "one name, postcode, e-mail": lambda: one_name(
            simulated(8000, 5, 0.3, ("birthday", "street", "city", "country", "phone"))
        ),
        "25,000 people once, in households": lambda: simulated(25_000, 6, 0.1, once=True),
        "febrl3": lambda: febrl("dataset3"),
        "febrl4": lambda: febrl("dataset4a", "dataset4b"),
    }


def main() -> None:
    """Prints one line per table."""
    for name, make in tables().items():
        if len(sys.argv) > 1 and not any(word in name for word in sys.argv[1:]):
            continue
        table, start = make(), time.perf_counter()
        found = measured(table)
        seconds = time.perf_counter() - start
        print(
            f"{name:36} {len(table.records):6} records  F1 {found.rates.f1:.4f}  "
            f"wrong {found.wrong:5}  missed {found.missed:5}  {seconds:5.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
