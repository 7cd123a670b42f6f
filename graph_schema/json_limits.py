"""What no message may hold, whatever its type: control characters, endless nesting, numbers that are none."""

import json
import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Final

import orjson

from graph_schema.errors import Invalid

_Container = Mapping[str, Any] | list[Any] | tuple[Any, ...]

MAX_BYTES: Final = 512 * 1024
MAX_DEPTH: Final = 32
_LONGEST_PATH: Final = 200
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BROKEN: Final = re.compile(r"[\ud800-\udfff]")
UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# How JSON writes the control characters that we refuse; tab, line feed and return have forms of their own.
_ESCAPED: Final = (b"\\u000", b"\\u001", b"\\b", b"\\f")


def parse(raw: bytes) -> tuple[Any, bool]:
    """The JSON value of `raw`, and whether every part of it is sound JSON. Raises `Invalid` where it is none.

    Python's own writer puts NaN and Infinity on the wire, which JSON does not know. They are read here only
    so that the one message which holds them can be refused by name, and not its whole batch.
    """
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    try:
        return orjson.loads(raw), True
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(raw.decode("utf-8")), False
    except ValueError as error:
        where = "not text in UTF-8" if isinstance(error, UnicodeDecodeError) else "not JSON"
        raise Invalid(
            "message", f"This is {where}; send one JSON object in UTF-8 for each message."
        ) from None
    except RecursionError:
        raise _too_deep("message") from None


def as_json(tree: Mapping[str, Any], sound: bool) -> tuple[dict[str, Any], bytes]:
    """A message as its JSON form, parsed and as bytes. Raises `Invalid` where it has none.

    `sound` says that `tree` was parsed from JSON, so that nothing but its nesting can be wrong.
    """
    try:
        raw = orjson.dumps(tree if isinstance(tree, dict) else dict(tree))
    except TypeError:
        check(tree)
        raise Invalid(
            "message", "It holds something that JSON has no form for; send plain JSON values."
        ) from None
    if sound and isinstance(tree, dict):
        return tree, raw
    if b"null" in raw:
        check(tree)  # NaN and infinity are written as null
    return orjson.loads(raw), raw


def check_limits(body: dict[str, Any], raw: bytes) -> None:
    """Raises `Invalid` where a message is too large, too deeply nested or holds control characters.

    `raw` is the JSON of `body`: it tells in a glance that there is nothing to look for, as is the rule.
    """
    if len(raw) > MAX_BYTES:
        size = f"{MAX_BYTES // 1024} KiB"
        reason = f"The message is larger than {size} and this is its largest field; send less in it."
        raise Invalid(_largest_field(body), reason)
    may_be_deep = raw.count(b"{") + raw.count(b"[") > MAX_DEPTH
    if may_be_deep or (b"\\" in raw and any(form in raw for form in _ESCAPED)):
        check(body)


def check(tree: _Container, path: str = "", depth: int = 1) -> None:
    """Raises `Invalid` for the first thing in the tree, in its own order, that JSON or we do not allow."""
    for inner, value in _named(path, tree):
        if not isinstance(value, dict | list | tuple):
            _check_leaf(inner, value)
        elif depth < MAX_DEPTH:
            check(value, inner, depth + 1)
        else:
            raise _too_deep(re.split(r"[.\[]", inner, maxsplit=1)[0] or "message")


def _named(path: str, container: _Container) -> Iterator[tuple[str, Any]]:
    """The parts of an object or list with their paths; refuses names that are no sound text."""
    if isinstance(container, list | tuple):
        for index, value in enumerate(container):
            yield f"{path}[{index}]", value
        return
    for name, value in container.items():
        if not isinstance(name, str):
            raise Invalid(
                path or "message", "It has a field whose name is not text; make every name a string."
            )
        if _CONTROL.search(name) or _BROKEN.search(name):
            reason = "It has a field whose name holds a control or broken character; rename that field."
            raise Invalid(path or "message", reason)
        yield shorten(f"{path}.{name}" if path else name or "message"), value


def _check_leaf(path: str, value: object) -> None:
    if isinstance(value, str):
        if _CONTROL.search(value):
            raise Invalid(path, "It holds a control character; remove it before sending.")
        if _BROKEN.search(value):
            raise Invalid(path, "It isn't whole UTF-8: another encoding, or half a character; send UTF-8.")
    elif isinstance(value, float):
        if not isfinite(value):
            raise Invalid(path, "This is not a finite number; leave the field out where there is no number.")
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise Invalid(path, "This whole number has more than 64 bits; send it as text.")
    elif value is not None:
        try:
            orjson.dumps(value)
        except TypeError:
            raise Invalid(path, "JSON has no form for a value of this type; send text or a number.") from None


def shorten(path: str) -> str:
    """A field's path as it can be printed anywhere: whole characters, no endless names."""
    return UNPRINTABLE.sub("?", path[:_LONGEST_PATH])


def _too_deep(field: str) -> Invalid:
    return Invalid(field, f"It is nested more than {MAX_DEPTH} levels deep; flatten it.")


def _largest_field(body: dict[str, Any]) -> str:
    sizes = {name: _size(value) for name, value in body.items()}
    largest = min(sizes, key=lambda name: (-sizes[name], name), default="message")
    return shorten(largest) or "message"


def _size(value: object) -> int:
    try:
        return len(orjson.dumps(value))
    except TypeError:
        return MAX_BYTES  # nested beyond what can be written at all
