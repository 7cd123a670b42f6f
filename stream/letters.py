"""Which dead letters are kept already, and which tell of somebody: what could not be taken still says whom it
was about.

What is wrong with a letter can be anything, so nothing is read of it but its texts. A long one counts
wherever it stands; a short one, or a number, only where identifiers stand, or every letter with a 4 in it
would be the customer's with this number.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

import orjson

from graph_schema.store import Transaction
from graph_schema.vocabulary import BLOCKED, DeadLetter, EventKey, Identifier, Record, RecordKey
from stream.intake import Intake

_KEPT: Final = "letter/"
"""Operational state: dead letters that were kept of input that can come again."""
_AT_ONCE: Final = 1_000
_LONG: Final = 5
_NAMING: Final = frozenset(
    "userId anonymousId previousId recordId id email phone order_id receipt_id reward_code payment_token "
    "advertisingId sessionId".split()
)
_DIALLED: Final = re.compile(r"[\d\s().+/-]{6,40}")
_SPACES: Final = str.maketrans("", "", " -")
_PARTS: Final = re.compile(r'"([^"]*)"|([^",;\t\n|{}\[\]]+)')


class Somebody:
    """One person as letters may tell of her: her messages, her records' keys, and the values that are hers
    alone."""

    def __init__(
        self,
        intake: Intake,
        messages: Collection[EventKey],
        records: Iterable[RecordKey],
        identifiers: Iterable[Identifier],
    ) -> None:
        self._intake = intake
        self._messages = messages
        self._records = frozenset(records)
        self._values: dict[tuple[str, str], set[str]] = {}
        for one in identifiers:
            space = one.namespace, intake.rules.by_name[one.namespace].normaliser
            self._values.setdefault(space, set()).add(one.value)
        everything = [_squeezed(value) for values in self._values.values() for value in values]
        self._plain = {*everything, *(value.rpartition("/")[2] for value in everything)}

    def is_in(self, letter: DeadLetter) -> bool:
        """Whether a letter tells of her."""
        source = letter.source or ""
        if letter.message_id is not None and EventKey(source, letter.message_id) in self._messages:
            return True
        return any(self._is_called(text, source) for text in texts_of(letter.raw))

    def _is_called(self, text: str, source: str) -> bool:
        if RecordKey(source, text) in self._records:
            return True
        # To bring every text into every form takes long; most can't be one by their look.
        looks = {"email": "@" in text, "phone": _DIALLED.fullmatch(text)}
        known = _squeezed(text) in self._plain
        return (known or any(looks.values())) and any(
            self._intake.match_form(namespace, text, source).value in values
            for (namespace, normaliser), values in self._values.items()
            if looks.get(normaliser, known)
        )


def _squeezed(text: str) -> str:
    return text.strip().translate(_SPACES).casefold()


def kept_name(letter: DeadLetter) -> str:
    """The name under which is kept that a dead letter is kept: what comes again must not count again.

    One of two contents under one id can lose wherever the other comes again, so it counts by its content.
    """
    lost = letter.field == "messageId" and letter.message_id is not None
    told = (letter.source, letter.message_id) if lost else letter.position
    return _KEPT + hashlib.blake2b(repr((told, letter.raw)).encode(), digest_size=16).hexdigest()


def letters_of(
    tx: Transaction, intake: Intake, records: Collection[Record]
) -> Iterator[tuple[int, DeadLetter]]:
    """The dead letters, with their numbers, that tell of the person with these living records. All letters
    are gone through."""
    somebody = Somebody(
        intake,
        {event.key for _, event in tx.history([record.id for record in records])},
        [record.key for record in records],
        _hers_alone(tx, records),
    )
    yield from ((one, letter) for one, letter in every_letter(tx) if letter.raw and somebody.is_in(letter))


def every_letter(tx: Transaction) -> Iterator[tuple[int, DeadLetter]]:
    """All dead letters with their numbers."""
    number = 0
    while letters := tx.dead_letters(number, _AT_ONCE):
        yield from letters
        number = letters[-1][0]


def _hers_alone(tx: Transaction, records: Collection[Record]) -> list[Identifier]:
    """The identifiers that these records hold and no other living one does."""
    own = {record.id for record in records}
    meant = {
        one for record in records for one, holding in record.holdings.items() if not holding.flags & BLOCKED
    }
    nodes = tx.identifiers(meant)
    held = tx.holders([one for one, node in nodes.items() if node.namespace >= 0 and not node.generic])
    others = tx.records({one for each in held.values() for one in each if one not in own})
    living = {one for one, record in others.items() if not record.ghost}
    return [nodes[one].identifier for one, each in held.items() if living.isdisjoint(each)]


def texts_of(raw: bytes) -> Iterator[str]:
    """The texts and numbers of a letter by which it may call somebody."""
    try:
        waiting = [("", orjson.loads(raw))]
    except orjson.JSONDecodeError:
        parts = (one or other for one, other in _PARTS.findall(raw.decode(errors="replace")))
        for part in parts:
            yield from (each for each in {part.strip(), *part.split()} if len(each) >= _LONG)
        return
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += [(key, each) for each in value]
        elif isinstance(value, str) and (len(value) >= _LONG or key in _NAMING):
            yield value
        elif isinstance(value, int) and key in _NAMING:
            yield str(value)
