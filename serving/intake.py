"""The Segment wire format: what its SDKs send, single or in a batch, is durable once it is answered."""

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from graph_schema.errors import Invalid
from graph_schema.json_limits import parse
from graph_schema.vocabulary import DeadLetter
from serving.access import basic_user
from serving.group_commit import Item
from serving.limits import MOST_BYTES, TooLarge
from serving.models import PROBLEMS, Success
from serving.problems import Unauthorised, answer
from serving.service import Service, TheService

KINDS: Final = ("identify", "track", "page", "screen", "alias", "group", "batch")
_SHORT: Final = {**{kind[0]: kind for kind in KINDS}, "import": "batch"}
"""How the browser and mobile SDKs shorten the paths."""
_SENT_AS: Final = {
    f"/v1/{path}{end}": kind
    for path, kind in [*((kind, kind) for kind in KINDS), *_SHORT.items()]
    for end in ("", "/")
}
"""Each path with what it takes. The SDK for Java ends its own by a slash: sent on to another it would meet
whoever guards the rest, and behind a proxy leave TLS."""

router = APIRouter(tags=["intake"])


def is_intake(path: str) -> bool:
    """Whether messages are sent to this path: whoever sends there has a write key."""
    return path in _SENT_AS


class Taken(NamedTuple):
    """What a request's body came to. ``refused`` is the one thing wrong with all of it, where it is."""

    items: list[Item]
    refused: Invalid | None


class BrowsersMaySend:
    """Lets pages of other sites send messages, as browser SDKs do; all else is closed to them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app, allow_origins=["*"], allow_methods=["POST"], allow_headers=["*"], max_age=86_400
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        app = self._open if is_intake(scope.get("path", "")) else self._app
        await app(scope, receive, send)


def _endpoint(kind: str) -> Callable[[Request, TheService], Awaitable[Response]]:
    async def take(request: Request, service: TheService) -> Response:
        service.taking.check_room()
        body = await _body(request)
        # Not in the threads of who reads: they may all be waiting for a store that this needs nothing of.
        taken = await asyncio.to_thread(_read, service, kind, request.headers, body)
        await service.taking.take(taken.items, len(body))
        if taken.refused is not None:
            raise taken.refused
        told = [
            {"index": place, "messageId": one.message_id, "field": one.field, "reason": one.reason}
            for place, one in enumerate(taken.items)
            if isinstance(one, DeadLetter)
        ]
        return answer({"success": True, "rejected": told} if told else {"success": True})

    take.__name__ = kind
    take.__doc__ = (
        "Takes messages, each with its own fate: `rejected` tells of those that went to the dead letters."
        if kind == "batch"
        else f"Takes one `{kind}` message. One that is refused is kept in the dead letters as well."
    )
    return take


for _path, _kind in _SENT_AS.items():
    router.add_api_route(
        _path,
        _endpoint(_kind),
        methods=["POST"],
        response_model=Success,
        responses=PROBLEMS,
        include_in_schema=_path == f"/v1/{_kind}",
    )


async def _body(request: Request) -> bytes:
    """The body as it was sent."""
    try:
        return b"".join([part async for part in request.stream()])
    except ClientDisconnect:
        raise Invalid("message", "Its sender hung up before the end of it; send it again.") from None


def _read(service: Service, kind: str, headers: Mapping[str, str], sent: bytes) -> Taken:
    """Types what a request brings. Who can't name a source leaves nothing, not even a dead letter."""
    now = service.engine.clock()
    key = _write_key(headers.get("authorization"))
    source = None if key is None else service.source_of(key)
    try:
        raw = _plain(sent, headers.get("content-encoding", ""))
        body: Any = parse(raw)[0] if source is None or kind != "batch" else None
    except Invalid as wrong:
        source = source or service.source_of(None)
        return Taken([DeadLetter(source, None, wrong.field, wrong.reason, sent, now)], wrong)
    if source is None:
        named = body.get("writeKey") if isinstance(body, dict) else None
        source = service.source_of(named if isinstance(named, str) else None)
    return _typed(service, kind, source, raw if body is None else body, raw, now)


def _typed(service: Service, kind: str, source: str, body: object, raw: bytes, now: int) -> Taken:
    intake = service.engine.intake
    if kind == "batch":
        items: list[Item] = list(intake.take_batch(raw, now, source, now))
        alone = items[0] if len(items) == 1 else None
        whole = isinstance(alone, DeadLetter) and alone.raw == raw
        return Taken(items, _refusal(alone) if whole else None)
    if isinstance(body, dict) and body.get("type") is None:
        body["type"] = kind
    item = intake.take(body if isinstance(body, dict) else raw, now, source, now)
    return Taken([item], _refusal(item))


def _refusal(item: Item | None) -> Invalid | None:
    return Invalid(item.field, item.reason) if isinstance(item, DeadLetter) else None


def _write_key(authorization: str | None) -> str | None:
    """The user of basic authorization; None where there is no such header."""
    user = basic_user(authorization)
    if authorization and user is None:
        raise Unauthorised(
            "the authorization can't be read", way_out="Send the write key as the user of basic authorization"
        )
    return user


def _plain(sent: bytes, encoding: str) -> bytes:
    """The body without its compression; raises ``TooLarge`` before it unpacks more than may come."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return sent
    if encoding not in ("gzip", "x-gzip"):
        raise Invalid("message", "This Content-Encoding is not read here; send gzip, or plain JSON.")
    try:
        # It goes on from member to member without copying what is left: a body may be many empty ones.
        plain = gzip.GzipFile(fileobj=BytesIO(sent)).read(MOST_BYTES + 1)
    except (EOFError, OSError, zlib.error):
        raise Invalid("message", "The body says that it is gzip, and isn't; send it whole.") from None
    if len(plain) > MOST_BYTES:
        raise TooLarge
    return plain
