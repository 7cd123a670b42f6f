"""Training a model, and comparing a store with the truth, by the command line."""

import csv
import errno
import json
import re
from pathlib import Path

import pytest

from graph_schema.bundled_files import bundled_text
from resolver.matching.model import from_dict
from tests.integration.command import Onefold
from tests.people_table import people_table

MAPPING = """
source = "crm"
record_id = "record_id"
[identifiers]
email = "email"
[traits]
firstName = "firstName"
lastName = "lastName"
birthday = "birthday"
"address.street" = "street"
plz = "postalCode"
"""


@pytest.fixture
def onefold(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Onefold:
    monkeypatch.chdir(tmp_path)
    return Onefold(tmp_path, capsys)


@pytest.fixture
def people(onefold: Onefold) -> list[dict[str, str]]:
    rows = list(people_table(400, 3, 0.3))
    with (onefold.folder / "people.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    (onefold.folder / "map.toml").write_text(MAPPING)
    return rows


def _model(path: Path) -> dict[str, object]:
    plain: dict[str, object] = json.loads(path.read_text())
    from_dict(plain)
    return plain


@pytest.mark.usefixtures("people")
def test_a_file_and_a_store_of_it_give_the_same_model(onefold: Onefold) -> None:
    told = onefold("train", "people.csv", "--mapping", "map.toml", "--out", "a.json", "--report", "a.html")
    assert told.code == 0, told.err
    assert "plz: place code" in told.out
    assert "threshold" in told.out
    page = (onefold.folder / "a.html").read_text()
    assert page.count("<svg") == 8
    assert not re.search(r"https?://|<script", page)
    assert onefold("ingest", "people.csv", "--mapping", "map.toml").code == 0
    assert onefold("train", "--out", "b.json").code == 0
    assert _model(onefold.folder / "a.json") == _model(onefold.folder / "b.json")


def test_training_reads_a_file_as_ingest_does(onefold: Onefold, people: list[dict[str, str]]) -> None:
    """With the source of lines that name none and the region of the mapping; and says what it can't take."""
    messages = [
        {
            "type": "identify",
            "userId": row["record_id"],
            "traits": {"lastName": row["lastName"], "phone": row["phone"]},
        }
        for row in people
    ]
    onefold.lines("people.jsonl", *messages, b"{")
    assert "--source: It needs a FILE" in onefold("train", "--source", "web", "--out", "a.json").err
    assert "--source" in onefold("train", "people.jsonl", "--source", "a\nb", "--out", "a.json").err
    told = onefold("train", "people.jsonl", "--source", "web", "--out", "a.json")
    assert told.code == 0, told.err
    assert "1 line can't be taken" in told.err
    with (onefold.folder / "people.csv").open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("id", "name", "phone"))
        writer.writerows(
            (row["record_id"], row["lastName"], row["phone"].replace("+33", "0")) for row in people
        )
    (onefold.folder / "map.toml").write_text(
        'source = "crm"\nrecord_id = "id"\nregion = "FR"\n[traits]\nlastName = "name"\nphone = "phone"\n'
    )
    assert onefold("ingest", "people.csv", "--mapping", "map.toml").code == 0
    assert onefold("train", "--out", "a.json").code == 0
    assert onefold("train", "people.csv", "--mapping", "map.toml", "--out", "b.json").code == 0
    assert _model(onefold.folder / "a.json") == _model(onefold.folder / "b.json")


def test_training_says_of_how_many_values_it_could_read_nothing(
    onefold: Onefold, people: list[dict[str, str]]
) -> None:
    filled = [row for row in people if row["birthday"]]
    for row in filled[:40]:
        row["birthday"] = "in the spring of 1970"
    with (onefold.folder / "people.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, people[0])
        writer.writeheader()
        writer.writerows(people)
    told = onefold("train", "people.csv", "--mapping", "map.toml", "--out", "a.json", "--report", "a.html")
    said = f"birthday: 40 of {len(filled)} values can't be read as birth date"
    assert said in told.out, told.out
    assert "spring" not in told.out + told.err + (onefold.folder / "a.html").read_text()


@pytest.mark.usefixtures("people")
def test_a_model_that_can_t_be_written_leaves_the_one_there_was(
    onefold: Onefold, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (onefold.folder / "a.json").write_text("the model of the rules")
    monkeypatch.setattr("stream.whole.os.fsync", full)
    assert onefold("train", "people.csv", "--mapping", "map.toml", "--out", "a.json").code == 2
    assert (onefold.folder / "a.json").read_text() == "the model of the rules"


@pytest.mark.usefixtures("people")
def test_rules_say_what_is_compared_and_by_what_found(onefold: Onefold) -> None:
    (onefold.folder / "rules.toml").write_text(
        'extends = "retail"\n[matching]\nafter = "phone"\nmodel = "later.json"\n'
        'blocking = [["plz", "lastName"]]\n'
        '[[matching.comparison]]\ntrait = "plz"\nas = "exact"\n'
        '[[matching.comparison]]\ntrait = "email"\nas = "nothing"\n'
    )
    told = onefold(
        "train", "people.csv", "--mapping", "map.toml", "--out", "later.json", "--rules", "rules.toml"
    )
    assert told.code == 0, told.err
    model = _model(onefold.folder / "later.json")
    comparisons = model["comparisons"]
    assert isinstance(comparisons, list)
    kinds = {one["name"]: one["kind"] for one in comparisons}
    assert kinds["plz"] == "exact"
    assert "email" not in kinds
    assert ["plz: whole", "surname: whole"] in model["blocking"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ('trait = "plz"\nas = "colour"', "matching.comparison.as"),
        ('trait = "firstNam"\nas = "name"', "Did you mean 'firstName'"),
        ('trait = "plz"\nas = "given name"', "firstName and plz would both be the given name"),
        ('trait = "plz"\nas = "code"\n[[matching.comparison]]\ntrait = "plz"\nas = "text"', "two kinds"),
    ],
)
@pytest.mark.usefixtures("people")
def test_wrong_comparisons_are_named(onefold: Onefold, rules: str, said: str) -> None:
    (onefold.folder / "rules.toml").write_text(
        f'extends = "retail"\n[matching]\nafter = "phone"\n[[matching.comparison]]\n{rules}\n'
    )
    told = onefold("train", "people.csv", "--mapping", "map.toml", "--out", "m.json", "--rules", "rules.toml")
    assert told.code == 2
    assert said in told.err


@pytest.mark.parametrize(
    ("rows", "mapping", "said"),
    [
        (["id,town", "1,Bonn"], 'town = "town"', "a model needs some hundreds"),
        (["id,town", *[f"{n},Bonn" for n in range(300)]], 'town = "town"', "nearly always the same value"),
        (["id,town", "1,Bonn"], 'town = "twon"', "there is no column 'twon'"),
    ],
)
def test_what_can_t_be_learnt_from_is_told(
    onefold: Onefold, rows: list[str], mapping: str, said: str
) -> None:
    (onefold.folder / "t.csv").write_text("\n".join(rows))
    (onefold.folder / "m.toml").write_text(f'source = "s"\nrecord_id = "id"\n[traits]\n{mapping}\n')
    told = onefold("train", "t.csv", "--mapping", "m.toml", "--out", "m.json")
    assert told.code == 2
    assert said in told.err
    assert not (onefold.folder / "m.json").exists()


def test_a_store_is_compared_with_the_truth(onefold: Onefold, people: list[dict[str, str]]) -> None:
    assert onefold("ingest", "people.csv", "--mapping", "map.toml").code == 0
    lines = ["source,record_id,cluster_id", *(f"crm,{row['record_id']},{row['person']}" for row in people)]
    (onefold.folder / "truth.csv").write_text("\n".join(lines))
    told = json.loads(onefold("evaluate", "truth.csv", "--json").out)
    assert told["records"] == len(people)
    assert told["people"] == len({row["person"] for row in people})
    assert 0.85 < told["pairwise"]["recall"] < 1.0
    assert told["pairwise"]["precision"] > 0.99
    assert told["underlinks"]["count"] > len(told["underlinks"]["examples"]) == 10
    text = onefold("evaluate", "truth.csv").out
    assert "onefold why crm/" in text
    (onefold.folder / "truth.csv").write_text("source,record_id\ncrm,1\n")
    assert "person" in onefold("evaluate", "truth.csv").err
    assert "no header" in onefold("evaluate", "map.toml").err
    assert "No such file" in onefold("evaluate", "none.csv").err


def test_the_simulators_truth_of_messages_is_understood(onefold: Onefold) -> None:
    made = onefold(
        "simulate", "--people", "50", "--events", "2000", "--out", "s.jsonl", "--truth", "truth.csv"
    )
    assert made.code == 0
    assert onefold("ingest", "s.jsonl").code == 0
    told = json.loads(onefold("evaluate", "truth.csv", "--json").out)
    assert told["pairwise"]["precision"] > 0.98
    assert told["not_in_store"] == 0
    with (onefold.folder / "truth.csv").open("a") as truth:
        truth.write("m-nowhere,web,p1\nm-elsewhere,web,p2\n")
    more = json.loads(onefold("evaluate", "truth.csv", "--json").out)
    assert more.pop("not_in_store") == 2
    assert more.items() <= told.items()
    assert "2 of what the truth tells of is not in the store" in onefold("evaluate", "truth.csv").out
    (onefold.folder / "none.csv").write_text("message_id,source,person\nm-nowhere,web,p1\n")
    assert "check source and message_id" in onefold("evaluate", "none.csv").err


@pytest.mark.usefixtures("people")
def test_a_truth_that_contradicts_itself_is_none(onefold: Onefold) -> None:
    assert onefold("ingest", "people.csv", "--mapping", "map.toml").code == 0
    truth = onefold.folder / "truth.csv"
    truth.write_text("source,record_id,person\ncrm,1,ana\ncrm,2,ana\ncrm,1,ana\ncrm,1,bea\n")
    told = onefold("evaluate", "truth.csv")
    assert told.code == 2
    assert "Row 4 says another person than a row before it" in told.err


@pytest.mark.usefixtures("people")
def test_a_truth_is_read_as_other_tables_are(onefold: Onefold) -> None:
    (onefold.folder / "few.csv").write_text("sep=;\nrecord_id;email\n1;ana@example.com\n2;ana@example.com\n")
    (onefold.folder / "few.toml").write_text(
        'source = "crm"\nrecord_id = "record_id"\n[traits]\nemail = "email"\n'
    )
    assert onefold("ingest", "few.csv", "--mapping", "few.toml").code == 0
    truth = onefold.folder / "truth.csv"
    truth.write_text("source;record_id;person\ncrm;1;ana\ncrm;2;ana\n")
    assert onefold("evaluate", "truth.csv").out.startswith("2 records of 1 person are 1 person here\n")
    truth.write_text("sep=\t\nsource\trecord_id\tperson\ncrm\t1\tana\n")
    assert onefold("evaluate", "truth.csv").out.startswith("1 record of 1 person is 1 person here\n")
    for wrong, said in (
        ("source,record_id,person\ncrm,1,ana\ncrm,2\n", "Row 2 can't be read"),
        ("source,record_id,person,person\ncrm,1,ana,bea\n", "several columns 'person'"),
    ):
        truth.write_text(wrong)
        assert said in onefold("evaluate", "truth.csv").err


def test_matching_finds_more_and_mixes_nobody_whom_identifiers_keep_apart(onefold: Onefold) -> None:
    text = bundled_text("retail.toml")
    start = text.index("[matching]")
    end = text.index("\n#", start)
    (onefold.folder / "alone.toml").write_text(text[:start] + text[end:])
    onefold("simulate", "--people", "50", "--events", "2000", "--out", "s.jsonl", "--truth", "truth.csv")
    found = {}
    for rules in ("retail", "alone.toml"):
        on = ("--rules", rules, "--store", f"sqlite:///{rules}.db")
        assert onefold("ingest", "s.jsonl", *on).code == 0
        found[rules] = json.loads(onefold("evaluate", "truth.csv", "--json", *on).out)
    matched, alone = found["retail"], found["alone.toml"]
    assert matched["pairwise"]["f1"] > alone["pairwise"]["f1"] + 0.05
    assert matched["overlinks"]["count"] <= alone["overlinks"]["count"]


@pytest.mark.usefixtures("people")
def test_a_model_overwrites_nothing_that_it_is_made_of(onefold: Onefold) -> None:
    for other in ("./people.csv", "map.toml", "a.html"):
        told = onefold("train", "people.csv", "--mapping", "map.toml", "--out", other, "--report", "a.html")
        assert told.code == 2
        assert "--out: It names a file" in told.err
    assert (onefold.folder / "people.csv").read_text().startswith("source,record_id,")


def test_a_model_nested_without_end_is_refused(onefold: Onefold) -> None:
    (onefold.folder / "m.json").write_text("[" * 100_000)
    (onefold.folder / "r.toml").write_text(
        'extends = "retail"\n[matching]\nafter = "phone"\nmodel = "m.json"\n'
    )
    (onefold.folder / "none.jsonl").write_text("")
    told = onefold("ingest", "none.jsonl", "--rules", "r.toml")
    assert (told.code, "r.toml, line 4" in told.err) == (2, True)


@pytest.mark.parametrize("spoilt", ['"merge": NaN', '"merge": 1e99', '"unknown": 1'])
def test_a_spoilt_model_is_named_with_the_way_out(onefold: Onefold, spoilt: str) -> None:
    text = bundled_text("people.json")
    (onefold.folder / "m.json").write_text(text.replace('"merge": 2048', spoilt))
    (onefold.folder / "r.toml").write_text(
        'extends = "retail"\n[matching]\nafter = "phone"\nmodel = "m.json"\n'
    )
    (onefold.folder / "none.jsonl").write_text("")
    told = onefold("ingest", "none.jsonl", "--rules", "r.toml")
    assert told.code == 2
    assert "merge: " in told.err
    assert "onefold train --out" in told.err


@pytest.mark.parametrize("value", ["nan", "inf", "1e300"])
def test_a_veto_out_of_range_is_refused_by_line(onefold: Onefold, value: str) -> None:
    (onefold.folder / "r.toml").write_text(
        f'extends = "retail"\n[matching]\nafter = "phone"\nmodel = "people"\nveto = {value}\n'
    )
    (onefold.folder / "none.jsonl").write_text("")
    told = onefold("ingest", "none.jsonl", "--rules", "r.toml")
    assert "r.toml, line 5" in told.err, told
