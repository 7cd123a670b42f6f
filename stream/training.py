"""What a matching model is fitted to: the traits of each record of a file, or of a store."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from graph_schema.errors import Invalid, nearest
from graph_schema.rules import Rules
from graph_schema.store import Transaction
from graph_schema.vocabulary import DeadLetter, Event, RecordKey
from resolver.matching.proposing import DECLARABLE
from resolver.matching.values import Traits, traits_of
from stream.files import read_file
from stream.ingesting import Input
from stream.parsing import Job, Parsing
from stream.parts import in_parts

_LINES: Final = 1_000

Report = Callable[[int], None]
"""Is told how many records or messages have been read."""


def of_file(given: Input, rules: Rules, report: Report) -> tuple[list[Traits], int]:
    """The traits of every record of a file, in the order of their keys, and how many lines can't be taken.

    These are left out, as they are when the file is ingested. Raises what ``read_file`` raises.
    """
    said: dict[RecordKey, list[Mapping[str, Any]]] = {}
    refused = 0

    def jobs() -> Iterator[Job]:
        for lines in in_parts(read_file(given.path, given.mapping), _LINES):
            yield Job(lines, given.name, given.source, given.region)
            report(lines[-1].position)

    with Parsing(rules, behind=True) as parsing:
        for items in parsing.run(jobs()):
            for item in items:
                refused += isinstance(item, DeadLetter)
                if isinstance(item, Event) and b'"traits"' in item.content:
                    said.setdefault(item.record, []).append(orjson.loads(item.content))
    return [traits for key in sorted(said) if (traits := traits_of(said[key]))], refused


def of_store(tx: Transaction, report: Report) -> list[Traits]:
    """The traits of every living record of a store that says any, in the order of their keys."""
    said: dict[int, list[Mapping[str, Any]]] = {}
    for number, event in enumerate(tx.all_events(), 1):
        if b'"traits"' in event.content:
            said.setdefault(event.record, []).append(orjson.loads(event.content))
        if number % _LINES == 0:
            report(number)
    records = sorted((record.key, record.id) for record in tx.all_records() if not record.ghost)
    return [traits for _, one in records if one in said and (traits := traits_of(said[one]))]


def declared(rules: Rules) -> dict[str, str]:
    """The traits that the rules compare as a kind of thing of their choice, with that kind; "nothing" for
    those that they leave out. Raises ``Invalid`` for an unknown kind."""
    found: dict[str, str] = {}
    for comparison in rules.matching.comparison if rules.matching is not None else ():
        kind = comparison.kind.replace("_", " ")
        if kind not in DECLARABLE:
            raise Invalid("matching.comparison.as", f"{nearest(kind, DECLARABLE)}.")
        if found.setdefault(comparison.trait, kind) != kind:
            raise Invalid("matching.comparison.trait", f"{comparison.trait} is two kinds of thing; keep one.")
    return found


def keys_of(rules: Rules) -> tuple[tuple[str, ...], ...]:
    """The lists of traits whose values together find candidates, as the rules want them."""
    return rules.matching.blocking if rules.matching is not None else ()
