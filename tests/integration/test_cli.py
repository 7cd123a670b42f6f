"""Every command as somebody would type it: what it says, what it leaves, what it ends with."""

import gzip
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import orjson
import pyarrow.parquet as pq
import pytest

from graph_schema.rule_parts import RESOLUTION_VERSION
from serving import diagnosis
from serving.diagnosis import Finding
from tests.integration.command import Onefold, process

Message = dict[str, Any]
ANA: Message = {
    "source": "web",
    "type": "identify",
    "messageId": "m-1",
    "userId": "u-1",
    "anonymousId": "c-1",
    "timestamp": "2026-03-02T09:00:00Z",
    "traits": {"email": "ana@example.com"},
}
CRM: Message = {
    "source": "crm",
    "type": "identify",
    "messageId": "m-2",
    "timestamp": "2026-03-03T09:00:00Z",
    "context": {"recordId": "4711"},
    "traits": {"email": "Ana@Example.com"},
}
BOB: Message = {"source": "app", "type": "identify", "messageId": "m-3", "userId": "u-2"}
MAPPING = 'source = "till"\nrecord_id = "id"\nregion = "FR"\n[identifiers]\nphone = "tel"\n'


@pytest.fixture
def onefold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Onefold:
    monkeypatch.chdir(tmp_path)
    return Onefold(tmp_path, capsys)


@pytest.fixture
def stocked(onefold: Onefold) -> Onefold:
    assert onefold("ingest", onefold.lines("day.jsonl", ANA, CRM, BOB)).code == 0
    return onefold


def test_ingested_events_become_a_golden_profile(stocked: Onefold) -> None:
    found = orjson.loads(stocked("person", "email:ana@example.com").out)
    assert [record["source"] for record in found["records"]] == ["crm", "web"]
    assert orjson.loads(stocked("person", found["person_id"], "--at", "2026-04-01").out) is not None
    assert stocked("person", "user_id:u-9").code == 1
    assert "this is not a time" in stocked("person", "user_id:u-1", "--at", "yesterday").err.lower()


def test_ingest_tells_what_became_of_the_lines(onefold: Onefold) -> None:
    path = onefold.lines("day.jsonl", ANA, ANA, b"not JSON", BOB)
    told = onefold("ingest", path)
    assert (told.code, told.out) == (0, "")
    assert "2 events taken, 2 persons in the store, 1 duplicate, 1 dead letter" in told.err
    again = onefold("ingest", path)
    assert "0 events taken, 2 persons in the store, 0 duplicates, 0 dead letters" in again.err


def test_a_file_that_grew_goes_on_and_one_that_was_replaced_starts_again(onefold: Onefold) -> None:
    path = onefold.lines("day.jsonl", ANA, CRM)
    onefold("ingest", path)
    onefold.lines("day.jsonl", ANA, CRM, BOB)
    assert "1 event taken, 2 persons in the store, 0 duplicates" in onefold("ingest", path).err
    onefold.lines("day.jsonl", {**BOB, "messageId": "m-4"}, CRM, BOB)
    assert "1 event taken, 2 persons in the store, 2 duplicates" in onefold("ingest", path).err
    onefold.lines("day.jsonl", BOB)
    assert "0 events taken, 2 persons in the store, 1 duplicate" in onefold("ingest", path).err


def test_other_rules_are_refused_even_where_nothing_is_new(stocked: Onefold) -> None:
    (stocked.folder / "other.toml").write_text('extends = "retail"\n[source.web]\nclaims = ["email"]\n')
    ended = stocked("ingest", "day.jsonl", "--rules", "other.toml")
    assert ended.code == 3
    assert "onefold rebuild" in ended.err


def test_a_source_is_for_lines_that_name_none(onefold: Onefold) -> None:
    nameless = {name: value for name, value in BOB.items() if name != "source"}
    packed = onefold.folder / "day.jsonl.gz"
    packed.write_bytes(gzip.compress(b"".join(orjson.dumps(one) + b"\n" for one in (ANA, nameless))))
    onefold("ingest", str(packed), "--source", "kiosk")
    assert [line.split(",")[0] for line in onefold("export", "links", "-").out.splitlines()[1:]] == [
        "kiosk",
        "web",
    ]


