"""What a person said she likes, by a preference or in answer to a question: the latest word on each."""

import orjson

from graph_schema.store import Document

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


def preference(state: Document, name: str) -> Json:
    """The value that stands, None where nothing was said."""
    found = state.get("preferences", {}).get(name)
    value: Json = orjson.loads(found[1]) if found else None
    return value
