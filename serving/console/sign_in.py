"""Signing in and out: by an access key, or at the identity provider that the rules declare."""

import os
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from serving.access import NotAllowed, Principal, digest
from serving.console import sessions
from serving.console.oidc import Provider
from serving.console.pages import go, page
from serving.guard import address_of
from serving.service import TheService
from stream.stewarding import Doer, note_only

_HELD: Final = "onefold_signing_in"
_MINUTES: Final = 10
_HOLDING: Final = URLSafeTimedSerializer(sessions.SECRET, salt="signing-in")

router = APIRouter()


@router.get("/sign-in")
def sign_in_page(request: Request) -> Response:
    """Asks for a key, or leads to the identity provider."""
    return page(request, "sign_in.html", wrong=False)


@router.post("/sign-in")
def sign_in(
    request: Request, service: TheService, key: Annotated[str, Form()], csrf: Annotated[str, Form()]
) -> Response:
    """Lets in whoever has a key."""
    sessions.check_form(request, csrf)
    address = address_of(request.scope)
    service.attempts.check(address)
    found = service.keyring.of_key(key.strip())
    if found is None:
        service.attempts.take(address)
        return page(request, "sign_in.html", 401, wrong=True)
    to = _begin(request, found, digest(key.strip()))
    service.commits.run(lambda: note_only(service.engine, Doer(*found), "signed in", ()))
    return go(request, to)


@router.post("/sign-out")
def sign_out(request: Request, csrf: Annotated[str, Form()]) -> Response:
    """Ends the session."""
    sessions.check_form(request, csrf)
    sessions.end(request)
    return go(request, "/console/sign-in")


@router.get("/sign-in/provider")
async def to_provider(request: Request) -> Response:
    """Sends whoever signs in to the identity provider."""
    url, held = await run_in_threadpool(_provider(request).start, _back(request))
    response = RedirectResponse(url, 303)
    sessions.set_cookie(request, response, _HELD, str(_HOLDING.dumps(held)), _MINUTES * 60)
    return response


@router.get("/signed-in")
async def from_provider(request: Request, service: TheService) -> Response:
    """Takes whoever comes back from the identity provider."""
    try:
        held = _HOLDING.loads(request.cookies.get(_HELD, ""), max_age=_MINUTES * 60)
    except BadData:
        raise NotAllowed("this sign-in was not begun here", way_out="Begin at /console/sign-in") from None
    found = await run_in_threadpool(_provider(request).finish, _back(request), str(request.url), held)
    to = _begin(request, found, "")
    await run_in_threadpool(
        service.commits.run, lambda: note_only(service.engine, Doer(*found), "signed in", ())
    )
    response = go(request, to)
    response.delete_cookie(_HELD, path=sessions.PATH)
    return response


def _begin(request: Request, found: Principal, key: str) -> str:
    """Begins the session of somebody who was let in; returns the page to go on to."""
    to = sessions.session_of(request).to or "/console/queue"
    sessions.begin(request, found.name, found.role, key)
    return to


def _provider(request: Request) -> Provider:
    found = request.app.state.provider
    if not isinstance(found, Provider):
        raise NotAllowed("the rules declare no identity provider", way_out="Sign in with an access key")
    return found


def _back(request: Request) -> str:
    """The address at which the provider's answer is taken; behind a proxy the environment names it."""
    outside = os.environ.get("ONEFOLD_PUBLIC_URL", "").rstrip("/")
    return f"{outside or f'{request.url.scheme}://{request.url.netloc}'}/console/signed-in"
