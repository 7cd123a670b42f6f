"""Lets in whoever may: in front of every route, so that one which is added later is guarded too."""

import asyncio
import re
from typing import Final
from urllib.parse import unquote, urlsplit

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph_schema.access import Role
from graph_schema.errors import NotNow, OnefoldError
from serving.access import NotAllowed, NotSignedIn, Principal
from serving.intake import is_intake
from serving.limits import bounded
from serving.loopback import is_loopback
from serving.masking import masked
from serving.problems import problem
from serving.question import ASKED_BY_POST
from serving.service import Service

_OPEN: Final = re.compile(r"/(healthz|readyz|metrics|openapi\.json|docs|favicon\.ico|console(/.*)?)?")
"""Paths that name nobody, or (the console) ask by themselves who it is."""
_NEEDED: Final[tuple[tuple[str, re.Pattern[str], Role], ...]] = (
    ("DELETE", re.compile(r"/v1/persons/(?s:.*)"), "admin"),
    ("GET", re.compile(r"/v1/persons/(?s:.*)/export/?"), "steward"),
)


class AnotherHost(OnefoldError):
    """A request for a host that this server isn't: a page elsewhere has its own name lead to this machine."""

    status = 421


class Guard:
    """Answers 401, 403 and 429 to whoever may not, lets no body grow without end, and masks what viewers are
    answered."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        path = scope.get("path", "")
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if path.startswith("/v1/persons/"):
            # Only a / that wasn't encoded parts two steps: what follows one of a value is no word of ours.
            path = scope["path"] = unquote(re.sub(rb"(?i)%(?=25|2f)", b"%25", scope["raw_path"]).decode())
        receive, begun = bounded(receive), False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            if not self._service.keyring.enforced:
                _check_host(Headers(scope=scope).get("host", ""))
            # Intake asks for write keys of its own.
            if _OPEN.fullmatch(path) or is_intake(path):
                await self._app(scope, receive, sending)
                return
            principal = self._asker(scope)
            principal.must(needed(scope["method"], path))
            scope.setdefault("state", {})["principal"] = principal
            await self._app(scope, receive, _Masking(sending).send if principal.role == "viewer" else sending)
        except OnefoldError as error:
            await problem(error)(scope, receive, send)
        except asyncio.CancelledError:
            # So the server breaks off what takes longer than it waits at its end.
            if begun:
                raise
            ended = NotNow("this server ended first", way_out="Send it again: a message counts once")
            await problem(ended)(scope, receive, send)

    def _asker(self, scope: Scope) -> Principal:
        """Who asks. Whoever guesses is slowed down; who has a key isn't, though they share an address."""
        said = Headers(scope=scope).get("authorization")
        try:
            found = self._service.keyring.of_header(said)
        except NotSignedIn:
            if said:
                self._service.attempts.take(address_of(scope))
            raise
        self._service.rate.take(f"key {found.name}")
        return found


def address_of(scope: Scope) -> str:
    """Where a request comes from, as far as the server or the proxy in front of it tells."""
    return (scope.get("client") or ("", 0))[0]


def _check_host(said: str) -> None:
    """Raises ``AnotherHost`` for a name that isn't this machine's: where nobody has to sign in, whoever has a
    page elsewhere could else ask through the browser of whoever looks at it (DNS rebinding)."""
    try:
        name = urlsplit(f"//{said}").hostname or ""
    except ValueError:
        name = ""
    if not (is_loopback(name) or name.endswith(".localhost")):
        raise AnotherHost(
            "this server answers for this machine alone",
            way_out="Ask for http://localhost, or declare access keys in the rules to serve under a name",
        )


def needed(method: str, path: str) -> Role:
    """The least role that may do this: to look and to ask is a viewer's, to change a steward's."""
    least: Role = "viewer" if method in ("GET", "OPTIONS") or path in ASKED_BY_POST else "steward"
    more = (role for verb, pattern, role in _NEEDED if verb == method and pattern.fullmatch(path))
    return next(more, least)


class _Masking:
    """Masks one JSON answer on its way out. The change feed's stream holds only ids; nothing else passes."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Takes a part of the answer; passes it on when it is whole."""
        begins = message["type"] == "http.response.start"
        kind = Headers(raw=message["headers"]).get("content-type", "") if begins else ""
        if begins and not kind.startswith("text/event-stream"):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
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
