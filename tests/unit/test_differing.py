"""What other rules would change: told by persons, and nothing is written."""

from pathlib import Path
from typing import Any

from graph_schema.rules import Rules, load_rules
from graph_schema.sqlite import SqliteStore
from resolver.founding import DEFAULT_ID_KEY
from serving.difference_view import difference_lines, difference_view
from stream.differing import Difference, Kind, difference
from stream.engine import Engine
from stream.rebuilding import rebuild

ANA = {"firstName": "Ana", "lastName": "Morales", "birthday": "1980-05-06"}
PLACE = {"address": {"street": "Calle Mayor 3", "city": "Toledo", "postalCode": "45001"}}


def _rules(folder: Path, name: str, text: str) -> Rules:
    (folder / name).write_text(f'extends = "retail"\n[matching]\nafter = "phone"\n{text}')
    return load_rules(folder / name)


def _store(folder: Path, rules: Rules) -> SqliteStore:
    said: list[tuple[dict[str, Any], str]] = [
        ({"firstName": "Bob", "lastName": "Roy", "birthday": "1990-01-05"}, "3"),
        ({**ANA, **PLACE}, "1"),
        ({**ANA, **PLACE}, "2"),
    ]
    store = SqliteStore(folder / "store.db")
    engine = Engine(store, rules)
    for traits, row in said:
        message = {"type": "identify", "source": "crm", "traits": traits, "context": {"recordId": row}}
        engine.ingest([engine.intake.take({**message, "messageId": row}, 1)])
    return store


def _content(store: SqliteStore) -> list[object]:
    with store.read() as tx:
        return [list(tx.all_records()), list(tx.all_persons()), tx.scan("")]


def test_merges_and_splits_are_told_and_nothing_is_written(tmp_path: Path) -> None:
    alone, matched = _rules(tmp_path, "none.toml", 'model = "none"\n'), load_rules()
    store = _store(tmp_path, alone)
    before = _content(store)
    found = difference(store, matched, DEFAULT_ID_KEY, 5)
    assert (found.persons, found.same, found.altered["merged"]) == ((3, 2), 1, 1)
    assert [one.record_id for one in found.examples[0].records] == ["1", "2"]
    assert _content(store) == before
    rebuild(store, matched, DEFAULT_ID_KEY, lambda done: None)
    back = difference(store, alone, DEFAULT_ID_KEY, 0)
    assert (back.persons, back.altered["split"], back.examples) == ((2, 3), 1, [])
    store.close()


def test_by_the_same_rules_nothing_differs_and_that_is_said(tmp_path: Path) -> None:
    store = _store(tmp_path, load_rules())
    found = difference(store, load_rules(), DEFAULT_ID_KEY, 5)
    assert found == Difference((2, 2), (0, 0), same=2)
    assert list(difference_lines(found))[-1] == "No person would change."
    assert difference_view(found)["persons"] == {"before": 2, "after": 2, "same": 2}
    store.close()


def test_that_only_cases_would_change_is_not_said_to_be_nothing() -> None:
    said = list(difference_lines(Difference((1, 1), (0, 1), same=1)))
    assert said == [
        "1 person would be 1; 1 as before.",
        "0 open cases would be 1.",
        "No person would change.",
    ]
    altered: dict[Kind, int] = {"merged": 0, "split": 1, "moved": 0, "renamed": 2}
    said = list(difference_lines(Difference((1, 2), (1, 0), altered=altered)))
    assert said[1:] == [
        "1 open case would be 0.",
        "split: 1 time a person becomes several",
        "renamed: 2 times a person keeps the records under another id",
    ]
