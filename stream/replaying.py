"""Takes dead letters in again, once what was wrong is mended: here, or by the topic from which they came."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from graph_schema.messages import is_batch
from graph_schema.vocabulary import DeadLetter, Event
from stream.batch import Counts
from stream.engine import Engine
from stream.intake import Intake, Items
from stream.letters import every_letter
from stream.parsing import unless_named

REPLAYED: Final = "replayed/"
"""Operational state: numbers of dead letters that were taken, or put back on their topic."""
_TOPIC: Final = re.compile(r"[^/]+\.events/\d+:\d+")
_PAGE: Final = 1_000
_LARGEST: Final = 1_000_000
"""Bytes of a message that any topic takes."""


class Choice(NamedTuple):
    """Which dead letters are meant: of a field (or what is below it), with these words in the reason."""

    field: str | None = None
    reason: str | None = None

    def holds(self, letter: DeadLetter) -> bool:
        """Whether this one is."""
        below = self.field is None or f"{letter.field}.".startswith(f"{self.field}.")
        return below and (self.reason is None or self.reason.lower() in letter.reason.lower())


def replay(engine: Engine, source: str | None = None, choice: Choice | None = None) -> Counts:
    """Takes dead letters in again. Those that are events now are taken; the others stay as they are.

    ``source`` is for messages that name none. ``dead_letters`` of the result counts those that stay.
    """
    intake = Intake(engine.rules)
    total = Counts()
    for letters in _waiting(engine, choice or Choice()):
        made = {one: _again(intake, letter, source) for one, letter in letters}
        events = {one: [item for item in items if isinstance(item, Event)] for one, items in made.items()}
        with engine.store.read() as tx:
            seen = tx.seen([event.key for each in events.values() for event in each])
        # Of a batch that can be read now each message goes its own way.
        chosen = {
            one: items for one, items in made.items() if any(event.key not in seen for event in events[one])
        }
        if chosen:
            items = [item for each in chosen.values() for item in each]
            counts = engine.ingest(items, {REPLAYED + str(one): True for one in chosen})
            total.taken += counts.taken
            total.duplicates += counts.duplicates
            total.dead_letters += counts.dead_letters
        total.dead_letters += len(made) - len(chosen)
    return total


def put_back(engine: Engine, send: Callable[[Sequence[DeadLetter]], None], choice: Choice) -> int:
    """Sends dead letters to their topic again, and returns how many; what is still wrong comes back as
    another.

    Those whose id another content holds stay: they can never be taken. So do those that no topic takes.
    """
    total = 0
    for letters in _waiting(engine, choice):
        chosen = {
            one: letter
            for one, letter in letters
            if letter.field != "messageId" and len(letter.raw) <= _LARGEST
        }
        if chosen:
            send(list(chosen.values()))
            engine.put({REPLAYED + str(one): True for one in chosen})
            total += len(chosen)
    return total


def _waiting(engine: Engine, choice: Choice) -> Iterator[list[tuple[int, DeadLetter]]]:
    """The chosen dead letters that nobody has taken yet, with their numbers, page by page; not those
    that come meanwhile, and not those that were emptied."""
    with engine.store.read() as tx:
        done = tx.scan(REPLAYED)
        # Not by their time: what is put back, and is still wrong, comes again with the time that it had.
        last = max((one for one, _ in every_letter(tx)), default=0)
    number = 0
    while number < last:
        with engine.store.read() as tx:
            letters = tx.dead_letters(number, _PAGE)
        number = letters[-1][0]
        yield [
            (one, letter)
            for one, letter in letters
            if one <= last and letter.raw and f"{REPLAYED}{one}" not in done and choice.holds(letter)
        ]


def _again(intake: Intake, letter: DeadLetter, source: str | None) -> Items:
    raw, at, position = letter.raw, letter.at, letter.position
    # What came in a file without a time stays without; all else was given the time that the letter has kept.
    stamp = at if position is None or _TOPIC.fullmatch(position) else None
    # The letter's is that of the write key or header, which win over what the message names itself.
    if is_batch(raw):
        return intake.take_batch(raw, at, letter.source, stamp, position, source)
    named = unless_named(source, raw) if letter.source is None else letter.source
    return [intake.take(raw, at, named, stamp, position)]
