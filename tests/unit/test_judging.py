"""Who a steward means, and what waits for one: sides of judgements and cases, on a store in memory."""

from typing import Any, Literal

import pytest

from graph_schema.errors import AmbiguousIdentifier, Erased, Invalid, UnknownPerson
from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import Case, EventKey, Judgement, RecordKey
from resolver.founding import DEFAULT_ID_KEY
from stream.cases import open_cases
from stream.engine import Engine
from stream.judging import Judging, Word

RETAIL = load_rules()
NOW = 1_800_000_000_000_000


def engine_with(*messages: dict[str, Any], **sources: dict[str, Any]) -> Engine:
    """A store that holds these messages, by the retail rules and what they say of sources besides."""
    declared = {name: RETAIL.source(name).model_copy(update=said) for name, said in sources.items()}
    engine = Engine(MemoryStore(), RETAIL.model_copy(update={"sources": declared}), clock=lambda: NOW)
    send(engine, *messages)
    return engine


def send(engine: Engine, *messages: dict[str, Any]) -> None:
    whole = [{"type": "identify", "source": "crm", **one} for one in messages]
    counts = engine.ingest([engine.intake.take(one, NOW) for one in whole])
    assert counts.dead_letters == 0


def row(name: str, day: int | None = 1, **more: Any) -> dict[str, Any]:
    """A row of the CRM."""
    time = {} if day is None else {"timestamp": f"2026-03-{day:02}T00:00:00Z"}
    message_id = f"{name}/{day}"
    return {"context": {"recordId": name}, "messageId": message_id, **time, **more}


def said(engine: Engine, kind: Literal["same", "different"], a: list[str], b: list[str]) -> Judgement:
    with engine.store.read() as tx:
        return Judging(tx, engine.intake, DEFAULT_ID_KEY).judgement(Word(kind, a, b, NOW, "mia", "seen"))


def cases(engine: Engine) -> list[Case]:
    with engine.store.read() as tx:
        return open_cases(Judging(tx, engine.intake, DEFAULT_ID_KEY))


def person_id(engine: Engine, reference: str) -> str:
    with engine.store.read() as tx:
        return Judging(tx, engine.intake, DEFAULT_ID_KEY).find(reference).person.person_id


def keys(*names: str) -> tuple[RecordKey, ...]:
    return tuple(RecordKey("crm", name) for name in names)


ANA: dict[str, Any] = {"userId": "ana"}
MAIL: dict[str, Any] = {"traits": {"email": "ana@shop.example"}}


def test_a_side_is_a_person_an_identifier_or_a_record() -> None:
    engine = engine_with(row("1", **ANA), row("2", **ANA, **MAIL), row("3", userId="bob"))
    both, one = keys("1", "2"), keys("2")
    ana = person_id(engine, "user_id:ana")
    for reference, side in (
        (ana, both),
        ("user_id:ana", both),
        ("email:ANA@shop.example", one),
        ("crm/2", one),
    ):
        judgement = said(engine, "different", [reference], ["crm/3"])
        assert (judgement.a, judgement.b) == (side, keys("3"))
    assert said(engine, "same", ["crm/1", "crm/2"], ["user_id:bob"]).a == both


def test_a_judgement_remembers_the_founding_events_of_its_records() -> None:
    engine = engine_with(row("1", 5), row("1", 3), row("1", None), row("2", None))
    judgement = said(engine, "same", ["crm/1"], ["crm/2"])
    assert judgement.founders == {
        RecordKey("crm", "1"): (EventKey("crm", "1/3"),),
        RecordKey("crm", "2"): (EventKey("crm", "2/None"),),
    }
    assert (judgement.at, judgement.by, judgement.why, judgement.retracted_at) == (NOW, "mia", "seen", None)
    assert said(engine, "same", ["crm/1"], ["crm/2"]) == judgement
    assert said(engine, "different", ["crm/1"], ["crm/2"]).judgement_id != judgement.judgement_id


def test_what_keeps_two_persons_apart_by_several_values_is_one_case() -> None:
    shared: dict[str, Any] = {"traits": {"email": "home@shop.example", "phone": "+33612345678"}}
    engine = engine_with(row("1", userId="ana", **shared), row("2", userId="bob", **shared))
    (case,) = cases(engine)
    assert (case.kind, case.detail) == ("unique", "email, matching, phone")
    assert [one.namespace for one in case.identifiers] == ["email", "phone"]


def test_without_a_second_side_the_first_is_split_off() -> None:
    engine = engine_with(*(row(name, **ANA) for name in "1234"))
    judgement = said(engine, "different", ["crm/2", "crm/3"], [])
    assert (judgement.a, judgement.b) == (keys("2", "3"), keys("1", "4"))
    engine.judge([judgement])
    with pytest.raises(AmbiguousIdentifier):
        person_id(engine, "user_id:ana")


