"""Laws of profiles: a merge is the fold of all, order decides nothing, and no withdrawal is overridden."""

import copy
import random
import zlib
from itertools import pairwise
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_schema.vocabulary import Event, EventKey, Facts, ObjectKey, RecordKey
from profiles.audiences import memberships
from profiles.channels import Ways
from profiles.consent import standing
from profiles.golden import golden
from profiles.moments import DAY, UNTIMED
from profiles.objects import fold_object, ghost_object, speakers, unfold_object, views
from profiles.schema import GoldenProfile
from profiles.state import fold, merge, new_state
from tests.unit.portraits import RETAIL, START, at, event, portrait

_DAYS = st.one_of(st.none(), st.integers(0, 6))
_PRODUCTS = ("tea", "cup", "pot")
_PERSONS = ("ana@example.com", "boris@example.org")


def _track(name: str, **properties: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    optional = {key: value for key, value in properties.items() if key not in ("products", "order_id")}
    required = {key: value for key, value in properties.items() if key in ("products", "order_id")}
    return st.fixed_dictionaries(
        {
            "event": st.just(name),
            "day": _DAYS,
            "source": st.sampled_from(("web", "shop", "crm")),
            "context": st.fixed_dictionaries(
                {"traits": st.fixed_dictionaries({"email": st.sampled_from(_PERSONS)})}
            ),
            "properties": st.fixed_dictionaries(required, optional=optional),
        }
    )


_LINE = st.fixed_dictionaries(
    {"product_id": st.sampled_from(_PRODUCTS), "price": st.integers(1, 9), "quantity": st.integers(1, 2)}
)
_CODE = st.sampled_from(("R-1", "R-2"))
_ORDER = st.sampled_from(("o-1", "o-2"))
_TRAITS = st.fixed_dictionaries(
    {"email": st.sampled_from(_PERSONS)},
    optional={
        "firstName": st.sampled_from([f"Ana {number}" for number in range(12)]),
        "address": st.fixed_dictionaries({"city": st.sampled_from(("Lyon", "Nice"))}),
    },
)
_PURPOSE = st.sampled_from(("marketing", "advertising"))
_CHANNEL = st.sampled_from(("email", "sms", "push"))
_MESSAGES = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("identify"),
            "day": _DAYS,
            "source": st.sampled_from(("web", "crm")),
            "traits": _TRAITS,
        }
    ),
    _track("Product Added", product_id=st.sampled_from(_PRODUCTS), quantity=st.integers(1, 2)),
    _track("Product Removed", product_id=st.sampled_from(_PRODUCTS), quantity=st.integers(1, 2)),
    _track("Product Viewed", product_id=st.sampled_from(_PRODUCTS), category=st.sampled_from(("a", "b"))),
    _track(
        "Order Completed", order_id=_ORDER, total=st.integers(1, 50), products=st.lists(_LINE, max_size=2)
    ),
    _track("Order Refunded", order_id=_ORDER, total=st.integers(1, 50), products=st.lists(_LINE, max_size=1)),
    _track("Order Cancelled", order_id=_ORDER),
    _track("Order Delivered", order_id=_ORDER),
    _track("Reward Issued", reward_code=_CODE, amount=st.just(5), media=st.just(["email"])),
    _track("Reward Redeemed", reward_code=_CODE, order_id=_ORDER, channel=st.sampled_from(("web", "store"))),
    _track("Consent Granted", purpose=_PURPOSE, channel=_CHANNEL),
    _track("Consent Withdrawn", purpose=_PURPOSE, channel=_CHANNEL),
    _track("Processing Objected", purpose=_PURPOSE),
    _track("Objection Withdrawn", purpose=_PURPOSE),
    _track(
        "Message Sent", campaign=st.just("newsletter"), channel=_CHANNEL, message_id=st.sampled_from("abc")
    ),
    _track("Message Bounced", channel=_CHANNEL, message_id=st.sampled_from("abc")),
    _track("Account Opened", account_id=st.just("a"), product=st.sampled_from(("x", "y"))),
    _track("Account Closed", account_id=st.just("a")),
    _track("Preference Set", channel=_CHANNEL),
)


@st.composite
def histories(draw: st.DrawFn, longest: int = 14) -> list[dict[str, Any]]:
    """Messages of two records or more, each with an id of its own."""
    drawn = draw(st.lists(_MESSAGES, max_size=longest))
    return [
        {**{key: value for key, value in one.items() if value is not None}, "messageId": f"m-{number}"}
        for number, one in enumerate(drawn)
    ]


