"""Measures destinations: hashing and batching members, and how soon an order over HTTP or Kafka is a removal.

`python -m tests.bench.destinations`; MEMBERS and ORDERS in the environment set the sizes.
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import orjson

from serving.destinations.contacts import Contact
from serving.destinations.delivering import chunks, key_of
from serving.destinations.ledger import Flight
from serving.destinations.platforms import Answer, Job, Platform, Row
from serving.destinations.sending import Courier
from serving.destinations.settings import GoogleSettings, MetaSettings, Secret, Settings, TikTokSettings
from serving.destinations.syncing import platform_of
from stream.kafka import Kafka, make_topics
from tests.bench.figures import Figure, percentile, table
from tests.bench.machine import machine
from tests.integration.command import process
from tests.integration.serving_process import Serving
from tests.integration.working import ID_KEY, Worker
from tests.services import Services, Unavailable, kafka_topics
from tests.services.engines import free_port

_PART: Final = 50_000
_NAME: Final = "ONEFOLD_BENCH_TOKEN"
SETTINGS: Final[dict[str, Settings]] = {
    "Google": GoogleSettings(
        type="google", account_id="1", access_token=Secret(env=_NAME), audiences={"a": "1"}
    ),
    "Meta": MetaSettings(type="meta", access_token=Secret(env=_NAME), audiences={"a": "1"}),
    "TikTok": TikTokSettings(
        type="tiktok", advertiser_id="1", access_token=Secret(env=_NAME), audiences={"a": "1"}
    ),
}
RULES: Final = """
extends = "retail"

[destination.hook]
type = "webhook"
url = "{url}"
secret = {{env = "{name}"}}
audiences = ["retarget_abandoned_cart"]
requests_per_minute = 60000
"""


class _Weighing(Courier):
    """Builds each request and sends none; counts what it would have sent."""

    def __init__(self) -> None:
        super().__init__("bench", 1, 1, 1)
        self.made = self.bytes = 0

    def send(self, build: Any, read: Any) -> Any:
        """See ``Courier``."""
        self.made += 1
        self.bytes += len(build().content)
        return Answer()


def _contacts(first: int, number: int) -> Iterator[Contact]:
    for one in range(first, first + number):
        mails = (f"First.Last{one}+shop@Example.com", f"f.last.{one}@gmail.com")[: 1 + one % 2]
        yield Contact({"email": mails, "phone": (f"+336{one:08d}",) if one % 3 else ()})


def hashed(name: str, first: int, number: int) -> tuple[int, int]:
    """Hashes and batches members for a platform; returns how many requests and handles they become."""
    os.environ[_NAME] = "token"
    settings = SETTINGS[name]
    platform: Platform = platform_of(name, settings)
    weighing = _Weighing()
    handles = 0
    waiting = _contacts(first, number)
    while part := list(islice(waiting, 10_000)):
        rows = [
            Row(
                f"per_{place:016d}", "granted", tuple(platform.recognition.handles(one, settings.identifiers))
            )
            for place, one in enumerate(part)
        ]
        handles += sum(len(row.handles) for row in rows)
        for rows_at_once in chunks(rows, platform):
            orjson.dumps(Flight("", "add", rows_at_once, 0, 0).kept())
            platform.deliver(Job("add", "1", rows_at_once, key_of(str(first))), weighing)
    return weighing.made, handles


def measure_hashing(members: int) -> Iterator[Figure]:
    """How long members take to become requests, on all cores."""
    for name in SETTINGS:
        parts = [(first, min(_PART, members - first)) for first in range(0, members, _PART)]
        began = time.perf_counter()
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            made = list(pool.map(hashed, [name] * len(parts), *zip(*parts, strict=True)))
        seconds = time.perf_counter() - began
        requests, handles = (sum(each) for each in zip(*made, strict=True))
        note = f"{members:,} members, {handles:,} hashes, {requests:,} requests"
        asked = 60.0 * members / 1_000_000
        yield Figure(f"members hashed and batched for {name}", seconds, "s", asked, note=note)


class _Hook:
    """Listens as a webhook's owner, and notes when it was told of each address."""

    def __init__(self) -> None:
        self.told: dict[tuple[str, str], float] = {}
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
                now = time.perf_counter()
                for member in body["members"]:
                    for handle in member["handles"]:
                        hook.told[body["op"], handle["value"]] = now
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def when(self, op: str, address: str) -> float:
        """When it was told, once it is."""
        ends = time.perf_counter() + 120
        while (op, address) not in self.told:
            if time.perf_counter() > ends:
                raise TimeoutError(op)
            time.sleep(0.002)
        return self.told[op, address]

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()


