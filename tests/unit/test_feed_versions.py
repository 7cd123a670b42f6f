"""The version that the feed tells is that of the person whom the entry is about."""

from graph_schema.vocabulary import Person
from stream.feed import History, entries

FOUNDER, FLAGS, SIZE = 1, 0, 1


def told(*living: tuple[str, int]) -> list[tuple[str, str, int]]:
    """What is told of Ana, of whose records some went to Bea, where these live, with these versions."""
    persons = [Person(at, name, FOUNDER, FLAGS, SIZE, version) for at, (name, version) in enumerate(living)]
    went = {"per_ana": {name for name, _ in living}}
    found = entries(persons, History({}, went, {}), 1, 0)
    return [(one.kind, one.person_id, one.version) for one in found if one.person_id == "per_ana"]


def test_who_keeps_her_id_in_a_split_is_told_with_her_own_version() -> None:
    assert told(("per_ana", 2), ("per_bea", 5)) == [("split", "per_ana", 2)]


def test_an_id_that_a_split_ended_is_told_with_the_highest() -> None:
    assert told(("per_bea", 5), ("per_cleo", 3)) == [("split", "per_ana", 5)]
