"""The Kafka worker: a Faust app that hands messages to the engine in micro-batches. Faust is here alone.

Messages gather while a batch is being written; what gathers is bounded, then Faust stops fetching. A message
is acknowledged when its batch is durable. Where to go on after a start or a rebalance is the lower of what
Kafka and what the store remember (docs/decisions/0030).
"""

import asyncio
import logging
import signal
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any, Final, cast

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from faust.exceptions import FaustError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, EventT, TransportT
from mode.threads import ServiceThread, WorkerThread

from stream.arrived import Arrived
from stream.consuming import Consuming, Figures, Stopped
from stream.engine import Engine
from stream.kafka import Kafka, Options, make_topics
from stream.outbox import Outbox
from stream.tasks import give_up, rest_of
from stream.waiting import Line, Waiting

_log: Final = logging.getLogger("onefold")
_SESSION_SECONDS: Final = 10.0
_WATCH_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.2
_STOP_SECONDS: Final = 10.0
_AGAIN_SECONDS: Final = 2.0


def run(engine: Engine, kafka: Kafka, figures: Figures, options: Options | None = None) -> None:
    """Works until SIGINT or SIGTERM: then what is at hand is written, and committed.

    Raises ``BrokerUnavailable`` where Kafka can't be used at the start; later it waits until it can. Raises
    what ``Consuming.take`` does.
    """
    with closing(asyncio.new_event_loop()) as loop:
        try:
            loop.run_until_complete(_Worker(engine, kafka, figures, options or Options()).run())
        finally:
            # asyncio.run would wait for all of them, and Faust has some that nobody can cancel.
            loop.run_until_complete(give_up(_STOP_SECONDS, *asyncio.all_tasks(loop)))


