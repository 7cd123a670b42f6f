"""What holds on every store for who is left, once it can't be told any more what the erased said."""

from typing import Any

import pytest

from graph_schema.errors import RulesMismatch
from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.store import Replaceable, Store
from stream.engine import Engine
from stream.judging import Word
from stream.rebuilding import rebuild
from stream.stewarding import Doer, erase, give, take_back
from tests.contract.test_store_rebuilt import SAYS, Both
from tests.unit.test_rebuild import CLOCK, identify, take

RULES = load_rules()
OTHER = {"firstName": "Bartholomew", "lastName": "Papadimitriou", "birthday": "1982-07-31"}
CARD = {"externalIds": [{"type": "loyalty_card", "id": "29001"}]}


@pytest.fixture
def both(store: Store) -> Both:
    return Both(store)


def test_what_went_to_the_smaller_of_two_keys_stays_there(store: Store) -> None:
    """Of two who held a value first at one moment; the erased one's key is another now."""
    spaces = [
        space.model_copy(update={"contested": "earliest", "unique": False})
        if space.name == "user_id"
        else space
        for space in RULES.namespaces
    ]
    both = Both(store, RULES.model_copy(update={"namespaces": tuple(spaces)}))
    for number, source, said in ((1, "app", SAYS), (2, "web", OTHER)):
        message = identify(number, source, userId="u-1", context={"recordId": f"r{number}"}, traits=said)
        both.take({**message, "timestamp": "2026-01-01T00:00:00Z"})
    both.take(identify(3, "web", userId="u-1"))
    persons = both.persons
    [silent] = persons.keys() - {"r1", "r2"}
    assert persons["r1"] == persons[silent] != persons["r2"]
    both.erase(persons["r2"])
    both.rebuild()
    assert both.persons == {record: person for record, person in persons.items() if record != "r2"}


def test_who_may_be_one_of_two_still_may_be_the_one_who_is_left(both: Both) -> None:
    both.take(
        identify(1, traits={**SAYS, "email": "two@x.example", "phone": "+33612345678"}),
        identify(2, traits={"email": "two@x.example"}),
        identify(3, userId="u-2", traits={**OTHER, "email": "two@x.example"}),
    )
    assert len(set(both.persons.values())) == 3
    before = both.ambiguous
    both.erase("user_id:u-2")
    left = set(both.persons.values())
    assert both.ambiguous == {
        person: [each for each in found if each["person_id"] in left]
        for person, found in before.items()
        if person in left
    }
    both.rebuild()


def test_two_who_were_apart_are_apart_once_both_are_erased(both: Both) -> None:
    both.take(
        identify(1, traits=SAYS, context={**CARD, "sessionId": "s-1"}),
        identify(2, traits={**OTHER, "phone": "+33612345678"}, context=CARD),
    )
    for person in sorted(set(both.persons.values())):
        both.erase(person)
    both.take(
        {**identify(3, context={"sessionId": "s-1"}), "type": "page"},
        identify(4, "app", context=CARD),
    )
    assert len(set(both.persons.values())) == 2
    both.rebuild()


def test_whom_a_word_held_together_stays_one_once_erased(both: Both) -> None:
    both.take(
        {**identify(1, anonymousId="d-1"), "type": "page"},
        identify(2, "app", traits={"phone": "+33612345678"}),
        identify(3, "app", userId="u-1", anonymousId="d-2"),
    )
    names = ["phone:+33612345678"], ["user_id:u-1", "anonymous_id:d-1"]
    both.do(lambda engine: give(engine, Word("same", *names, CLOCK, "mia", "seen"), "steward"))
    both.erase("user_id:u-1")
    late = "2030-01-01T00:00:00Z"
    both.take(*({**identify(at, anonymousId=one), "timestamp": late} for at, one in ((4, "d-1"), (5, "d-2"))))
    assert len(set(both.persons.values())) == 1
    both.rebuild()


def test_another_content_of_the_erased_does_not_take_a_message_over(both: Both) -> None:
    both.take(identify(1, userId="u-1"))
    both.erase("user_id:u-1")
    said: dict[str, Any] = {"type": "track", "event": "Product Viewed", "messageId": "m-2", "source": "web"}
    both.take({**said, "context": {"recordId": "r"}}, {**said, "userId": "u-1", "timestamp": "2026-01-01"})
    assert list(both.persons) == ["r"]
    both.rebuild()


def test_the_feed_tells_the_erasure_of_the_id_that_was_erased(both: Both) -> None:
    """Whichever record founds her among ghosts, whose keys are others."""
    for number in range(8):
        for name in "ab":
            message = identify(number, "crm", userId=f"u-{number}", context={"recordId": f"{name}{number}"})
            both.take({**message, "messageId": f"{name}{number}"})
    for person in sorted(set(both.persons.values())):
        both.erase(person)
        assert both.fed == ("erased", person)


def test_the_feed_tells_nothing_of_evidence_of_the_erased_that_goes_its_own_way(store: Store) -> None:
    """She took her address up again, and another customer came to hold it as well."""
    both = Both(store)
    both.take(identify(1, userId="u-1", traits={"email": "ana@x.example"}))
    erased = both.of("user_id:u-1")
    both.erase(erased)
    late = {"timestamp": "2030-01-01T00:00:00Z", "traits": {"email": "ana@x.example"}}
    both.take({**identify(2), **late})
    [again] = both.persons.values()
    both.take({**identify(3, userId="u-2"), **late})
    assert both.fed == ("updated", again)
    with store.read() as tx:
        told = {one for each in tx.changes(0, 100) for one in (each.person_id, *each.went_into)}
    assert told == {erased, *both.persons.values()}


