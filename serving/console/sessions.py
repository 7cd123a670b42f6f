"""Sessions: who sits at the console, in a signed cookie that no script reads; and what forms must prove.

A session holds ``csrf``, which is known to its pages only; the ``name`` and ``role`` of whoever signed in,
with the hash of the ``key`` that was given, or of what was declared of the identity provider; and the page
``to`` which somebody asked for before, or from which a form was sent and not taken (``lost``).
"""

import os
import secrets
from typing import Any, Final

from fastapi import Request
from itsdangerous import BadData, URLSafeSerializer
from starlette.middleware.sessions import SessionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from graph_schema.access import Role
from serving.access import LOCAL, Keyring, NotAllowed, NotSignedIn, Principal
from stream.desk import Steward

_COOKIE: Final = "onefold_session"
_HOURS: Final = 12
_LONGEST: Final = 500
"""Of an address that is remembered: browsers keep no cookie above 4 KB, and a sign-in takes half of that."""
_SECRET: Final = os.environ.get("ONEFOLD_SESSION_KEY") or secrets.token_urlsafe(32)
"""Without one of the environment's, sessions end with the process."""
_SEEN: Final = URLSafeSerializer(_SECRET, salt="seen")


class Sessions:
    """Gives each request its session; what began over https is never sent without."""

    def __init__(self, app: ASGIApp) -> None:
        self._by_safety = [
            SessionMiddleware(app, _SECRET, _COOKIE, _HOURS * 3600, "/console", https_only=is_safe)
            for is_safe in (False, True)
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        await self._by_safety[scope.get("scheme") == "https"](scope, receive, send)


def csrf_of(request: Request) -> str:
    """What forms of this session prove themselves by."""
    return str(request.session.setdefault("csrf", secrets.token_urlsafe(18)))


def begin(request: Request, name: str, role: str, key: str) -> None:
    """Starts a session for somebody who was let in: with a new secret, so that none can be planted."""
    request.session.clear()
    request.session.update(csrf=secrets.token_urlsafe(18), name=name, role=role, key=key)


def remember(request: Request, sent_by: str) -> None:
    """Keeps which page was asked for, or which one sent a form, so that whoever signs in comes to it."""
    asked = request.method == "GET"
    if asked and request.url.path.endswith(".json"):
        return
    page = f"{request.url.path}?{request.url.query}".rstrip("?") if asked else sent_by
    request.session.update(to=page[:_LONGEST], lost=not asked)


def signed_in(request: Request) -> Principal | None:
    """Whoever is signed in, as long as the key that was given is in force, or the provider as it was
    declared then: what its accounts may is said there."""
    keyring: Keyring = request.app.state.service.keyring
    if not keyring.enforced:
        return LOCAL
    key: str = request.session.get("key", "")
    if key and key == keyring.provider:
        return Principal(request.session["name"], request.session["role"])
    return keyring.keys.get(key)


def principal_of(request: Request) -> Principal:
    """Whoever sits at the console; raises ``NotSignedIn``."""
    if (found := signed_in(request)) is None:
        raise NotSignedIn("nobody is signed in", way_out="Sign in at /console/sign-in")
    return found


def steward_of(request: Request) -> Steward:
    """The same as one who works on cases."""
    return Steward(principal_of(request).name, csrf_of(request)[:12])


def check_form(request: Request, csrf: str) -> None:
    """Raises ``NotAllowed`` for a form that no page of this session sent."""
    if not secrets.compare_digest(csrf.encode(), csrf_of(request).encode()):
        raise NotAllowed(
            "this form is not of this session", way_out="Go back, load the page again, and send it once more"
        )


def sender_of(request: Request, csrf: str, role: Role) -> Principal:
    """Whoever sent a form; raises ``NotAllowed`` where they may not, or it is of no page of this session."""
    principal = principal_of(request)
    principal.must(role)
    check_form(request, csrf)
    return principal


def sealed(seen: Any) -> str:  # noqa: ANN401 - any JSON
    """What a page showed, so that a form can bring it back and nobody can alter it."""
    return str(_SEEN.dumps(seen))


def unsealed(text: str) -> Any:  # noqa: ANN401 - any JSON
    """The same, opened; raises ``NotAllowed`` where it isn't ours."""
    try:
        return _SEEN.loads(text)
    except BadData:
        raise NotAllowed("this form is not one of ours", way_out="Load the page again") from None