def canonical(document: object) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def folded(events: list[Event]) -> dict[str, Any]:
    state = new_state()
    for one in events:
        fold(state, one.facts)
    return state


@settings(max_examples=150, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_a_merge_is_the_fold_of_all_in_any_order(messages: list[dict[str, Any]], dice: random.Random) -> None:
    events = [event(one) for one in messages]
    together = canonical(folded(events))
    dice.shuffle(events)
    half = dice.randint(0, len(events))
    one, other = folded(events[:half]), folded(events[half:])
    # A state is read back from a store in between.
    one, other = orjson.loads(orjson.dumps(one)), orjson.loads(orjson.dumps(other))
    merge(one, other)
    assert canonical(one) == together


def _random_fact(dice: random.Random) -> tuple[Any, ...]:
    when = dice.choice((UNTIMED, *range(400)))
    return dice.choice(
        (
            ("trait", "name", f'"{dice.randint(0, 11)}"', when, "web", f"r{dice.randint(0, 2)}"),
            ("address", "email", f"a{dice.randint(0, 9)}@x.example", when, dice.randint(0, 1), "web", "r1"),
            ("cart", when, f"p{dice.randint(0, 20)}", dice.randint(0, 2), dice.randint(1, 3), "{}"),
            ("viewed", f"p{dice.randint(0, 80)}", when, ""),
            ("category", f"c{dice.randint(0, 80)}", when),
            ("message", when, "sent", f"m{dice.randint(0, 400)}", "c", "email"),
            ("sent", when, "c", (f"order:{dice.randint(0, 3)}",)),
        )
    )


def test_what_is_kept_in_part_is_the_same_part_whatever_the_order() -> None:
    for seed in range(12):
        dice = random.Random(seed)
        facts = [_random_fact(dice) for _ in range(2000)]
        whole = new_state()
        fold(whole, Facts(tuple(facts), ()))
        dice.shuffle(facts)
        parts: list[dict[str, Any]] = []
        for begin, end in pairwise(sorted({0, 2000, *(dice.randint(0, 2000) for _ in range(4))})):
            parts.append(new_state())
            fold(parts[-1], Facts(tuple(facts[begin:end]), ()))
        merged = new_state()
        for part in parts:
            merge(merged, part)
        assert canonical(merged) == canonical(whole)
        assert len(whole["messages"]["latest"]) == 200


@settings(max_examples=150, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_what_an_object_was_told_can_be_taken_back_exactly(
    messages: list[dict[str, Any]], dice: random.Random
) -> None:
    told = [(one, shared) for one in map(event, messages) for shared in one.facts.shared]
    objects: dict[ObjectKey, dict[str, Any]] = {}
    stays: dict[ObjectKey, dict[str, Any]] = {}
    gone = {one.key for one, _ in told if dice.random() < 0.5}
    for one, shared in told:
        if one.key not in gone:
            fold_object(stays.setdefault(shared.key, {}), one.key, one.record, one.at, shared.fact)
    dice.shuffle(told)
    for one, shared in told:
        fold_object(objects.setdefault(shared.key, {}), one.key, one.record, one.at, shared.fact)
    for one, shared in told:
        if one.key in gone:
            unfold_object(objects[shared.key], one.key)
    assert {key: found for key, found in objects.items() if found} == stays
    person_of = {
        record: len(record.record_id) % 3 + 1 for found in stays.values() for record in speakers(found)
    }
    for key, found in stays.items():
        assert views(key, orjson.loads(orjson.dumps(objects[key])), person_of) == views(key, found, person_of)


@settings(max_examples=150, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_an_order_counts_for_one_person_at_most(messages: list[dict[str, Any]], dice: random.Random) -> None:
    objects: dict[ObjectKey, dict[str, Any]] = {}
    for one in map(event, messages):
        for shared in one.facts.shared:
            fold_object(objects.setdefault(shared.key, {}), one.key, one.record, one.at, shared.fact)
    for key, found in objects.items():
        person_of = {record: dice.randint(1, 2) for record in speakers(found)}
        completed = any(entry[3][0] == "completed" for entry in found.values())
        if key.kind == "order":
            assert len(views(key, found, person_of)) == completed


@settings(max_examples=100, deadline=None)
@given(histories())
def test_ghosts_change_nothing_for_the_living(messages: list[dict[str, Any]]) -> None:
    for one in map(event, messages):
        for shared in one.facts.shared:
            found: dict[str, Any] = {}
            living = RecordKey("shop", "living")
            fold_object(found, one.key, one.record, one.at, shared.fact)
            fold_object(found, EventKey("shop", "x"), living, at(3), shared.fact)
            before = views(shared.key, found, {one.record: 1, living: 2})
            ghost = RecordKey("#", "abc")
            ghost_object(found, {one.record: ghost}, lambda event: f"#/{zlib.crc32(event.encode())}")
            after = views(shared.key, found, {ghost: 1, living: 2})
            assert after.keys() == before.keys()
            assert b"@example" not in canonical(found)
            assert one.record.record_id not in str(found)
            if 2 in before:
                kept = {"state", "total", "amount", "conflict", "channel"}
                assert {n: v for n, v in after[2].items() if n in kept} == {
                    n: v for n, v in before[2].items() if n in kept
                }


def _words(events: list[Event], purpose: str, channel: str) -> list[tuple[str, bool, int]]:
    facts = [fact for one in events for fact in one.facts.own if fact[0] == "consent"]
    return [(f[3], bool(f[4]), f[5]) for f in facts if f[1] == purpose and f[2] in (channel, "*")]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(
    _track("Consent Granted", purpose=_PURPOSE, channel=_CHANNEL),
    _track("Consent Withdrawn", purpose=_PURPOSE, channel=_CHANNEL),
    _track("Unsubscribed"),
), max_size=8))  # fmt: skip
def test_a_later_withdrawal_on_any_record_is_never_overridden(drawn: list[dict[str, Any]]) -> None:
    events = [
        event({**{key: value for key, value in one.items() if value is not None}, "messageId": f"m-{number}"})
        for number, one in enumerate(drawn)
    ]
    one, other = folded(events[::2]), folded(events[1::2])
    merge(one, other)
    for purpose in ("marketing", "advertising"):
        for channel in ("email", "sms", "push"):
            words = _words(events, purpose, channel)
            for address in (*_PERSONS, ""):
                granted = [when for to, yes, when in words if yes and to in (address, "")]
                here = [when for to, yes, when in words if not yes and to in (address, "")]
                anywhere = [when for _, yes, when in words if not yes]
                open_by_the_letter = bool(granted) and all(max(granted) > when for when in here) and all(
                    max(granted) >= when for when in anywhere
                )  # fmt: skip
                found = standing(one, purpose, channel, address)
                assert (found is not None and found.state == "granted") == open_by_the_letter


@settings(max_examples=100, deadline=None)
@given(histories(), st.integers(0, 800))
def test_a_golden_profile_fits_its_schema_and_names_its_records(
    messages: list[dict[str, Any]], day: int
) -> None:
    shown = golden(portrait(*messages), RETAIL, START + day * DAY)
    GoldenProfile.model_validate(orjson.loads(orjson.dumps(shown)))
    records = {(one["source"], one["record_id"]) for one in shown["records"]}
    said = [
        *shown["attributes"].values(),
        *(one for a in shown["attributes"].values() for one in a["alternatives"]),
    ]
    assert {(one["source"], one["record_id"]) for one in [*said, *shown["preferences"].values()]} <= records
    assert {(one["source"], one["record"]) for one in shown["orders"]["items"]} <= records


@settings(max_examples=60, deadline=None)
@given(histories(), st.integers(0, 30))
def test_between_now_and_the_next_turn_no_membership_changes(
    messages: list[dict[str, Any]], day: int
) -> None:
    person = portrait(*messages)
    now = START + day * DAY
    found = memberships(person, RETAIL, now)
    later = [now + hours * 3_600_000_000 for hours in (1, 24, 24 * 40, 24 * 89, 24 * 400, 24 * 3000)]
    for moment in [*later, *([found.next_at - 1] if found.next_at else [])]:
        if found.next_at is None or moment < found.next_at:
            assert memberships(person, RETAIL, moment).members == found.members


@settings(max_examples=60, deadline=None)
@given(histories())
def test_nothing_reads_change_what_is_kept(messages: list[dict[str, Any]]) -> None:
    person = portrait(*messages)
    before = copy.deepcopy(person.state)
    golden(person, RETAIL, at(50))
    memberships(person, RETAIL, at(50))
    Ways(person).open("marketing", ("email", "sms"))
    assert person.state == before
