"""The change feed: what became of whom, as pages of JSON or as it happens (server-sent events)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from graph_schema.errors import OnefoldError
from graph_schema.vocabulary import Change
from serving.models import PROBLEMS, Changes
from serving.problems import answer
from serving.question import Question
from serving.service import Service, TheService
from stream.feed import shown

_STREAM: Final = "text/event-stream"
_PAGE: Final = 500
_QUIET_SECONDS: Final = 15.0
"""After so long without a change a comment is sent, so that nobody between takes the line for dead."""

LAST: Final = (1 << 63) - 1
"""The highest number of a feed: what stores count by."""
After = Annotated[int, Query(ge=0, le=LAST)]

router = APIRouter(route_class=Question, tags=["feed"])


class Latest:
    """The number of the last change, for all who follow the feed: what one has just looked up serves all."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._turn = asyncio.Lock()
        self._until = 0.0
        self._number = 0

    async def number(self) -> int:
        """As it is, or was half a look ago."""
        async with self._turn:
            if time.monotonic() >= self._until:
                self._number = await run_in_threadpool(self._service.last_change)
                self._until = time.monotonic() + self._service.settings.feed_seconds / 2
            return self._number


@router.get(
    "/v1/changes",
    response_model=Changes,
    responses={**PROBLEMS, 200: {"content": {_STREAM: {}}, "model": Changes}},
)
def changes(
    request: Request,
    service: TheService,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=5_000)] = _PAGE,
    last_event_id: Annotated[int | None, Header(ge=0, le=LAST)] = None,
) -> Response:
    """Changes with a number above `after`. With `Accept: text/event-stream` they come as they happen; a line
    that was cut goes on after its `Last-Event-ID`."""
    if _STREAM in request.headers.get("accept", ""):
        return StreamingResponse(
            _events(request, service, after if last_event_id is None else last_event_id),
            media_type=_STREAM,
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )
    found = _page(service, after, limit)
    return answer({"changes": [shown(each) for each in found], "next": found[-1].seq if found else after})


def _page(service: Service, after: int, limit: int) -> list[Change]:
    with service.engine.store.read() as tx:
        return tx.changes(after, limit)


async def _events(request: Request, service: Service, after: int) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    spoke = time.monotonic()
    # Where the store is away the line ends in order, and who follows comes again.
    with suppress(OnefoldError):
        while not service.stopping() and not await request.is_disconnected():
            is_news = await request.app.state.latest.number() > after
            found = await run_in_threadpool(_page, service, after, _PAGE) if is_news else ()
            if found:
                after = found[-1].seq
                yield b"".join(b"id: %d\ndata: %s\n\n" % (one.seq, orjson.dumps(shown(one))) for one in found)
                spoke = time.monotonic()
                continue
            if time.monotonic() - spoke > _QUIET_SECONDS:
                yield b": nothing new\n\n"
                spoke = time.monotonic()
            await asyncio.sleep(service.settings.feed_seconds)
