"""Finds persons by whatever is at hand: an id, an identifier of any kind, a record, a name with a typing
error."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from graph_schema.errors import AmbiguousIdentifier, OnefoldError
from resolver.founding import is_person_id
from resolver.names import keys_of, likeness, words_of
from stream.reader import Found, Reader

MOST: Final = 20
"""Persons that one search finds."""
_WORDS: Final = 40
_PERSONS_OF_WORD: Final = 3_000


class Hit(NamedTuple):
    """A person who was found, and by what: "id", a namespace, "record" or "name"."""

    found: Found
    by: str


def search(reader: Reader, query: str) -> list[Hit]:
    """Up to twenty persons, the best first."""
    hits: dict[int, Hit] = {}
    for hit in _hits(reader, query.strip()):
        hits.setdefault(hit.found.person.id, hit)
        if len(hits) >= MOST:
            break
    return list(hits.values())


def _hits(reader: Reader, query: str) -> Iterator[Hit]:
    if not query:
        return
    yield from _exact(reader, query)
    if is_person_id(query):
        return
    yield from _by_value(reader, query)
    yield from _by_name(reader, query)


def _exact(reader: Reader, query: str) -> Iterator[Hit]:
    by = "id" if is_person_id(query) else query.partition(":")[0]
    try:
        if is_person_id(query) or by in reader.intake.plan.position:
            yield Hit(reader.find(query), by)
        elif "/" in query:
            yield Hit(reader.of(reader.record(query).person), "record")
    except AmbiguousIdentifier as several:
        yield from (Hit(reader.find(one), by) for one in several.persons)
    except OnefoldError:
        return  # nobody: the other ways are tried


def _by_value(reader: Reader, query: str) -> Iterator[Hit]:
    """Holders of the query as a value of any namespace, declared or not in a match form."""
    spaces = reader.intake.plan.spaces
    forms = {form: space.name for space in spaces for form in reader.forms(space.name, query)}
    ids = reader.tx.identifier_ids(forms.keys())
    holders = reader.tx.holders(ids.values())
    for identifier, one in sorted(ids.items()):
        records = reader.tx.records(holders[one][:MOST]).values()
        for person in sorted({record.person for record in records if not record.ghost}):
            yield Hit(reader.of(person), forms[identifier])


def _by_name(reader: Reader, query: str) -> Iterator[Hit]:
    """Persons of whose names each word asked for is one, or nearly: most words first, then the likest."""
    scores: dict[int, list[float]] = {}
    for asked in sorted(words_of([query])):
        near = {word: likeness(asked, word) for word in reader.tx.alike(keys_of(asked))}
        best = sorted((-score, word) for word, score in near.items() if score)[:_WORDS]
        held = reader.tx.named([word for _, word in best], _PERSONS_OF_WORD)
        counted: dict[int, float] = {}
        for less, word in best:
            for person in held[word]:
                counted.setdefault(person, -less)
        for person, score in counted.items():
            scores.setdefault(person, []).append(score)
    ranked = sorted(scores, key=lambda one: (-len(scores[one]), -sum(scores[one]), one))
    yield from (Hit(reader.of(person), "name") for person in ranked[:MOST])
