"""What waits for its batch: in order, so much at most, and typed meanwhile."""

import asyncio
import threading
from collections.abc import Sequence

from stream.arrived import Arrived
from stream.consuming import Figures
from stream.kafka import Options
from stream.waiting import Line, Waiting


def arrived(offset: int, value: bytes = b"{}", generation: int = 1) -> Waiting:
    return Waiting(None, Arrived("topic", 0, offset, None, value), generation)


def test_what_waits_is_typed_before_anybody_asks_for_it() -> None:
    typed: list[int] = []
    done = threading.Event()

    def read(messages: Sequence[Arrived]) -> None:
        offsets = [one.offset for one in messages]
        typed.extend(offsets)
        if 2 in offsets:
            done.set()
        if 1 in offsets:
            raise ValueError("its batch comes upon it")

    async def scene() -> None:
        line = Line(Options(), Figures(), read)
        for offset in range(3):
            await line.put(arrived(offset))
        assert await asyncio.to_thread(done.wait, 30)
        line.end()

    asyncio.run(scene())
    assert typed == [0, 1, 2]


def test_a_batch_is_bounded_and_in_order_and_none_comes_after_the_end() -> None:
    async def scene() -> None:
        figures = Figures()
        line = Line(Options(batch=2), figures, lambda message: None)
        for offset in range(5):
            await line.put(arrived(offset, b"12"))
        assert figures.waiting == 10
        batches = [await line.batch() or [] for _ in range(2)]
        assert [[one.message.offset for one in batch] for batch in batches] == [[0, 1], [2, 3]]
        assert figures.waiting == 2
        assert [one.message.offset for one in await line.batch(soon=True) or []] == [4]
        assert await line.batch(soon=True) == []
        line.end()
        assert await line.batch() is None

    asyncio.run(scene())


def test_where_much_waits_more_waits_outside() -> None:
    async def scene() -> None:
        line = Line(Options(batch=1), Figures(), lambda message: None)
        await line.put(arrived(0, bytes(4 << 20)))
        more = asyncio.create_task(line.put(arrived(1)))
        assert not (await asyncio.wait({more}, timeout=0.05))[0]
        await line.batch()
        await asyncio.wait_for(more, 30)
        line.end()

    asyncio.run(scene())


def test_at_a_rebalance_what_waits_is_let_go_of_and_nothing_behind_it_is_taken() -> None:
    async def scene() -> None:
        figures = Figures()
        line = Line(Options(batch=1), figures, lambda message: None)
        for offset in (0, 1):
            await line.put(arrived(offset, bytes(3 << 20)))
        outside = asyncio.create_task(line.put(arrived(2)))
        await asyncio.sleep(0)
        assert [one.message.offset for one in line.drop(1)] == [0, 1]
        assert figures.waiting == 0
        assert not await outside
        assert not await line.put(arrived(3))
        assert await line.put(arrived(1, generation=2))
        assert [one.message.offset for one in await line.batch() or []] == [1]

    asyncio.run(scene())
