"""What one event costs where no person changes does not grow with the records of its person.

Counted in what is read from the store by an engine that remembers nothing; in milliseconds tests/bench tells.
"""

import sys
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from typing import Any, cast

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.store import Store, Transaction
from stream.engine import Engine

Message = Callable[[int], dict[str, Any]]
EMAIL = {"email": "ana@example.com"}
CARD = {"externalIds": [{"type": "loyalty_card", "id": "2930000017"}]}


class CountingStore:
    """Counts the things that transactions for writing give back."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.read = store.read
        self.close = store.close
        self.given = 0

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """See ``Store``."""
        with self.store.write() as tx:
            yield cast(Transaction, _Counting(tx, self))


class _Counting:
    def __init__(self, tx: Transaction, owner: CountingStore) -> None:
        self._tx = tx
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._tx, name)
        return self._counted(found) if name in ("records", "identifiers", "holders", "members") else found

    def _counted(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any) -> Any:
            answer = ask(*given)
            lists = isinstance(next(iter(answer.values()), None), list)
            self._owner.given += sum(map(_size, answer.values())) if lists else len(answer)
            return answer

        return counted


def _size(held: Sized) -> int:
    return len(held)


def row(number: int) -> dict[str, Any]:
    """A row of a customer table."""
    return {"type": "identify", "source": "crm", "context": {"recordId": f"r-{number}"}, "traits": EMAIL}


def named(number: int) -> dict[str, Any]:
    """A row that says who she is, by one of three names."""
    said = {"firstName": "Ana", "lastName": ("Lima", "Lima Sol", "Sol")[number % 3], "visits": number}
    return {**row(number), "traits": {**EMAIL, **said}}


def respelt(number: int) -> dict[str, Any]:
    """The same, as none did before."""
    return {**named(number), "traits": {**named(number)["traits"], "lastName": "Limma"}}


def member(number: int) -> dict[str, Any]:
    """A row of a loyalty office, with the card and the account."""
    return {**row(number), "userId": "ana", "traits": {}, "context": {**row(number)["context"], **CARD}}


def session(number: int) -> dict[str, Any]:
    """A visit on one device."""
    context = {"sessionId": f"s-{number}"}
    return {"type": "page", "source": "web", "anonymousId": "c-1", "context": context}


def basket(number: int) -> dict[str, Any]:
    """A visit that changes what audiences are about."""
    properties = {"product_id": "tea", "quantity": 1}
    return {**session(number), "type": "track", "event": "Product Added", "properties": properties}


def unsubscribed(number: int) -> dict[str, Any]:
    """A row whose consent says who is in an audience, by the address in use."""
    return {
        **row(number),
        "type": "track",
        "event": "Unsubscribed",
        "context": {**row(number)["context"], "traits": EMAIL},
    }


def reads(message: Message, size: int, again: int, late: Message | None = None) -> int:
    """What an event reads of a person of so many records; ``again`` is the number of its record, ``late``
    what it is where that is no other ``message``."""
    store = MemoryStore()
    rules = load_rules()
    engine = Engine(store, rules, clock=lambda: 1)
    engine.ingest([engine.intake.take(message(number), 1) for number in range(size)])
    with store.read() as tx:
        assert [person.size for person in tx.all_persons()] == [size]
    counting = CountingStore(store)
    fresh = Engine(cast(Store, counting), rules, clock=lambda: 1)
    assert fresh.ingest([fresh.intake.take({**(late or message)(again), "messageId": "new"}, 1)]).taken == 1
    return counting.given


def shared(number: int) -> dict[str, Any]:
    """A row of one of two customers who gave the same address."""
    who = ({"firstName": "Ana", "birthday": "1980-01-02"}, {"firstName": "Bob", "birthday": "1990-05-06"})
    return {**row(number), "traits": {**EMAIL, "lastName": "Lima", **who[number % 2]}}


def other(number: int) -> dict[str, Any]:
    """A row by another name at an address that was given for everybody."""
    said = {"firstName": f"{chr(65 + number % 26)}an", "lastName": f"L{number}", "birthday": _born(number)}
    return {**row(number), "traits": {**EMAIL, **said}}


def _born(number: int) -> str:
    return f"{1940 + number % 60}-{1 + number % 12:02}-{1 + number % 28:02}"


def calls(message: Message, size: int) -> int:
    """How many functions an event calls where so many records hold its address."""
    engine = Engine(MemoryStore(), load_rules(), clock=lambda: 1)
    engine.ingest([engine.intake.take(message(number), 1) for number in range(size)])
    late = [engine.intake.take({**message(size + 1), "messageId": "late"}, 1)]
    counted = 0

    def count(_: object, what: str, __: object) -> None:
        nonlocal counted
        counted += what in ("call", "c_call")

    sys.setprofile(count)
    try:
        engine.ingest(late)
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.parametrize("message", [shared, other])
def test_an_event_costs_no_more_than_in_step_where_many_share_an_address(
    message: Message,
) -> None:
    few, many = calls(message, 100), calls(message, 300)
    assert many < 4 * few, f"{few} calls with 100 records, {many} with 300"
    # Two thousand pairs of names are weighed at such an address, but not again at each event.
    assert few < 1_000 * 100, f"{few} calls with 100 records"


@pytest.mark.parametrize("message", [row, named, session, basket, unsubscribed])
def test_an_event_reads_no_more_where_its_person_has_more_records(
    message: Message,
) -> None:
    for again in (0, 1_000):
        few, many = reads(message, 40, again), reads(message, 400, again)
        assert 0 < many <= few <= 20, f"{few} things read of 40 records, {many} of 400"


@pytest.mark.parametrize(
    ("message", "again", "late"), [(named, 0, respelt), (named, 1_000, respelt), (member, 1_000, member)]
)
def test_who_is_of_one_mind_is_not_read_again(message: Message, again: int, late: Message) -> None:
    read = reads(message, 400, again, late)
    assert 400 < read <= 400 + 20, f"{read} things read of 400 records"