class _Worker:
    """One process's share of the topic, over as many Faust apps as it takes: one that crashed is no use."""

    def __init__(self, engine: Engine, kafka: Kafka, figures: Figures, options: Options) -> None:
        self._kafka = kafka
        self._figures = figures
        self._options = options
        self._outbox = Outbox(engine, kafka, figures, self._leads)
        self._consuming = Consuming(engine, figures, self._outbox.state)
        self._writing = ThreadPoolExecutor(1, "onefold-writer")
        self._stopping = asyncio.Event()
        self._app: _App | None = None

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for told in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(told, self._stop)
        await make_topics(self._kafka, self._options.partitions)
        publishing = asyncio.create_task(self._outbox.run())
        # Who can't publish any more is not to go on in silence.
        publishing.add_done_callback(lambda _: self._stop())
        try:
            while not self._stopping.is_set():
                await self._work()
                if not self._stopping.is_set():
                    self._figures.broker_answers = self._figures.assigned = False
                    await self._pause(_AGAIN_SECONDS)
            if publishing.done():
                publishing.result()
        finally:
            self._consuming.stop()
            await give_up(_STOP_SECONDS, publishing)
            self._writing.shutdown()

    def _stop(self) -> None:
        self._stopping.set()
        self._consuming.stop()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _work(self) -> None:
        """Runs one app until it crashes or this is to stop; raises what no other app would mend."""
        line = Line(self._options, self._figures, self._consuming.typing.read)
        with tempfile.TemporaryDirectory(prefix="onefold-worker-") as folder:
            app = self._app = self._make_app(folder, line)
            start, batches, watch = map(
                asyncio.create_task, (self._start(app), self._batches(app, line), self._watch(app))
            )
            try:
                while not (self._stopping.is_set() or app.crashed or batches.done() or start.done()):
                    await self._pause(_POLL_SECONDS)
            finally:
                for task in (start, watch):
                    task.cancel()
                if app.crashed:
                    _log.error("the worker can't go on with Kafka: %s", _told(app.crash_reason))
                line.end()
                await self._end(app, batches)

    async def _start(self, app: faust.App) -> None:
        """Ends only where the app can't be started, or where it has ended itself."""
        try:
            await app.start()
            await app.wait_until_stopped()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next app may fare better
            _log.warning("the worker lost Kafka (%s)", type(error).__name__)

    async def _end(self, app: "_App", batches: "asyncio.Task[None]") -> None:
        """Lets the batch at hand become durable, commits it, and leaves the group."""
        self._app = None
        app.ending = True
        # It ends between two batches, never within one.
        (ended,) = await asyncio.gather(batches, return_exceptions=True)
        leave = asyncio.create_task(self._leave(app))
        # Not by a timeout around it: Faust, when it stops, passes over that it is cancelled.
        if not (await asyncio.wait({leave}, timeout=_STOP_SECONDS))[0]:
            leave.cancel()
            _log.warning("the worker could not take its leave of Kafka in time")
        if isinstance(ended, Exception) and not isinstance(ended, Stopped):
            raise ended

    async def _leave(self, app: "_App") -> None:
        try:
            if not app.crashed:
                await app.consumer.commit()
            await app.stop()
        except Exception as error:  # noqa: BLE001
            # Kafka is away, or the app was half made: what is durable is durable, and comes again at worst.
            _log.warning("the worker could not take its leave of Kafka (%s)", type(error).__name__)

    def _make_app(self, folder: str, line: Line) -> "_App":
        kafka = self._kafka
        app = _App(
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
        app.consuming, app.line = self._consuming, line
        topic = app.topic(kafka.events, value_type=bytes, value_serializer="raw", key_serializer="raw")

        async def take(stream: Any) -> None:  # noqa: ANN401 - its type lacks what it has
            async for event in stream.noack().events():
                if not await line.put(Waiting(event, _arrived(event), event.message.generation_id)):
                    cast(_Consumer, app.consumer).let_go_of(event)

        app.agent(topic, name="onefold.take")(take)
        return app

    async def _batches(self, app: faust.App, line: Line) -> None:
        run = asyncio.get_running_loop().run_in_executor
        taken: list[Waiting] = []
        batch: list[Waiting] | None = []
        while batch is not None:
            # While the last is being written the next begins; only if none comes that one is waited for.
            batch = await line.batch(soon=bool(taken))
            # After a rebalance Faust reads again from where it is committed: what waited from before is old.
            now = app.consumer_generation_id
            current = [one for one in batch or () if one.generation == now]
            if current:
                await run(self._writing, self._consuming.take, [one.message for one in current])
                taken = _acknowledged(taken) or current
            else:
                await run(self._writing, self._consuming.settle)
                taken = _acknowledged(taken)

    async def _watch(self, app: faust.App) -> None:
        """Keeps the figures of lag, and whether Kafka and the store answer. While the store doesn't, what it
        told last counts: the lag rises then."""
        figures, topic = self._figures, self._kafka.events
        done: dict[int, int] | None = None
        reads = True
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            answers, last, read = False, dict[TP, int](), False
            # Kafka's, Faust's or the store's, or none in time: no answer is no answer.
            with suppress(Exception):
                ours = [one for one in app.consumer.assignment() if one.topic == topic]
                async with asyncio.timeout(5 * _WATCH_SECONDS):
                    last = dict(await app.consumer.highwaters(*ours)) if ours else {}
                figures.assigned, answers = bool(ours), True
            if answers != figures.broker_answers:
                _log.warning("Kafka answers" if answers else "Kafka doesn't answer")
            figures.broker_answers = answers
            with suppress(Exception):
                async with asyncio.timeout(5 * _WATCH_SECONDS):
                    done, read = await asyncio.to_thread(self._consuming.positions, topic), True
            if read != reads:
                _log.warning("the store answers" if read else "the store doesn't answer")
                figures.store_answers = reads = read
            if answers and done is not None:
                behind = {one.partition: at - done.get(one.partition, 0) for one, at in last.items()}
                figures.lag = {partition: max(0, lag) for partition, lag in behind.items()}

    def _leads(self) -> bool:
        """Whoever reads the first partition of events sends what the feeds hold."""
        try:
            return self._app is not None and TP(self._kafka.events, 0) in self._app.consumer.assignment()
        except FaustError:
            # Not started yet, or no longer.
            return False


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

    async def _fetch_records(  # type: ignore[override]  # what is left out goes on as it came
        self, consumer: AIOKafkaConsumer, active_partitions: set[TP], **limits: int
    ) -> Mapping[TP, list[Any]]:
        """Faust passes over what isn't active, and a rebalance empties that set while this waits: what was
        fetched for the next generation already would be lost."""
        found = await super()._fetch_records(consumer, active_partitions, **limits)
        for one in (found.keys() - active_partitions) & consumer.assignment():
            consumer.seek(one, found[one][0].offset)
        return found


class _Consumer(driver.Consumer):
    """Goes back to where the store is, where that is behind what Kafka remembers: it may be a restored
    one."""

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """See ``faust.transport.consumer.Consumer``."""
        positions = cast(_App, self.app).consuming.positions
        topics = {one.topic for one in self.assignment()}
        kept = {topic: await asyncio.to_thread(positions, topic) for topic in topics}
        committed = dict(await super().seek_to_committed())
        # Where Kafka remembers nothing, aiokafka seeks nowhere: what an earlier look took would be lost.
        done = {one: kept.get(one.topic, {}).get(one.partition, 0) for one in committed}
        back = {one: min(done[one], at or 0) for one, at in committed.items() if not at or done[one] < at}
        await self.seek_wait(back)
        return committed | back

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
        app = cast(_App, self.app)
        for one in app.line.drop(app.consumer_generation_id):
            self.let_go_of(one.event)
        await (self.commit_and_end_transactions() if app.ending else super().wait_empty())

    def let_go_of(self, event: EventT[bytes]) -> None:
        """It will never be acknowledged."""
        self._unacked_messages.discard(event.message)


class _Transport(driver.Transport):
    Consumer = _Consumer


class _App(faust.App):
    consuming: Consuming
    line: Line
    ending = False

    def _new_transport(self) -> TransportT:
        return _Transport(self.conf.broker_consumer, self)


def _acknowledged(waiting: list[Waiting]) -> list[Waiting]:
    for one in waiting:
        one.event.ack()
    return []


def _told(error: BaseException | None) -> str:
    """What went wrong. Only Kafka's own words are sure to hold nobody's data."""
    return str(error) if isinstance(error, KafkaError) else type(error).__name__


def _arrived(event: EventT[bytes]) -> Arrived:
    message = event.message
    at = round(message.timestamp * 1e6)
    source = None
    for name, value in cast(list[tuple[str, bytes | None]], message.headers or []):
        if name == "source" and value is not None:
            source = value.decode("utf-8", "replace")
    return Arrived(message.topic, message.partition, message.offset, at, message.value or b"", source)


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
