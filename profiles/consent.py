"""Consent: may a person be written to for a purpose, by a channel, at an address?

For one address the latest word counts, ties withdrawn. A channel is open at an address that is granted,
unless any record of the person holds a later withdrawal of that channel. No word is no consent. Words
without a time are older than any other.
"""

from collections.abc import Set
from typing import Final, Literal, NamedTuple

from graph_schema.store import Document
from profiles.moments import UNTIMED

Halt = Literal["objected", "restricted"]
HALTS: Final[tuple[Halt, ...]] = ("objected", "restricted")
Words = dict[str, dict[str, list[int | None]]]


_NEVER: Final = UNTIMED - 1
_NO_WORDS: Final[dict[str, list[int | None]]] = {}


class Standing(NamedTuple):
    """What stands for an address: the word, and the kept time at which it was given."""

    state: Literal["granted", "withdrawn"]
    at: int


def standing(state: Document, purpose: str, channel: str, address: str) -> Standing | None:
    """What stands for a purpose at an address of a channel ("" where the channel has none); None for no
    word."""
    words: Words | None = state.get("consents", {}).get(purpose)
    if not words:
        return None
    granted = withdrawn = elsewhere = _NEVER
    for name in (channel, "*"):
        for one, (yes, no) in words.get(name, _NO_WORDS).items():
            here = one in ("", address)
            if no is not None:
                elsewhere = max(elsewhere, no)
                if here:
                    withdrawn = max(withdrawn, no)
            if here and yes is not None:
                granted = max(granted, yes)
    if granted == _NEVER:
        return None if elsewhere == _NEVER else Standing("withdrawn", elsewhere)
    if withdrawn >= granted:
        return Standing("withdrawn", withdrawn)
    return Standing("withdrawn", elsewhere) if elsewhere > granted else Standing("granted", granted)


def says_anything(state: Document, purpose: str, channel: str) -> bool:
    """Whether any word was said about a channel, or about all."""
    words = state.get("consents", {}).get(purpose, {})
    return channel in words or "*" in words


def ever_granted(state: Document, purpose: str) -> Set[str]:
    """The channels that have ever been granted, at any address; "*" is all of them."""
    words: Words | None = state.get("consents", {}).get(purpose)
    if not words:
        return frozenset()
    return {one for one, said in words.items() if any(word[0] is not None for word in said.values())}


def is_halted(state: Document, kind: Halt, purpose: str) -> bool:
    """Whether the person objected to a purpose, or had its processing restricted; ties are halted."""
    since, until = state.get("halts", {}).get(kind, {}).get(purpose, (None, None))
    return since is not None and (until is None or since >= until)
