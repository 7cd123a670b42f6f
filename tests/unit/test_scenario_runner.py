"""The runner of scenarios: it fails what does not hold, says why, and names what is wrong in a file."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from graph_schema.errors import Invalid, RulesError
from graph_schema.store import Store
from serving.scenario_files import in_arrival, read_scenarios
from serving.scenarios import run_files
from tests.integration.command import Onefold

STORY = """
story: Two accounts
start: 2026-03-02T09:00:00Z
events:
  - {{at: +0m, source: web, type: identify, userId: u-1, traits: {{email: ana@example.com}}}}
  - {{at: +1h, source: app, type: identify, userId: u-1, traits: {{city: Oslo, country: NO}}}}
  - {{at: +2h, source: crm, type: identify, context: {{recordId: 7}}, traits: {{
      email: bob@example.com, phone: +33612345678, address: {{postalCode: 01000}}}}}}
judgements: [{judgements}]
expect:
  - {expect}
"""


def write(folder: Path, expect: str, judgements: str = "") -> Path:
    """A scenario file with one expectation."""
    path = folder / "story.yaml"
    path.write_text(STORY.format(expect=expect, judgements=judgements), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "expect",
    [
        "{same_person: [user_id:u-1, email:ana@example.com]}",
        "{different_people: [user_id:u-1, email:bob@example.com]}",
        "{profile: user_id:u-1, path: attributes.country.value, equals: 'NO'}",
        "{profile: user_id:u-1, path: orders.count, equals: 0.0}",
        "{decide: newsletter, for: user_id:u-9, outcome: suppress, because: unknown_person}",
        "{audience: suppress_always, excludes: user_id:u-1}",
        "{same_person: [crm/7, email:bob@example.com]}",
        "{same_person: [crm/7, phone:+33612345678]}",
        "{profile: crm/7, path: attributes.address.value.postalCode, equals: '01000'}",
        "{different_people: [crm/7, user_id:u-1]}",
        "{profile: crm/7, path: 'length(records)', equals: 1}",
        "{decide: newsletter, for: crm/8, outcome: suppress, because: unknown_person}",
        "{at: +30m, profile: user_id:u-1, path: attributes.city, equals: null}",
    ],
)
def test_what_holds_passes(tmp_path: Path, expect: str) -> None:
    report = run_files([write(tmp_path, expect)])
    assert len(report.outcomes) == (1 if "at:" in expect else 6)
    assert report.failures == []


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("{same_person: [user_id:u-1, email:bob@example.com]}", "Nothing connects"),
        ("{same_person: [user_id:u-1, user_id:u-9]}", "user_id:u-9 leads to nobody"),
        ("{different_people: [user_id:u-1, email:ana@example.com]}", "one record"),
        ("{different_people: [user_id:u-1, user_id:u-9]}", "user_id:u-9 leads to nobody"),
        ("{different_people: [user_id:u-1, user_id:u-1]}", "user_id:u-1 leads to per_"),
        ("{case: [user_id:u-1, email:bob@example.com]}", "in the queue: nothing"),
        ("{dead_letter: m-1}", "dead letters: none"),
        ("{audience: suppress_always, includes: user_id:u-9}", "user_id:u-9 leads to nobody"),
        ("{profile: user_id:u-1, path: orders.count, equals: false}", "came: 0"),
        ("{profile: user_id:u-9, path: orders.count, equals: 0}", "nobody is known"),
        ("{profile: user_id:u-1, path: length(as_of), equals: 0.5}", "came: 20"),
        ("{profile: user_id:u-1, path: length(no_such), equals: 0}", "the path does not fit"),
        ("{decide: newsletter, for: user_id:u-1, outcome: send}", "no_consent"),
        ("{decide: newsleter, for: user_id:u-1, outcome: send}", "newsletter"),
        ("{decide: newsletter, for: user_id:u-1, outcome: suppress, because: objected}", "no_consent"),
        ("{decide: newsletter, for: user_id:u-1, outcome: suppress, channel: sms}", "no_consent"),
        ("{decide: newsletter, for: user_id:u-1, outcome: suppress, question: null}", "question"),
        ("{audience: suppress_always, includes: user_id:u-1}", "not in the audience"),
        ("{audience: suppress_allways, includes: user_id:u-1}", "suppress_always"),
        ("{audience: lapsed, product: tea, excludes: user_id:u-1}", "product: this audience is of persons"),
    ],
)
def test_what_does_not_hold_fails_and_says_why(tmp_path: Path, expect: str, said: str) -> None:
    report = run_files([write(tmp_path, expect)])
    assert len(report.failures) == len(report.outcomes) == 6
    assert said in "\n".join(report.lines())


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("{same_persn: [a:b, c:d]}", "'same_person'"),
        ("{at: +1d, same_person: [a:b]}", "same_person"),
        ("{profile: a:b, pth: x, equals: 1}", "Did you mean 'path'"),
        ("{profile: a:b, path: 'orders.[', equals: 1}", "is no JMESPath"),
        ("{at: 1d, profile: a:b, path: x, equals: 1}", "+5m"),
        ("{at: +99999999d, profile: a:b, path: x, equals: 1}", "a thousand years"),
        ("{audience: lapsed, include: a:b}", "includes"),
        ("{audience: lapsed}", "either includes or excludes"),
        ("{audience: lapsed, excludes: null}", "either includes or excludes"),
        ("{decide: survey, for: ana, outcome: send}", "namespace:value"),
        ("{decide: survey, for: a:b, outcome: maybe}", "'send' or 'suppress'"),
        ("{decide: survey, for: a:b, outcome: send, offer: {price: 9}}", "reference_price: 100.32"),
        ("{decide: survey, for: a:b, outcome: send, offer: {price: 9, reference: 10}}", "is no offer"),
        ("{decide: survey, for: a:b, outcome: send, offer: {price: 9, reference_price: -1}}", "is no offer"),
        ("{decide: survey, for: a:b, outcome: suppress, because: no_conset}", "'no_consent'"),
        ("{same_person: [a:b, c:d], case: [a:b, c:d]}", "exactly one form"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, expect: str, said: str) -> None:
    with pytest.raises(Invalid, match=r"#1, expect\[0\]") as raised:
        run_files([write(tmp_path, expect)])
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("twice", "said"),
    [
        ("{same_person: [a:b, c:d], same_person: [a:b, a:b]}", "'same_person' stands twice"),
        ("{same_person: [a:b, c:d]}\nexpect:\n  - {same_person: [a:b, a:b]}", "'expect' stands twice"),
    ],
)
def test_a_key_that_stands_twice_is_refused(tmp_path: Path, twice: str, said: str) -> None:
    """Of two YAML keeps the last: what the first expects would pass unchecked."""
    with pytest.raises(Invalid, match=said):
        run_files([write(tmp_path, twice)])


def test_brackets_without_end_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="too many brackets"):
        run_files([write(tmp_path, "[" * 9000 + "]" * 9000)])


def test_a_key_may_be_said_otherwise_than_where_it_is_taken_from(tmp_path: Path) -> None:
    """YAML's ``<<`` takes over what another says, and what is written beside it stands."""
    path = write(
        tmp_path,
        "{<<: &b {<<: &a {at: +1m, path: cart}, path: orders.count}, profile: user_id:u-1, equals: 0}",
    )
    assert run_files([path]).failures == []


