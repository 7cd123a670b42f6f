"""Signing in and out by an access key, and what comes of signing in by any way."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from serving.access import Principal, digest
from serving.console import sessions
from serving.console.pages import go, page
from serving.guard import address_of
from serving.service import Service, TheService
from stream.stewarding import Doer, note_only

router = APIRouter()


@router.get("/sign-in")
def sign_in_page(request: Request) -> Response:
    """Asks for a key, or leads to the identity provider."""
    return page(request, "sign_in.html", wrong=False, lost=request.session.get("lost", False))


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
        return page(request, "sign_in.html", 401, wrong=True, lost=request.session.get("lost", False))
    return let_in(request, service, found, digest(key.strip()))


@router.post("/sign-out")
def sign_out(request: Request, csrf: Annotated[str, Form()]) -> Response:
    """Ends the session."""
    sessions.check_form(request, csrf)
    request.session.clear()
    return go("/console/sign-in")


def let_in(request: Request, service: Service, found: Principal, key: str) -> Response:
    """Begins the session of somebody who signed in (``key``: the hash by which that is in force), and goes on
    to the page that was asked for."""
    to = str(request.session.get("to") or "/console/queue")
    # First: where this can't be written, nobody is let in.
    service.commits.run(lambda: note_only(service.engine, Doer(*found), "signed in", ()))
    sessions.begin(request, found.name, found.role, key)
    return go(to)
