"""Why and how in plain English: every reason that joins two records or keeps them apart."""

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import Rules, load_rules
from graph_schema.vocabulary import Event
from resolver.founding import DEFAULT_ID_KEY
from stream.engine import Engine
from stream.explaining import how, why
from stream.judging import Judging, Word

DAY = 86_400_000_000


class Town:
    """A store to tell things, and to ask about them."""

    def __init__(self, rules: Rules) -> None:
        self.engine = Engine(MemoryStore(), rules, DEFAULT_ID_KEY, clock=lambda: 0)
        self.number = 0

    def row(self, key: str, day: int | None = 0, source: str = "crm", **held: Any) -> None:
        """Tells a record with identifiers; a list gives several values."""
        self.number += 1
        ids = [
            {"type": name, "id": value}
            for name, values in held.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        message: dict[str, Any] = {"type": "identify", "messageId": f"m{self.number}", "source": source}
        message["context"] = {"recordId": key, "externalIds": ids} if key else {"externalIds": ids}
        if day is not None:
            message["timestamp"] = f"20{26 + day // 365:02}-01-{1 + day % 365:02}T09:00:00Z"
        item = self.engine.intake.take(message, received=0)
        assert isinstance(item, Event), item
        self.engine.ingest([item])

    def judge(self, kind: Any, a: str, b: str, why: str = "") -> None:
        """A steward's word."""
        with self.engine.store.read() as tx:
            word = Word(kind, [a], [b], 20_515 * DAY, "Mona", why)
            judgement = Judging(tx, self.engine.intake, DEFAULT_ID_KEY).judgement(word)
        self.engine.judge([judgement])

    def why(self, a: str, b: str) -> dict[str, Any]:
        """The answer for two references."""
        with self.engine.store.read() as tx:
            return why(Judging(tx, self.engine.intake, DEFAULT_ID_KEY), a, b)

    def says(self, a: str, b: str) -> list[str]:
        """The sentences of it."""
        sentences: list[str] = self.why(a, b)["sentences"]
        return sentences

    def how(self, reference: str) -> dict[str, Any]:
        """How a person came to be."""
        with self.engine.store.read() as tx:
            return how(Judging(tx, self.engine.intake, DEFAULT_ID_KEY), reference)


@pytest.fixture
def town() -> Town:
    return Town(load_rules("retail"))


def test_two_records_are_one_by_a_value(town: Town) -> None:
    town.row("1", email="ana@example.com")
    town.row("", source="web", day=3, user_id="u-1", email="ana@example.com")
    told = town.why("crm/1", "user_id:u-1")
    assert told["outcome"] == "one_person"
    assert told["sentences"] == [
        "Record crm/1 and the web record of user_id u-1 are one person because both hold email "
        "ana@example.com (seen 2026-01-01 and 2026-01-04)."
    ]


def test_the_path_is_the_shortest_and_of_two_the_stronger(town: Town) -> None:
    town.row("1", loyalty_card="L1", email="a@x.example")
    town.row("2", loyalty_card="L1", email="a@x.example", phone="+33612345678")
    town.row("3", email="b@x.example", phone="+33612345678")
    path = town.why("crm/1", "crm/3")["path"]
    assert [step.get("identifier", {}).get("namespace") for step in path[1::2]] == ["loyalty_card", "phone"]
    assert [step["record"]["record_id"] for step in path[::2]] == ["1", "2", "3"]


def test_one_record_may_hold_both(town: Town) -> None:
    town.row("1", email="ana@example.com", loyalty_card="L1")
    assert town.says("loyalty_card:L1", "email:Ana@Example.com") == ["Both are one record: record crm/1."]


def test_two_unique_values_keep_apart(town: Town) -> None:
    town.row("1", user_id="u-1", email="home@example.com")
    town.row("2", user_id="u-2", email="home@example.com")
    told = town.why("crm/1", "crm/2")
    assert told["outcome"] == "kept_apart"
    assert told["sentences"] == [
        "Kept apart: both hold email home@example.com, but user_id u-1 ≠ u-2 and user_id is unique."
    ]
    assert told["reasons"][0]["kind"] == "unique"


def test_two_unique_values_that_both_hold_keep_apart(town: Town) -> None:
    town.row("1", user_id=["u-1", "u-2"])
    town.row("2", user_id=["u-1", "u-2"])
    told = town.why("crm/1", "crm/2")
    assert told["outcome"] == "kept_apart"
    (reason,) = told["reasons"]
    assert (reason["kind"], reason["a"], reason["b"]) == ("unique", ["u-1", "u-2"], ["u-1", "u-2"])


def test_what_stands_between_is_told_from_both_sides(town: Town) -> None:
    for number in ("1", "2"):
        town.row(number, user_id=f"u-{number}", email="home@example.com")
    town.row("3", email="home@example.com")
    (sentence,) = town.says("crm/3", "crm/1")
    assert "Record crm/3 belongs to one of several persons" in sentence
    assert "record crm/1 and record crm/2, who are kept apart" in sentence


@pytest.mark.parametrize("order", tuple(permutations("345")))
def test_who_stands_for_evidence_between_several_is_no_matter_of_arrival(
    order: tuple[str, ...], town: Town
) -> None:
    cards = {"3": ["t1"], "4": [], "5": []}
    for number in ("1", "2"):
        town.row(number, user_id=f"u-{number}", payment_token="t1")
    for number in order:
        town.row(number, session_id="s1", payment_token=cards[number])
    (sentence,) = town.says("crm/5", "crm/1")
    assert "Record crm/3 belongs to one of several persons" in sentence


def test_judgements_with_others_part_two_as_well(town: Town) -> None:
    for key in "123":
        town.row(key, email="ana@example.com")
    town.judge("different", "crm/1", "crm/2")
    town.judge("different", "crm/1", "crm/3")
    assert [one["kind"] for one in town.why("crm/2", "crm/3")["reasons"]] == ["entangled"]
    assert town.says("crm/2", "crm/3") == [
        "Kept apart: both hold email ana@example.com, but judgements keep each of them apart from others "
        "whom it connects too."
    ]


def test_judgements_join_and_part(town: Town) -> None:
    town.row("1", email="ana@example.com")
    town.row("2", email="ana@example.com")
    town.row("3", loyalty_card="L3")
    town.judge("different", "crm/1", "crm/2", "twins")
    town.judge("same", "crm/1", "crm/3")
    assert town.says("crm/1", "crm/2") == ["Kept apart by a judgement of Mona on 2026-03-03 (twins)."]
    assert town.says("crm/1", "crm/3") == [
        "Record crm/1 and record crm/3 are one person by a judgement of Mona on 2026-03-03."
    ]


def test_what_does_not_count_is_named(town: Town) -> None:
    for number in range(11):
        town.row(f"g{number}", email="info@example.com", loyalty_card=f"L{number}")
    town.row("b1", email="a@x.example", phone="0000000000", club="c-7", session_id="s-1")
    town.row("b2", email="b@x.example", phone="0000000000", club="c-7", session_id="s-1")
    town.row("p1", email="p@x.example", phone="+33612345678", day=0)
    town.row("p2", email="q@x.example", phone="+33612345678", day=730)
    (generic,) = town.says("crm/g1", "crm/g2")
    assert "generic: its holders hold more than 10 different values of loyalty_card" in generic
    session, undeclared, blocked = sorted(
        town.says("crm/b1", "crm/b2"), key=lambda one: "club" in one or 2 * ("0000" in one)
    )
    assert "session_id s-1, but that joins anonymous evidence only" in session
    assert "club c-7, but the rules declare no such namespace" in undeclared
    assert "phone 0000000000, but it is blocked" in blocked
    (leased,) = town.says("crm/p1", "crm/p2")
    assert "not seen between 2026-01-01 and 2028-01-01, longer than its lease of 540 days" in leased
    assert town.why("crm/b1", "crm/p1")["outcome"] == "unconnected"
    assert town.says("crm/b1", "crm/p1")[0].startswith("Nothing connects record crm/b1 and record crm/p1")


def test_baskets_of_a_generic_card_join_nothing(town: Town) -> None:
    for number in range(11):
        town.row(f"g{number}", loyalty_card="STAFF", email=f"e{number}@x.example")
    town.row("basket", source="shop", loyalty_card="STAFF", payment_token="pt-1")
    town.row("ana", email="ana@x.example", payment_token="pt-1")
    (sentence,) = town.says("shop/basket", "crm/ana")
    assert "all that record shop/basket says of a person is generic" in sentence


def test_a_claim_after_a_gap_hides_nothing_of_what_joined(tmp_path: Path) -> None:
    """A row without a time is of the youngest lease: of those who say the number, or by then of the claim."""
    path = tmp_path / "rules.toml"
    path.write_text('extends = "retail"\n[source.guest]\nclaims = ["phone"]\n', encoding="utf-8")
    town = Town(load_rules(path))
    town.row("1", 0, phone="+33612345678")
    town.row("2", None, phone="+33612345678")
    town.row("3", 730, source="guest", phone="+33612345678")
    for one, other, links in (("crm/1", "crm/2", 1), ("crm/2", "guest/3", 1), ("crm/1", "guest/3", 2)):
        found = town.why(one, other)
        assert found["outcome"] == "one_person"
        assert sum("identifier" in step for step in found["path"]) == links


def test_how_tells_step_by_step(town: Town) -> None:
    town.row("1", user_id="u-1", email="ana@example.com")
    town.row("2", user_id="u-1")
    town.row("3", email="ana@example.com")
    town.row("4", user_id="u-4", email="ana@example.com")
    told = town.how("user_id:u-1")
    assert told["sentences"] == [
        "One person of 2 records: record crm/1 and record crm/2.",
        "First user_id u-1 joined record crm/1 and record crm/2.",
        "Not record crm/3. Record crm/3 belongs to one of several persons and nobody can say to whom: by "
        "email ana@example.com it could be of record crm/1 and record crm/4, who are kept apart.",
        "Not record crm/4. Kept apart: both hold email ana@example.com, but user_id u-1 ≠ u-4 and user_id "
        "is unique.",
    ]
    assert [record["record_id"] for record in told["records"]] == ["1", "2"]
    assert [refused["from"]["record_id"] for refused in told["kept_apart"]] == ["3", "4"]
    assert len({refused["from"]["person_id"] for refused in told["kept_apart"]} | {told["person_id"]}) == 3


def test_many_records_are_summed_up(town: Town) -> None:
    for number in range(9):
        town.row(str(number), user_id="u-1")
    first, second = town.how("user_id:u-1")["sentences"]
    assert first.endswith("record crm/4 and 4 more.")
    assert second.startswith("First user_id u-1 joined record crm/0, ")


def test_a_reference_may_be_an_alias_of_the_same_person(town: Town) -> None:
    town.row("1", user_id="u-1")
    town.row("2", user_id="u-1")
    with town.engine.store.read() as tx:
        profile = Judging(tx, town.engine.intake, DEFAULT_ID_KEY).profile("user_id:u-1", None)
    (alias,) = profile["aliases"]
    assert town.why(profile["person_id"], alias)["path"][1]["identifier"] == {
        "namespace": "user_id",
        "value": "u-1",
    }
