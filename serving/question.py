"""Asking once more where another writer was at work meanwhile."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from graph_schema.errors import Overtaken
from stream.turns import last_look, looks

ASKED_BY_POST: Final = frozenset({"/v1/persons:batchGet", "/v1/decisions"})
"""What is sent here only asks, though it is sent: it is too long for an address."""


class Question(APIRoute):
    """A route that, where it only reads, is asked again if what it read did not fit together: a store that
    several write to may be seen in the middle of a change."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See ``APIRoute``. What still does not fit after several attempts is ``Overtaken``."""
        handle = super().get_route_handler()

        async def ask(request: Request) -> Response:
            for pause in looks():
                try:
                    return await handle(request)
                except Overtaken:
                    await asyncio.sleep(pause)
            with last_look():
                return await handle(request)

        return ask if self.methods == {"GET"} or self.path in ASKED_BY_POST else handle
