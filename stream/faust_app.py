"""Faust as the worker uses it: an app that reads a topic, and what its consumer does otherwise. Faust is here
alone."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from faust.exceptions import FaustError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, EventT, TransportT
from mode.threads import ServiceThread, WorkerThread

from graph_schema.iso_time import LATEST
from stream.arrived import Arrived
from stream.consuming import Consuming
from stream.kafka import Kafka
from stream.tasks import rest_of
from stream.waiting import Line, Waiting

_SESSION_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 5.0
_NOBODY: Final = -1
"""Whom Kafka names as the leader of a partition without one."""


class _Thread(WorkerThread):
    """Faust's consumer has a thread of its own. Faust waits for its end with the thread of everything else,
    for which it may be waiting: in the middle of a rebalance neither ended. Nobody waits for this one."""

    def __init__(self, service: ServiceThread) -> None:
        super().__init__(service)
        self.daemon = True

    def stop(self) -> None:
        """It has left the group by then."""


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    Worker = _Thread

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        """What a producer's transaction took back was never said. Faust reads it, unless it writes by
        transactions itself."""
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer

    async def _fetch_records(  # type: ignore[override]  # what is left out goes on as it came
        self, consumer: AIOKafkaConsumer, active_partitions: set[TP], **limits: int
    ) -> Mapping[TP, list[Any]]:
        """Faust passes over what isn't active, and a rebalance empties that set while this waits: what was
        fetched for the next generation already would be lost."""
        found = await super()._fetch_records(consumer, active_partitions, **limits)
        for one in (found.keys() - active_partitions) & consumer.assignment():
            consumer.seek(one, found[one][0].offset)
        return found

    async def beyond(self, places: Mapping[TP, int]) -> list[TP]:
        """The partitions that end before these places; of one without a leader nothing is known now."""
        end_offsets = self._ensure_consumer().end_offsets

        async def is_beyond(one: TP, place: int) -> bool:
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    return bool(place > (await end_offsets([one]))[one])
            except (KafkaError, TimeoutError):
                return False

        found = await asyncio.gather(*(is_beyond(*each) for each in places.items()))
        return [one for one, beyond in zip(places, found, strict=True) if beyond]

    async def holds(self, partitions: Sequence[TP]) -> dict[TP, range | None]:
        """The offsets that each of them has, None of one without a leader. Of such a one nothing is asked:
        aiokafka waits until it has a leader, and behind two that wait nothing is fetched of the others."""
        consumer = self._ensure_consumer()
        leader = consumer._client.cluster.leader_for_partition
        led = [one for one in partitions if leader(one) not in (None, _NOBODY)]
        async with asyncio.timeout(_LOOK_SECONDS):
            # At once: each waits behind what is being fetched.
            first, last = await asyncio.gather(consumer.beginning_offsets(led), consumer.end_offsets(led))
        return {one: range(first[one], last[one]) if one in last else None for one in partitions}

    async def check(self) -> None:
        """Raises what keeps it out of its group; aiokafka waits to be asked before it tries again."""
        self._ensure_consumer()._coordinator.check_errors()


class _Consumer(driver.Consumer):
    """Goes back to where the store is, where that is behind what Kafka remembers: it may be a restored
    one."""

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """See ``faust.transport.consumer.Consumer``."""
        positions = cast(App, self.app).consuming.positions
        topics = {one.topic for one in self.assignment()}
        kept = {topic: await asyncio.to_thread(positions, topic) for topic in topics}
        committed = dict(await super().seek_to_committed())
        # Where Kafka remembers nothing, aiokafka seeks nowhere: what an earlier look took would be lost.
        done = {one: kept.get(one.topic, {}).get(one.partition, 0) for one in committed}
        places = {one: min(done[one], at or 0) for one, at in committed.items()}
        # Of a partition that lost what it had, Faust would pass over all up to where it was.
        thread = cast(_ConsumerThread, self._thread)
        places |= dict.fromkeys(await thread.call_thread(thread.beyond, places), 0)
        back = {one: place for one, place in places.items() if not place or place != committed[one]}
        await self.seek_wait(back)
        return places

    async def wait_first(self, *work: Any, timeout: Any = None) -> Any:  # noqa: ANN401 - Faust's
        """Faust makes four tasks of each message that it puts in line, to be able to leave off waiting for
        room: a third of all its time. Hardly ever one has to wait."""
        if len(work) != 2:
            return await super().wait_first(*work, timeout=timeout)
        put, suspended = work
        if (rest := rest_of(put)) is not None:
            return await super().wait_first(rest, suspended, timeout=timeout)
        suspended.close()
        return None

    async def wait_empty(self) -> None:
        """What waits is left to whoever has its partition next, who would else wait for it to be taken. What
        is being written is waited for; at the end not even that: nobody could cancel it."""
        app = cast(App, self.app)
        for one in app.line.drop(app.consumer_generation_id):
            self.let_go_of(one.event)
        await (self.commit_and_end_transactions() if app.ending else super().wait_empty())

    async def check(self) -> None:
        """Ends the app where it is kept out of its group, which Faust never asks: it would wait for ever."""
        thread = cast(_ConsumerThread, self._thread)
        try:
            await thread.call_thread(thread.check)
        except KafkaError as error:
            await self.app.crash(error)
            raise

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Faust lists every offset of a gap: of what retention removed, more than there is memory for."""

    def _new_offset(self, tp: TP) -> int | None:
        """How far all is acknowledged that was read. That is done in its order: what lies between two
        messages is none. (Faust waits for offset 1 for ever where 0 is a message and 1 is none.)"""
        acked = self._acked[tp]
        last = max(acked, default=None)
        acked.clear()
        self._acked_index[tp].clear()
        return None if last is None else last + 1

    def let_go_of(self, event: EventT[bytes]) -> None:
        """It will never be acknowledged."""
        self._unacked_messages.discard(event.message)


