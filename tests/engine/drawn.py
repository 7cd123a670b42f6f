"""Draws what happens to a store: rules, Segment messages that share much, judgements, and ways to play them.

Every message goes through the real intake. Values and times are few, so that records meet and times tie;
times lie half a day apart and leases are of one or two days, so that gaps are about as long as leases.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from hypothesis import strategies as st

from graph_schema.namespaces import Namespace
from graph_schema.rule_parts import Source
from graph_schema.rules import Rules
from graph_schema.vocabulary import Event, Judgement, RecordKey
from stream.intake import Intake
from tests.engine import alike

PEOPLE = ("user_id", "loyalty_card", "email", "phone")
ANONYMOUS = ("session_id", "order_id", "anonymous_id", "reward_code")
SOURCES = ("crm", "shop", "web")
VALUES = ("a", "a", "b", "b", "c", "d")
START = 1_700_000_000_000_000
HALF_DAY = 43_200_000_000
RECEIVED = START + 100 * HALF_DAY
TRACKS = (
    "Order Completed",
    "Order Refunded",
    "Reward Issued",
    "Reward Redeemed",
    "Consent Granted",
    "Email Delivered",
)


def time_of(half_days: float) -> str:
    """A time so many half days after the first, as a message tells it."""
    return datetime.fromtimestamp((START + half_days * HALF_DAY) / 1e6, UTC).isoformat()


@dataclass(frozen=True)
class Batch:
    """Messages that come together, duplicates among them."""

    events: tuple[Event, ...]

    def __str__(self) -> str:
        return "\n".join(map(spelled, self.events))


@dataclass(frozen=True)
class Word:
    """A judgement that is given, or taken back."""

    judgement: Judgement

    def __str__(self) -> str:
        one = self.judgement
        back = "" if one.retracted_at is None else " taken back"
        return f"{one.judgement_id}: {one.kind} {one.a} {one.b} at {one.at}{back}"


def spelled(event: Event) -> str:
    """An event in a line, for a failing example."""
    at = None if event.at is None else (event.at - START) / HALF_DAY
    held = " ".join(f"{each.namespace}:{each.value}{('', '?', '!', '?!')[each.flags]}" for each in event.held)
    also = f" also {event.also[0].record_id} {[each.value for each in event.also[1]]}" if event.also else ""
    what = event.name or event.type
    return (
        f"{event.key.source}/{event.key.message_id} @{at} {event.record.record_id[:9]} {held}{also} ({what})"
    )


Step = Batch | Word


@dataclass(frozen=True)
class History:
    """All evidence of one store, as it was drawn. Late contents come after the first ones."""

    rules: Rules
    events: tuple[Event, ...]
    judgements: tuple[Judgement, ...]


@st.composite
def rules(draw: st.DrawFn, plain: bool = False) -> Rules:
    """Two to five namespaces, people-joining ones first but for a few, and what is particular to sources.

    ``plain``: without what makes values generic or gives them leases and owners.
    """
    people = draw(st.integers(1, 3))
    others = draw(st.integers(0 if people > 1 else 1, 2))
    names = [*PEOPLE[:people], *ANONYMOUS[:others]]
    if draw(st.integers(0, 5)) == 0:
        names = list(draw(st.permutations(names)))
    spaces = []
    for name in names:
        joins: Literal["people", "anonymous"] = "people" if name in PEOPLE else "anonymous"
        limits = (10,) if plain else (10, 10, 2, 1)
        spaces.append(
            Namespace(
                name=name,
                joins=joins,
                unique=joins == "people" and draw(st.booleans()),
                generic_above=draw(st.sampled_from(limits)),
                max_records=10_000 if plain else draw(st.sampled_from((10_000, 10_000, 10_000, 3))),
                lease=None if plain else draw(st.sampled_from((None, None, "1 day", "2 days"))),
                contested=draw(st.sampled_from(("apart", "apart", "latest", "earliest"))),
                blocked=draw(st.sampled_from(((), (), (), ("^d$",)))),
            )
        )
    return Rules(
        namespaces=tuple(spaces), sources=draw(_sources(names[:], [n for n in names if n in PEOPLE]))
    )


@st.composite
def _sources(draw: st.DrawFn, names: list[str], people: list[str]) -> dict[str, Source]:
    claims = draw(st.sampled_from(((), (), *((name,) for name in people))))
    scoped = draw(st.sampled_from(((), (), *((name,) for name in names))))
    return {
        "web": Source(claims=frozenset(claims), trusted_alias=draw(st.booleans())),
        "shop": Source(scoped=frozenset(scoped), alias=draw(st.sampled_from(("user_id", "anonymous_id")))),
    }


@st.composite
def messages(draw: st.DrawFn, names: tuple[str, ...], number: int) -> tuple[str, dict[str, Any]]:
    """A source, and a message of its: identify, track, page or alias, with identifiers of these."""
    source = draw(st.sampled_from(SOURCES))
    message: dict[str, Any] = {"messageId": f"m{number}"}
    at = draw(st.sampled_from((None, *range(8), *range(8))))
    if at is not None:
        message["timestamp"] = time_of(at)
    if draw(st.integers(0, 9)) == 0:
        of, previous = draw(st.tuples(st.sampled_from(VALUES), st.sampled_from(VALUES)))
        return source, {**message, "type": "alias", "userId": of, "previousId": previous}
    one = st.tuples(st.sampled_from((*names, *names, "undeclared")), st.sampled_from(VALUES))
    held = sorted(draw(st.sets(one, max_size=3)))
    context: dict[str, Any] = {"externalIds": [{"type": name, "id": value} for name, value in held]}
    row = draw(st.sampled_from((None, None, "r0", "r1", "r2", "r3")))
    if row is not None or not held:
        context["recordId"] = row or "r0"
    message["context"] = context
    kind = draw(st.sampled_from(("page", "identify", *TRACKS)))
    if kind == "page":
        return source, {**message, "type": "page", "name": "Home"}
    if kind == "identify":
        traits = {"firstName": draw(st.sampled_from(("Ana", "Bob"))), "city": f"c{number}"}
        return source, {**message, "type": "identify", "traits": traits}
    return source, {**message, "type": "track", "event": kind, "properties": draw(_properties(kind))}


@st.composite
def _properties(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    number = draw(st.sampled_from(("1", "2")))
    if kind.startswith("Order"):
        products = [{"product_id": "p", "price": 5, "quantity": draw(st.integers(1, 2))}]
        return {**draw(_purchase(number)), "total": 10, "currency": "EUR", "products": products}
    if kind.startswith("Reward"):
        by = draw(_purchase(number)) if kind == "Reward Redeemed" and draw(st.booleans()) else {}
        return {**by, "reward_code": f"w{number}", "amount": 5, "currency": "EUR"}
    if kind.startswith("Consent"):
        return {"purpose": "marketing", "channel": "email"}
    return {"message_id": f"x{number}", "campaign": "birthday"}


@st.composite
def _purchase(draw: st.DrawFn, order: str) -> dict[str, str]:
    """An order by its number, by its receipt, or by both."""
    names = {"order_id": f"o{order}", "receipt_id": f"t{draw(st.sampled_from(('1', '2')))}"}
    named = draw(st.sampled_from((("order_id",), ("order_id",), ("receipt_id",), tuple(names))))
    return {name: names[name] for name in named}


def event_of(intake: Intake, source: str, message: dict[str, Any]) -> Event:
    """What the real intake makes of a message that it must take."""
    event = intake.take(orjson.dumps(message), RECEIVED, source)
    assert isinstance(event, Event), event
    return event


@st.composite
def histories(
    draw: st.DrawFn, most: int = 10, plain: bool = False, late: bool = True, matched: bool = False
) -> History:
    """Rules, messages, contents that come late under the id of another, and judgements on the records;
    ``matched``: people who are alike, and rules with matching."""
    by = draw(rules(plain))
    by = draw(alike.matching(by)) if matched else by
    names = tuple(space.name for space in by.namespaces)
    makes = alike.messages if matched else messages
    drawn = [draw(makes(names, number)) for number in range(draw(st.integers(1, most)))]
    for _ in range(draw(st.sampled_from((0, 0, 1, 2))) if late else 0):
        source, first = draw(st.sampled_from(drawn))
        _, other = draw(makes(names, 0))
        drawn.append((source, {**other, "messageId": first["messageId"]}))
    intake = Intake(by)
    events = tuple(event_of(intake, source, message) for source, message in drawn)
    keys = sorted({key for event in events for key in (event.record, *(event.also or ())[:1])})
    return History(by, events, draw(judgements(keys)))


@st.composite
def crowds(draw: st.DrawFn, feuding: bool = False) -> History:
    """Few customers on shared devices and addresses, and many visits, rows and orders that name only these:
    what is contested, joined whole and led along by others.

    ``feuding``: some say who they are, so that what they say keeps those apart whom an address ties.
    """
    spaces = (
        Namespace(name="user_id", joins="people", unique=draw(st.booleans())),
        Namespace(name="email", joins="people", generic_above=draw(st.sampled_from((10, 2)))),
        Namespace(name="session_id", joins="anonymous"),
        Namespace(
            name="anonymous_id",
            joins="anonymous",
            contested=draw(st.sampled_from(("apart", "apart", "latest"))),
        ),
    )
    shop = Source(claims=frozenset(draw(st.sampled_from(((), (), ("email",))))))
    by = Rules(namespaces=spaces, sources={"shop": shop})
    by = draw(alike.matching(by)) if feuding else by
    intake = Intake(by)
    events = []
    for number in range(draw(st.integers(4, 22))):
        named = draw(st.sampled_from(_MEETINGS))
        held = {name: draw(st.sampled_from(values)) for name, values in named}
        external = [{"type": name, "id": value} for name, value in held.items()]
        row = draw(st.sampled_from((number, number, number, 0)))
        message = {
            "messageId": f"m{number}",
            "timestamp": time_of(draw(st.integers(0, 9))),
            "type": "page",
            "context": {"externalIds": external, "recordId": f"r{row}"},
        }
        if feuding and "email" in held and (traits := draw(st.sampled_from((*FOES, *FOES, {})))):
            message |= {"type": "identify", "traits": traits}
        events.append(event_of(intake, draw(st.sampled_from(("web", "web", "shop"))), message))
    keys = sorted({event.record for event in events})
    return History(by, tuple(events), draw(judgements(keys)))


FOES = (
    {"firstName": "Ana", "birthday": "1980-01-02", "city": "Bonn"},
    {"firstName": "Bob", "birthday": "1990-05-06", "city": "Lyon"},
)
"""What two say of themselves who can't be one person."""
_DEVICES = ("anonymous_id", ("c", "d"))
_VISITS = ("session_id", ("s", "t", "v"))
_MAIL = ("email", ("a", "b"))
_ACCOUNTS = ("user_id", ("u", "v", "w"))
_MEETINGS = (
    (_DEVICES,),
    (_DEVICES,),
    (_VISITS,),
    (_DEVICES, _VISITS),
    (_MAIL,),
    (_MAIL,),
    (_ACCOUNTS, _DEVICES),
    (_ACCOUNTS, _MAIL),
    (_MAIL, _DEVICES),
    (_ACCOUNTS, _VISITS),
)
"""What a message of a crowd names at once, with the values that it may have."""


