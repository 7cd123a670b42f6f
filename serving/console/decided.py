"""What a steward decided, and what became of it: the last of it beside the queue, all of it by pages."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from graph_schema.store import Document
from graph_schema.vocabulary import Judgement
from profiles.moments import iso
from stream.judging import ALIASES
from stream.reader import Reader

_LOOKED_THROUGH: Final = 500
"""Decisions of which a page looks what became of them."""
_AT_ONCE: Final = 50
_NEWEST: Final = (1 << 62, "")

Only = Literal["changed", "all"]


class Decided(NamedTuple):
    """Some decisions, the newest first, and the one to go on after ("": there are no more)."""

    shown: list[Document]
    after: str


def decided(reader: Reader, name: str, only: Only, after: str = "", most: int = _AT_ONCE) -> Decided:
    """The decisions of one steward that stand: all, or those since which something has changed."""
    last = reader.tx.given((after,)).get(after)
    place = _NEWEST if last is None else (last.at or 0, after)
    looked = 0
    shown: list[Document] = []
    while looked < _LOOKED_THROUGH and len(shown) < most:
        part = reader.tx.given_by(name, place, min(_AT_ONCE, most))
        if not part:
            return Decided(shown, "")
        for one, told in zip(part, _since(reader, part), strict=True):
            looked, place = looked + 1, (one.at or 0, one.judgement_id)
            if not one.judgement_id.startswith(ALIASES) and (only == "all" or told["changed"]):
                shown.append(told)
            if len(shown) == most:
                break
    return Decided(shown, place[1] if reader.tx.given_by(name, place, 1) else "")


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