def test_a_line_may_be_a_batch(onefold: Onefold) -> None:
    nameless = {name: value for name, value in BOB.items() if name != "source"}
    path = onefold.lines("day.jsonl", {"batch": [ANA, nameless, 7]}, {"batch": 1}, CRM)
    told = onefold("ingest", path, "--source", "kiosk").err
    assert "3 events taken" in told
    assert "2 dead letters" in told
    links = onefold("export", "links", "-").out.splitlines()[1:]
    assert sorted(link.split(",")[0] for link in links) == ["crm", "kiosk", "web"]
    assert "0 events taken" in onefold("ingest", path, "--source", "kiosk").err


def test_standard_input_is_a_file_too(tmp_path: Path) -> None:
    program = process(tmp_path, "ingest", "-", stdin=subprocess.PIPE)
    _, said = program.communicate(orjson.dumps(ANA) + b"\n" + orjson.dumps(BOB) + b"\n", timeout=60)
    assert program.returncode == 0
    assert b"2 events taken, 2 persons in the store" in said


def test_rows_are_read_by_a_mapping_in_its_region(onefold: Onefold) -> None:
    (onefold.folder / "till.csv").write_bytes(
        b"id,tel,name\n1,06 12 34 56 78,\n2,+33612345678,\n3,06 12 34 56 78,Zo\xeb\n"
    )
    (onefold.folder / "map.toml").write_text(f'{MAPPING}[traits]\nfirstName = "name"\n')
    told = onefold("ingest", "till.csv", "--mapping", "map.toml")
    assert (told.code, "1 dead letter" in told.err) == (0, True)
    found = orjson.loads(onefold("person", "phone:+33612345678").out)
    assert len(found["records"]) == 2
    assert onefold("ingest", "till.csv").code == 2
    assert onefold("rebuild").code == 0
    assert orjson.loads(onefold("person", "phone:+33612345678").out)["records"] == found["records"]


def test_exports_are_sorted_and_say_the_same_in_every_form(stocked: Onefold) -> None:
    links = stocked("export", "links", "-").out.splitlines()
    assert links[0] == "source,record_id,person_id"
    assert links[1:] == sorted(links[1:])
    assert len(links) == 4
    stocked("export", "links", "links.parquet")
    table = pq.read_table(stocked.folder / "links.parquet").to_pylist()
    assert [",".join(row.values()) for row in table] == links[1:]
    stocked("export", "events", "events.csv")
    rows = (stocked.folder / "events.csv").read_text().splitlines()
    assert rows[0] == "message_id,source,record_id,person_id"
    assert [row.split(",")[0] for row in rows[1:]] == ["m-1", "m-2", "m-3"]
    stocked("export", "persons", "persons.parquet")
    profiles = pq.read_table(stocked.folder / "persons.parquet").to_pylist()
    lines = [orjson.loads(line) for line in stocked("export", "persons", "-").out.splitlines()]
    assert [row["person_id"] for row in profiles] == [line["person_id"] for line in lines]
    assert stocked("export", "links", "links.xls").code == 2


def test_why_and_how_tell_it_in_sentences(stocked: Onefold) -> None:
    joined = orjson.loads(stocked("why", "crm/4711", "user_id:u-1").out)
    assert joined["outcome"] == "one_person"
    assert "email" in joined["sentences"][0]
    assert orjson.loads(stocked("why", "user_id:u-1", "user_id:u-2").out)["outcome"] != "one_person"
    assert len(orjson.loads(stocked("how", "user_id:u-1").out)["records"]) == 2


def test_the_person_of_an_earlier_time(stocked: Onefold) -> None:
    at = ("--as-of", "2026-03-02T12:00:00Z", "--as-of-by", "event")
    then = orjson.loads(stocked("person", "user_id:u-1", *at).out)
    assert [record["source"] for record in then["records"]] == ["web"]
    assert stocked("person", "user_id:u-1", *at, "--at", "2026-03-02").code == 2
    assert "give --as-of too" in stocked("person", "user_id:u-1", *at[2:]).err


def test_a_simulated_stream_is_the_same_for_its_seed(onefold: Onefold) -> None:
    made = ("simulate", "--people", "20", "--events", "100", "--seed", "3", "--out")
    assert onefold(*made, "a.jsonl", "--truth", "truth.csv").code == 0
    assert onefold(*made, "b.jsonl").code == 0
    lines = (onefold.folder / "a.jsonl").read_bytes()
    assert lines == (onefold.folder / "b.jsonl").read_bytes()
    assert len(lines.splitlines()) == 100
    assert (onefold.folder / "truth.csv").read_text().startswith("message_id,source,person\n")
    assert onefold(*made, "nowhere/c.jsonl").code == 2
    assert onefold(*made, "-", "--truth", "-").code == 2
    program = process(onefold.folder, *made, "-", stdout=subprocess.PIPE)
    assert program.communicate(timeout=60)[0] == lines


