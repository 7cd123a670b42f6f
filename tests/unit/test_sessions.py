"""The cookie of a session at the console, and what a form must prove."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from serving.access import NotAllowed
from serving.console.sessions import Sessions, check_form, csrf_of


def looked_at(request: Request) -> Response:
    return PlainTextResponse(csrf_of(request))


def sent(request: Request) -> Response:
    try:
        check_form(request, request.query_params["csrf"])
    except NotAllowed:
        return PlainTextResponse("refused")
    return PlainTextResponse("taken")


@pytest.fixture
def app() -> Starlette:
    made = Starlette(routes=[Route("/console/page", looked_at), Route("/console/form", sent)])
    made.add_middleware(Sessions)
    return made


def visitor(app: Starlette, scheme: str = "http") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"{scheme}://console.example")


@pytest.mark.parametrize(("scheme", "safe"), [("https", True), ("http", False)])
def test_what_began_over_https_is_never_sent_without(app: Starlette, scheme: str, safe: bool) -> None:
    async def visit() -> str:
        async with visitor(app, scheme) as client:
            return (await client.get("/console/page")).headers["set-cookie"].lower()

    cookie = asyncio.run(visit())
    assert ("secure" in cookie) == safe
    assert all(part in cookie for part in ("httponly", "samesite=lax", "path=/console"))


@pytest.mark.parametrize("given", ["", "other", "é"])
def test_a_form_of_no_page_of_this_session_is_refused(app: Starlette, given: str) -> None:
    async def visit() -> list[str]:
        async with visitor(app) as client:

            async def send(csrf: str) -> str:
                return (await client.get("/console/form", params={"csrf": csrf})).text

            first, own = await send(given), (await client.get("/console/page")).text
            return [first, await send(given), await send(own)]

    assert asyncio.run(visit()) == ["refused", "refused", "taken"]
