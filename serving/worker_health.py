"""What a Kafka worker tells of itself over HTTP: whether it lives, can do its work, and how it does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from serving.health import TEXT, figure, summary, told_of
from serving.server import listen, url_of
from stream.consuming import BUCKETS, Figures


@contextmanager
def watched(figures: Figures, host: str, port: int) -> Iterator[str]:
    """Serves a worker's health beside it; gives the address. Raises ``Invalid`` where it can't be had."""
    config = uvicorn.Config(_app(figures), log_config=None, access_log=False, server_header=False)
    server = uvicorn.Server(config)
    with listen(host, port) as listening:
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        serving.start()
        try:
            yield url_of(host, listening)
        finally:
            server.should_exit = True
            serving.join(5)


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
        ("publish_failures_total", "counter", "Times that they could not be sent.", figures.unpublished),
        ("waiting_bytes", "gauge", "Weight of the messages that wait to be written.", figures.waiting),
        ("store_answers", "gauge", "1 where the store answers.", int(figures.store_answers)),
        ("kafka_answers", "gauge", "1 where Kafka answers.", int(figures.broker_answers)),
        ("assigned", "gauge", "1 where this worker has partitions.", int(figures.assigned)),
    )
    for name, kind, what, value in single:
        yield from figure(name, kind, what, value)
    what = "Batches, and the time from their messages to durable events."
    yield from summary("batch_seconds", what, figures.batches, figures.seconds)
    lags = {f'{{partition="{one}"}}': lag for one, lag in sorted(figures.lag.items())}
    yield from figure("lag_messages", "gauge", "Messages of a partition that wait to be taken.", lags)
    counted = list(accumulate(figures.delays))
    delays: dict[str, object] = {
        f'_bucket{{le="{one}"}}': n for one, n in zip((*BUCKETS, "+Inf"), counted, strict=True)
    }
    delays |= {"_count": counted[-1], "_sum": f"{figures.delay_seconds:.6f}"}
    what = "From a message's own time to when it was durable."
    yield from figure("delay_seconds", "histogram", what, delays)
