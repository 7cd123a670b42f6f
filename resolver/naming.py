"""How records, identifiers and times are named where something is explained."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from graph_schema.store import Document
from graph_schema.vocabulary import IdentifierNode, Record
from resolver.plan import Plan

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - all times are UTC, and said so by the Z


def iso(at: int | None) -> str | None:
    """Microseconds since 1970 UTC by ISO 8601; None for no time."""
    return None if at is None else (_EPOCH + timedelta(microseconds=at)).isoformat() + "Z"


def identifier_shown(node: IdentifierNode) -> Document:
    """An identifier in its match form."""
    return {"namespace": node.identifier.namespace, "value": node.identifier.value}


def record_shown(
    plan: Plan, record: Record, nodes: Mapping[int, IdentifierNode], person: str | None
) -> Document:
    """A record by its key, and by a name that people can read; of an erased one nothing but that."""
    if record.ghost:
        return {"source": None, "record_id": None, "name": "an erased record", "person_id": person}
    source, record_id = record.key
    return {"source": source, "record_id": record_id, "name": _name(plan, record, nodes), "person_id": person}


def _name(plan: Plan, record: Record, nodes: Mapping[int, IdentifierNode]) -> str:
    """``record crm/4711``; where the key is derived, the source and its strongest identifier."""
    source, record_id = record.key
    if not record_id.startswith("~"):
        return f"record {source}/{record_id}"
    held = [(nodes[one], holding) for one, holding in record.holdings.items()]
    if not held:
        return f"a {source} record"
    last = len(plan.spaces)
    node, _ = min(held, key=lambda one: (one[1].flags, one[0].namespace % (last + 1), one[0].identifier))
    return f"the {source} record of {node.identifier.namespace} {node.identifier.value}"
