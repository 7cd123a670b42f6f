"""The API as a page to read, at /docs: what /openapi.json tells, without a script or a foreign host."""

import json
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from serving.single_pages import single_page

router = APIRouter()

Json = Mapping[str, Any]

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "X-Content-Type-Options": "nosniff",
}


@router.get("/docs", include_in_schema=False)
def api_page(request: Request) -> Response:
    """The page."""
    told = request.app.openapi()
    by_tag: dict[str, list[tuple[str, str, Json]]] = {}
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation.get("tags", ["other"])[0], []).append((method, path, operation))

    def shape(part: Json) -> str:
        """The shape of a JSON body, with what it refers to in its place."""
        schema = part.get("content", {}).get("application/json", {}).get("schema")
        return json.dumps(_whole(schema, told, 0), indent=2, ensure_ascii=False) if schema else ""

    return HTMLResponse(single_page("api.html", told=told, by_tag=by_tag, shape=shape), headers=_HEADERS)


def _whole(schema: Any, told: Json, depth: int) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(schema, list):
        return [_whole(one, told, depth) for one in schema]
    if not isinstance(schema, dict):
        return schema
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name and depth < 5:
        return _whole(told["components"]["schemas"][name], told, depth + 1)
    return {key: _whole(one, told, depth) for key, one in schema.items() if key != "title"}
