"""Keeps the words by which persons are searched what their names are: written only where a name may have
changed."""

from collections.abc import Iterable
from typing import Final

import orjson

from graph_schema.store import Document
from resolver.names import keys_of, words_of
from stream.profiling import Profiling, Told

NAMES: Final = ("firstName", "lastName", "name", "middleName")


def note_names(profiling: Profiling, told: Iterable[Told]) -> None:
    """Adds to what a batch writes the words of those whose name it can have changed."""
    ws = profiling.ws
    spoken = {
        ws.record(record).person
        for record, event in told
        if any(fact[0] == "trait" and fact[1] in NAMES for fact in event.facts.own)
    }
    erased = {ws.record(one).person for one in ws.writes.erased_records}
    for one in spoken | profiling.reassembled | erased:
        if not ws.person(one).size:
            continue
        words = frozenset() if one in erased else words_of(names_of(profiling.states[one]))
        if words or one not in ws.new_persons:
            ws.writes.names[one] = words
            ws.writes.name_keys |= {word: keys_of(word) for word in words}


def names_of(state: Document) -> Iterable[str]:
    """Every name that a source gave a person."""
    for trait in NAMES:
        for values in state.get("traits", {}).get(trait, {}).values():
            yield from (said for text in values if isinstance(said := orjson.loads(text), str))
