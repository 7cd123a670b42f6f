"""Audiences kept change by change are what evaluating everybody would give, and the feed leads there."""

from functools import partial
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from graph_schema.memory import MemoryStore
from graph_schema.rules import Rules
from graph_schema.vocabulary import Event, RecordKey
from profiles.audiences import memberships
from profiles.moments import DAY, iso, kept
from profiles.portrait import Portrait, addresses
from stream.batch import Batch
from stream.deciding import portraits_of, sketches_of
from stream.engine import Engine
from stream.reader import Reader
from stream.upkeep import Place
from tests.unit.portraits import RETAIL, START

_EMAILS = st.sampled_from(("ana@example.com", "boris@example.org", "cleo@example.net"))
_USERS = st.sampled_from(("u-1", "u-2", "u-3"))


def _said(name: str, **properties: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"event": st.just(name), "properties": st.fixed_dictionaries(properties)})


_DEVICES = st.sampled_from(("a-1", "a-2"))
_NAMED = st.fixed_dictionaries({"traits": st.fixed_dictionaries({"email": _EMAILS})})
_WHO = st.one_of(
    st.fixed_dictionaries({"userId": _USERS}),
    st.fixed_dictionaries({"anonymousId": _DEVICES}),
    st.fixed_dictionaries(
        {
            "userId": _USERS,
            "context": st.fixed_dictionaries({"traits": st.fixed_dictionaries({"email": _EMAILS})}),
        }
    ),
    st.fixed_dictionaries(
        {"context": st.fixed_dictionaries({"traits": st.fixed_dictionaries({"email": _EMAILS})})}
    ),
    st.fixed_dictionaries({"userId": _USERS, "anonymousId": _DEVICES}),
)
_PURPOSE = st.sampled_from(("marketing", "advertising"))
_PRODUCT = st.sampled_from(("tea", "cup"))
_LINES = st.lists(
    st.fixed_dictionaries(
        {"product_id": _PRODUCT, "price": st.sampled_from((5, 700)), "quantity": st.just(1)}
    ),
    min_size=1,
    max_size=2,
)
_ORDER = st.sampled_from(("o-1", "o-2"))
_WHAT = st.one_of(
    _said("Consent Granted", purpose=_PURPOSE),
    _said("Consent Granted", purpose=_PURPOSE, channel=st.just("email")),
    _said("Consent Withdrawn", purpose=_PURPOSE),
    _said("Unsubscribed"),
    _said("Message Bounced", channel=st.just("email"), message_id=st.sampled_from("ab")),
    _said("Email Delivered", message_id=st.sampled_from("ab")),
    _said("Processing Objected"),
    _said("Product Added", product_id=_PRODUCT, quantity=st.just(1)),
    _said("Order Completed", order_id=_ORDER, products=_LINES),
    _said("Order Refunded", order_id=_ORDER),
    _said("Account Opened", account_id=st.just("k")),
    _said("Account Closed", account_id=st.just("k")),
    _said("Seen"),
)


@st.composite
def _messages(draw: st.DrawFn) -> dict[str, Any]:
    """A message of somebody, at a day before or at the day on which it arrives."""
    source = draw(st.sampled_from(("web", "shop")))
    said = {"source": source, "type": "track", **draw(_WHO), **draw(_WHAT), "day": draw(st.integers(0, 200))}
    again = draw(st.none() | st.sampled_from(("m-1", "m-2")))
    return said if again is None else {**said, "messageId": again}


_STEPS = st.lists(
    st.tuples(
        st.sampled_from((0, 1, 40, 100, 400)), st.lists(_messages(), max_size=3), st.booleans(), st.booleans()
    ),
    min_size=1,
    max_size=8,
)
"""Each step: days that pass, a batch, whether the due runner runs after it, whether somebody is erased."""


def _of_an_address(event: str, email: str, day: int) -> dict[str, Any]:
    who = {"userId": "u-1", "context": {"traits": {"email": email}}}
    return {"source": "web", "type": "track", "event": event, **who, "properties": _MARKETING, "day": day}


_MARKETING: Final = {"purpose": "marketing"}
_BETWEEN_ADDRESSES: Final = [
    _of_an_address("Unsubscribed", "boris@example.org", 1),
    _of_an_address("Consent Granted", "ana@example.com", 2),
]
"""Somebody who is written to, and no longer is once her newer address is known to be generic."""
_SOON_GENERIC: Final = RETAIL.model_copy(
    update={
        "namespaces": tuple(
            one.model_copy(update={"generic_above": 1}) if one.name == "email" else one
            for one in RETAIL.namespaces
        )
    }
)
"""An address of two users is generic, and heals where a message of one turns out to have said otherwise."""


def _evaluated(engine: Engine, at: int) -> set[Place]:
    with engine.store.read() as tx:
        reader = Reader(tx, engine.intake, engine.id_key)
        portraits = portraits_of(reader, [person.id for person in tx.all_persons()])
    return {
        Place(one.audience, one.product, portrait.person_id)
        for portrait in portraits.values()
        for one in memberships(portrait, engine.rules, at).members
    }