def test_dead_letters_are_taken_once_they_can_be(onefold: Onefold) -> None:
    nameless = {name: value for name, value in BOB.items() if name != "source"}
    onefold("ingest", onefold.lines("day.jsonl", nameless, b"not JSON"))
    assert "0 dead letters taken, 2 still can't be" in onefold("replay").err
    assert "1 dead letter taken, 1 still can't be" in onefold("replay", "--source", "app").err
    assert "0 dead letters taken, 1 still can't be" in onefold("replay", "--source", "app").err
    assert "message 1 (by field)\n" in (told := onefold("doctor").out)
    assert "→ the last, day.jsonl:2: message: This is not JSON; send one" in told


def test_the_doctor_tells_what_is_well_and_what_is_not(stocked: Onefold) -> None:
    well = stocked("doctor")
    assert well.code == 0
    assert "3 events, 3 records, 2 persons" in well.out
    assert "2 records, per_" in well.out
    assert " 1 record\n" in well.out
    (stocked.folder / "other.toml").write_text('extends = "retail"\n[source.web]\nregion = "FR"\n')
    other = stocked("doctor", "--rules", "other.toml")
    assert other.code == 1
    assert "onefold rebuild" in other.out
    assert stocked("ingest", stocked.lines("b.jsonl", BOB), "--rules", "other.toml").code == 3
    nowhere = stocked("doctor", "--store", "sqlite:///none.db", "--kafka", "localhost:1")
    assert nowhere.code == 1
    assert "Kafka at localhost:1 can't be reached" in nowhere.out
    assert not (stocked.folder / "none.db").exists()
    unnamed = stocked("doctor", "--kafka", "nonsense")
    assert (unnamed.code, unnamed.err, "3 events, 3 records" in unnamed.out) == (1, "", True)


def test_no_library_speaks_where_a_service_is_away(stocked: Onefold) -> None:
    doctor = process(stocked.folder, "doctor", "--kafka", "localhost:1", stdout=subprocess.PIPE)
    how = process(stocked.folder, "how", "user_id:u-1", "--store", "neo4j://127.0.0.1:1")
    out, err = doctor.communicate(timeout=60)
    assert (doctor.returncode, err) == (1, b"")
    assert b"Kafka at localhost:1 can't be reached" in out
    _, err = how.communicate(timeout=60)
    assert (how.returncode, err.count(b"\n")) == (3, 1), err


