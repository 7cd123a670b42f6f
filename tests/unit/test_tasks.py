"""Work that is begun at once, and only waited for where it has to wait."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from stream.faust_app import _Consumer
from stream.tasks import rest_of


async def put(queue: "asyncio.Queue[int]", one: int) -> str:
    await queue.put(one)
    return "put"


def test_what_need_not_wait_is_done_at_once() -> None:
    async def scene() -> None:
        queue = asyncio.Queue[int](1)
        assert rest_of(put(queue, 1)) is None
        assert queue.get_nowait() == 1

    asyncio.run(scene())


def test_what_has_to_wait_goes_on_where_it_was() -> None:
    async def scene() -> None:
        queue = asyncio.Queue[int](1)
        rest_of(put(queue, 1))
        rest = rest_of(put(queue, 2))
        assert rest is not None
        waiting = asyncio.create_task(rest)
        await asyncio.sleep(0)
        assert [await queue.get(), await queue.get()] == [1, 2]
        assert await waiting == "put"

    asyncio.run(scene())


def test_what_fails_at_once_or_later_fails() -> None:
    async def fails(after: asyncio.Event) -> None:
        await after.wait()
        raise ValueError("late")

    async def scene() -> None:
        after = asyncio.Event()
        rest = rest_of(fails(after))
        assert rest is not None
        after.set()
        with pytest.raises(ValueError, match="late"):
            await rest
        with pytest.raises(ValueError, match="late"):
            rest_of(fails(after))

    asyncio.run(scene())


@pytest.mark.filterwarnings("error")
def test_a_message_waits_for_room_no_longer_than_the_flow_goes_on() -> None:
    async def scene() -> None:
        consumer: Any = _Consumer.__new__(_Consumer)
        consumer._stopped, consumer._crashed = asyncio.Event(), asyncio.Event()
        consumer.loop = asyncio.get_running_loop()
        queue, suspended = asyncio.Queue[int](1), asyncio.Event()
        await consumer.wait_first(put(queue, 1), suspended.wait())
        assert queue.qsize() == 1
        second = asyncio.create_task(consumer.wait_first(put(queue, 2), suspended.wait()))
        await asyncio.sleep(0)
        assert not second.done()
        suspended.set()
        await asyncio.wait_for(second, 30)
        await asyncio.sleep(0)
        assert queue.get_nowait() == 1
        assert queue.empty()

    asyncio.run(scene())


UNASKED = """
import asyncio, logging.config
from serving.server import LOGGING

async def fails():
    asyncio.get_running_loop().create_future().set_exception(ValueError("ana@example.com"))

logging.config.dictConfig(LOGGING)
asyncio.run(fails())
"""


def test_an_error_that_nobody_asked_for_is_in_no_log() -> None:
    """Asyncio's words for it hold the error's own, and so perhaps what somebody sent."""
    done = subprocess.run([sys.executable, "-c", UNASKED], capture_output=True, check=True, text=True)
    assert done.stderr == ""
