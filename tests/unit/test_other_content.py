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


AGAIN = {**ANA, "messageId": "m-2"}
"""Says of Ana what another message had said before it turned out to be of somebody else."""
NINE = {**ANA, "userId": "u-9"}


def test_an_id_that_comes_back_with_a_new_record_goes_on_from_its_version() -> None:
    told = [one for one in changes(ANA, NINE, AGAIN) if one[1] == changes(ANA)[0][1]]
    assert [(kind, version) for kind, _, version in told] == [("created", 1), ("created", 2)]


def test_an_id_that_comes_back_to_somebody_goes_on_from_its_version() -> None:
    ((_, ana, _),) = changes(ANA)
    row = {**ANA, **ROW, "messageId": "m-3", "timestamp": "2026-03-10T09:00:00Z"}
    told = changes(ANA, {**ANA, "context": {"ip": "::1"}}, NINE, row, AGAIN)
    versions = [version for kind, one, version in told if one == ana]
    assert versions == sorted(set(versions))
    assert versions[-1] > 2


def test_who_goes_and_comes_again_in_one_batch_is_not_created_again() -> None:
    engine = Engine(MemoryStore(), load_rules("retail"), clock=lambda: 1_772_442_000_000_000)
    first, other, again = (
        engine.intake.take({"source": "web", "messageId": name, "timestamp": at, **said}, received=0)
        for name, at, said in (
            ("m-1", "2026-03-09T09:00:00Z", ANA),
            ("m-1", "2026-03-08T09:00:00Z", NINE),
            ("m-2", "2026-03-09T09:00:00Z", ANA),
        )
    )
    for batch in ([first], [other, again]):
        engine.ingest(batch)
    with engine.store.read() as tx:
        told = [(one.kind, one.version) for one in tx.changes(0, 100)]
    assert sorted(told) == [("created", 1), ("created", 1), ("updated", 2)]
