"""Messages of the Segment Spec as they come in: each becomes a `Message`, or is `Rejected` with a reason."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple

import orjson

from graph_schema.errors import Invalid
from graph_schema.iso_time import EARLIEST, LATEST, read_time
from graph_schema.json_limits import UNPRINTABLE, as_json, check_limits, parse
from graph_schema.wire import check_shape

TYPES: Final = frozenset(("identify", "track", "page", "screen", "alias", "group"))
_VERSIONS: Final = ("1", "1.1", "2", 1, 1.1, 2)
# How a message travelled. It differs between two deliveries of one message, so it is no part of the content.
_TRANSPORT: Final = ("sentAt", "receivedAt", "originalTimestamp", "writeKey", "_metadata", "source")
_LONGEST_SOURCE: Final = 128
_UNNAMEABLE: Final = re.compile(r"[/\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_FOUND_BY: Final = ("order_id", "receipt_id", "reward_code", "payment_token")


class Message(NamedTuple):
    """A message that holds to section 3 of the design.

    `message_id` is the sender's, else `sha256:` and the hash of source and content. `name` is what a track,
    page or screen is named. `at` is in microseconds since 1970 UTC, None for no time; `stamped` says that it
    is the time of receipt. `content` is canonical JSON (UTF-8, sorted names), `body` the same parsed: the
    message as it was given, with identifiers that came as whole numbers made text, without what belongs to
    its transport (sentAt, receivedAt, originalTimestamp, writeKey, _metadata), its source and a stamped time.
    """

    source: str
    message_id: str
    type: str
    name: str | None
    at: int | None
    stamped: bool
    body: dict[str, Any]
    content: bytes


class Rejected(NamedTuple):
    """A message that can't be taken.

    `field` is the dotted path of what is wrong, as in the message ("properties.products[0].price"), or
    "message" (not a JSON object), "identifiers" (none) or "batch". `reason` is a sentence with the way out
    and never holds the value. `source` and `message_id` are None where they are missing or wrong themselves.
    `raw` is what came.
    """

    source: str | None
    message_id: str | None
    field: str
    reason: str
    raw: bytes


def read_message(
    raw: bytes | Mapping[str, Any], source: str | None = None, stamp: int | None = None
) -> Message | Rejected:
    """Types one message; never raises for what it holds.

    `raw` is its JSON, or the message itself. `source` wins over the message's own top-level `source`. `stamp`
    (microseconds since 1970 UTC) is its time where it names none.
    """
    if not isinstance(raw, bytes):
        return _read(raw, raw, False, source, stamp)
    try:
        body, sound = parse(raw)
    except Invalid as wrong:
        return _rejected(wrong, raw, None, source)
    return _read(raw, body, sound, source, stamp)


def _read(raw: object, body: object, sound: bool, source: object, stamp: int | None) -> Message | Rejected:
    """Types `body`, which came as `raw`; `sound` where it was parsed as strict JSON."""
    try:
        if not isinstance(body, Mapping):
            raise Invalid("message", "It is not an object; send one JSON object for each message.")
        if sound and isinstance(raw, bytes) and isinstance(body, dict):
            return _message(body, raw, source, stamp)
        return _message(*as_json(body, sound), source, stamp)
    except Invalid as wrong:
        return _rejected(wrong, raw, body, source)


def is_batch(raw: bytes) -> bool:
    """Whether a message is a Segment `batch`: an object that names no type of its own, but a batch."""
    if b'"batch"' not in raw:
        return False
    try:
        body = parse(raw)[0]
    except Invalid:
        return False
    return isinstance(body, dict) and "batch" in body and body.get("type") in (None, "batch")


def read_batch(
    raw: bytes | Mapping[str, Any],
    source: str | None = None,
    stamp: int | None = None,
    otherwise: str | None = None,
) -> list[Message | Rejected]:
    """Types each message of a `batch` body, in its order, each with its own fate.

    The batch's own `context` and `integrations` are each message's as well; what a message says itself wins,
    name by name. `source`, else the batch's own, wins over that of a message; `otherwise` is for messages
    that still have none. A body that is no batch gives one `Rejected` for all of it.
    """
    try:
        whole, sound = parse(raw) if isinstance(raw, bytes) else (raw, False)
        if not isinstance(whole, Mapping):
            raise Invalid("message", 'This is JSON but not an object; send {"batch": [messages]}.')
        members = whole.get("batch")
        if not isinstance(members, list):
            raise Invalid("batch", 'It must be a list of messages; send {"batch": [messages]}.')
        shared = {name: whole[name] for name in ("context", "integrations") if whole.get(name) is not None}
        for name, value in shared.items():
            if not isinstance(value, Mapping):
                raise Invalid(name, 'It must be an object ({"name": value}), or left out.')
    except Invalid as wrong:
        return [_rejected(wrong, raw, None, source)]
    own = source if source is not None else whole.get("source")
    sources = [otherwise if own is None and names_no_source(member) else own for member in members]
    return [
        _read(*_joined(member, shared), sound, sender, stamp)
        for member, sender in zip(members, sources, strict=True)
    ]


def names_no_source(message: object) -> bool:
    """Whether a message, parsed already, leaves open which source it is of."""
    return not isinstance(message, Mapping) or message.get("source") in (None, "")


def _joined(member: object, shared: Mapping[str, Any]) -> tuple[object, object]:
    """A member with what the batch says for all, twice: as what came and as what is to be typed."""
    if not isinstance(member, Mapping):
        return member, member
    joined = dict(member)
    for name, value in shared.items():
        given = joined.get(name)
        if given is None:
            joined[name] = value
        elif isinstance(given, Mapping):
            joined[name] = {**value, **given}
    return joined, joined


def _message(body: dict[str, Any], raw: bytes, source: object, stamp: int | None) -> Message:
    """The checks from the outside to the inside, so that the first that fails tells the most."""
    sender = _checked_source(body.get("source") if source is None else source)
    check_limits(body, raw)
    kind, event = _checked_kind(body)
    body = check_shape(body, event)
    _check_identifiers(body, kind)
    at = _checked_time(body.get("timestamp"))
    stamped = at is None and stamp is not None
    for name in _TRANSPORT:
        body.pop(name, None)
    if at is None:
        body.pop("timestamp", None)
    message_id = body.get("messageId")
    if not _given(message_id):
        # Two messages by a blank id would be one that says two things.
        body.pop("messageId", None)
        message_id = None
    content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    if message_id is None:
        # A source holds no line feed, so no two pairs of source and content give the same bytes.
        message_id = "sha256:" + sha256(sender.encode() + b"\n" + content).hexdigest()
    called = event or (body.get("name") if kind in ("page", "screen") else None) or None
    return Message(sender, message_id, kind, called, stamp if stamped else at, stamped, body, content)


def _checked_source(source: object) -> str:
    flaw = flaw_of_source(source)
    if flaw:
        raise Invalid("source", flaw)
    return str(source)


def flaw_of_source(source: object) -> str | None:
    """Why this can't be the name of a source, with the way out; None where it can."""
    if source is None or source == "":
        return (
            'It is missing; say which source this comes from ("source": "web"), or send it with a write key.'
        )
    if not isinstance(source, str):
        return "The name of a source must be text."
    if len(source) > _LONGEST_SOURCE:
        return f"The name of a source has at most {_LONGEST_SOURCE} characters; shorten it."
    if _UNNAMEABLE.search(source) or not source.strip():
        return 'The name of a source is not blank and holds no "/" and no control characters; rename it.'
    return None


