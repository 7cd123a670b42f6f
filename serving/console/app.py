"""The console as an application of its own, mounted by the server at /console."""

import threading
from importlib import import_module
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response

from serving.console import lists, persons, sign_in, work
from serving.console.pages import compile_pages, go, refusal
from serving.console.queue import Queue
from serving.console.sessions import Sessions
from serving.console.survey import Surveys
from serving.problems import handle_problems
from serving.service import Service

_HOME: Final = APIRouter()
_PROVIDER: Final = "serving.console.oidc"  # with a large library, which is needed where one is declared
_STATIC: Final = {"console.css": "text/css", "console.js": "text/javascript", "icon.svg": "image/svg+xml"}


@_HOME.get("/")
def home() -> Response:
    """The queue is what one comes for."""
    return go("/console/queue")


@_HOME.get("/static/{name}")
def file(name: str) -> Response:
    """Style, script and icon."""
    kind = _STATIC.get(name)
    if kind is None:
        raise HTTPException(404, "there is no such file")
    content = files("serving.console").joinpath("static", name).read_bytes()
    headers = {"Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=kind, headers=headers)


def begin(console: FastAPI, patience_s: float) -> None:
    """Does what the first look at a page would wait for else; goes on with it beside after so long."""

    def work() -> None:
        console.state.queue.begin()
        compile_pages()

    working = threading.Thread(target=work, daemon=True)
    working.start()
    working.join(patience_s)


def make_console(service: Service) -> FastAPI:
    """The console of one server."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    rules = service.engine.rules.access
    app.state.service = service
    app.state.queue = Queue(service)
    app.state.surveys = Surveys(service)
    for routes in (_HOME, sign_in.router, work.router, persons.router, lists.router):
        app.include_router(routes)
    if rules.oidc is not None:
        app.include_router(import_module(_PROVIDER).routes(rules.oidc))
    app.add_middleware(Sessions)
    handle_problems(app, refusal)
    return app
