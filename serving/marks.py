"""Places in a list that comes in pages: `next` of a page is the `after` of the following one."""

import base64
from typing import Any

import orjson

from graph_schema.errors import Invalid


def mark(*place: object) -> str:
    """What stands for a place."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode()


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