def _checked_kind(body: dict[str, Any]) -> tuple[str, str | None]:
    """Type of the message, and of a track its event."""
    version = body.get("version")
    if version is not None and (isinstance(version, bool) or version not in _VERSIONS):
        raise Invalid(
            "version", "This version of the tracking API is not known; send 1, 1.1 or 2, or leave it out."
        )
    kind = body.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        raise Invalid("type", "It must be identify, track, page, screen, alias or group.")
    if kind != "track":
        return kind, None
    event = body.get("event")
    if not isinstance(event, str) or not event.strip():
        raise Invalid("event", 'A track must name its event as text, such as "Order Completed".')
    return kind, event


def _checked_time(timestamp: object) -> int | None:
    if timestamp is None:
        return None
    at = read_time(timestamp) if isinstance(timestamp, str) else None
    if at is None:
        reason = "This is not a time; write it by ISO 8601, such as 2026-03-02T09:00:00Z, or leave it out."
        raise Invalid("timestamp", reason)
    if not EARLIEST <= at <= LATEST:
        raise Invalid("timestamp", "It lies outside the years 1900 to 2100; correct it, or leave it out.")
    return at


def _check_identifiers(body: dict[str, Any], kind: str) -> None:
    context = body.get("context") or {}
    record = context.get("recordId")
    if record and record.startswith("~"):
        raise Invalid("context.recordId", 'A record id can\'t begin with "~", which is reserved; prefix it.')
    if kind == "alias":
        lacking = [name for name in ("userId", "previousId") if not _given(body.get(name))]
        if lacking:
            field = lacking[0] if len(lacking) == 1 else "identifiers"
            raise Invalid(field, "An alias needs both userId and previousId; send the two that are one.")
        return
    if not (
        _given(body.get("userId"))
        or _given(body.get("anonymousId"))
        or _given(record)
        or named_identifiers(body, kind)
    ):
        reason = (
            "It names nobody; send userId, anonymousId, an e-mail, context.externalIds or context.recordId."
        )
        raise Invalid("identifiers", reason)


