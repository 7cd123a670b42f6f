"""Whether this server lives, can do its work, and how it does: no word about any person."""

from collections.abc import Iterator
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.models import PROBLEMS
from serving.problems import answer
from serving.service import Service, TheService
from stream.batch import Counts

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"

router = APIRouter(tags=["health"])


@router.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return answer({"status": "ok"})


@router.get("/readyz", responses=PROBLEMS)
def ready(service: TheService) -> Response:
    """The store can be read, was built by these rules, and there is room for what comes in."""
    service.taking.check_room()
    service.engine.agree()
    return answer({"status": "ready"})


@router.get("/metrics", responses={200: {"content": {"text/plain": {}}}})
def metrics(service: TheService) -> Response:
    """Figures in the text form of Prometheus."""
    return Response("\n".join([*_lines(service), ""]), media_type=TEXT)


def _lines(service: Service) -> Iterator[str]:
    commits, totals = service.commits, service.commits.totals
    yield "# HELP onefold_http_requests_total Answers by route and status."
    yield "# TYPE onefold_http_requests_total counter"
    for (route, status), count in sorted(service.requests.items()):
        yield f'onefold_http_requests_total{{route="{route}",status="{status}"}} {count}'
    yield from told_of(totals)
    yield "# HELP onefold_commit_seconds Transactions that took messages, and the time that they took."
    yield "# TYPE onefold_commit_seconds summary"
    yield f"onefold_commit_seconds_count {commits.groups}"
    yield f"onefold_commit_seconds_sum {commits.seconds:.6f}"
    yield "# HELP onefold_waiting_bytes Weight of the messages that wait to be written."
    yield "# TYPE onefold_waiting_bytes gauge"
    yield f"onefold_waiting_bytes {commits.waiting}"
    if service.handover is not None:
        yield "# HELP onefold_handed_over_total Events that Kafka acknowledged."
        yield "# TYPE onefold_handed_over_total counter"
        yield f"onefold_handed_over_total {service.handover.sent}"
    with service.engine.store.read() as tx:
        last = tx.last_change()
    yield "# HELP onefold_feed_position The highest number of the change feed."
    yield "# TYPE onefold_feed_position gauge"
    yield f"onefold_feed_position {last}"


def told_of(totals: Counts) -> Iterator[str]:
    """What became of what came in, as lines of figures."""
    yield "# HELP onefold_messages_total What became of the messages that came in."
    yield "# TYPE onefold_messages_total counter"
    for fate in ("taken", "duplicates", "dead_letters", "erased"):
        yield f'onefold_messages_total{{fate="{fate}"}} {getattr(totals, fate)}'


class Counting:
    """Counts answers by the route's pattern: a path itself may name a person."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                key = (route, message["status"])
                self._service.requests[key] = self._service.requests.get(key, 0) + 1
            await send(message)

        await self._app(scope, receive, counted if scope["type"] == "http" else send)
