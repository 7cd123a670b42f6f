"""What somebody saw of persons before deciding about them, and what is otherwise by the time it is written.

Only what bears on who is who counts: the records and what they hold, the golden attributes, and what stewards
said of these persons together. What merely happened since (a visit, an order) makes no decision stale.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from graph_schema.errors import Conflict, OnefoldError
from graph_schema.store import Document
from stream.reader import Reader

_MOST: Final = 200
"""Records of a person that are told apart; of more, only their number and a hash."""

_WORDS: Final = "words"
"""Beside the persons, whose ids begin otherwise."""


class Stale(Conflict):
    """What was decided about is no longer what it was: ``changes`` tells, and nothing was written."""

    def __init__(self, changes: list[Document]) -> None:
        self.changes = changes
        super().__init__(
            "the persons have changed since they were looked at, so nothing was written",
            way_out="Look at them again, then decide",
        )


def seen(reader: Reader, person_ids: Iterable[str]) -> Document:
    """What there is to see of persons now, as JSON."""
    ids = sorted(set(person_ids))
    return {**{one: _person(reader, one) for one in ids}, _WORDS: _words(reader, ids)}


def check_unchanged(reader: Reader, then: Mapping[str, Any]) -> None:
    """Raises ``Stale`` where a person is no longer what was seen."""
    ids = sorted(then.keys() - {_WORDS})
    changes = [change for one in ids for change in _changes(one, then[one], _person(reader, one))]
    # Else of two stewards who look at one case the slower one would overrule the other, and neither be told.
    changes += _said(then.get(_WORDS), _words(reader, ids))
    if changes:
        raise Stale(changes)


def _person(reader: Reader, person_id: str) -> Document | None:
    """None for who can't be found any more."""
    try:
        found = reader.find(person_id)
    except OnefoldError:
        return None
    profile = reader.profile(found.person.person_id, None)
    records = [f"{record.key.source}/{record.key.record_id}" for record in found.living]
    held = [[namespace["namespace"], namespace["value"]] for namespace in profile["identifiers"]]
    attributes = {name: _hash(one["value"]) for name, one in profile["attributes"].items()}
    return {
        "is": found.person.person_id,
        "records": records[:_MOST],
        "all": _hash(records),
        "count": len(records),
        "held": {name: _hash([v for n, v in held if n == name]) for name in sorted({n for n, _ in held})},
        "attributes": attributes,
    }


def _words(reader: Reader, person_ids: Sequence[str]) -> dict[str, list[str]]:
    """The standing words that speak of several persons together: what each says, and whose it is."""
    if len(person_ids) < 2:
        return {}
    try:
        sides = [reader.find(one).records for one in person_ids]
    except OnefoldError:
        return {}
    keys = [{record.key for record in side} for side in sides]
    return {
        one.judgement_id: [one.kind, one.by]
        for one in reader.tx.judgements({record.id for side in sides for record in side})
        if one.retracted_at is None and not any(side.isdisjoint((*one.a, *one.b)) for side in keys)
    }


def _said(then: Mapping[str, list[str]] | None, now: Mapping[str, list[str]]) -> list[Document]:
    """Words that came or were taken back; a page of an earlier version didn't say which there were."""
    if then is None:
        return []
    came = [{"kind": "judged", "word": word, "by": by} for one, (word, by) in now.items() if one not in then]
    gone = [{"kind": "unsaid", "word": word, "by": by} for one, (word, by) in then.items() if one not in now]
    return came + gone


def _changes(person_id: str, then: Document | None, now: Document | None) -> list[Document]:
    if then is None or now is None:
        return [] if then == now else [{"person_id": person_id, "kind": "gone"}]
    # Another id alone says nothing: a late message can give the same records an older founder.
    if now["is"] != then["is"] and now["all"] != then["all"]:
        return [{"person_id": person_id, "kind": "another", "into": now["is"]}]
    found: list[Document] = []
    if now["all"] != then["all"]:
        told = {"person_id": person_id, "kind": "records", "was": then["count"], "now": now["count"]}
        gained = sorted(set(now["records"]) - set(then["records"]))
        lost = sorted(set(then["records"]) - set(now["records"]))
        found.append({**told, "gained": gained, "lost": lost})
    for part in ("held", "attributes"):
        names = then[part].keys() | now[part].keys()
        other = sorted(name for name in names if then[part].get(name) != now[part].get(name))
        # An order's number is what happened, not who somebody is.
        found += [{"person_id": person_id, "kind": part, "field": name} for name in other if _counts(name)]
    return found


def _counts(name: str) -> bool:
    return name not in ("order_id", "receipt_id", "reward_code", "session_id", "payment_token")


def _hash(value: object) -> str:
    said = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(said, digest_size=6).hexdigest()