class _Transport(driver.Transport):
    Consumer = _Consumer


class App(faust.App):
    """One that hands what it reads to ``line``; one that crashed is no use any more."""

    consuming: Consuming
    line: Line
    ending = False

    def _new_transport(self) -> TransportT:
        return _Transport(self.conf.broker_consumer, self)

    def assigned(self, topic: str) -> list[int]:
        """The partitions of a topic that it has."""
        try:
            return [one.partition for one in self.consumer.assignment() if one.topic == topic]
        except FaustError:
            # Not started yet, or no longer.
            return []

    async def holds(self, topic: str) -> dict[int, range | None]:
        """The offsets that each of them has, None of one without a leader. Crashes where it is kept out of
        its group."""
        consumer = cast(_Consumer, self.consumer)
        await consumer.check()
        thread = cast(_ConsumerThread, consumer._thread)
        held = await thread.call_thread(thread.holds, [TP(topic, one) for one in self.assigned(topic)])
        return {one.partition: offsets for one, offsets in held.items()}


def make_app(kafka: Kafka, folder: str, consuming: Consuming, line: Line) -> App:
    """One that reads a cluster's events, with a folder of its own for what Faust keeps."""
    app = App(
        kafka.prefix,
        broker=";".join(f"kafka://{server.strip()}" for server in kafka.servers.split(",")),
        broker_credentials=_credentials(kafka),
        broker_commit_interval=1.0,
        # So soon others take over from a worker that is gone without a word.
        broker_session_timeout=_SESSION_SECONDS,
        broker_heartbeat_interval=_SESSION_SECONDS / 5,
        broker_max_poll_interval=86_400.0,
        # Else a worker can stand still for five minutes after a broker began anew elsewhere.
        consumer_metadata_max_age_ms=10_000,
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=512,
        stream_processing_timeout=86_400.0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        datadir=folder,
    )
    app.consuming, app.line = consuming, line
    topic = app.topic(kafka.events, value_type=bytes, value_serializer="raw", key_serializer="raw")

    async def take(stream: Any) -> None:  # noqa: ANN401 - its type lacks what it has
        async for event in stream.noack().events():
            if not await line.put(Waiting(event, _arrived(event), event.message.generation_id)):
                cast(_Consumer, app.consumer).let_go_of(event)

    app.agent(topic, name="onefold.take")(take)
    return app


def _arrived(event: EventT[bytes]) -> Arrived:
    message = event.message
    at = round(message.timestamp * 1e6)
    source = None
    for name, value in cast(list[tuple[str, bytes | None]], message.headers or []):
        if name == "source" and value:
            # What is no UTF-8 becomes no name that a source can have: replaced, two sources would be one.
            source = value.decode("utf-8", "surrogateescape")
    # Kafka's -1 is no time; and what no store could hold would end every worker that reads it.
    time = at if 0 <= at <= LATEST else None
    return Arrived(message.topic, message.partition, message.offset, time, message.value or b"", source)


def _credentials(kafka: Kafka) -> Any:  # noqa: ANN401 - one of Faust's kinds, or none
    client = kafka.client()
    context = client.get("ssl_context")
    if "sasl_mechanism" in client:
        return faust.SASLCredentials(
            username=client["sasl_plain_username"],
            password=client["sasl_plain_password"],
            mechanism=client["sasl_mechanism"],
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context is not None else None
