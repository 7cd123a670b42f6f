"""What has to be done with tasks and coroutines beyond what asyncio has for it."""

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any


async def give_up(patience: float, *tasks: "asyncio.Task[Any]") -> None:
    """Cancels tasks, and after so many seconds leaves alone those that go on all the same."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=patience)


def rest_of(work: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any] | None:
    """Does as much of some work as can be done without waiting; returns the rest, None where that was all."""
    try:
        awaited = work.send(None)
    except StopIteration:
        return None
    return _going_on(work, awaited)


async def _going_on(begun: Coroutine[Any, Any, Any], awaited: Any) -> Any:  # noqa: ANN401 - whatever it is
    return await _continued(begun, awaited)


@types.coroutine
def _continued(begun: Coroutine[Any, Any, Any], awaited: Any) -> Generator[Any, Any, Any]:  # noqa: ANN401
    try:
        yield awaited
    except BaseException:
        begun.close()
        raise
    return (yield from begun)
