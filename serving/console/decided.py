"""What a steward decided, and what became of it: the last of it beside the queue, all of it by pages."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from graph_schema.store import Document
from graph_schema.vocabulary import Judgement
from profiles.moments import iso
from stream.reader import Reader
from stream.stewarding import standing

_LOOKED_THROUGH: Final = 500
"""Decisions of which a page looks what became of them."""
_AT_ONCE: Final = 50

Only = Literal["changed", "all"]


class Decided(NamedTuple):
    """Some decisions, the newest first, and the one to go on after ("": there are no more)."""

    shown: list[Document]
    after: str


def decided(reader: Reader, name: str, only: Only, after: str = "", most: int = _AT_ONCE) -> Decided:
    """The decisions of one steward that stand: all, or those since which something has changed."""
    given = _given(reader, name)
    start = next((n + 1 for n, one in enumerate(given) if one.judgement_id == after), 0)
    end = start
    shown: list[Document] = []
    while end < len(given) and end - start < _LOOKED_THROUGH and len(shown) < most:
        part = given[end : end + min(_AT_ONCE, most)]
        for told in _since(reader, part):
            end += 1
            if only == "all" or told["changed"]:
                shown.append(told)
            if len(shown) == most:
                break
    return Decided(shown, given[end - 1].judgement_id if start < end < len(given) else "")


def _given(reader: Reader, name: str) -> list[Judgement]:
    found = (one for one in standing(reader.tx) if one.by == name)
    return sorted(found, key=lambda one: (one.at or 0, one.judgement_id), reverse=True)


def _since(reader: Reader, judgements: Sequence[Judgement]) -> Iterator[Document]:
    living = reader.living({key for one in judgements for key in (*one.a, *one.b)})
    persons = reader.tx.persons({record.person for record in living.values()})
    for one in judgements:
        keys = {*one.a, *one.b}
        now = {living[key].person for key in keys if key in living}
        records = sum(persons[each].size for each in now)
        holds = (len(now) == 1) == (one.kind == "same") if now else False
        yield {
            "judgement_id": one.judgement_id,
            "kind": one.kind,
            "at": iso(one.at),
            "persons": sorted(persons[each].person_id for each in now),
            "records": len(keys),
            "now": records,
            "holds": holds,
            "changed": not holds or records != len(keys),
        }