def test_rules_that_cannot_be_used_are_named_with_their_scenario_before_any_is_played(tmp_path: Path) -> None:
    path = write(tmp_path, "{same_person: [user_id:u-1, email:ana@example.com]}")
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}---\n{text}rules: retial\n", encoding="utf-8")

    def never() -> Store:
        raise AssertionError("a scenario was played")

    with pytest.raises(RulesError, match=r"story.yaml #2, rules: retial: .*Did you mean 'retail'"):
        run_files([path], never)


def test_what_is_asked_of_a_later_moment_changes_nothing_of_the_others(tmp_path: Path) -> None:
    """Who lapses by time alone has not lapsed after the last event, wherever the file asks for it."""
    bought = "{same_person: [user_id:u-1, email:ana@example.com]}"
    path = write(tmp_path, bought + "\n  - {at: +400d, audience: lapsed, includes: user_id:u-1}")
    order = "{at: +3h, source: shop, type: track, event: Order Completed, userId: u-1}"
    text = path.read_text(encoding="utf-8").replace("judgements:", f"  - {order}\njudgements:")
    path.write_text(text + "\n  - {audience: lapsed, excludes: user_id:u-1}\n", encoding="utf-8")
    assert run_files([path]).failures == []


@pytest.mark.parametrize("at", ["+30s", "+90m"])
def test_what_failed_is_told_with_its_time(tmp_path: Path, at: str) -> None:
    (failed,) = run_files(
        [write(tmp_path, f"{{at: {at}, same_person: [user_id:u-1, user_id:u-9]}}")]
    ).failures
    assert f'"at": "{at}"' in failed.expected


def test_a_mistake_in_a_judgement_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"unknown key 'bye'. Did you mean 'by'"):
        run_files([write(tmp_path, "{dead_letter: m}", "{at: +1d, bye: me, same: [a:b, c:d]}")])


def test_a_mistake_in_an_erasure_is_told_by_what_an_erasure_has(tmp_path: Path) -> None:
    path = write(tmp_path, "{dead_letter: m}")
    path.write_text(path.read_text() + "erasures: [{at: +1d, persn: user_id:u-1}]\n")
    with pytest.raises(Invalid, match=r"unknown key 'persn'. Did you mean 'person'"):
        run_files([path])


def test_a_judgement_that_cannot_be_given_fails(tmp_path: Path) -> None:
    said = "{at: +1d, same: [user_id:u-1, crm/8]}"
    report = run_files([write(tmp_path, "{same_person: [user_id:u-1, email:ana@example.com]}", said)])
    assert ["crm/8" in one.failure[0] for one in report.failures] == [True]


