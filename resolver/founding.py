"""Person ids: made from a person's founding record, so that every store and every rebuild gives the same
ones."""

import hashlib
from collections.abc import Iterable

from graph_schema.vocabulary import Record, RecordKey
from resolver.evidence import is_founding
from resolver.plan import Plan

DEFAULT_ID_KEY = b"onefold"
"""The key where ONEFOLD_ID_KEY is not set: any two stores without one agree."""

_BYTES = 10
_PREFIX = "per_"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in CROCKFORD for low in CROCKFORD]
_SHIFTS = range(8 * _BYTES - 10, -1, -10)

Rank = tuple[bool, bool, int, RecordKey, int]


def person_id(key: RecordKey, erasures: int, id_key: bytes) -> str:
    """The id of the person that a record founds: ``per_`` and 16 letters of Crockford's base32.

    ``erasures`` tells how often this record was erased before: what comes later is a new customer.
    """
    digest = hashlib.blake2b(
        f"{key.source}/{key.record_id}/{erasures}".encode(), digest_size=_BYTES, key=id_key[:64]
    ).digest()
    number = int.from_bytes(digest, "big")
    return _PREFIX + "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def is_person_id(text: str) -> bool:
    """Whether a text has the form of a person id (in either case of letters)."""
    letters = text[len(_PREFIX) :].upper()
    return text.startswith(_PREFIX) and len(letters) == 16 and set(letters) <= set(CROCKFORD)


def canonical_person_id(text: str) -> str:
    """The one way in which a person id is written."""
    return _PREFIX + text[len(_PREFIX) :].upper()


def founding_rank(plan: Plan, record: Record) -> Rank:
    """Sorts the records of a person, the founding one first.

    Those with a people-joining identifier (generic or not) come first, then the earliest; a record without a
    time comes last, and the key breaks ties. A ghost founds nothing while a living record can.
    """
    return (
        bool(record.ghost),
        not is_founding(plan, record.holdings),
        *_by_time(record),
    )


def founding_record(plan: Plan, records: Iterable[Record]) -> Record:
    """The founding record of a person with these records."""
    everyone = list(records)
    living = [record for record in everyone if not record.ghost] or everyone
    first = min(living, key=_by_time)
    # Nearly always the first holds such an identifier: then none of thousands needs be asked for hers.
    if is_founding(plan, first.holdings):
        return first
    return min(living, key=lambda record: founding_rank(plan, record))


def _by_time(record: Record) -> tuple[int, RecordKey, int]:
    return _LAST if record.first_at is None else record.first_at, record.key, record.erasures


def aliases(plan: Plan, records: Iterable[Record], founder: int, id_key: bytes) -> list[str]:
    """The ids that a person's other records with a people-joining identifier could found, sorted."""
    return sorted(
        person_id(record.key, record.erasures, id_key)
        for record in records
        if record.id != founder and not record.ghost and is_founding(plan, record.holdings)
    )


_LAST = 1 << 62
