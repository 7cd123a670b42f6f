"""What a Kafka worker tells of itself over HTTP: whether it lives, can do its work, and how it does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from serving.health import TEXT, told_of
from serving.server import listen
from stream.consuming import BUCKETS, Figures


@contextmanager
def watched(figures: Figures, host: str, port: int) -> Iterator[str]:
    """Serves a worker's health beside it; gives the address. Raises ``Invalid`` where it can't be had."""
    listening = listen(host, port)
    config = uvicorn.Config(_app(figures), log_config=None, access_log=False, server_header=False)
    server = uvicorn.Server(config)
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    serving.start()
    try:
        yield f"http://{host}:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        serving.join(5)
        listening.close()


def _app(figures: Figures) -> Starlette:
    def alive(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def ready(_: Request) -> Response:
        away = [
            name
            for name, answers in (("store", figures.store_answers), ("kafka", figures.broker_answers))
            if not answers
        ]
        return JSONResponse({"status": "waiting" if away else "ready", "away": away}, 503 if away else 200)

    def metrics(_: Request) -> Response:
        return PlainTextResponse("\n".join([*_lines(figures), ""]), media_type=TEXT)

    return Starlette(routes=[Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", metrics)])


def _lines(figures: Figures) -> Iterator[str]:
    yield from told_of(figures.totals)
    single = (
        ("topic_messages_total", "counter", "Messages of the topic that were taken.", figures.messages),
        ("batch_failures_total", "counter", "Batches that had to be tried again.", figures.failures),
        ("published_total", "counter", "Entries of the feeds that were sent to Kafka.", figures.published),
        ("waiting_bytes", "gauge", "Weight of the messages that wait to be written.", figures.waiting),
        ("store_answers", "gauge", "1 where the store answers.", int(figures.store_answers)),
        ("kafka_answers", "gauge", "1 where Kafka answers.", int(figures.broker_answers)),
        ("assigned", "gauge", "1 where this worker has partitions.", int(figures.assigned)),
    )
    for name, kind, sense, value in single:
        yield f"# HELP onefold_{name} {sense}"
        yield f"# TYPE onefold_{name} {kind}"
        yield f"onefold_{name} {value}"
    yield "# HELP onefold_batch_seconds Batches, and the time from their messages to durable events."
    yield "# TYPE onefold_batch_seconds summary"
    yield f"onefold_batch_seconds_count {figures.batches}"
    yield f"onefold_batch_seconds_sum {figures.seconds:.6f}"
    yield "# HELP onefold_lag_messages Messages of a partition that wait to be taken."
    yield "# TYPE onefold_lag_messages gauge"
    for partition, lag in sorted(figures.lag.items()):
        yield f'onefold_lag_messages{{partition="{partition}"}} {lag}'
    yield "# HELP onefold_delay_seconds From a message's own time to when it was durable."
    yield "# TYPE onefold_delay_seconds histogram"
    total = 0
    for bound, count in zip((*BUCKETS, "+Inf"), figures.delays, strict=True):
        total += count
        yield f'onefold_delay_seconds_bucket{{le="{bound}"}} {total}'
    yield f"onefold_delay_seconds_count {total}"
    yield f"onefold_delay_seconds_sum {figures.delay_seconds:.6f}"
