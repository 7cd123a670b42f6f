"""Whatever comes in: a message or a refusal, never an error, and no value in what is said about it."""

import random
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from graph_schema.messages import Message, Rejected, read_batch, read_message

SECRET = "s3cr3t-Zq"

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=12)
    | st.sampled_from(
        [SECRET, f"{SECRET}\x00", "2026-03-02", "9999-01-01", "", "19.90", "EUR", "email", "~1"]
    )
)
trees = st.recursive(
    scalars,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=6), inside, max_size=3),
)
events = st.sampled_from(["Order Completed", "Reward Issued", "Consent Granted", "Message Sent", "Ours", ""])
kinds = st.sampled_from(["identify", "track", "page", "screen", "alias", "group"])


def loose(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with these fields, each mostly of its kind, now and then of any, or left out."""
    return st.fixed_dictionaries({}, optional={name: kind | trees for name, kind in fields.items()})


texts = st.text(max_size=8)
messages = loose(
    type=kinds,
    event=events,
    source=texts,
    messageId=texts,
    userId=texts,
    anonymousId=texts,
    previousId=texts,
    timestamp=st.datetimes().map(lambda moment: moment.isoformat()),
    version=st.sampled_from([1, 2]),
    traits=loose(email=texts, phone=texts, address=loose(city=texts)),
    properties=loose(
        order_id=texts, total=st.floats(), currency=texts, products=st.lists(loose(price=st.integers()))
    ),
    context=loose(
        recordId=texts, externalIds=st.lists(loose(type=texts, id=texts)), device=loose(type=texts)
    ),
)
sound = st.builds(
    lambda body, kind, extra: {
        **body,
        "type": kind,
        "event": "Ours",
        "userId": "u",
        "previousId": "p",
        **extra,
    },
    st.fixed_dictionaries({"timestamp": st.datetimes().map(lambda m: m.replace(year=2026).isoformat())}),
    kinds,
    st.fixed_dictionaries(
        {},
        optional={
            "traits": st.dictionaries(st.sampled_from(["a", "b", "é", "email"]), st.sampled_from(["1", "2"])),
            "properties": st.dictionaries(st.sampled_from("abcd"), st.integers(-9, 9) | st.booleans()),
        },
    ),
)


def check_fate(fate: Message | Rejected) -> None:
    """What holds of every message and every refusal."""
    if isinstance(fate, Message):
        assert orjson.loads(fate.content) == fate.body
        stamp = fate.at if fate.stamped else None
        assert read_message(fate.content, fate.source, stamp) == fate
        assert read_message(fate.body, fate.source, stamp) == fate
    else:
        assert isinstance(fate, Rejected)
        assert fate.field
        assert SECRET not in fate.reason
        assert not any(ord(letter) < 32 for letter in fate.field)
        assert fate.reason.endswith(".")


@given(trees)
def test_any_json_is_a_message_or_a_refusal(tree: Any) -> None:
    check_fate(read_message(orjson.dumps(tree_without_oddities(tree)), "web"))


@given(messages)
def test_anything_near_a_message_is_a_message_or_a_refusal(body: dict[str, Any]) -> None:
    for source in ("web", None):
        check_fate(read_message(body, source))
        check_fate(read_message(orjson.dumps(tree_without_oddities(body)), source, 5))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_refusal(raw: bytes) -> None:
    check_fate(read_message(raw, "web"))


@given(st.lists(messages | scalars, max_size=4), trees)
def test_each_message_of_a_batch_has_a_fate(batch: list[Any], context: Any) -> None:
    fates = read_batch({"batch": batch, "context": context}, "web")
    whole = isinstance(context, dict) or context is None
    assert len(fates) == (len(batch) if whole else 1)
    for fate in fates:
        check_fate(fate)


@given(messages, st.sampled_from(["userId", "timestamp", "type", "version", "messageId", "source"]))
def test_a_refusal_never_repeats_a_value(body: dict[str, Any], name: str) -> None:
    fate = read_message({**body, name: {SECRET: [f"{SECRET}\x00"]}})
    assert isinstance(fate, Rejected)
    assert SECRET not in fate.reason


@given(sound, st.randoms(use_true_random=False))
def test_content_and_id_do_not_depend_on_the_order_of_names(
    body: dict[str, Any], play: random.Random
) -> None:
    one = read_message(body, "web")
    other = read_message(shuffled(body, play), "web")
    assert isinstance(one, Message), one
    assert isinstance(other, Message)
    assert (one.content, one.message_id, one.at) == (other.content, other.message_id, other.at)


@given(sound, st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5))
def test_the_source_is_part_of_the_id_and_not_of_the_content(body: dict[str, Any], source: str) -> None:
    one, other = read_message(body, source), read_message({**body, "source": "elsewhere"}, source + "x")
    assert isinstance(one, Message), one
    assert isinstance(other, Message)
    assert one.content == other.content
    assert one.message_id != other.message_id


def shuffled(tree: Any, play: random.Random) -> Any:
    if isinstance(tree, dict):
        names = list(tree)
        play.shuffle(names)
        return {name: shuffled(tree[name], play) for name in names}
    return [shuffled(part, play) for part in tree] if isinstance(tree, list) else tree


def tree_without_oddities(tree: Any) -> Any:
    """The tree as JSON can write it: without numbers and characters that it has no form for."""
    if isinstance(tree, dict):
        return {
            name.encode("utf-8", "replace").decode(): tree_without_oddities(part)
            for name, part in tree.items()
        }
    if isinstance(tree, list):
        return [tree_without_oddities(part) for part in tree]
    if isinstance(tree, str):
        return tree.encode("utf-8", "replace").decode()
    return tree if not isinstance(tree, int) or -(2**63) <= tree < 2**64 else str(tree)
