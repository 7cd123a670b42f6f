"""The Kafka worker: hands messages to the engine in micro-batches, as a Faust app gives them.

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
from typing import Final

from aiokafka.errors import KafkaError

from stream.consuming import Consuming, Figures, Stopped
from stream.ending import end_in_time
from stream.engine import Engine
from stream.faust_app import App, make_app
from stream.kafka import Kafka, Options, make_topics
from stream.outbox import Outbox
from stream.tasks import give_up
from stream.waiting import Line, Waiting

_log: Final = logging.getLogger("onefold")
_WATCH_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.2
_STOP_SECONDS: Final = 10.0
_AGAIN_SECONDS: Final = 2.0


def run(engine: Engine, kafka: Kafka, figures: Figures, options: Options | None = None) -> None:
    """Works until SIGINT or SIGTERM: then what is at hand is written, and committed.

    Raises ``BrokerUnavailable`` where Kafka can't be used at the start; later it waits until it can. Raises
    what ``Consuming.take`` does.
    """
    # One that has no partition yet takes nothing: it would refuse only once it has to stand in for another.
    engine.agree()
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
        self._app: App | None = None

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for told in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(told, self._told)
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

    def _told(self) -> None:
        """Somebody wants it to end."""
        end_in_time()
        self._stop()

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
            app = self._app = make_app(self._kafka, folder, self._consuming, line)
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

    async def _start(self, app: App) -> None:
        """Ends only where the app can't be started, or where it has ended itself."""
        try:
            await app.start()
            await app.wait_until_stopped()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next app may fare better
            _log.warning("the worker lost Kafka (%s)", type(error).__name__)

    async def _end(self, app: App, batches: "asyncio.Task[None]") -> None:
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

    async def _leave(self, app: App) -> None:
        try:
            if not app.crashed:
                await app.consumer.commit()
            await app.stop()
        except Exception as error:  # noqa: BLE001
            # Kafka is away, or the app was half made: what is durable is durable, and comes again at worst.
            _log.warning("the worker could not take its leave of Kafka (%s)", type(error).__name__)

    async def _batches(self, app: App, line: Line) -> None:
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

    async def _watch(self, app: App) -> None:
        """Keeps the figures of lag, and whether Kafka and the store answer. While the store doesn't, what it
        told last counts: the lag rises then."""
        figures, topic = self._figures, self._kafka.events
        done: dict[int, int] | None = None
        reads = True
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            held: Mapping[int, range | None] | None = None
            read = False
            # Kafka's, Faust's or the store's, or none in time: no answer is no answer.
            with suppress(Exception):
                async with asyncio.timeout(5 * _WATCH_SECONDS):
                    held = await app.holds(topic)
                figures.assigned = bool(held)
            answers = held is not None and None not in held.values()
            if answers != figures.broker_answers:
                _log.warning("Kafka answers" if answers else "Kafka doesn't answer")
            figures.broker_answers = answers
            with suppress(Exception):
                async with asyncio.timeout(5 * _WATCH_SECONDS):
                    done, read = await asyncio.to_thread(self._consuming.positions, topic), True
            if read != reads:
                _log.warning("the store answers" if read else "the store doesn't answer")
                figures.store_answers = reads = read
            if held is not None and done is not None:
                figures.lag = _lag(held, done, figures.lag)

    def _leads(self) -> bool:
        """Whoever reads the first partition of events sends what the feeds hold."""
        return self._app is not None and 0 in self._app.assigned(self._kafka.events)


def _lag(
    held: Mapping[int, range | None], done: Mapping[int, int], before: Mapping[int, int]
) -> dict[int, int]:
    """How many messages of each partition wait: what the topic no longer keeps waits for nobody. Of one
    without a leader so many as did before."""
    return {
        one: before.get(one, 0) if has is None else len(range(max(done.get(one, 0), has.start), has.stop))
        for one, has in held.items()
    }


def _acknowledged(waiting: list[Waiting]) -> list[Waiting]:
    for one in waiting:
        one.event.ack()
    return []


def _told(error: BaseException | None) -> str:
    """What went wrong. Only Kafka's own words are sure to hold nobody's data."""
    return str(error) if isinstance(error, KafkaError) else type(error).__name__
