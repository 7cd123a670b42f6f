"""Whether this server lives, can do its work, and how it does: no word about any person."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Final, TypeVar

from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph_schema.errors import NotNow, StoreUnavailable
from serving.models import PROBLEMS
from serving.problems import answer
from serving.service import Service, TheService
from stream.batch import Counts

T = TypeVar("T")
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
_STORE_SECONDS: Final = 3.0

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> Response:
    """The process answers, however many questions wait for a thread."""
    return answer({"status": "ok"})


@router.get("/readyz", responses=PROBLEMS)
async def ready(service: TheService) -> Response:
    """The store can be read, was built by these rules, there is room for what comes in, and Kafka answers
    where it goes there."""
    service.taking.check_room()
    await _in_time(service.engine.agree)
    if service.handover is not None:
        await service.handover.sender.reach()
    return answer({"status": "ready"})


@router.get("/metrics", responses={200: {"content": {"text/plain": {}}}})
async def metrics(service: TheService) -> Response:
    """Figures in the text form of Prometheus."""
    lines = list(_lines(service))
    # They are wanted most where the store doesn't answer.
    with suppress(NotNow):
        last = await _in_time(service.last_change)
        lines += figure("feed_position", "gauge", "The highest number of the change feed.", last)
    return Response("\n".join([*lines, ""]), media_type=TEXT)


async def _in_time(work: Callable[[], T]) -> T:
    """What a question to the store comes to; raises ``StoreUnavailable`` where it takes longer than those who
    look after servers wait."""
    try:
        async with asyncio.timeout(_STORE_SECONDS):
            return await to_thread.run_sync(work, abandon_on_cancel=True)
    except TimeoutError:
        what = f"the store has not answered within {_STORE_SECONDS:g} s"
        raise StoreUnavailable(what, way_out="See that it runs and can be reached") from None


def _lines(service: Service) -> Iterator[str]:
    commits = service.commits
    answers = {
        f'{{route="{route}",status="{status}"}}': count
        for (route, status), count in sorted(service.requests.items())
    }
    yield from figure("http_requests_total", "counter", "Answers by route and status.", answers)
    yield from told_of(commits.totals)
    what = "Transactions that took messages, and the time that they took."
    yield from summary("commit_seconds", what, commits.groups, commits.seconds)
    what = "Weight of the messages that wait to be written, or for Kafka to have them."
    yield from figure("waiting_bytes", "gauge", what, service.taking.waiting)
    if (handover := service.handover) is not None:
        yield from figure("handed_over_total", "counter", "Events that Kafka acknowledged.", handover.sent)


def told_of(totals: Counts) -> Iterator[str]:
    """What became of what came in, as lines of figures."""
    fates = {f'{{fate="{fate}"}}': number for fate, number in vars(totals).items()}
    yield from figure("messages_total", "counter", "What became of the messages that came in.", fates)


def summary(name: str, what: str, count: int, seconds: float) -> Iterator[str]:
    """How often something was done, and how long all of it took, as lines of figures."""
    yield from figure(name, "summary", what, {"_count": count, "_sum": f"{seconds:.6f}"})


def figure(name: str, kind: str, what: str, values: Mapping[str, object] | int) -> Iterator[str]:
    """The lines of one figure; where it has several ``values``, each by what stands behind the name."""
    yield f"# HELP onefold_{name} {what}"
    yield f"# TYPE onefold_{name} {kind}"
    for behind, value in ({"": values} if isinstance(values, int) else values).items():
        yield f"onefold_{name}{behind} {value}"


class Counting:
    """Counts answers by the route's pattern: a path itself may name a person."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                # What is mounted has its routes below the path at which it is.
                route = scope.get("root_path", "") + getattr(scope.get("route"), "path_format", "")
                key = (route or "none", message["status"])
                self._service.requests[key] = self._service.requests.get(key, 0) + 1
            await send(message)

        await self._app(scope, receive, counted if scope["type"] == "http" else send)


def heads_too(app: ASGIApp) -> ASGIApp:
    """The same, that answers HEAD, by which many a monitor asks, as GET; the server leaves out the body."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        head = scope["type"] == "http" and scope["method"] == "HEAD"
        await app({**scope, "method": "GET"} if head else scope, receive, send)

    return asked
