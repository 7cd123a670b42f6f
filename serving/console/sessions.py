"""Sessions: who sits at the console, in a signed cookie that no script reads; and what forms must prove."""

import os
import secrets
from typing import Any, Final, NamedTuple

from fastapi import Request
from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer
from starlette.responses import Response

from graph_schema.access import Role
from serving.access import LOCAL, ROLES, Keyring, NotAllowed, NotSignedIn, Principal
from stream.desk import Steward

COOKIE: Final = "onefold_session"
PATH: Final = "/console"
_HOURS: Final = 12
_LONGEST: Final = 1_000
SECRET: Final = os.environ.get("ONEFOLD_SESSION_KEY") or secrets.token_urlsafe(32)
"""Without one of the environment's, sessions end with the process."""
_SIGNING: Final = URLSafeTimedSerializer(SECRET, salt="session")
_SEEN: Final = URLSafeSerializer(SECRET, salt="seen")


class Session(NamedTuple):
    """What the cookie says. ``csrf`` is known to the pages of this session only; ``key`` the hash of the key
    that was signed in with, "" where it was none; ``to`` the page that was asked for before."""

    csrf: str
    name: str = ""
    role: str = ""
    key: str = ""
    to: str = ""

    def principal(self, keyring: Keyring) -> Principal | None:
        """Whoever is signed in, as long as the key that was given is in force."""
        if not keyring.enforced:
            return LOCAL
        if self.key:
            return keyring.keys.get(self.key)
        role: Role | None = next((one for one in ROLES if one == self.role), None)
        return None if role is None else Principal(self.name, role)


def session_of(request: Request) -> Session:
    """The session of a request, a new one where there is none."""
    kept = getattr(request.state, "session", None)
    if isinstance(kept, Session):
        return kept
    found = Session(secrets.token_urlsafe(18))
    try:
        found = Session(*_SIGNING.loads(request.cookies.get(COOKIE, ""), max_age=_HOURS * 3600))
    except (BadData, TypeError):
        request.state.fresh_session = True
    request.state.session = found
    return found


def begin(request: Request, name: str, role: str, key: str) -> None:
    """Starts a session for somebody who was let in: with a new secret, so that none can be planted."""
    request.state.session = Session(secrets.token_urlsafe(18), name, role, key)
    request.state.fresh_session = True


def remember(request: Request) -> None:
    """Keeps which page was asked for, so that whoever signs in comes to it."""
    if request.method == "GET" and not request.url.path.endswith(".json"):
        asked = f"{request.url.path}?{request.url.query}".rstrip("?")[:_LONGEST]
        request.state.session = session_of(request)._replace(to=asked)
        request.state.fresh_session = True


def end(request: Request) -> None:
    """Ends the session."""
    begin(request, "", "", "")


def keep(request: Request, response: Response) -> Response:
    """Sets the cookie where the session is new."""
    if getattr(request.state, "fresh_session", False):
        said = str(_SIGNING.dumps(list(session_of(request))))
        set_cookie(request, response, COOKIE, said, _HOURS * 3600)
    return response


def set_cookie(request: Request, response: Response, name: str, said: str, seconds: int) -> None:
    """Sets a cookie of the console that no script reads."""
    https = request.url.scheme == "https"
    response.set_cookie(name, said, seconds, path=PATH, secure=https, httponly=True, samesite="lax")


def principal_of(request: Request) -> Principal:
    """Whoever sits at the console; raises ``NotSignedIn``."""
    keyring: Keyring = request.app.state.service.keyring
    found = session_of(request).principal(keyring)
    if found is None:
        raise NotSignedIn("nobody is signed in", way_out="Sign in at /console/sign-in")
    return found


def steward_of(request: Request) -> Steward:
    """The same as one who works on cases."""
    return Steward(principal_of(request).name, session_of(request).csrf[:12])


def check_form(request: Request, csrf: str) -> None:
    """Raises ``NotAllowed`` for a form that no page of this session sent."""
    if not secrets.compare_digest(csrf, session_of(request).csrf):
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
