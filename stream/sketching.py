"""What has to be read beside states so that decisions can be made of them."""

from collections.abc import Callable, Collection, Iterable, Mapping

from graph_schema.store import Document
from graph_schema.vocabulary import Identifier, Record


def addresses_in(states: Iterable[Document]) -> set[Identifier]:
    """The addresses of these states, of which has to be known whether they are generic."""
    return {
        Identifier(namespace, value)
        for state in states
        if "addresses" in state
        for namespace, values in state["addresses"].items()
        for value in values
    }


def living(
    members: Mapping[int, Collection[int]], records: Callable[[set[int]], Mapping[int, Record]]
) -> set[int]:
    """The persons who have a living record, of those with these records."""
    found = records({one for own in members.values() for one in own})
    return {person for person, own in members.items() if not all(found[one].ghost for one in own)}
