"""A message whose earlier content comes later: whom both tell of stays who she is, her version goes on."""

from typing import Any

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import Event
from stream.engine import Engine

ANA = {"type": "identify", "userId": "u-1"}
ALIAS = {"type": "alias", "userId": "u-1", "previousId": "u-2"}
ROW = {"type": "identify", "context": {"recordId": "7"}}


def changes(*messages: dict[str, Any]) -> list[tuple[str, str, int]]:
    """What the feed tells of these, each in a batch of its own and earlier than the one before."""
    engine = Engine(MemoryStore(), load_rules("retail"), clock=lambda: 1_772_442_000_000_000)
    for place, message in enumerate(messages):
        said = {"source": "web", "messageId": "m-1", "timestamp": f"2026-03-0{9 - place}T09:00:00Z"}
        event = engine.intake.take({**said, **message}, received=0)
        assert isinstance(event, Event)
        engine.ingest([event])
    with engine.store.read() as tx:
        return [(one.kind, one.person_id, one.version) for one in tx.changes(0, 100)]


@pytest.mark.parametrize("said", [ANA, ALIAS, ROW], ids=["derived key", "both of an alias", "own key"])
def test_who_is_told_of_by_another_content_is_not_created_again(said: dict[str, Any]) -> None:
    created = changes(said)
    updated = changes(said, {**said, "integrations": {"All": True}})[len(created) :]
    assert {one[0] for one in created} == {"created"}
    assert updated == [("updated", person, version + 1) for _, person, version in created]


def test_who_is_told_of_no_more_leads_to_whom_the_message_is_of() -> None:
    (_, before, _), (kind, after, version) = changes(ANA, {**ANA, "userId": "u-9"})
    assert (kind, after != before, version) == ("merged", True, 1)
