"""Two persons beside each other, field by field: what agrees, what conflicts, what only one of them has."""

from collections.abc import Iterable
from typing import Final

from graph_schema.store import Document
from profiles.moments import iso
from profiles.orders import Orders
from profiles.profile_rules import profile_rules
from profiles.survivorship import attribute_value
from resolver.matching.text import fold
from stream.explaining import why
from stream.reader import Found, Reader

_FIRST: Final = ("firstName", "middleName", "lastName", "name", "birthday", "gender", "address")
_SHOWN: Final = 8
_NAMES: Final = ("firstName", "lastName", "name")
_ROOM: Final = 60
"""Letters of a name that a heading or a list shows; her attributes show all."""


def compare(reader: Reader, a: str, b: str, now: int) -> Document:
    """Both sides, the rows of fields with a verdict each (agree, conflict, differ, absent), and why they
    are or aren't one."""
    profiles = [reader.profile(one, now) for one in (a, b)]
    return {
        "a": side(profiles[0]),
        "b": side(profiles[1]),
        "rows": [*_attribute_rows(*profiles), *_identifier_rows(reader, *profiles)],
        "why": why(reader, a, b),
    }


def side(profile: Document) -> Document:
    """What is said of a person at the head of her column."""
    times = [one["last_seen"] for one in profile["identifiers"] if one["last_seen"]]
    return {
        "person_id": profile["person_id"],
        "called": called(profile),
        "records": len(profile["records"]),
        "sources": sorted({record["source"] for record in profile["records"]}),
        "orders": profile["orders"]["count"],
        "total": profile["orders"]["total"],
        "currency": profile["orders"]["currency"],
        "last_seen": max(times, default=None),
    }


def side_of(reader: Reader, found: Found) -> Document:
    """The same without her profile, which takes long to make where she has thousands of records."""
    person, living = found.person, found.living
    state = reader.tx.profiles((person.id,)).get(person.id, {})
    names, orders = _names(state, reader), Orders(state)
    if not _named(names):
        return side(reader.profile(person.person_id, None))
    seen = (holding.last for record in living for holding in record.holdings.values() if holding.last)
    known = {
        "person_id": person.person_id,
        "attributes": names,
        "records": [{"source": record.key.source} for record in living],
        "orders": {"count": len(orders.counted), "total": orders.total, "currency": orders.currency},
        "identifiers": [{"last_seen": iso(max(seen, default=None))}],
    }
    return side(known)


def name_of(state: Document, reader: Reader) -> str:
    """A person's golden name as far as there is room for it, "" where nobody gave one."""
    return _named(_names(state, reader))


def names_of(reader: Reader, person_ids: Iterable[str]) -> dict[str, str]:
    """The golden names of persons by their ids, former ones too; who has none is left out."""
    founded = reader.tx.founded(set(person_ids))
    records = reader.tx.records(set(founded.values()))
    states = reader.tx.profiles({record.person for record in records.values()})
    names = {one: name_of(states.get(records[record].person, {}), reader) for one, record in founded.items()}
    return {one: name for one, name in names.items() if name}


def called(profile: Document) -> str:
    """What to call a person: her name, else her strongest identifier."""
    known = profile["identifiers"][:1]
    return _named(profile["attributes"]) or (
        _brief(f"{known[0]['namespace']} {known[0]['shown']}") if known else "nobody known"
    )


def _names(state: Document, reader: Reader) -> Document:
    settings = profile_rules(reader.intake.rules).settings
    return {name: {"value": attribute_value(state, name, settings)} for name in _NAMES}


def _named(attributes: Document) -> str:
    first, last, whole = (str(attributes.get(name, {}).get("value") or "") for name in _NAMES)
    return _brief(f"{first} {last}".strip() or whole)


def _brief(name: str) -> str:
    return name if len(name) <= _ROOM else f"{name[:_ROOM]}…"


def _attribute_rows(a: Document, b: Document) -> Iterable[Document]:
    names = a["attributes"].keys() | b["attributes"].keys()
    order = {name: place for place, name in enumerate(_FIRST)}
    for name in sorted(names - {"email", "phone"}, key=lambda one: (order.get(one, len(order)), one)):
        sides = [_said(profile["attributes"].get(name)) for profile in (a, b)]
        yield _row(name, sides, "conflict")


def _said(attribute: Document | None) -> list[Document]:
    if attribute is None:
        return []
    said = [attribute, *attribute["alternatives"]][:_SHOWN]
    return [
        {"value": _text(one["value"]), "source": one["source"], "at": one["observed_at"], "first": not place}
        for place, one in enumerate(said)
    ]


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(_text(one) for one in value.values())
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)


def _identifier_rows(reader: Reader, a: Document, b: Document) -> Iterable[Document]:
    held = [_by_namespace(profile) for profile in (a, b)]
    for space in reader.intake.plan.spaces:
        sides = [one.get(space.name, []) for one in held]
        if any(sides):
            row = _row(space.name, [one[:_SHOWN] for one in sides], "conflict" if space.unique else "differ")
            yield {**row, "more": [max(0, len(one) - _SHOWN) for one in sides]}


def _by_namespace(profile: Document) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for one in profile["identifiers"]:
        said = {"value": one["shown"], "form": one["value"], "source": ", ".join(one["sources"])}
        said |= {"at": one["last_seen"], "first": True, "claimed": one["claimed"], "generic": one["generic"]}
        found.setdefault(one["namespace"], []).append(said)
    return found


def _row(field: str, sides: list[list[Document]], apart: str) -> Document:
    a, b = ({fold(one.get("form") or one["value"]) for one in said} for said in sides)
    verdict = "absent" if not (a and b) else "agree" if a & b else apart
    return {"field": field, "verdict": verdict, "a": sides[0], "b": sides[1], "more": [0, 0]}
