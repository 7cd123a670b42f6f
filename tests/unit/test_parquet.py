"""Rows of Parquet files as messages."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph_schema.errors import Invalid, MappingError
from graph_schema.messages import Message, Rejected, read_message
from stream.files import read_file
from stream.mapping import FileMapping
from tests.unit.test_files import CRM, HEADER, bodies, mapping_of, written


@pytest.fixture
def crm(tmp_path: Path) -> FileMapping:
    return mapping_of(tmp_path, CRM)


def test_every_type_of_a_parquet_file_becomes_text(tmp_path: Path) -> None:
    at = datetime(2026, 3, 2, 9, 0, 0, 500_000, tzinfo=UTC)
    columns = {
        "id": pa.array([12.0, None, 14.25]),
        "at": pa.array([at, None, at.replace(microsecond=0)], pa.timestamp("ns", "Europe/Paris")),
        "int": pa.array([7, None, -1], pa.int16()),
        "day": pa.array([date(1980, 1, 31), None, None]),
        "midnight": pa.array([315_532_800_000 + 30 * 86_400_000, None, 318_153_600_000], pa.timestamp("ms")),
        "flag": pa.array([True, None, False]),
        "money": pa.array([Decimal("19.90"), None, None]),
        "key": pa.array([Decimal("4710.00"), None, Decimal("0.50")], pa.decimal128(38, 10)),
        "word": pa.array(["é", None, ""]).dictionary_encode(),
        "bytes": pa.array([b"ok", None, b"\xff"]),
        "list": pa.array([["a", "b"], None, []]),
        "part": pa.array([{"x": 1, "y": None}, None, {"x": None, "y": [{"z": None}]}]),
        "clock": pa.array([time(8, 30), None, None]),
        "short": pa.array([19.9, None, 2], pa.float32()),
        "times": pa.array([[1_772_442_000_123_456_789], None, []], pa.list_(pa.timestamp("ns"))),
        "nan": pa.array([float("nan"), 1e15, 3.3e7]),
        "none": pa.nulls(3),
    }
    path = tmp_path / "crm.parquet"
    pq.write_table(pa.table(columns), path)
    traits = "\n".join(f'{name} = "{name}"' for name in columns if name not in ("id", "at"))
    mapping = mapping_of(tmp_path, f'source = "crm"\nrecord_id = "id"\ntimestamp = "at"\n[traits]\n{traits}')
    first, empty, third = bodies(path, mapping)
    assert (first["context"], first["timestamp"]) == ({"recordId": "12"}, "2026-03-02T09:00:00.5Z")
    assert first["traits"] == {
        "int": "7",
        "day": "1980-01-31",
        "midnight": "1980-01-31",
        "flag": "true",
        "money": "19.90",
        "key": "4710",
        "word": "é",
        "bytes": "ok",
        "list": '["a","b"]',
        "part": '{"x":1,"y":null}',
        "clock": "08:30:00.000000",
        "short": "19.9",
        "times": '["2026-03-02T09:00:00.123456"]',
    }
    assert isinstance(empty, Rejected)
    assert empty.field == "id"
    assert (third["context"], third["timestamp"]) == ({"recordId": "14.25"}, "2026-03-02T09:00:00Z")
    assert (third["traits"]["midnight"], third["traits"]["nan"]) == ("1980-01-31T08:00:00", "33000000")
    assert not third["traits"].keys() & {"list", "part"}
    assert isinstance(read_message(first), Message)
    assert isinstance(read_message(third), Rejected)


def test_text_that_is_not_utf_8_costs_its_own_row_only(tmp_path: Path) -> None:
    cells = pa.array([b"Zo\xc3\xab", b"Zo\xeb", b"Ana"])
    names = pa.Array.from_buffers(pa.string(), 3, cells.buffers())
    path = tmp_path / "crm.parquet"
    pq.write_table(pa.table({"id": ["1", "2", "3"], "name": names}), path)
    mapping = mapping_of(tmp_path, 'source = "crm"\nrecord_id = "id"\n[traits]\nfirstName = "name"')
    first, second, third = (read_message(body) for body in bodies(path, mapping))
    assert isinstance(second, Rejected)
    assert second.field == "traits.firstName"
    assert isinstance(first, Message)
    assert isinstance(third, Message)


def test_a_part_of_a_parquet_column_is_named_by_its_path(tmp_path: Path) -> None:
    homes = [{"street": "Rue 1", "in": {"city": "Lyon"}}, None, {"street": None, "in": {"city": "Nice"}}]
    path = tmp_path / "crm.parquet"
    pq.write_table(pa.table({"id": ["1", "2", "3"], "home": homes, "home.zip": ["69001", None, ""]}), path)
    told = 'source = "crm"\nrecord_id = "id"\n[traits]\naddress.street = "home.street"\n'
    parts = told + 'address.city = "home.in.city"\naddress.postalCode = "home.zip"'
    assert [one.get("traits") for one in bodies(path, mapping_of(tmp_path, parts))] == [
        {"address": {"street": "Rue 1", "city": "Lyon", "postalCode": "69001"}},
        None,
        {"address": {"city": "Nice"}},
    ]
    with pytest.raises(MappingError, match=r"'home\.town'.*home\.in\.city|home\.zip"):
        read_file(path, mapping_of(tmp_path, told + 'address.city = "home.town"'))


def test_parquet_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "crm.parquet"
    pq.write_table(pa.table({"id": pa.array(range(5000)), "big": pa.array(["x" * 100] * 5000)}), path)
    mapping = mapping_of(tmp_path, 'source = "crm"\nrecord_id = "id"')
    lines = list(read_file(path, mapping))
    assert [line.position for line in lines] == list(range(1, 5001))
    assert isinstance(lines[4998].body, dict)
    assert lines[4998].body["context"]["recordId"] == "4998"


def test_parquet_and_csv_of_one_table_give_the_same_messages(tmp_path: Path, crm: FileMapping) -> None:
    row = "4711,u-1,a@b.example,42,Ana,,Lyon,2026-03-02,x"
    cells = dict(zip(HEADER.split(","), row.split(","), strict=True))
    pq.write_table(pa.table({name: [cell] for name, cell in cells.items()}), tmp_path / "crm.parquet")
    table = written(tmp_path, "crm.csv", f"{HEADER}\n{','.join(cells.values())}\n")
    assert bodies(tmp_path / "crm.parquet", crm) == bodies(table, crm)


def test_what_is_no_parquet_is_said_to_be_none(tmp_path: Path, crm: FileMapping) -> None:
    with pytest.raises(Invalid, match="not a Parquet file"):
        read_file(written(tmp_path, "crm.parquet", "id\n1\n"), crm)