@st.composite
def judgements(draw: st.DrawFn, keys: list[RecordKey]) -> tuple[Judgement, ...]:
    """A few words of stewards on some of these records."""
    said: list[Judgement] = []
    for number in range(draw(st.sampled_from((0, 0, 1, 2, 3))) if len(keys) > 1 else 0):
        order = draw(st.permutations(keys))
        a = draw(st.integers(1, min(2, len(keys) - 1)))
        b = draw(st.integers(1, min(2, len(keys) - a)))
        kind: Literal["same", "different"] = draw(st.sampled_from(("same", "different")))
        at = START + draw(st.integers(0, 2))
        said.append(
            Judgement(f"j{number}", kind, tuple(order[:a]), tuple(order[a : a + b]), at, "steward", "seen")
        )
    return tuple(said)


@st.composite
def plays(draw: st.DrawFn, history: History, in_order: bool = False) -> list[Step]:
    """One way in which a history can come: any order, batches, duplicates, judgements given and taken back.

    What is taken back for good is the same in every play; a play may also take a word back and give it again.
    """
    order = list(history.events) if in_order else list(draw(st.permutations(history.events)))
    for _ in range(draw(st.integers(0, 2))):
        order.insert(draw(st.integers(0, len(order))), draw(st.sampled_from(history.events)))
    steps: list[Step] = []
    while order:
        size = draw(st.integers(1, 4))
        steps.append(Batch(tuple(order[:size])))
        order = order[size:]
    for number, judgement in enumerate(history.judgements):
        at = draw(st.integers(0, len(steps)))
        steps.insert(at, Word(judgement))
        if number % 3 == 2 or draw(st.booleans()):
            taken_back = draw(st.integers(at + 1, len(steps)))
            steps.insert(taken_back, Word(replace(judgement, retracted_at=RECEIVED)))
            if number % 3 != 2:
                steps.insert(draw(st.integers(taken_back + 1, len(steps))), Word(judgement))
    return steps