def _addresses_by_records(person: Portrait) -> dict[str, tuple[int, int, RecordKey]]:
    """When each address was seen first and last, and by which record last: what a state says, without it."""
    seen: dict[str, list[tuple[int, int, RecordKey]]] = {}
    for record in person.records:
        for one, held in record.holdings.items():
            named = person.identifiers[one].identifier
            if named.namespace == "email":
                seen.setdefault(named.value, []).append((kept(held.first), kept(held.last), record.key))
    return {
        value: (min(one[0] for one in each), *max(one[1:] for one in each)) for value, each in seen.items()
    }


def _check_states(engine: Engine) -> None:
    """What a state keeps of records is what they say, after whatever merges, splits and erasures."""
    with engine.store.read() as tx:
        reader = Reader(tx, engine.intake, engine.id_key)
        everybody = [person.id for person in tx.all_persons()]
        portraits, sketches = portraits_of(reader, everybody), sketches_of(reader, everybody)
    assert portraits.keys() == sketches.keys()
    for person in portraits.values():
        times = [one.first_at for one in person.records if one.first_at is not None]
        assert person.state.get("since") == min(times, default=None)
        known = {one.value: (one.first, one.last, one.record) for one in addresses(person, "email")}
        by_records = _addresses_by_records(person).items()
        generic = {one.value for one in person.generic}
        assert known == {value: seen for value, seen in by_records if value not in generic}


def _stored(engine: Engine) -> set[Place]:
    with engine.store.read() as tx:
        persons = {person.id: person.person_id for person in tx.all_persons()}
        found = tx.memberships(persons.keys())
        # Nobody who is gone is in any audience.
        kept = {one.person for name in RETAIL.audiences for one in tx.enrolled(name, None, ("", 0), 1_000)}
    assert kept <= persons.keys()
    return {
        Place(one.audience, one.product, persons[each]) for each, places in found.items() for one in places
    }


def _followed(engine: Engine) -> set[Place]:
    """Where whoever follows the feed has come to; no move is told twice."""
    told: set[Place] = set()
    with engine.store.read() as tx:
        deltas = tx.deltas(None, 0, 100_000)
    for one in deltas:
        place = Place(one.audience, one.product, one.person_id)
        assert (place in told) != one.added
        told ^= {place}
    return told


@settings(max_examples=150, deadline=None)
@given(_STEPS, st.sampled_from((RETAIL, _SOON_GENERIC)), st.sampled_from(([], _BETWEEN_ADDRESSES)))
def test_stored_audiences_are_those_of_now(
    steps: list[tuple[int, list[dict[str, Any]], bool, bool]], rules: Rules, first: list[dict[str, Any]]
) -> None:
    now = START + 200 * DAY
    engine = Engine(MemoryStore(), rules, clock=lambda: now)
    for days, batch, runs, erases in [(0, first, False, False), *steps]:
        now += days * DAY
        events: list[Event] = []
        for message in batch:
            said = {**message, "timestamp": iso(START + message["day"] * DAY)}
            taken = engine.intake.take({name: said[name] for name in said if name != "day"}, now)
            assert isinstance(taken, Event), taken
            events.append(taken)
        if events:
            engine.ingest(events)
        elif runs:
            engine.fall_due(now)
        if erases and events:
            with engine.store.read() as tx:
                record = tx.records(
                    [one.record for one in tx.events(tx.seen([events[0].key]).values()).values()]
                )
            for one in record.values():
                if not one.ghost:
                    engine.carry_out(partial(Batch.erase, person=one.person, at=now))
        if events or runs:
            assert _stored(engine) == _evaluated(engine, now)
            assert _followed(engine) == _stored(engine)
            _check_states(engine)


def test_who_holds_what_became_generic_is_looked_at_again() -> None:
    now = START + 200 * DAY
    engine = Engine(MemoryStore(), _SOON_GENERIC, clock=lambda: now)

    def audiences_after(*messages: dict[str, Any]) -> set[str]:
        for message in messages:
            said = {**message, "timestamp": iso(START + message["day"] * DAY)}
            del said["day"]
            taken = engine.intake.take(said, now)
            assert isinstance(taken, Event), taken
            engine.ingest([taken])
        assert _stored(engine) == _evaluated(engine, now)
        assert _followed(engine) == _stored(engine)
        return {one.audience for one in _stored(engine)}

    assert audiences_after(*_BETWEEN_ADDRESSES) == set()
    other: dict[str, Any] = {"source": "web", "type": "identify", "userId": "u-2", "messageId": "m"}
    other["traits"] = {"email": "ana@example.com"}
    assert audiences_after({**other, "day": 3}) == {"suppress_always"}
    # The same message, as it was sent first: the address is hers alone again.
    assert audiences_after({**other, "traits": {}, "day": 2}) == set()


def test_what_time_alone_moves_is_told_at_its_own_time() -> None:
    now = START
    engine = Engine(MemoryStore(), RETAIL, clock=lambda: now)
    order = {"order_id": "o-1", "total": 30, "currency": "EUR"}
    said = {
        "source": "web",
        "userId": "u-1",
        "type": "track",
        "event": "Order Completed",
        "properties": order,
    }
    engine.ingest([engine.intake.take({**said, "timestamp": iso(START)}, START)])
    now = START + 1_000 * DAY
    assert engine.fall_due(now) == 1
    assert engine.fall_due(now) == 0
    with engine.store.read() as tx:
        lapsed = tx.deltas("lapsed", 0, 10)
    # A rhythm of 90 days, defecting after two of them.
    assert [(one.added, one.at) for one in lapsed] == [(True, START + 180 * DAY)]