def test_an_identifier_means_its_holders_of_now() -> None:
    phone: dict[str, Any] = {"traits": {"phone": "+33612345678"}}
    lent = [row("old", **phone), row("claims", **phone, source="shop", timestamp="2030-03-01T00:00:00Z")]
    engine = engine_with(
        *lent, row("new", **phone, timestamp="2030-01-01T00:00:00Z"), shop={"claims": frozenset(["phone"])}
    )
    send(engine, row("bob", userId="bob"))
    assert said(engine, "same", ["phone:+33612345678"], ["crm/bob"]).a == keys("new")


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        ([], ["crm/1"], Invalid),
        (["crm/1", "crm/9"], [], Invalid),
        (["user_id:ana"], [], Invalid),
        (["user_id:ana"], ["crm/1"], Invalid),
        (["nonsense"], ["crm/1"], Invalid),
        (["crm/none"], ["crm/1"], UnknownPerson),
        (["shoe_size:44"], ["crm/1"], UnknownPerson),
        (["email:nobody@shop.example"], ["crm/1"], UnknownPerson),
        (["loyalty_card:shared"], ["crm/1"], AmbiguousIdentifier),
        (["user_id:gone"], ["crm/1"], Erased),
    ],
)
def test_what_can_be_no_judgement_is_refused(a: list[str], b: list[str], error: type[Exception]) -> None:
    card = {"externalIds": [{"type": "loyalty_card", "id": "shared"}]}
    engine = engine_with(row("1", **ANA), row("2", **ANA), row("9", userId="bob"), row("0", userId="gone"))
    send(engine, *({"userId": one, "context": card, "messageId": one} for one in ("x", "y")))
    with engine.store.read() as tx:
        gone = Judging(tx, engine.intake, DEFAULT_ID_KEY).find("user_id:gone").person.id
    engine.carry_out(lambda batch: batch.erase(gone, NOW))
    with pytest.raises(error):
        said(engine, "different", a, b)


def alias(source: str) -> dict[str, Any]:
    return {"type": "alias", "source": source, "userId": "new", "previousId": "old", "messageId": "alias"}


def test_an_alias_of_an_untrusted_source_waits_and_closes_with_its_reason() -> None:
    engine = engine_with(alias("web"))
    pair = sorted(person_id(engine, f"user_id:{one}") for one in ("new", "old"))
    [case] = cases(engine)
    assert (case.kind, sorted(case.persons)) == ("alias", pair)
    engine.judge([said(engine, "same", ["user_id:new"], ["user_id:old"])])
    assert cases(engine) == []
    assert cases(engine_with(alias("crm"), crm={"trusted_alias": True})) == []


@pytest.mark.parametrize("nobody", [{"previousId": "null"}, {"userId": "undefined"}])
def test_an_alias_of_nobody_opens_no_case_and_founds_one_person(nobody: dict[str, str]) -> None:
    engine = engine_with({**alias("web"), **nobody})
    assert cases(engine) == []
    with engine.store.read() as tx:
        [known] = tx.all_persons()
    left = "old" if "userId" in nobody else "new"
    assert person_id(engine, f"user_id:{left}") == known.person_id


def test_a_word_that_keeps_persons_apart_closes_their_case_until_it_is_taken_back() -> None:
    engine = engine_with(row("1", **ANA, **MAIL), row("2", userId="bob", **MAIL))
    [case] = cases(engine)
    assert case.kind == "unique"
    judgement = said(engine, "different", ["crm/1"], ["crm/2"])
    engine.judge([judgement])
    assert cases(engine) == []
    with engine.store.read() as tx:
        retracted = Judging(tx, engine.intake, DEFAULT_ID_KEY).retracted(judgement.judgement_id, NOW + 5)
    engine.judge([retracted])
    assert (retracted.retracted_at, cases(engine)) == (NOW + 5, [case])


def reward(user: str, event: str, day: int, **more: Any) -> dict[str, Any]:
    time = f"2026-03-{day:02}T00:00:00Z"
    properties = {"reward_code": "R1", **more}
    return {"type": "track", "event": event, "userId": user, "properties": properties, "timestamp": time}


def test_a_reward_that_two_persons_redeemed_waits() -> None:
    issued = reward("ana", "Reward Issued", 1, amount=5, currency="EUR")
    engine = engine_with(issued, reward("ana", "Reward Redeemed", 2, order_id="o1"))
    assert cases(engine) == []
    send(engine, reward("bob", "Reward Redeemed", 3, order_id="o2"))
    [case] = cases(engine)
    assert (case.kind, [tuple(one) for one in case.identifiers]) == ("reward", [("reward_code", "R1")])
    send(
        engine,
        reward("ana", "Reward Issued", 4, reward_code="R2"),
        reward("ana", "Reward Redeemed", 5, reward_code="R2", order_id="o3"),
        reward("bob", "Reward Redeemed", 6, reward_code="R2", order_id="o4"),
    )
    (case,) = cases(engine)
    assert [one.value for one in case.identifiers] == ["R1", "R2"]
    assert sorted(case.persons) == sorted(person_id(engine, f"user_id:{one}") for one in ("ana", "bob"))


def test_a_reward_that_one_person_used_online_and_on_paper_waits() -> None:
    engine = engine_with(
        reward("ana", "Reward Issued", 1), reward("ana", "Reward Redeemed", 2, order_id="o1")
    )
    till = {**reward("ana", "Reward Redeemed", 3, order_id="o2"), "source": "till"}
    del till["userId"]
    send(engine, till, row("1", userId="bob"), row("2", userId="bob"))
    engine.judge([said(engine, "same", ["crm/1"], ["crm/2"])])
    (case,) = cases(engine)
    assert (case.kind, list(case.persons)) == ("reward", [person_id(engine, "user_id:ana")])
