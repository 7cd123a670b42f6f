"""What the emulators of ad platforms share: a real HTTP server on loopback, faults, and published schemas.

A fault is drawn for each request: refused for too many, a fault of the server's own, an answer that doesn't
come in time, or a connection that closes, before the request is worked on or after.
"""

import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft202012Validator

DIGEST = re.compile(r"[0-9a-f]{64}")
BAD = "0" * 64
"""A hash that no platform takes, for tests of a bad row."""
_SLOW_S = 0.5
_LOOKED_AT = 200
"""Of a larger request so many members, others each time, are held against the schema; all are checked by hand
besides."""


class Request(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


class Reply(NamedTuple):
    """An answer: HTTP status and a JSON body, or other bytes."""

    status: int
    body: Any
    headers: Mapping[str, str] = {}


class Faults:
    """How often something goes wrong, of 1; ``slow`` is how long a late answer takes, in seconds."""

    def __init__(self, share: float = 0.0, slow: float = 0.5, seed: int = 1) -> None:
        self.share = share
        self.slow = slow
        self.drawn: Counter[str] = Counter()
        self._draw = random.Random(seed)
        self._lock = threading.Lock()

    def next(self) -> str:
        """What goes wrong with the next request, "" for nothing."""
        with self._lock:
            if self._draw.random() >= self.share:
                return ""
            fault = self._draw.choice(("busy", "fault", "late", "closed before", "closed after"))
            self.drawn[fault] += 1
            return fault


class Emulator:
    """A platform. ``lists`` are the handles that each list holds; ``told_twice`` counts handles that were
    added though they were there."""

    def __init__(self, name: str, faults: Faults | None = None) -> None:
        document = json.loads((Path(__file__).parent / "schemas" / f"{name}.json").read_text("utf-8"))
        self._schemas = document
        self.faults = faults or Faults()
        self.lists: dict[str, set[str]] = {}
        self.requests: Counter[str] = Counter()
        self.told_twice = 0
        self.slow = 0
        self.log: list[tuple[str, int]] = []
        self.lock = threading.Lock()
        self._draw = random.Random(name)
        emulator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                emulator.serve(self)

            do_GET = do_POST = do_DELETE = do_PATCH = handle_any

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """Who is killed while it speaks closes its connection: that is no error here."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answers one request, or does what its fault says."""
        began = time.monotonic()
        address = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        request = Request(handler.command, address.path, parse_qs(address.query), headers, body)
        fault = self.faults.next()
        if fault == "closed before":
            handler.close_connection = True
            return
        if fault == "busy":
            reply = Reply(429, self.busy(), {"retry-after": "0"})
        elif fault == "fault":
            reply = Reply(503, {"error": {"message": "try again"}})
        else:
            with self.lock:
                reply = self.answer(request)
                self.requests[f"{request.method} {reply.status}"] += 1
        if fault == "closed after":
            handler.close_connection = True
            return
        if fault == "late":
            time.sleep(self.faults.slow)
        # On a busy machine an answer is late without a fault; whoever asked may have gone.
        self.slow += time.monotonic() - began > _SLOW_S
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        try:
            handler.send_response(reply.status)
            for name, value in {"content-length": str(len(content)), **reply.headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(content)
        except OSError:
            handler.close_connection = True

    def busy(self) -> Any:
        """The body of an answer that refuses for too many requests."""
        return {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}

    def answer(self, request: Request) -> Reply:
        """What the platform does with a request and says to it."""
        raise NotImplementedError

    def flaw(self, definition: str, body: Any, many: str = "") -> str:
        """Where a body isn't as the published schema says, "" where it is. Of a very long array at the
        path ``many`` a sample is looked at."""
        said = body
        *path, last = many.split(".")
        if many:
            said = inner = dict(body)
            for step in path:
                inner[step] = dict(inner.get(step) or {})
                inner = inner[step]
            if isinstance(inner.get(last), list) and _LOOKED_AT < len(inner[last]) <= 10_000:
                inner[last] = self._draw.sample(inner[last], _LOOKED_AT)
        found = sorted(_validator(self._key(definition)).iter_errors(said), key=str)
        return "" if not found else "/".join(map(str, found[0].absolute_path)) or found[0].message

    def _key(self, definition: str) -> str:
        return json.dumps({"$ref": f"#/$defs/{definition}", "$defs": self._schemas["$defs"]})

    def added(self, list_id: str, handles: list[str]) -> None:
        """Puts handles into a list."""
        held = self.lists.setdefault(list_id, set())
        self.told_twice += sum(one in held for one in handles)
        held.update(handles)
        self.log.append(("add", len(handles)))

    def taken_out(self, list_id: str, handles: list[str]) -> None:
        """Takes handles out of a list."""
        self.lists.setdefault(list_id, set()).difference_update(handles)
        self.log.append(("remove", len(handles)))


@lru_cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema))