def test_whoever_reads_what_an_older_version_built_is_told(
    stocked: Onefold, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("person", "user_id:u-1", "--at", "2026-04-01T00:00:00Z")
    profile = stocked(*asked)
    assert (profile.code, profile.err) == (0, "")
    monkeypatch.setattr("graph_schema.rule_parts.RESOLUTION_VERSION", RESOLUTION_VERSION + 1)
    older = "built by an older version of Onefold"
    for command in (asked, ("how", "user_id:u-1"), ("export", "links", "-")):
        told = stocked(*command)
        assert told.code == 0
        assert older in told.err
        assert "onefold rebuild" in told.err
        assert older not in told.out
    assert stocked(*asked).out == profile.out
    sick = stocked("doctor")
    assert (sick.code, older in sick.out) == (1, True)
    refused = stocked("ingest", stocked.lines("b.jsonl", BOB))
    assert (refused.code, older in refused.err) == (3, True)
    for name in ("serve", "_end_well_when_told"):
        monkeypatch.setattr(f"serving.commands_serve.{name}", lambda *_, **__: None)
    assert older in stocked("serve").err
    (stocked.folder / "other.toml").write_text('extends = "retail"\n[source.web]\nregion = "FR"\n')
    assert "built by other rules" in stocked("person", "user_id:u-1", "--rules", "other.toml").err
    assert stocked("rebuild").code == 0
    assert stocked(*asked).err == ""


@pytest.mark.parametrize(
    ("part", "line", "told"),
    [
        ("[campaign.x]\nsupress = {}\n", 3, "Did you mean 'suppress'?"),
        ('[audience.x]\n\nwhen = "stag == 1"\n', 4, "Did you mean 'stage'?"),
        ('[profile]\nquiet = "soon"\n', 3, "is not a length of time"),
    ],
)
def test_every_part_of_the_rules_is_checked(onefold: Onefold, part: str, line: int, told: str) -> None:
    (onefold.folder / "rules.toml").write_text(f'extends = "retail"\n{part}')
    for command in (("doctor",), ("ingest", onefold.lines("day.jsonl", ANA))):
        ended = onefold(*command, "--rules", "rules.toml")
        assert ended.code == 2
        assert f"rules.toml, line {line}: " in ended.err
        assert told in ended.err


def test_a_store_that_does_not_answer_is_given_up() -> None:
    started = time.monotonic()

    def late() -> list[Finding]:
        time.sleep(5)
        return []

    found = diagnosis.reached({"store": late, "kafka": late}, seconds=0.1)
    assert time.monotonic() - started < 2
    told = [(one.what, one.well, one.told) for one in found]
    assert told == [(what, False, "no answer within 0.1 s") for what in ("store", "kafka")]


def test_scenarios_are_checked(onefold: Onefold) -> None:
    story = "story: One\nstart: 2026-03-02T09:00:00Z\nevents:\n"
    story += "  - {at: +0m, source: web, type: identify, userId: u-1, anonymousId: c-1}\nexpect:\n"
    (onefold.folder / "holds.yaml").write_text(story + "  - same_person: [user_id:u-1, anonymous_id:c-1]\n")
    (onefold.folder / "fails.yaml").write_text(
        story + "  - different_people: [user_id:u-1, anonymous_id:c-1]\n"
    )
    assert onefold("check", "holds.yaml").code == 0
    assert onefold("check", "fails.yaml").code == 1
    assert onefold("check", "none.yaml").code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("ingest", "none.jsonl"), 2, "none.jsonl"),
        (("ingest", "--stor", "x", "f"), 2, "--store"),
        (("ingest", "-", "--source", "a/b"), 2, "--source"),
        (("replay", "--source", ""), 2, "--source"),
        (("inges",), 2, "ingest"),
        (("person", "user_id:u-1"), 3, "onefold ingest FILE"),
        (("person", "user_id:u-1", "--store", "sqlit:///x.db"), 2, "sqlite"),
        (("person", "user_id:u-1", "--store", "sqlite:x.db"), 2, "four slashes"),
        (("person", "user_id:u-1", "--rules", "none.toml"), 2, "none.toml"),
        (("serve", "--host", "0.0.0.0"), 2, "write key"),
    ],
)
def test_a_mistake_is_named_with_the_way_out(
    onefold: Onefold, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = onefold(*arguments)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_the_demo_tells_the_same_day_every_time(onefold: Onefold) -> None:
    told = onefold("demo", "--no-serve")
    assert told.code == 0
    assert onefold("demo", "--no-serve").out == told.out
    ana = [line.split() for line in told.out.splitlines() if "per_408Y59MVRAN7YVVT" in line]
    assert [ana[2][0], *ana[2][-4:-1]] == ["17:30", "6", "1", "person"]
    assert "already_bought" in told.out
    assert "3 persons hold the cookie: the two, and whoever it was." in told.out
    assert "taken back       2 persons" in told.out


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_serves_its_day_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: signal.Signals
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    program = process(tmp_path, "demo", "--port", "0", stdout=subprocess.PIPE)
    assert program.stdout is not None
    lines = iter(program.stdout.readline, b"")
    url = next(line.split()[-1].decode() for line in lines if line.split()[:1] == [b"API"])
    found = httpx.get(url.replace("/docs", "/v1/persons"), params={"identifier": "receipt_id:r-88"})
    assert found.json()["person_id"] == "per_408Y59MVRAN7YVVT"
    assert [path.name.startswith("onefold-demo-") for path in tmp_path.iterdir()] == [True]
    program.send_signal(told)
    program.communicate(timeout=30)
    assert program.returncode == 0
    assert list(tmp_path.iterdir()) == []


HELP = {"": "", "serve": "", "doctor": "", "train": "what [matching] says", "ingest": "- is standard input."}


@pytest.mark.parametrize("command", HELP)
def test_every_command_has_help_as_it_was_written(onefold: Onefold, command: str) -> None:
    helped = onefold(*command.split(), "--help")
    assert (helped.code, "Usage: onefold" in helped.out, HELP[command] in helped.out) == (0, True, True)
