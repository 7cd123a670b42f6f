"""Files as messages: which line becomes what, and what is said of a file or a mapping that does not fit."""

import gzip
import io
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from graph_schema.errors import Invalid, MappingError
from graph_schema.messages import Message, Rejected, read_message
from stream import files
from stream.files import RawLine, read_file
from stream.mapping import FileMapping, load_mapping

CRM = """
source = "crm"
record_id = "id"
timestamp = "updated_at"
region = "FR"

[identifiers]
user_id = "account"
email = "e-mail"
loyalty_card = "card"

[traits]
firstName = "first"
address.street = "street"
address.city = "city"
"""
HEADER = "id,account,e-mail,card,first,street,city,updated_at,unused"


@pytest.fixture
def crm(tmp_path: Path) -> FileMapping:
    return mapping_of(tmp_path, CRM)


def mapping_of(folder: Path, text: str) -> FileMapping:
    path = folder / "map.toml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path)


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def bodies(path: Path, mapping: FileMapping | None = None) -> list[Any]:
    return [line.body for line in read_file(path, mapping)]


def test_lines_keep_their_number_and_blank_ones_are_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, "events.jsonl", b'{"a":1}\r\n\n  \n{"b":2}')
    assert list(read_file(path)) == [RawLine(1, b'{"a":1}'), RawLine(4, b'{"b":2}')]


@pytest.mark.parametrize("name", ["events.jsonl.gz", "events"])
def test_gzip_is_told_by_its_bytes(tmp_path: Path, name: str) -> None:
    assert bodies(written(tmp_path, name, gzip.compress(b"{}\n[]\n"))) == [b"{}", b"[]"]


