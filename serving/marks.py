"""Places in a list that comes in pages: `next` of a page is the `after` of the following one."""

import base64
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson

from graph_schema.errors import Invalid

T = TypeVar("T")


def mark(*place: object) -> str:
    """What stands for a place."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode()


def page_of(
    listed: Sequence[T], place: Callable[[T], tuple[Any, ...]], start: tuple[Any, ...] | None, limit: int
) -> tuple[Sequence[T], str | None]:
    """What follows a place in a list that is in the order of its places, and the mark after which the next
    page begins (None at the end)."""
    rest = listed if start is None else listed[bisect_right(listed, start, key=place) :]
    return rest[:limit], mark(*place(rest[limit - 1])) if len(rest) > limit else None


def marked(text: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The place that a mark stands for, parts of these kinds; None for no mark. Raises ``Invalid``."""
    if text is None:
        return None
    try:
        place = orjson.loads(base64.urlsafe_b64decode(text))
        if [type(part) for part in place] == list(kinds):
            return tuple(place)
    except (ValueError, TypeError):
        pass
    raise Invalid("after", "It is no mark of this list; send the `next` of the page before.")
