"""How long it takes from a message that is sent to the profile that a server gives out, at a steady pace."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import httpx
import orjson
from aiokafka import AIOKafkaProducer

from stream.kafka import Kafka
from tests.bench.figures import Figure, percentile
from tests.services.engines import free_port

PER_SECOND = 500
PROBES = 200
_WARM_UP = 20
_TICK = 0.02
_BETWEEN = 0.03
_LOOK = 0.005

Messages = Sequence[dict[str, object]]


def measure(kafka: Kafka, store: str, made: Messages) -> Iterator[Figure]:
    """With a worker that runs on the store: sends at 500 events a second, and asks a server of its own."""
    port = free_port()
    serve = ["serve", "--port", str(port), "--store", store]
    with subprocess.Popen(
        [sys.executable, "-c", "from serving.cli import main; main()", *serve], stderr=subprocess.DEVNULL
    ) as server:
        try:
            waits = [one * 1_000 for one in asyncio.run(_probes(kafka, f"http://127.0.0.1:{port}", made))]
        finally:
            server.terminate()
    told = f"{len(waits)} probes among {PER_SECOND} events a second"
    yield Figure("from send to served profile, p50", percentile(waits, 0.5), "ms", note=told)
    yield Figure("from send to served profile, p99", percentile(waits, 0.99), "ms", 250)


async def _probes(kafka: Kafka, url: str, made: Messages) -> list[float]:
    """How long each of some messages took until the profile told of it, in seconds."""
    waits = []
    async with (
        AIOKafkaProducer(**kafka.client(), acks="all") as producer,
        httpx.AsyncClient(base_url=url, timeout=30) as client,
    ):
        await _until_it_answers(client)
        load = asyncio.create_task(_steadily(producer, kafka.events, made))
        for number in range(_WARM_UP + PROBES):
            who = f"probe-{number % 25}"
            message = {"source": "probe", "type": "identify", "userId": who, "messageId": f"probe-{number}"}
            begun = time.perf_counter()
            stamp = {"timestamp": f"2026-03-02T09:{number // 60:02}:{number % 60:02}Z"}
            body = orjson.dumps({**message, **stamp, "traits": {"mark": number}})
            await producer.send(kafka.events, body, who.encode())
            while await _mark(client, who) != number:
                # Asked without a pause the server alone would take one of the cores.
                await asyncio.sleep(_LOOK)
            waits.append(time.perf_counter() - begun)
            await asyncio.sleep(_BETWEEN)
        load.cancel()
        await asyncio.gather(load, return_exceptions=True)
    return waits[_WARM_UP:]


async def _mark(client: httpx.AsyncClient, who: str) -> object:
    answer = await client.get("/v1/persons", params={"identifier": f"user_id:{who}"})
    return answer.json()["attributes"]["mark"]["value"] if answer.status_code == 200 else None


async def _until_it_answers(client: httpx.AsyncClient) -> None:
    while True:
        try:
            await client.get("/readyz")
            return
        except httpx.TransportError:
            await asyncio.sleep(0.1)


async def _steadily(producer: AIOKafkaProducer, topic: str, made: Messages) -> None:
    """Sends at an even pace; at the end from the beginning again, as other messages."""
    due = time.monotonic()
    endless = ((turn, one) for turn in range(1_000) for one in made)
    while True:
        for _ in range(round(PER_SECOND * _TICK)):
            turn, one = next(endless)
            key = str(one.get("userId") or one.get("anonymousId") or "").encode()
            body = orjson.dumps({**one, "messageId": f"{turn}-{one['messageId']}"})
            await producer.send(topic, body, key)
        due += _TICK
        await asyncio.sleep(max(0.0, due - time.monotonic()))
