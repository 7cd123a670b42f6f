"""Measures everything in one run and prints it: `python -m tests.bench`, or `--quick` for seconds.

EVENTS and PEOPLE in the environment set the size of the stream. Files go to a temporary folder.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import big_person, ingesting, startup
from tests.bench.figures import Figure, tell


def main() -> None:
    """Measures, telling each figure as it comes, and prints the table at the end."""
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="a small stream: does it run at all?")
    quick = options.parse_args().quick
    events = int(os.environ.get("EVENTS", "20000" if quick else "1000000"))
    people = int(os.environ.get("PEOPLE", str(max(1, events // 10))))
    command = f"EVENTS={events} PEOPLE={people} python -m tests.bench{' --quick' if quick else ''}"
    with TemporaryDirectory(prefix="onefold-bench-") as folder:
        tell(command, _all(Path(folder), people, events, quick))


def _all(folder: Path, people: int, events: int, quick: bool) -> Iterator[Figure]:
    yield from startup.measure(folder, 2 if quick else 5)
    yield from ingesting.measure(folder, people, events)
    yield from big_person.measure(folder, 300 if quick else 5_000, 5 if quick else 30)


if __name__ == "__main__":
    main()