def test_what_the_erased_used_a_reward_with_ties_no_order(both: Both) -> None:
    order = {"order_id": "o", "receipt_id": "t", "total": 10, "currency": "EUR"}
    done = {"event": "Order Completed", "properties": order, "context": {"recordId": "r"}, "userId": "b"}
    use = {"event": "Reward Redeemed", "properties": {"reward_code": "w", "receipt_id": "t", "amount": 5}}
    both.take({**identify(1), "type": "track", **done}, {**identify(2, userId="a"), "type": "track", **use})
    both.erase("user_id:a")
    both.take({**identify(3), "type": "track", **done, "event": "Order Updated"})
    assert list(both.persons) == ["r"]
    both.rebuild()


@pytest.mark.parametrize("trusted", [True, False])
def test_whom_only_an_alias_of_the_erased_named_goes_on(store: Store, trusted: bool) -> None:
    web = RULES.source("web").model_copy(update={"trusted_alias": trusted})
    both = Both(store, RULES.model_copy(update={"sources": {"web": web}}))
    both.take({**identify(1, userId="a", previousId="b"), "type": "alias"})
    both.take(
        *(identify(at, "shop", userId=one, context={"recordId": one}) for at, one in ((2, "a"), (3, "b")))
    )
    if trusted:
        both.judge("different", "user_id:a", "user_id:b")
    apart, gone = both.persons, both.of("user_id:a")
    left = {record: person for record, person in apart.items() if person != gone}
    assert (len(apart), len(left)) == (4, 2)
    both.erase("user_id:a")
    for again in (False, True):
        if again:
            both.rebuild()
        words = both.words
        assert [one.why for one in words].count("alias") == trusted
        assert not any("m-1" in repr(one) for one in words), "what it was called names her message"
    assert both.persons == left


def test_a_word_that_its_message_took_back_is_not_called_by_it_either() -> None:
    web = RULES.source("web").model_copy(update={"trusted_alias": True})
    both = Both(MemoryStore(), RULES.model_copy(update={"sources": {"web": web}}))
    both.take(identify(4, userId="a"), identify(5, userId="b"))
    both.take({**identify(2, userId="a", previousId="b"), "type": "alias"})
    both.take({**identify(1, userId="c"), "messageId": "m-2"})
    both.erase("user_id:c")
    assert [("m-2" in repr(one), one.retracted_at) for one in both.words] == [(False, CLOCK)]


def test_whom_an_alias_of_another_named_does_not_come_back_by_a_rebuild(both: Both) -> None:
    both.take(identify(1, userId="b"), {**identify(2, userId="a", previousId="b"), "type": "alias"})
    both.erase("user_id:b")
    assert both.cases == []
    both.rebuild()
    assert len(both.persons) == 1


def test_nobody_writes_to_a_store_with_another_key_of_person_ids(store: Store) -> None:
    take(Engine(store, RULES, b"one"), identify(1, userId="u-1"))
    other = Engine(store, RULES, b"two")
    with pytest.raises(RulesMismatch, match="key of person ids"):
        take(other, identify(2, userId="u-2"))
    take(Engine(store, RULES, b"one"), identify(2, userId="u-2"))
    if isinstance(store, Replaceable):
        rebuild(store, RULES, b"two", lambda _: None)
        erase(other, "user_id:u-1", Doer("mona", "admin"))
        with pytest.raises(RulesMismatch):
            rebuild(store, RULES, b"one", lambda _: None)
        assert other.ingest([other.intake.take(identify(1, userId="u-1"), CLOCK)]).erased == 1


def test_a_version_never_goes_back(store: Store) -> None:
    """Neither where an id goes into another and comes back."""
    engine = Engine(store, RULES, clock=lambda: CLOCK)
    take(engine, identify(1, userId="u-1"), *(identify(at, userId="u-2") for at in range(2, 6)))
    word = give(engine, Word("same", ["user_id:u-1"], ["user_id:u-2"], CLOCK, "mia", "seen"), "steward")
    take_back(engine, word.judgement_id, Doer("mona", "admin"))
    latest: dict[str, int] = {}
    with engine.reader() as reader:
        for change in reader.tx.changes(0, 100):
            assert change.version > latest.get(change.person_id, 0)
            latest[change.person_id] = change.version
        shown = [reader.profile(one, None) for one in ("user_id:u-1", "user_id:u-2")]
    assert {one["person_id"]: one["version"] for one in shown} == latest


def test_what_has_no_time_is_refused_also_once_she_is_known_again(store: Store) -> None:
    """Whatever was read of her before."""
    said = {"traits": {"email": "ana@x.example"}, "timestamp": "2026-01-01T00:00:00Z"}
    engine = Engine(store, RULES, clock=lambda: CLOCK)
    take(engine, {**identify(1, "app"), **said})
    erase(engine, "email:ana@x.example", Doer("mona", "admin"))
    take(engine, {**identify(2, "app"), **said, "timestamp": "2030-01-01T00:00:00Z"})
    again = Engine(store, RULES, clock=lambda: CLOCK)
    take(again, identify(3, "web", userId="u-1", traits=said["traits"]))
    untimed = {
        key: one for key, one in identify(4, "app", traits=said["traits"]).items() if key != "timestamp"
    }
    assert again.ingest([again.intake.take(untimed, CLOCK)]).erased == 1
