"""The check of SQLite's plans itself; the fixture ``store`` puts every test of the contract to it."""

import sqlite3
from pathlib import Path

import pytest

from graph_schema.sqlite import SqliteStore
from tests.contract.sqlite_plans import scans

ASKED = "SELECT record FROM case_record WHERE steward_case = ?"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (ASKED, "SCAN case_record"),
        (f"DELETE FROM related WHERE part IN ({ASKED})", "SCAN case_record"),
        (
            "SELECT seq FROM delta WHERE audience = ? ORDER BY person_id LIMIT ?",
            "USE TEMP B-TREE FOR ORDER BY",
        ),
    ],
)
def test_a_scan_would_be_seen(tmp_path: Path, asked: str, told: str) -> None:
    SqliteStore(tmp_path / "store.db").close()
    connection = sqlite3.connect(tmp_path / "store.db")
    assert [step for _, step in scans(connection, [asked])] == [told]
    connection.close()
