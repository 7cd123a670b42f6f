"""The HTTP application: every route of the contract over one engine and its store."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio.to_thread
from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from graph_schema.errors import OnefoldError
from serving import api_page, audiences, decisions, feed, health, intake, persons, stewardship
from serving.console.app import begin, make_console
from serving.group_commit import GroupCommit
from serving.guard import Guard
from serving.handover import Handover, Sends
from serving.openapi import Told
from serving.problems import handle_problems, problem_of
from serving.service import Service, Settings, asked_once
from stream.engine import Engine

_log: Final = logging.getLogger("onefold")
_WAITING_BYTES: Final = 64 << 20
"""Of messages that wait to be written, or are on their way to Kafka; then senders are told to come again."""
_GROUP_EVENTS: Final = 4_000
_READ_THREADS: Final = 8
"""A connection to the store is open for each thread that reads."""
_CONSOLE_SECONDS: Final = 3.0
"""How long the server may wait at its start for the console's pages and first queue."""


def make_app(engine: Engine, settings: Settings | None = None, sender: Sends | None = None) -> FastAPI:
    """An application that takes events into the engine's store, or hands them to ``sender``, and answers from
    the store.

    It writes through the engine alone, in one thread of its own; engine and store stay the caller's to close.
    """
    commits = GroupCommit(engine, _WAITING_BYTES, _GROUP_EVENTS)
    handover = None if sender is None else Handover(sender, commits, _WAITING_BYTES)
    service = Service(engine, settings or Settings(), commits, handover)
    console = make_console(service)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = _READ_THREADS
        await run_in_threadpool(begin, console, _CONSOLE_SECONDS)
        due = asyncio.create_task(_fall_due(service))
        yield
        due.cancel()
        if handover is not None:
            await handover.sender.stop()
        commits.close()

    app = Told(
        title="Onefold",
        summary="Many records, one person: identity resolution and golden profiles",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # What generated clients call each by.
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.service = service
    app.state.latest = feed.Latest(service)
    for routes in (persons, decisions, audiences, stewardship, feed):
        app.include_router(routes.router, dependencies=[Depends(asked_once)])
    for routes in (intake, health, api_page):
        app.include_router(routes.router)
    handle_problems(app, problem_of)
    # Whoever opens the address that `serve` prints is to see something.
    app.add_route("/", lambda _: RedirectResponse("console/queue"), include_in_schema=False)
    app.mount("/console", console)
    app.add_middleware(Guard, service=service)
    app.add_middleware(intake.BrowsersMaySend)
    # Around all, also what answers where nobody foresaw an error.
    app.middleware_stack = health.heads_too(health.Counting(app.build_middleware_stack(), service))
    return app


async def _fall_due(service: Service) -> None:
    """Moves whom time alone moves in or out of audiences, every few seconds."""
    engine = service.engine
    while True:
        try:
            await service.commits.done(lambda: engine.fall_due(engine.clock()))
        except OnefoldError as error:
            # Another writer was first, or the store is away: the next turn does it.
            _log.warning("audiences could not be brought up to date, they will be: %s", error)
        except Exception as error:  # noqa: BLE001 - else nobody would fall due any more
            _log.error("audiences could not be brought up to date", exc_info=error)
        await asyncio.sleep(service.settings.due_seconds)