def test_a_file_that_is_cut_off_says_so_after_its_last_whole_line(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(b'{"n":%d}\n' % n for n in range(50_000)))
    lines = read_file(written(tmp_path, "events.jsonl.gz", packed[: len(packed) // 2]))
    with pytest.raises(Invalid, match="cut off after line"):
        list(lines)


def test_a_line_without_end_is_refused_and_the_next_one_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LONGEST_LINE", 16)
    path = written(tmp_path, "events.jsonl", b"x" * 40 + b"\n" + b"y" * 15 + b"\n" + b"z" * 16)
    first, second, third = read_file(path)
    assert isinstance(first.body, Rejected)
    assert (first.position, first.body.field) == (1, "message")
    assert second == RawLine(2, b"y" * 15)
    assert isinstance(third.body, Rejected)


def test_standard_input_is_json_lines_or_csv_with_a_mapping(
    monkeypatch: pytest.MonkeyPatch, crm: FileMapping
) -> None:
    for text, mapping, positions in (
        (b"{}\n{}\n", None, [1, 2]),
        (f"{HEADER}\n1{',' * 8}\n".encode(), crm, [1]),
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(text))))
        assert [line.position for line in read_file("-", mapping)] == positions


def test_a_missing_file_is_named(tmp_path: Path, crm: FileMapping) -> None:
    for name, mapping in (("no.jsonl", None), ("no.csv", crm), ("no.parquet", crm)):
        with pytest.raises(Invalid, match=name):
            read_file(tmp_path / name, mapping)


def test_a_row_becomes_the_message_that_it_stands_for(tmp_path: Path, crm: FileMapping) -> None:
    row = "4711,u-1,ana@example.com,0042,Ana,12 rue X,Lyon,2026-03-02,x"
    (body,) = bodies(written(tmp_path, "crm.csv", f"{HEADER}\n{row}\n"), crm)
    message = read_message(body)
    assert isinstance(message, Message)
    assert body.pop("messageId") == message.message_id
    assert body == {
        "type": "identify",
        "source": "crm",
        "userId": "u-1",
        "timestamp": "2026-03-02",
        "traits": {
            "email": "ana@example.com",
            "firstName": "Ana",
            "address": {"street": "12 rue X", "city": "Lyon"},
        },
        "context": {"recordId": "4711", "externalIds": [{"type": "loyalty_card", "id": "0042"}]},
    }
    assert (message.source, message.at) == ("crm", 1_772_409_600_000_000)
    assert crm.region == "FR"


def test_an_empty_cell_is_no_value(tmp_path: Path, crm: FileMapping) -> None:
    (body,) = bodies(written(tmp_path, "crm.csv", f'{HEADER}\n4711,,"",  ,,,,,\n'), crm)
    assert body == {
        "type": "identify",
        "source": "crm",
        "context": {"recordId": "4711"},
        "messageId": body["messageId"],
    }
    message = read_message(body)
    assert isinstance(message, Message)
    assert message.at is None


def test_a_row_keeps_its_message_id_until_it_changes(tmp_path: Path, crm: FileMapping) -> None:
    same = "4711,u-1,,,Ana,,,,"
    rows = [same, "4711,u-1,,,Anna,,,,", "4712,u-1,,,Ana,,,,", same.replace("Ana", " Ana "), same + "ignored"]
    first, renamed, other, spaced, noted = bodies(
        written(tmp_path, "crm.csv", "\n".join([HEADER, *rows])), crm
    )
    ids = [body["messageId"] for body in (first, renamed, other, spaced, noted)]
    assert ids[0] == ids[3] == ids[4]
    assert len(set(ids)) == 3
    reordered = written(
        tmp_path, "again.csv", "first,account,id,e-mail,card,street,city,updated_at\nAna,u-1,4711,,,,,\n"
    )
    assert bodies(reordered, crm)[0]["messageId"] == ids[0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_columns(tmp_path: Path, crm: FileMapping, delimiter: str) -> None:
    text = (
        f"\ufeff{HEADER},note: a;b|c\n".replace(",", delimiter)
        if delimiter == ","
        else f"{HEADER}\n".replace(",", delimiter)
    )
    width = text.count(delimiter)
    row = f'4711{delimiter}{delimiter}{delimiter}{delimiter}"A{delimiter}n\na"' + delimiter * (width - 4)
    (body,) = bodies(written(tmp_path, "crm.csv", f"{text}{row}\r\n"), crm)
    assert body["traits"] == {"firstName": f"A{delimiter}n\na"}


@pytest.mark.parametrize("first", ["sep=;\n", "sep=;\r\n", '"sep=;"\n', "\ufeffsep=;\n"])
def test_a_first_line_for_excel_says_the_delimiter(tmp_path: Path, crm: FileMapping, first: str) -> None:
    text = first + HEADER.replace(",", ";") + "\n4711;u-1;;;a,b;;;;\n"
    (line,) = read_file(written(tmp_path, "crm.csv", text), crm)
    assert isinstance(line.body, dict)
    assert (line.position, line.body["traits"]) == (1, {"firstName": "a,b"})


@pytest.mark.parametrize(
    "added", ['"Notes\r\nof the till"', ",".join(f"a_column_of_many_{n}" for n in range(9000))]
)
def test_a_header_may_be_long_and_hold_line_ends(tmp_path: Path, crm: FileMapping, added: str) -> None:
    blanks = "," * added.count(",")
    path = written(tmp_path, "crm.csv", f"{added},{HEADER}\r\n{blanks},4711,u-1,,,,,,,\r\n")
    (body,) = bodies(path, crm)
    assert (body["context"], body["userId"]) == ({"recordId": "4711"}, "u-1")


def test_rows_that_do_not_fit_are_refused_by_column(tmp_path: Path, crm: FileMapping) -> None:
    rows = [
        ",u-1,,,,,,,",
        "1,u-1,,,,,,02/03/2026,",
        "2,u-1,,,,,,9999-01-01,",
        "3,u-1",
        "4" + "," * 9,
        "",
        "5,u-1,,,,,,2026-03-02,",
    ]
    lines = list(read_file(written(tmp_path, "crm.csv", "\n".join([HEADER, *rows])), crm))
    refused = {line.position: line.body for line in lines if isinstance(line.body, Rejected)}
    assert {at: fate.field for at, fate in refused.items()} == {
        1: "id",
        2: "updated_at",
        3: "updated_at",
        4: "row",
        5: "row",
    }
    assert refused[4].raw == b"3,u-1\n"
    assert orjson.loads(refused[2].raw)["updated_at"] == "02/03/2026"
    assert all(fate.source == "crm" and "02/03" not in fate.reason for fate in refused.values())
    assert lines[-1].position == 6
    assert isinstance(lines[-1].body, dict)


def test_a_quote_without_end_costs_its_own_rows_only(tmp_path: Path, crm: FileMapping) -> None:
    broken = '1,"u-1,,,,,,,\n' + "2,u-2,,,,,,,\n" * 20_000
    *_, last = bodies(written(tmp_path, "crm.csv", f"{HEADER}\n{broken}"), crm)
    assert isinstance(last, dict)
    first = bodies(written(tmp_path, "crm.csv", f"{HEADER}\n{broken}"), crm)[0]
    assert isinstance(first, Rejected)
    assert first.field == "row"
    assert first.raw.startswith(b'1,"u-1')


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_quote_that_is_open_at_the_end_swallows_no_rows(tmp_path: Path, crm: FileMapping, end: str) -> None:
    # The broken cell is the row's last, so that the rows behind it leave the number of cells as it should be.
    broken = HEADER + '\n1,u-1,,,,,,,\n2,u-2,,,,,,,"Oslo\n3,u-3,,,,,,,' + end
    first, second = bodies(written(tmp_path, "crm.csv", broken), crm)
    assert isinstance(first, dict)
    assert isinstance(second, Rejected)
    assert second.field == "row"
    assert second.raw.endswith(f"3,u-3,,,,,,,{end}".encode())


def test_a_cell_that_is_not_utf_8_is_refused_with_its_path(tmp_path: Path, crm: FileMapping) -> None:
    (body,) = bodies(written(tmp_path, "crm.csv", HEADER.encode() + b"\n1,,,,Zo\xeb,,,,\n"), crm)
    fate = read_message(body)
    assert isinstance(fate, Rejected)
    assert (fate.source, fate.field) == ("crm", "traits.firstName")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (HEADER.replace("e-mail", "email"), "no column 'e-mail'.*identifiers.email.*'email'"),
        (HEADER.replace("city", "town"), "no column 'city'.*traits.address.city"),
        (HEADER.replace("unused", "id"), "several columns 'id'"),
        ("", "no header"),
        ("ana@example.com,0612345678", "first line names none of the columns(?!.*ana@)"),
        ("x" * 200_000, "first line names none of the columns"),
        (HEADER.encode("utf-16"), "not UTF-8.*Save"),
        (HEADER.replace("first", "pr\xe9nom").encode("latin-1"), "not UTF-8.*Save"),
    ],
)
def test_a_column_that_is_not_there_is_an_error_before_anything_is_read(
    tmp_path: Path, crm: FileMapping, header: str | bytes, said: str
) -> None:
    named = header if isinstance(header, bytes) else header.encode()
    path = written(tmp_path, "crm.csv", named + b"\n1,2\n")
    with pytest.raises(MappingError, match=said):
        read_file(path, crm)