def named_identifiers(body: Mapping[str, Any], kind: str) -> list[tuple[str, str]]:
    """(namespace, value) of all that a message of some type names, values as text and as given. DESIGN
    section 3."""
    named: list[tuple[str, Any]] = [
        ("user_id", body.get("userId")),
        ("anonymous_id", body.get("anonymousId")),
    ]
    context = body.get("context")
    if context:
        named += _of_context(context)
    if kind == "identify":
        named += _of_traits(body.get("traits"), context and context.get("traits"))
    elif context and "traits" in context:
        named += _of_traits(context["traits"], None)
    properties = body.get("properties")
    if properties:
        named += [(name, properties[name]) for name in _FOUND_BY if name in properties]
    texts = [(namespace, str(value).strip()) for namespace, value in named if _is_said(value)]
    return [pair for pair in texts if pair[1]]


def _is_said(value: object) -> bool:
    return value is not None and not isinstance(value, bool | dict | list)


def _of_traits(traits: Mapping[str, Any] | None, others: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    """The e-mail and phone among traits, or else among other traits of the same message."""
    told = ((name, traits and traits.get(name), others and others.get(name)) for name in ("email", "phone"))
    return [(name, own or other) for name, own, other in told if own or other]


def _of_context(context: Mapping[str, Any]) -> list[tuple[str, Any]]:
    named = [("session_id", context.get("sessionId"))]
    device = context.get("device")
    if device and device.get("advertisingId"):
        runs = context.get("os")
        system = device.get("type") or (runs.get("name") if isinstance(runs, dict) else runs)
        apple = str(system or "").lower() in ("ios", "ipados", "iphone os", "tvos")
        named.append(("idfa" if apple else "gaid", device["advertisingId"]))
    named += [(str(external["type"]), external["id"]) for external in context.get("externalIds") or ()]
    return named


def _given(value: str | None) -> bool:
    return bool(value) and not value.isspace()  # type: ignore[union-attr]


def _rejected(wrong: Invalid, raw: object, body: object, source: object) -> Rejected:
    named: Mapping[Any, Any] = body if isinstance(body, Mapping) else {}
    message_id = named.get("messageId")
    if not isinstance(message_id, str) or not 0 < len(message_id) <= 256 or UNPRINTABLE.search(message_id):
        message_id = None
    source = named.get("source") if source is None else source
    known = source if isinstance(source, str) and flaw_of_source(source) is None else None
    return Rejected(known, message_id, wrong.field, wrong.reason, _bytes_of(raw))


def _bytes_of(raw: object) -> bytes:
    """What came, as bytes to keep in the dead letters; for what JSON can't hold, the nearest that it can."""
    if isinstance(raw, bytes):
        return raw
    try:
        data = orjson.dumps(raw)
        if b"null" not in data:  # which NaN would have become
            return data
    except TypeError:
        pass
    try:
        return json.dumps(raw, default=str, skipkeys=True).encode()
    except (TypeError, ValueError, RecursionError):
        return repr(type(raw)).encode()
