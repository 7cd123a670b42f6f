"""Somebody's own address, told by a webhook."""

import json

from tests.destinations.emulator import Emulator, Reply, Request


class Hook(Emulator):
    """Takes no row of the number in ``refused``; ``status`` is what it answers to all that ``bad`` are in."""

    def __init__(self) -> None:
        super().__init__("uid2")
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.refused: int | None = None
        self.status = 200
        self.bad = ""

    def answer(self, request: Request) -> Reply:
        """See ``Emulator``."""
        self.came.append((request.headers, request.body))
        if self.status != 200 and self.bad in request.body.decode():
            return Reply(self.status, {})
        body = json.loads(request.body)
        handles = [f"{one['kind']}:{one['value']}" for each in body["members"] for one in each["handles"]]
        if self.refused is not None:
            return Reply(200, {"refused": [{"row": self.refused, "reason": "unknown"}]})
        if body["op"] == "replace":
            self.lists[body["audience"]] = set()
        (self.taken_out if body["op"] == "remove" else self.added)(body["audience"], handles)
        return Reply(200, {})
