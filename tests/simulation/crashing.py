"""A store that fails at a chosen call of a transaction, as a process does that dies there."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

from graph_schema.store import Store, Transaction, View


class Crash(Exception):
    """Stands for the end of the process."""


class CrashingStore:
    """Passes everything on, until the calls of writing transactions have used up ``calls_left``."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.calls_left: int | None = None
        self.only_after: str | None = None

    def read(self, view: View = "loose") -> AbstractContextManager[Transaction]:
        """See ``Store``."""
        return self.store.read(view)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """See ``Store``."""
        with self.store.write() as tx:
            yield cast(Transaction, _Crashing(tx, self))

    def close(self) -> None:
        """See ``Store``."""
        self.store.close()


class _Crashing:
    """A transaction in which any call may be the last. ``apply`` can also fail after it has written."""

    def __init__(self, tx: Transaction, owner: CrashingStore) -> None:
        self._tx = tx
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._tx, name)
        return self._watched(name, found) if callable(found) else found

    def _watched(self, name: str, verb: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            owner = self._owner
            if owner.calls_left is not None and owner.only_after is None:
                owner.calls_left -= 1
                if owner.calls_left < 0:
                    raise Crash(name)
            answer = verb(*given, **named)
            if owner.only_after == name:
                raise Crash(f"after {name}")
            return answer

        return called
