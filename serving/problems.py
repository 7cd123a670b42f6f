"""Every refusal as an RFC 9457 problem document: what is wrong and the way out, never the value itself."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from graph_schema.errors import AmbiguousIdentifier, Invalid, OnefoldError
from serving.access import NotSignedIn
from stream.claiming import RewardUsed

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}
"""What RFC 9110 calls them; Python does so from 3.13 on."""


class Unauthorised(OnefoldError):
    """The request names no write key, or none that the rules know."""

    status = 401


class Busy(OnefoldError):
    """More waits to be written than can be held; the same request will be taken a little later."""

    status = 503


class WriteFailed(OnefoldError):
    """What was sent could not be written, and nothing of it was taken."""


def answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(value), status, headers, "application/json")


def problem(error: OnefoldError) -> Response:
    """The problem document of an error, with the fields by which a program can act on it."""
    extra: dict[str, Any] = {}
    if isinstance(error, Invalid):
        extra = {"field": error.field, "reason": error.reason}
    elif isinstance(error, AmbiguousIdentifier):
        extra = {"persons": list(error.persons)}
    elif isinstance(error, RewardUsed):
        extra = {name: value for name, value in error.told.items() if name != "state"}
    name = _WORDS.sub("-", type(error).__name__).lower()
    headers = retry_after(error)
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = 'Bearer realm="onefold"'
    elif error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="write key", charset="UTF-8"'
    return _document(error.status, f"urn:onefold:problem:{name}", str(error), extra, headers)


def retry_after(error: OnefoldError) -> dict[str, str]:
    """The header that says when the same is worth another try, where it is."""
    return {"Retry-After": str(getattr(error, "after", 1))} if error.status in (429, 503) else {}


def title_of(status: int) -> str:
    """What a status is called, the same by every Python."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def _document(
    status: int, kind: str, detail: str, extra: Mapping[str, Any], headers: Mapping[str, str]
) -> Response:
    body = {"type": kind, "title": title_of(status), "status": status, "detail": detail, **extra}
    return Response(orjson.dumps(body), status, dict(headers), "application/problem+json")


def _no_json() -> Invalid:
    return Invalid("body", "This is not JSON; send one JSON value in UTF-8.")


def misshapen(detail: Mapping[str, Any], place: Sequence[str | int]) -> Invalid:
    """What pydantic says of the field at ``place``, with the way out. What was given stays out of it."""
    kind = detail["type"]
    if kind == "json_invalid":
        return _no_json()
    if not place and kind in ("model_attributes_type", "model_type", "list_type", "missing"):
        return Invalid("body", f"{_SHAPES['model_type']} Say so: Content-Type: application/json.")
    return Invalid(".".join(map(str, place)) or "body", _SHAPES.get(kind) or f"{detail['msg']}; correct it.")


_SHAPES: Final = {
    "missing": "It is missing; send it.",
    "extra_forbidden": "No field of this name is known here; check its spelling, or leave it out.",
    "model_type": "It must be a JSON object.",
    "model_attributes_type": "It must be a JSON object.",
    "list_type": "It must be a list.",
    "string_type": "It must be text.",
}


def handle_problems(app: FastAPI, refusal: Callable[[Request, Exception], Awaitable[Response]]) -> None:
    """Has each error of ours, of a request's shape and of the router answered by a refusal: an async one, for
    where all threads wait for a store others are to be told so."""
    for kind in (OnefoldError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, refusal)


def _allowed(request: Request, status: int) -> dict[str, str]:
    """Every method that the path takes: the router names those of its first route alone."""
    if status != 405 or not isinstance(route := request.scope.get("route"), APIRoute):
        return {}
    methods = request.app.openapi()["paths"].get(route.path_format, {})
    return {"Allow": ", ".join(sorted(map(str.upper, methods)))} if methods else {}


async def problem_of(request: Request, error: Exception) -> Response:
    """The problem document of any error."""
    match error:
        case OnefoldError():
            return problem(error)
        case RequestValidationError():
            # A location's first part says query, path or body.
            first = error.errors()[0]
            return problem(misshapen(first, first["loc"][1:]))
        case HTTPException(__cause__=OnefoldError() as cause):
            # So FastAPI tells of what is raised while it reads a body.
            return problem(cause)
        case HTTPException(status_code=400):
            # So FastAPI tells of a body that isn't UTF-8 (packed, for one), or has endless digits.
            return problem(_no_json())
        case HTTPException():
            headers = {**(error.headers or {}), **_allowed(request, error.status_code)}
            return _document(error.status_code, "about:blank", str(error.detail), {}, headers)
    detail = "The server met an error that it did not foresee; its log tells more."
    return _document(500, "about:blank", detail, {}, {})
