"""What /openapi.json tells beyond the routes: which key, what messages are, how refusals come."""

from typing import Any, Final

from fastapi import FastAPI
from pydantic import TypeAdapter

from graph_schema.wire import Properties, Wire

_KEYS: Final = {
    "accessKey": {"type": "http", "scheme": "bearer", "description": "A key of who reads and judges."},
    "writeKey": {"type": "http", "scheme": "basic", "description": "A source's write key as the user."},
}
_NEEDED: Final = {"track": ["event"], "alias": ["userId", "previousId"]}
_CHECKED_APART: Final = {
    "type": {
        "type": ["string", "null"],
        "description": "What the path says, if it is left out; in a batch it is needed.",
    },
    "event": {"type": "string"},
    "timestamp": {"type": ["string", "null"], "description": "When it happened, by ISO 8601."},
}
_MESSAGE: Final = {"$ref": "#/components/schemas/Message"}
_BATCH: Final = {
    "type": "object",
    "required": ["batch"],
    "properties": {"batch": {"type": "array", "items": _MESSAGE}},
}


class Told(FastAPI):
    """An application that tells what generators of clients go by."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            told = super().openapi()
            message = TypeAdapter(Wire[Properties]).json_schema(ref_template="#/components/schemas/{model}")
            message["properties"] |= _CHECKED_APART
            told["components"]["schemas"] |= {**message.pop("$defs"), "Message": message}
            told["components"]["securitySchemes"] = _KEYS
            for path, methods in told["paths"].items():
                for operation in methods.values():
                    _complete(operation, path.rpartition("/")[2])
        return super().openapi()


def _complete(operation: dict[str, Any], kind: str) -> None:
    tags = operation.get("tags", [])
    key = "writeKey" if "intake" in tags else "accessKey"
    # The empty one: on loopback, where none is declared, none is asked for.
    operation["security"] = [] if "health" in tags else [{key: []}, {}]
    if "intake" in tags:
        operation["requestBody"] = _body(kind)
    for status, response in operation["responses"].items():
        if status in ("4XX", "5XX"):
            # FastAPI tells a refusal as what the route itself answers in, and none comes so.
            response["content"] = {"application/problem+json": response["content"].pop("application/json")}


def _body(kind: str) -> dict[str, Any]:
    """What an intake path takes: it reads the bytes itself, so FastAPI has no shape of them."""
    one = {"allOf": [_MESSAGE, {"required": _NEEDED[kind]}]} if kind in _NEEDED else _MESSAGE
    return {
        "required": True,
        "description": "The Segment Spec's; gzip too. The write key is the user of basic authorization, "
        "or `writeKey`.",
        "content": {"application/json": {"schema": _BATCH if kind == "batch" else one}},
    }
