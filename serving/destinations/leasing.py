"""Which process keeps a destination's lists: the one that came last. It takes over at once, for one
that was killed gives nothing back."""

import secrets

from graph_schema.errors import Conflict
from graph_schema.store import Transaction
from serving.destinations.ledger import State


class Stopped(Conflict):
    """Another process took this destination over."""

    def __init__(self) -> None:
        super().__init__("another onefold sync has taken over", way_out="Let one run at a time")


class Lease:
    """A process's right to write to a destination's ledger, and to make requests."""

    def __init__(self, destination: str) -> None:
        self._name = f"sync/{destination}/lease"
        self._token = secrets.token_hex(8)

    def taken(self) -> State:
        """What is to be written to take over."""
        return {self._name: self._token}

    def check(self, tx: Transaction) -> None:
        """Raises ``Stopped`` where another process took over since."""
        if tx.get(self._name) != self._token:
            raise Stopped