def test_who_is_erased_stays_so_though_all_is_sent_again(tmp_path: Path) -> None:
    gone = "{decide: newsletter, for: user_id:u-1, outcome: suppress, because: unknown_person}"
    path = write(tmp_path, f"{gone}\nerasures: [{{at: +1d, person: user_id:u-1}}]")
    report = run_files([path])
    assert [(one.play, one.failure) for one in report.outcomes] == [
        ("as written", ()),
        ("all sent again", ()),
    ]
    path = write(tmp_path, f"{gone}\nerasures: [{{at: +1d, person: crm/8}}]")
    assert "crm/8 can't be erased" in run_files([path]).failures[-1].failure[0]


def test_a_judgement_keeps_its_sides_in_every_order(tmp_path: Path) -> None:
    said = "{at: +1d, same: [user_id:u-1, crm/7]}"
    path = write(tmp_path, "{same_person: [user_id:u-1, email:bob@example.com]}", said)
    assert run_files([path]).failures == []


@pytest.mark.parametrize(
    ("between", "holds"),
    [
        ("[reward_code:r-1, user_id:u-1]", True),
        ("[user_id:u-1, reward_code:r-1]", True),
        ("[reward_code:r-2, user_id:u-1]", False),
        ("[reward_code:r-1, user_id:u-9]", False),
        ("[user_id:u-1, email:ana@example.com]", False),
    ],
)
def test_a_case_of_one_person_is_told_by_its_identifier(tmp_path: Path, between: str, holds: bool) -> None:
    """Ana uses a reward on the site, and whoever has the paper of it uses it at a till."""
    used = "type: track, event: Reward Redeemed"
    told = f"""
  - {{at: +3h, source: web, {used}, userId: u-1, properties: {{reward_code: r-1, order_id: o-1}}}}
  - {{at: +4h, source: till, {used}, properties: {{reward_code: r-1, receipt_id: q-1}}}}
  - {{at: +5h, source: web, {used}, userId: u-1, properties: {{reward_code: r-2, order_id: o-2}}}}
judgements:"""
    path = write(tmp_path, f"{{case: {between}}}")
    path.write_text(path.read_text("utf-8").replace("\njudgements:", told), encoding="utf-8")
    assert (run_files([path]).failures == []) is holds


def test_arrival_is_at_or_arrives_or_with_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "story.yaml"
    path.write_text(
        "story: s\nstart: 1970-01-01T00:00:00Z\nexpect: [{dead_letter: m}]\nevents:\n"
        "  - {at: +5s, n: 0}\n  - {at: +1s, arrives: +9s, n: 1}\n  - {n: 2, messageId: own}\n"
        "  - {at: +7s, n: 3}\n",
        encoding="utf-8",
    )
    (scenario,) = read_scenarios(path)
    arrived = in_arrival(scenario)
    assert [(at, message["n"]) for at, message in arrived] == [
        (5_000_000, 0),
        (7_000_000, 3),
        (9_000_000, 1),
        (9_000_000, 2),
    ]
    assert [message.get("timestamp", "")[-3:] for _, message in arrived] == ["05Z", "07Z", "01Z", ""]
    assert [message["messageId"] for _, message in arrived] == ["event-1", "event-4", "event-2", "own"]


def test_check_ends_with_what_came_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    onefold = Onefold(tmp_path, capsys)
    good = write(tmp_path, "{same_person: [user_id:u-1, email:ana@example.com]}")
    held = onefold("check", str(good), "--store", "sqlite")
    assert (held.code, "1 of 1 scenarios hold" in held.out) == (0, True)
    bad = write(tmp_path, "{same_person: [user_id:u-1, email:bob@example.com]}")
    junit = tmp_path / "junit.xml"
    failed = onefold("check", str(tmp_path), "--junit", str(junit))
    assert (failed.code, str(bad) in failed.out) == (1, True)
    suite = ET.fromstring(junit.read_text(encoding="utf-8"))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    for wrong, said in (
        (("none.yaml",), "can't be read"),
        ((str(good), "--store", "memmory"), "'memory'"),
        ((str(good), "--junit", str(tmp_path / "nowhere" / "junit.xml")), "Its folder does not exist"),
    ):
        ended = onefold("check", *wrong)
        assert (ended.code, ended.out, said in ended.err) == (2, "", True)


def test_a_message_that_was_refused_is_told_where_no_expectation_says_so(tmp_path: Path) -> None:
    path = tmp_path / "slip.yaml"
    path.write_text(
        "story: A slip\nstart: 2026-03-02T09:00:00Z\n"
        "events:\n"
        "  - {at: +0m, source: web, type: identify, userId: u-1}\n"
        "  - {at: +1m, source: web, type: track, event: Order Completed, userId: u-1, messageId: m-7, "
        "properties: {total: 1x}}\n"
        "expect:\n  - {profile: user_id:u-1, path: orders.count, equals: 0}\n",
        encoding="utf-8",
    )
    report = run_files([path])
    note, held = report.lines()
    assert not report.failures
    assert note.startswith(f"Note, {path} #1: m-7 is a dead letter, by its properties.total")
    assert held == "1 of 1 scenarios hold (6 of 6 expectations, counting each order)"
    path.write_text(path.read_text(encoding="utf-8") + "  - {dead_letter: m-7}\n", encoding="utf-8")
    assert [line for line in run_files([path]).lines() if "Note" in line] == []
