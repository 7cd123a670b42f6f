"""Households: what a person belongs to together with others, who stay persons of their own.

A group is one that a source named (the Segment Spec's `group`). A place is a postal address, by a key that
is the same for whoever lives there.
"""

from graph_schema.store import Document
from profiles.moments import iso
from resolver.matching.text import fold


def shown_households(state: Document, attributes: Document) -> list[Document]:
    """`households` of the golden profile: groups by id, then the place where she lives, if it is known."""
    found: list[Document] = [
        {"kind": "group", "key": group, "last_seen": iso(at)}
        for group, at in sorted(state.get("groups", {}).items())
    ]
    address = attributes.get("address", {})
    place = place_of(address.get("value"))
    if place is not None:
        found.append({"kind": "place", "key": place, "last_seen": address["observed_at"]})
    return found


def place_of(address: object) -> str | None:
    """The key of a postal address: street and postal code (else city), folded; None where there is no such
    thing."""
    if not isinstance(address, dict):
        return None
    street, where = address.get("street"), address.get("postalCode") or address.get("city")
    return f"{fold(str(street))}|{fold(str(where))}" if street and where else None
