"""A simulated stream by identifiers alone, with matching, and by Splink: `python -m tests.bench.town`.

PEOPLE, EVENTS and DIRTY in the environment set the size and the share of typing errors. Splink has the
records that name anybody, one a row, with identifiers in the form in which Onefold compares them. F1 over
those that say a name, those that name anybody (most of them by one identifier), and all (most of which
nothing but a device can attribute).
"""

import csv
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from graph_schema.bundled_files import bundled_text
from graph_schema.vocabulary import EventKey, RecordKey
from resolver.evaluation import Pairs, evaluate
from serving.stores import open_store
from tests.bench.end_to_end import RULES, onefold
from tests.bench.machine import machine
from tests.bench.peers import Case, peer, peers_installed

_PEOPLE = int(os.environ.get("PEOPLE", "2000"))
_EVENTS = int(os.environ.get("EVENTS", "20000"))
_DIRTY = os.environ.get("DIRTY", "0.3")
_TRAITS = ("firstName", "lastName", "birthday", "address.street", "address.city", "address.postalCode")
_NAMED = ("user_id", "loyalty_card", "email", "phone")
_ROLES: dict[str, object] = {
    "given": "firstName", "surname": "lastName", "date": "birthday",
    "codes": ["postalCode", "email", "phone"], "texts": ["city", "street"], "identifiers": list(_NAMED),
    "passes": [["birthday"], ["email"]],
}  # fmt: skip

Key = tuple[str, str]


def _key(named: RecordKey | EventKey) -> Key:
    return named[0], named[1]


def _persons(store: Path) -> dict[Key, int]:
    with open_store(f"sqlite:///{store}", create=False).read() as tx:
        return {_key(one.key): one.person for one in tx.all_records()}


def _rows(store: Path) -> dict[Key, dict[str, str]]:
    """What each record says that names anybody: the first value of each trait and identifier."""
    found = {}
    with open_store(f"sqlite:///{store}", create=False).read() as tx:
        values = {one.id: one.identifier for one in tx.all_identifiers()}
        for record in tx.all_records():
            traits = record.traits
            row = {name.split(".")[-1]: traits[name][0] for name in _TRAITS if name in traits}
            for identifier in map(values.__getitem__, record.holdings):
                if identifier.namespace in _NAMED:
                    row.setdefault(identifier.namespace, identifier.value)
            if row:
                found[_key(record.key)] = row
    return found


def _truth(store: Path, path: Path) -> dict[Key, str]:
    """Whose each record is: whose most of its messages are."""
    with path.open(newline="") as lines:
        whose = {(row["source"], row["message_id"]): row["person"] for row in csv.DictReader(lines)}
    votes: defaultdict[Key, Counter[str]] = defaultdict(Counter)
    with open_store(f"sqlite:///{store}", create=False).read() as tx:
        keys = {one.id: _key(one.key) for one in tx.all_records()}
        for event in tx.all_events():
            votes[keys[event.record]][whose[_key(event.key)]] += 1
    return {key: min(said, key=lambda one: (-said[one], one)) for key, said in votes.items()}


def _splink(folder: Path, rows: dict[Key, dict[str, str]]) -> dict[Key, str]:
    keys = list(rows)
    table, columns = folder / "table.csv", [*(name.split(".")[-1] for name in _TRAITS), *_NAMED]
    with table.open("w", newline="") as out:
        writer = csv.DictWriter(out, ["id", *columns])
        writer.writeheader()
        writer.writerows({"id": str(place), **rows[key]} for place, key in enumerate(keys))
    found = peer("splink", Case(table, _ROLES, columns, {}), folder)
    return {keys[int(place)]: cluster for place, cluster in found.items()}


def lines(folder: Path) -> Iterator[str]:
    """What to print, a line as soon as it is known."""
    text = bundled_text("retail.toml")
    start = text.index("[matching]")
    (folder / "alone.toml").write_text(text[:start] + text[text.index("\n#", start) :])
    (folder / "trained.toml").write_text(RULES)
    size = ("--people", str(_PEOPLE), "--events", str(_EVENTS), "--dirty", _DIRTY)
    onefold(folder, "simulate", *size, "--out", "s.jsonl", "--truth", "truth.csv")
    stores = {}
    for title, rules in (
        ("identifiers alone", "alone.toml"),
        ("bundled", "retail"),
        ("trained", "trained.toml"),
    ):
        on = ("--rules", rules, "--store", f"sqlite:///{title}.db")
        if title == "trained":
            onefold(folder, "train", "s.jsonl", "--out", "model.json")
        onefold(folder, "ingest", "s.jsonl", *on)
        stores[title] = folder / f"{title}.db"
    rows, truth = _rows(stores["trained"]), _truth(stores["trained"], folder / "truth.csv")
    naming = {key: truth[key] for key in rows}
    names = {key: truth[key] for key in rows if "lastName" in rows[key]}
    yield f"{len(truth):,} records, {len(naming):,} name anybody, {len(names):,} say a name\n"
    yield "| | say a name | name anybody | all records |\n|---|---:|---:|---:|"
    for title, store in stores.items():
        persons = _persons(store)
        told = [evaluate(persons, wanted).pairs for wanted in (names, naming, truth)]
        yield f"| {title} | {' | '.join(map(_told, told))} |"
    clusters = _splink(folder, rows)
    told = [evaluate(clusters, wanted).pairs for wanted in (names, naming)]
    yield f"| Splink | {' | '.join(map(_told, told))} | |"


def _told(pairs: Pairs) -> str:
    return f"{pairs.rates.f1:.4f} ({pairs.rates.precision:.3f}, {pairs.rates.recall:.3f})"


def main() -> None:
    """Simulates, then measures: F1 with precision and recall in brackets."""
    peers_installed()
    sys.stdout.write(
        f"PEOPLE={_PEOPLE} EVENTS={_EVENTS} DIRTY={_DIRTY} python -m tests.bench.town\n{machine()}\n"
    )
    with TemporaryDirectory(prefix="onefold-town-") as folder:
        for line in lines(Path(folder)):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