def _message(one: int, event: str, **properties: Any) -> dict[str, Any]:
    traits = {"email": f"buyer{one}@example.com"}
    about = {"userId": f"u-{one}", "context": {"traits": traits}, "event": event}
    return {"type": "track", **about, "properties": properties}


Way = Callable[[Path], AbstractContextManager[httpx.Client]]


@contextmanager
def _http(folder: Path) -> Iterator[httpx.Client]:
    with Serving(folder / "shop.db", str(folder / "rules.toml")) as served, served.client() as client:
        yield client


@contextmanager
def _kafka(folder: Path) -> Iterator[httpx.Client]:
    """A server that hands what it is sent to Kafka, and a worker that takes it from there."""
    with Services() as services:
        kafka = Kafka(services.kafka().address, prefix=kafka_topics.unique("bench"))
        asyncio.run(make_topics(kafka, 4))
        os.environ.update(ONEFOLD_ID_KEY=ID_KEY, ONEFOLD_KAFKA_PREFIX=kafka.prefix)
        given = ("--store", f"sqlite:///{folder}/shop.db", "--rules", str(folder / "rules.toml"))
        worker, port = Worker(kafka, given[1], folder, *given[2:]), free_port()
        worker.wait_until_ready()
        server = process(folder, "serve", "--kafka", kafka.servers, "--port", str(port), *given)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=("web", ""), timeout=30) as client:
                _until_it_answers(client)
                yield client
        finally:
            server.kill()
            server.communicate()
            worker.kill()


def _until_it_answers(client: httpx.Client) -> None:
    ends = time.perf_counter() + 60
    while True:
        try:
            client.get("/healthz")
        except httpx.TransportError:
            if time.perf_counter() > ends:
                raise
            time.sleep(0.1)
        else:
            return


def measure_leaving(folder: Path, orders: int, way: Way = _http) -> Iterator[Figure]:
    """How long from an order until another process has taken her out of a webhook's list: so long at most it
    is until the removal is ready."""
    os.environ[_NAME] = "secret"
    hook = _Hook()
    rules = folder / "rules.toml"
    rules.write_text(RULES.format(name=_NAME, url=hook.url), encoding="utf-8")
    waits: list[float] = []
    with way(folder) as client:
        for one in range(orders):
            batch = [
                _message(one, "Consent Granted", purpose="advertising"),
                _message(one, "Product Added", product_id="tea", price=5, quantity=1),
            ]
            client.post("/v1/batch", json={"batch": batch}).raise_for_status()
        store = "sqlite:///shop.db"
        following = process(folder, "sync", "--follow", "--rules", "rules.toml", "--store", store)
        try:
            for one in range(orders):
                hook.when("add", f"buyer{one}@example.com")
            for one in range(orders):
                order = {"order_id": f"o-{one}", "total": 5, "currency": "EUR"}
                lines = [{"product_id": "tea", "price": 5, "quantity": 1}]
                began = time.perf_counter()
                sent = _message(one, "Order Completed", **order, products=lines)
                client.post("/v1/track", json=sent).raise_for_status()
                waits.append(hook.when("remove", f"buyer{one}@example.com") - began)
        finally:
            following.kill()
            following.communicate()
            hook.close()
    note = f"{orders} orders; until the webhook has it"
    over = "HTTP" if way is _http else "HTTP, Kafka and a worker"
    yield Figure(f"order over {over} to its removal, p50", percentile(waits, 0.5), "s", note=note)
    yield Figure(f"order over {over} to its removal, p99", percentile(waits, 0.99), "s", 2.0, note=note)


def measure(folder: Path, members: int, orders: int) -> Iterator[Figure]:
    """Both."""
    yield from measure_hashing(members)
    yield from measure_leaving(folder, orders)


def main() -> None:
    """Measures, and prints the figures as a table."""
    members, orders = int(os.environ.get("MEMBERS", "1000000")), int(os.environ.get("ORDERS", "200"))
    command = f"MEMBERS={members} ORDERS={orders} python -m tests.bench.destinations"
    with TemporaryDirectory(prefix="onefold-bench-") as folder:
        figures = list(measure(Path(folder), members, orders))
    with TemporaryDirectory(prefix="onefold-bench-") as folder:
        try:
            figures += measure_leaving(Path(folder), orders, _kafka)
        except Unavailable as error:
            sys.stderr.write(f"not measured: {error}\n")
    sys.stdout.write(f"{command}\n{machine()}\n\n{table(figures)}\n")


if __name__ == "__main__":
    main()
