"""Customers of whom row upon row says a name: what a new one says is mostly said already, or nearly."""

from hypothesis import strategies as st

from graph_schema.namespaces import Namespace
from graph_schema.rule_parts import Source
from graph_schema.rules import Rules
from stream.intake import Intake
from tests.engine import alike
from tests.engine.drawn import History, event_of, judgements, time_of

_SPELLINGS = (alike.NAMES, alike.BORN, alike.CITIES)
_BROUGHT_ALONG: tuple[dict[str, str], ...] = (
    *({} for _ in range(6)),
    {"user_id": "u"},
    {"user_id": "v"},
    {"phone": "1"},
    {"phone": "1"},
    {"phone": "2"},
    {"user_id": "u", "anonymous_id": "c"},
    {"anonymous_id": "c"},
    {"anonymous_id": "d"},
)


@st.composite
def regulars(draw: st.DrawFn) -> History:
    """Two addresses, at each of which row upon row says a name, mostly one customer's in several spellings;
    some bring an account, a number that changes hands, or a device along, or say nothing. What the shop was
    told of the one or the other it only claims."""
    spaces = (
        Namespace(name="user_id", joins="people", unique=draw(st.booleans())),
        Namespace(name="email", joins="people", max_records=draw(st.sampled_from((10_000, 10_000, 5)))),
        Namespace(name="phone", joins="people", lease=draw(st.sampled_from((None, "1 day")))),
        Namespace(name="anonymous_id", joins="anonymous"),
    )
    claimed = frozenset({draw(st.sampled_from(("email", "phone")))})
    by = draw(alike.matching(Rules(namespaces=spaces, sources={"shop": Source(claims=claimed)})))
    intake = Intake(by)
    names, born, cities = (draw(st.lists(st.sampled_from(_), min_size=1, max_size=3)) for _ in _SPELLINGS)
    events = []
    for number in range(draw(st.integers(4, 16))):
        held = {"email": draw(st.sampled_from(("a", "a", "a", "b")))}
        held |= draw(st.sampled_from(_BROUGHT_ALONG))
        if draw(st.integers(0, 4)) == 0:
            held.pop("email")
        traits = {"firstName": draw(st.sampled_from((*names, *names, None)))}
        traits |= {"birthday": draw(st.sampled_from((*born, None)))}
        traits |= {"city": draw(st.sampled_from((*cities, None, None)))}
        external = [{"type": name, "id": value} for name, value in held.items()]
        row = draw(st.sampled_from((number, number, 0, 1)))
        message = {
            "type": "identify",
            "messageId": f"m{number}",
            "timestamp": time_of(draw(st.integers(0, 9))),
            "traits": {name: value for name, value in traits.items() if value is not None},
            "context": {"externalIds": external, "recordId": f"r{row}"},
        }
        events.append(event_of(intake, draw(st.sampled_from(("crm", "crm", "shop"))), message))
    keys = sorted({event.record for event in events})
    said = draw(judgements(keys)) if draw(st.integers(0, 3)) == 0 else ()
    return History(by, tuple(events), said)
