"""Consent: may a person be written to for a purpose, by a channel, at an address?

For one address the latest word counts, ties withdrawn. A channel is open at an address that is granted,
unless any record of the person holds a later withdrawal of that channel. No word is no consent. Words
without a time are older than any other.
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from graph_schema.store import Document

Halt = Literal["objected", "restricted"]
HALTS: Final[tuple[Halt, ...]] = ("objected", "restricted")
Words = dict[str, dict[str, list[int | None]]]


class Standing(NamedTuple):
    """What stands for an address: the word, and the kept time at which it was given."""

    state: Literal["granted", "withdrawn"]
    at: int


def standing(state: Document, purpose: str, channel: str, address: str) -> Standing | None:
    """What stands for a purpose at an address of a channel ("" where the channel has none); None for no
    word."""
    words: Words = state.get("consents", {}).get(purpose, {})
    about = [words[name] for name in (channel, "*") if name in words]
    if not about:
        return None
    here = [each[one] for each in about for one in {address, ""} if one in each]
    granted = _latest(word[0] for word in here)
    withdrawn = _latest(word[1] for word in here)
    elsewhere = _latest(word[1] for each in about for word in each.values())
    if granted is None:
        return None if elsewhere is None else Standing("withdrawn", elsewhere)
    if withdrawn is not None and withdrawn >= granted:
        return Standing("withdrawn", withdrawn)
    if elsewhere is not None and elsewhere > granted:
        return Standing("withdrawn", elsewhere)
    return Standing("granted", granted)


def says_anything(state: Document, purpose: str, channel: str) -> bool:
    """Whether any word was said about a channel, or about all."""
    words = state.get("consents", {}).get(purpose, {})
    return channel in words or "*" in words


def is_granted_anywhere(state: Document, purpose: str, channels: Iterable[str]) -> bool:
    """Whether one of the channels has ever been granted, at any address."""
    words: Words = state.get("consents", {}).get(purpose, {})
    return any(word[0] is not None for one in (*channels, "*") for word in words.get(one, {}).values())


def is_halted(state: Document, kind: Halt, purpose: str) -> bool:
    """Whether the person objected to a purpose, or had its processing restricted; ties are halted."""
    since, until = state.get("halts", {}).get(kind, {}).get(purpose, (None, None))
    return since is not None and (until is None or since >= until)


def _latest(times: Iterable[int | None]) -> int | None:
    return max((time for time in times if time is not None), default=None)
