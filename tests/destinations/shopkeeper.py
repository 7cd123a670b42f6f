"""The command line over a store and an emulator of Meta, as whoever keeps a shop runs it."""

from typing import Any

import orjson

from profiles.moments import iso
from stream.engine import now_us
from tests.destinations.platforms import MetaEmulator
from tests.integration.command import Ended, Onefold

RULES = """
extends = "retail"

[audience.reachable]
when = "may_advertise"

[destination.meta]
type = "meta"
endpoint = "{url}"
access_token = {{env = "TEST_META"}}
requests_per_minute = 60000
audiences = {{reachable = "1", "suppress_buyers/vit-c" = "2"}}
"""


class Shopkeeper:
    """The command line over a store and an emulator."""

    def __init__(self, onefold: Onefold, emulator: MetaEmulator) -> None:
        self._onefold = onefold
        self.emulator = emulator
        self.rules = onefold.folder / "rules.toml"
        self.rules.write_text(RULES.format(url=emulator.url), encoding="utf-8")
        self.store = onefold.folder / "shop.db"

    def run(self, *arguments: str) -> Ended:
        """Runs a command on the store, by the rules."""
        return self._onefold(*arguments, "--rules", str(self.rules), "--store", f"sqlite:///{self.store}")

    def told(self, *arguments: str) -> list[dict[str, Any]]:
        """What a command says, line by line."""
        ended = self.run(*arguments)
        assert ended.code == 0, ended.err
        return [orjson.loads(line) for line in ended.out.splitlines()]

    def ingest(self, *messages: dict[str, Any]) -> None:
        """Takes messages in."""
        whole = [
            {
                "source": "web",
                "type": "track" if "event" in one else "identify",
                "timestamp": iso(now_us()),
                **one,
            }
            for one in messages
        ]
        assert self.run("ingest", self._onefold.lines("events.jsonl", *whole)).code == 0
