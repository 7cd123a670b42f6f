"""Hashes of addresses are evidence like any other: in any order, by any batches, the same persons."""

import hashlib
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import Event
from profiles.moments import DAY, iso
from resolver.hashed import digests, hexadecimal
from resolver.normalise import normalise, shown
from serving.destinations import forms
from stream.engine import Engine
from stream.exporting import links
from stream.reader import Reader
from stream.rebuilding import derive
from tests.unit.portraits import START

RULES = load_rules(Path(__file__).parents[1] / "scenarios" / "identity" / "hashed.toml")
_ADDRESSES = ("ana@example.com", "a.na+x@gmail.com", "ana@gmail.com", "Ana+y@example.com", "bo@example.org")
_FORMS = [form for one in _ADDRESSES for form in (one.lower(), normalise("email", one, None) or "")]
_HASHES = st.sampled_from(_FORMS).map(lambda one: hashlib.sha256(one.encode()).hexdigest())
_WHO = st.one_of(
    st.fixed_dictionaries({"traits": st.fixed_dictionaries({"email": st.sampled_from(_ADDRESSES)})}),
    st.fixed_dictionaries({"userId": st.sampled_from(("u-1", "u-2", "u-3"))}),
    st.fixed_dictionaries(
        {
            "userId": st.sampled_from(("u-1", "u-2", "u-3")),
            "traits": st.fixed_dictionaries({"email": st.sampled_from(_ADDRESSES)}),
        }
    ),
    st.fixed_dictionaries({"hash": _HASHES}),
    st.fixed_dictionaries({"hash": _HASHES, "userId": st.sampled_from(("u-1", "u-2"))}),
)
_SAID = st.tuples(st.sampled_from(("web", "guest", "crm")), st.integers(0, 5), _WHO)


def _event(engine: Engine, number: int, said: tuple[str, int, dict[str, Any]]) -> Event:
    source, day, who = said
    message = {"source": source, "type": "identify", "messageId": f"m-{number}", **who}
    message["timestamp"] = iso(START + day * DAY)
    if "hash" in message:
        message["context"] = {"externalIds": [{"type": "email_sha256", "id": message.pop("hash")}]}
    taken = engine.intake.take(message, START)
    assert isinstance(taken, Event), taken
    return taken


def _told(engine: Engine) -> list[tuple[str, ...]]:
    with engine.store.read() as tx:
        return list(links(Reader(tx, engine.intake, engine.id_key)))


@settings(max_examples=60, deadline=None)
@given(st.lists(_SAID, min_size=1, max_size=10), st.randoms(use_true_random=False), st.integers(1, 10))
def test_in_any_order_hashes_lead_to_the_same_persons(
    said: list[tuple[str, int, dict[str, Any]]], draw: Any, at_once: int
) -> None:
    whole, parts, again = (Engine(MemoryStore(), RULES, clock=lambda: START) for _ in range(3))
    events = [_event(whole, number, one) for number, one in enumerate(said)]
    whole.ingest(events)
    shuffled = draw.sample(events, len(events))
    for start in range(0, len(shuffled), at_once):
        parts.ingest(shuffled[start : start + at_once])
    assert _told(parts) == _told(whole)
    derive(parts.store, again)
    assert _told(again) == _told(whole)


_LOCAL = st.text("abcABC.+-x1", min_size=1, max_size=12)
_DOMAINS = st.sampled_from(("example.com", "gmail.com", "GoogleMail.com", "Shop.Example"))


@given(_LOCAL, _DOMAINS)
def test_what_a_platform_hashes_is_among_the_hashes_of_an_address(local: str, domain: str) -> None:
    given_form = f"{local}@{domain}"
    match = normalise("email", given_form, None)
    if match is None:
        return
    known = digests("email", match, shown("email", given_form, None))
    for form in (forms.google_email, forms.meta_email, forms.tiktok_email, forms.uid2_email):
        assert not form(given_form) or forms.hex_digest(form(given_form)) in known
    assert forms.hex_digest(match) in known
    assert all(hexadecimal(forms.base64_of(one)) == one == hexadecimal(one) for one in known)


def test_numbers_go_by_their_hash_with_and_without_the_plus() -> None:
    known = digests("phone", "+33612345678", "+33612345678")
    assert set(known) == {
        forms.hex_digest(forms.e164("+33612345678")),
        forms.hex_digest(forms.digits("+33612345678")),
    }


def test_an_address_with_many_tags_is_not_generic_by_its_hashes() -> None:
    engine = Engine(MemoryStore(), RULES, clock=lambda: START)
    mails: list[dict[str, Any]] = [{"traits": {"email": f"ana+{one}@example.com"}} for one in range(30)]
    engine.ingest([_event(engine, number, ("web", 0, one)) for number, one in enumerate(mails)])
    with engine.store.read() as tx:
        assert not any(node.generic for node in tx.all_identifiers())
        assert len({person for _, _, person in links(Reader(tx, engine.intake, engine.id_key))}) == 1
