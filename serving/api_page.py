"""The API as a page to read, at /docs: what /openapi.json tells, without a script or a foreign host."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

router = APIRouter()

Json = Mapping[str, Any]

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "X-Content-Type-Options": "nosniff",
}
_STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; text-transform: capitalize; }
details { border-top: 1px solid #8886; padding: .5rem 0; }
summary { cursor: pointer; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; background: #8881; padding: .75rem; border-radius: 6px; }
dt { margin-top: .4rem; } dd { margin: 0 0 0 1.5rem; }
b { display: inline-block; min-width: 4.5rem; }
"""


@router.get("/docs", include_in_schema=False)
def api_page(request: Request) -> Response:
    """The page."""
    told = request.app.openapi()
    by_tag: dict[str, list[str]] = {}
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            shown = "".join(_operation(method, path, operation, told))
            by_tag.setdefault(operation.get("tags", ["other"])[0], []).append(shown)
    parts = "".join(f"<h2>{escape(tag)}</h2>{''.join(shown)}" for tag, shown in by_tag.items())
    title = escape(told["info"]["title"])
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}: API</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style><h1>{title}</h1><p>{escape(told['info'].get('summary', ''))}. "
        'The same for machines: <a href="/openapi.json">/openapi.json</a></p>'
        f"{parts}</html>"
    )
    return HTMLResponse(page, headers=_HEADERS)


def _operation(method: str, path: str, operation: Json, told: Json) -> Iterator[str]:
    """One operation, folded: what it does, what it takes and what it answers."""
    says = operation.get("description", operation.get("summary", ""))
    yield f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code></summary>"
    yield f"<p>{escape(says)}</p>"
    parameters = operation.get("parameters", ())
    if parameters:
        yield f"<dl>{''.join(_parameter(one) for one in parameters)}</dl>"
    body = operation.get("requestBody")
    if body:
        yield f"<p>Takes. {escape(body.get('description', ''))}</p>" + _content(body, told)
    for status, answer in operation["responses"].items():
        if status in ("200", "201"):
            yield f"<p>Answers {status}.</p>" + _content(answer, told)
    yield "</details>"


def _parameter(one: Json) -> str:
    must = ", required" if one.get("required") else ""
    says = escape(one.get("description", ""))
    return f"<dt><code>{escape(one['name'])}</code> ({escape(one['in'])}{must})</dt><dd>{says}</dd>"


def _content(part: Json, told: Json) -> str:
    """The shape of a JSON body, with what it refers to in its place."""
    schema = part.get("content", {}).get("application/json", {}).get("schema")
    if not schema:
        return ""
    return f"<pre>{escape(json.dumps(_whole(schema, told, 0), indent=2, ensure_ascii=False))}</pre>"


def _whole(schema: Any, told: Json, depth: int) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(schema, list):
        return [_whole(one, told, depth) for one in schema]
    if not isinstance(schema, dict):
        return schema
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name and depth < 5:
        return _whole(told["components"]["schemas"][name], told, depth + 1)
    return {key: _whole(one, told, depth) for key, one in schema.items() if key != "title"}
