"""Survivorship: which of the values that sources gave for an attribute is the golden one.

    latest    the value said last                         trusted   of the first listed source that says any
    frequent  the value said most often                   verified  of a listed source before any other
    longest   the longest value

Each falls back to the latest; what is told at one time goes by value, then by source and record. Arrival
decides nothing.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import orjson

from graph_schema.store import Document
from profiles.moments import iso
from profiles.preferences import Json
from profiles.settings import AttributeRule, ProfileSettings


class Said(NamedTuple):
    """A value (JSON) of one source, with the kept time at which it said it last, where, and how often."""

    text: str
    at: int
    source: str
    record_id: str
    times: int


def ranked(state: Document, name: str, settings: ProfileSettings) -> list[Said]:
    """The values of an attribute, the golden one first."""
    rule = settings.attributes.get(name, settings.survivorship)
    said = [
        Said(text, at, source, record_id, times)
        for source, values in state.get("traits", {}).get(name, {}).items()
        for text, (at, record_id, times) in values.items()
    ]
    if name in state.get("preferences", {}) and (not said or name in settings.expected):
        # What is expected to be known may have been asked for: the answer is one more value.
        at, text, source, record_id = state["preferences"][name]
        said.append(Said(text, at, source, record_id, 1))
    if len(said) < 2:
        return said
    said.sort(key=lambda one: (-one.at, one.text, one.source, one.record_id))
    if rule.rule != "latest":
        said.sort(key=_rank(said, rule))
    return said


def attribute_value(state: Document, name: str, settings: ProfileSettings) -> Json:
    """The golden value of an attribute, None where nobody said any."""
    said = ranked(state, name, settings)
    value: Json = orjson.loads(said[0].text) if said else None
    return value


def shown_attribute(said: list[Said]) -> Document:
    """One of `attributes` of the golden profile: the golden value, and the others, each once."""
    others: dict[str, Said] = {}
    for one in said[1:]:
        if one.text != said[0].text:
            others.setdefault(one.text, one)
    return {**_shown(said[0]), "alternatives": [_shown(one) for one in others.values()]}


def _shown(one: Said) -> Document:
    return {
        "value": orjson.loads(one.text),
        "source": one.source,
        "record_id": one.record_id,
        "observed_at": iso(one.at),
    }


def _rank(said: list[Said], rule: AttributeRule) -> Callable[[Said], int]:
    """By what a rule that doesn't only ask for the latest sorts values, the golden one first."""
    if rule.rule == "trusted":
        places = {source: place for place, source in enumerate(rule.sources)}
        return lambda one: places.get(one.source, len(places))
    if rule.rule == "verified":
        return lambda one: int(one.source not in rule.sources)
    if rule.rule == "longest":
        return lambda one: -len(str(orjson.loads(one.text)))
    times = Counter[str]()
    for one in said:
        times[one.text] += one.times
    return lambda one: -times[one.text]
