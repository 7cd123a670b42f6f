"""Lets in whoever may: in front of every route, so that one which is added later is guarded too."""

import re
from collections.abc import Callable
from typing import Final

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph_schema.access import Role
from graph_schema.errors import OnefoldError
from serving.access import Access, NotAllowed
from serving.masking import masked
from serving.problems import problem

_OPEN: Final = re.compile(r"/(healthz|readyz|metrics|openapi\.json|docs|favicon\.ico|console(/.*)?)?")
"""Paths that name nobody, or (the console) ask by themselves who it is."""
_ASKING: Final = frozenset({"/v1/persons:batchGet", "/v1/decisions"})
"""What is sent here only asks, though it is sent."""
_NEEDED: Final[tuple[tuple[str, re.Pattern[str], Role], ...]] = (
    ("DELETE", re.compile(r"/v1/persons/[^/]+/?"), "admin"),
    ("GET", re.compile(r"/v1/persons/[^/]+/export/?"), "steward"),
)


class Guard:
    """Answers 401 and 403 to whoever may not, and masks what viewers are answered."""

    def __init__(self, app: ASGIApp, access: Access, intake: Callable[[str], bool]) -> None:
        """``intake`` tells the paths that ask for write keys of their own."""
        self._app = app
        self._access = access
        self._intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        path = scope.get("path", "")
        if scope["type"] != "http" or _OPEN.fullmatch(path) or self._intake(path):
            await self._app(scope, receive, send)
            return
        try:
            principal = self._access.of_header(Headers(scope=scope).get("authorization"))
            principal.must(needed(scope["method"], path))
        except OnefoldError as error:
            await problem(error)(scope, receive, send)
            return
        scope.setdefault("state", {})["principal"] = principal
        await self._app(scope, receive, _Masking(send).send if principal.role == "viewer" else send)


def needed(method: str, path: str) -> Role:
    """The least role that may do this: to look and to ask is a viewer's, to change a steward's."""
    for verb, pattern, role in _NEEDED:
        if method == verb and pattern.fullmatch(path):
            return role
    return "viewer" if method in ("GET", "HEAD", "OPTIONS") or path in _ASKING else "steward"


class _Masking:
    """Masks one JSON answer on its way out. The change feed's stream holds only ids; nothing else passes."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Takes a part of the answer; passes it on when it is whole."""
        if message["type"] == "http.response.start":
            kind = Headers(raw=message["headers"]).get("content-type", "")
            if kind.startswith("text/event-stream"):
                await self._send(message)
                return
            self._start = message
            return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body"):
            await self._masked(self._start)

    async def _masked(self, start: Message) -> None:
        try:
            body = orjson.dumps(masked(orjson.loads(self._body))) if self._body else b""
        except orjson.JSONDecodeError:
            refusal = problem(NotAllowed("a viewer is answered in JSON only"))
            start = {"type": start["type"], "status": refusal.status_code, "headers": refusal.raw_headers}
            body = bytes(refusal.body)
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["content-length"] = str(len(body))
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})