def test_a_mapping_is_asked_for_where_it_is_needed_only(tmp_path: Path, crm: FileMapping) -> None:
    for name in ("crm.csv", "crm.csv.gz", "crm.parquet"):
        with pytest.raises(MappingError, match="--mapping"):
            read_file(written(tmp_path, name, HEADER))
    with pytest.raises(MappingError, match="no mapping"):
        read_file(written(tmp_path, "events.jsonl", "{}"), crm)


def test_an_address_may_stand_in_both_tables_where_it_is_one_column(tmp_path: Path) -> None:
    assert mapping_of(tmp_path, CRM + 'email = "e-mail"\n').traits["email"] == "e-mail"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("record_id", "recordid"), r"line 3: unknown key 'recordid'.*record_id"),
        (("timestamp", "timestmap"), r"line 4: unknown key 'timestmap'.*timestamp"),
        (("[identifiers]", "[identifers]"), r"line 7: unknown key 'identifers'.*identifiers"),
        (('source = "crm"', ""), r"'source' is missing.*Add a line"),
        (('"crm"', '"a/b"'), r"line 2: source: .*rename it"),
        (('"FR"', '"France"'), r"line 5: region: .*ISO 3166"),
        (('"FR"', '"UK"'), r"line 5: region"),
        (('"card"', "7"), r"line 10: identifiers.loyalty_card does not name a column"),
        (('"id"', '""'), r"line 3: record_id does not name a column"),
        (("loyalty_card", '"loyalty card"'), r"'loyalty card' can't be a name in \[identifiers\]"),
        (("firstName", "email"), r"email is one column in \[identifiers\] and another in \[traits\]"),
        (("[traits]", '[traits]\n"firstName.a" = "x"'), r"traits.firstName is given twice, or whole and in"),
        (('"crm"', "7"), r"line 2: source is not the name of a source\. Write source = "),
        (('"FR"', "33"), r'line 5: region is not a country\. Write region = "FR"'),
        (('"crm"', "crm"), "not TOML"),
    ],
)
def test_a_mistake_in_a_mapping_is_named_with_its_line_and_the_way_out(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    with pytest.raises(MappingError, match=said):
        mapping_of(tmp_path, CRM.replace(*change, 1))


def test_a_mapping_that_is_not_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"no\.toml"):
        load_mapping(tmp_path / "no.toml")
