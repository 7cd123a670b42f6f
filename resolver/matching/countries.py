"""Countries: codes, and names in many languages, into one value."""

from functools import cache, lru_cache

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from graph_schema.bundled_files import bundled_lines
from resolver.matching.plain import folded
from resolver.matching.values import Value

_NO_NAMES = ("the", "and")
_LONG = 5
"""Slips are looked for in words of so many letters: in shorter ones another country is as likely."""


def _key(text: str) -> str:
    return "".join(word for part in folded(text) for word in part.split() if word not in _NO_NAMES)


@cache
def _codes() -> dict[str, str]:
    """The code of each country by all that it is called."""
    lines = bundled_lines("countries.txt")
    return {_key(name): line[:2].lower() for line in lines for name in line.split(";")}


@lru_cache(maxsize=1 << 12)
def read(text: str) -> Value:
    """The two-letter code of "DE", "deu", "Germany", "Deutschland", "ドイツ": ISO 3166, and what Unicode's
    CLDR calls a country. One letter may be wrong, where that leaves one country. What is none stays as it
    is written, folded."""
    key, codes = _key(text), _codes()
    if key not in codes and len(key) >= _LONG:
        near = extract(key, codes.keys(), scorer=OSA.distance, score_cutoff=1, limit=None)
        slips = {codes[name] for name, *_ in near}
        return (slips.pop(),) if len(slips) == 1 else folded(text)
    return (codes.get(key, key),) if key else ()
