"""Countries: codes, and names in many languages, into one value."""

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Final

from babel import Locale
from babel.core import get_global
from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from graph_schema.bundled_files import bundled_lines
from resolver.matching.plain import folded
from resolver.matching.values import Value

_LANGUAGES: Final = (
    "de fr es it pt pt_PT nl pl sv da nb nn fi cs sk hu ro bg el tr ru uk be sr hr sl mk sq et lv lt ga mt "
    "is ca eu ja zh zh_Hant ko ar he fa hi th vi id ms"
).split()
_NO_COUNTRIES: Final = ("EU", "EZ", "QO", "UN", "XA", "XB", "ZZ")
_NO_NAMES: Final = ("the", "and")
_LONG: Final = 5
"""Slips are looked for in words of so many letters: in shorter ones another country is as likely."""


def _key(text: str) -> str:
    words = [word for part in folded(text) for word in part.split()]
    return "".join(word for word in words if word not in _NO_NAMES) or "".join(words)


def _named(languages: Iterable[str]) -> Iterator[tuple[str, str]]:
    for language in languages:
        for code, name in Locale.parse(language).territories.items():
            if len(code) == 2 and code not in _NO_COUNTRIES:
                yield code, name


@cache
def _usual() -> dict[str, str]:
    """The code of each country by codes, its English name and what else people write."""
    english = list(_named(["en"]))
    codes = [(code, code) for code, _ in english]
    others = [(one[0], code) for code, one in get_global("territory_aliases").items() if len(one) == 1]
    lines = [line.split(";") for line in bundled_lines("countries.txt")]
    return _by_name([*codes, *others, *english, *((code, name) for code, *names in lines for name in names)])


@cache
def _codes() -> dict[str, str]:
    """The code of each country by all that it is called: half a second until all languages are read."""
    return {**_by_name(_named(_LANGUAGES)), **_usual()}


def _by_name(told: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Without what several countries are called."""
    found: dict[str, set[str]] = {}
    for code, name in told:
        found.setdefault(_key(name), set()).add(code.lower())
    return {name: min(codes) for name, codes in found.items() if len(codes) == 1}


@lru_cache(maxsize=1 << 12)
def read(text: str) -> Value:
    """The two-letter code of "DE", "deu", "Germany", "Deutschland", "ドイツ": ISO 3166, and what Unicode's
    CLDR calls a country. One letter may be wrong, where that leaves one country. What is none stays as it
    is written, folded."""
    key = _key(text)
    codes = _usual()
    if key not in codes:
        codes = _codes()
    if key not in codes and len(key) >= _LONG:
        near = extract(key, codes.keys(), scorer=OSA.distance, score_cutoff=1, limit=None)
        slips = {codes[name] for name, *_ in near}
        return (slips.pop(),) if len(slips) == 1 else folded(text)
    return (codes.get(key, key),) if key else ()
