"""Serving: what must hold before anybody is let in, and the server itself."""

import gc
import logging
import socket
import traceback
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final

import uvicorn

from graph_schema.errors import Invalid, RulesError
from graph_schema.rules import Rules
from resolver.founding import DEFAULT_ID_KEY
from serving.app import make_app
from serving.handover import Sends
from serving.loopback import is_loopback
from serving.service import Settings
from stream.ending import end_in_time
from stream.engine import Engine

_BACKLOG: Final = 2048
_GRACE_SECONDS: Final = 10
_REQUESTS_PER_S: Final = 1_000


_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _Discreet(logging.Formatter):
    """Tells of what kind an error is and where it arose, not its text: that may hold what somebody sent."""

    def formatException(self, ei: _Raised) -> str:
        """See ``logging.Formatter``."""
        kind, _, frames = ei
        return "".join(traceback.format_tb(frames)) + (kind.__name__ if kind else "")


_LEVELS: Final = {
    "uvicorn": "WARNING",
    "onefold": "WARNING",
    # While Kafka is away these say so ten times a second; the worker says it once.
    "faust": "CRITICAL",
    "mode": "CRITICAL",
    "aiokafka": "CRITICAL",
    # It tells the text of errors that nobody asked for: aiokafka leaves a dozen of them where it is shut out.
    "asyncio": "CRITICAL",
}
LOGGING: Final = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"discreet": {"()": _Discreet, "format": "%(asctime)s %(levelname)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "discreet"}},
    "loggers": {name: {"handlers": ["stderr"], "level": level} for name, level in _LEVELS.items()},
}


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Somebody wants it to end."""
        end_in_time()
        super().handle_exit(sig, frame)


def check_exposure(host: str, rules: Rules, id_key: bytes) -> None:
    """Raises ``RulesError`` or ``Invalid`` where others could reach a server that doesn't know who may send,
    or whose person ids anybody could make."""
    if is_loopback(host):
        return
    if not any(source.write_key for source in rules.sources.values()):
        raise RulesError(
            "no source has a write key, so anybody could send events",
            where="[source.…] write_key",
            way_out="Declare one for each source that sends over HTTP, or serve on 127.0.0.1",
        )
    if id_key == DEFAULT_ID_KEY:
        raise Invalid(
            "ONEFOLD_ID_KEY",
            "It is not set, and beyond this machine ids need a key of their own. Set a long random text.",
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; raises ``Invalid`` where the address can't be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or "there is no such port"
        raise Invalid(
            "--port", f"Port {port} of {host} can't be served: {reason}. Name another one."
        ) from error


def url_of(host: str, listening: socket.socket) -> str:
    """The address at which a socket that listens at a host is reached."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"


def serve(
    engine: Engine,
    host: str = "127.0.0.1",
    port: int = 8000,
    started: Callable[[str], None] | None = None,
    sender: Sends | None = None,
    requests_per_second: int | None = None,
) -> None:
    """Serves until SIGINT or SIGTERM; what was acknowledged is durable whenever it ends, in the store or with
    ``sender``.

    ``port`` 0 takes a free one; ``started`` is told the address once connections are taken. Of one key so
    many requests per second are answered; None: any number on loopback, else 1,000. Raises what
    ``check_exposure`` does, and ``Invalid`` where the address can't be had.
    """
    check_exposure(host, engine.rules, engine.id_key)
    listening = listen(host, port)
    local = is_loopback(host)
    often = (0 if local else _REQUESTS_PER_S) if requests_per_second is None else requests_per_second
    app = make_app(engine, Settings(loopback=local, requests_per_second=often), sender)
    config = uvicorn.Config(
        app,
        log_config=LOGGING,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    # asyncio sets this only where it makes the socket itself; without it every answer waits 40 ms for an ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = _Server(config)
    # Those who follow the feed never leave by themselves.
    app.state.service.stopping = lambda: server.should_exit
    with listening:
        if started is not None:
            started(url_of(host, listening))
        # What there is now stays: the collector of cycles needn't look through it for as long as it serves.
        gc.freeze()
        server.run(sockets=[listening])
