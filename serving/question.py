"""Asking once more where another writer was at work meanwhile."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from graph_schema.errors import Overtaken

_ATTEMPTS: Final = 8
_PAUSE_SECONDS: Final = 0.02
_ASKED_BY_POST: Final = ("/v1/persons:batchGet", "/v1/decisions")
"""They write nothing: what is asked is too long for an address."""


class Question(APIRoute):
    """A route that, where it only reads, is asked again if what it read did not fit together: a store that
    several write to may be seen in the middle of a change."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See ``APIRoute``. What still does not fit after several attempts is ``Overtaken``."""
        handle = super().get_route_handler()

        async def ask(request: Request) -> Response:
            for attempt in range(_ATTEMPTS - 1):
                try:
                    return await handle(request)
                except Overtaken:
                    await asyncio.sleep(random.uniform(0, _PAUSE_SECONDS * 2**attempt))
            return await handle(request)

        return ask if self.methods == {"GET"} or self.path in _ASKED_BY_POST else handle
