"""The words by which a person is searched, and the keys by which a mistyped word is found.

A key of a word is the word itself, each form of it that lacks one letter, how it sounds, and how it begins:
two words that one typing error parts have one of them in common. Only finds: how alike they are decides.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA, JaroWinkler

from resolver.matching.text import fold, sound

_LONGEST: Final = 24
"""Letters of a word that count: no name is told from another by what follows."""
_MOST_WORDS: Final = 12
_BEGINNING: Final = 3
_LIKE: Final = 0.84


def words_of(names: Iterable[str]) -> frozenset[str]:
    """The words of some names in the form in which they are searched: folded, each once, a bounded number."""
    words = {word[:_LONGEST] for name in names for word in fold(name).split()}
    return frozenset(sorted(words)[:_MOST_WORDS])


@lru_cache(maxsize=1 << 16)
def keys_of(word: str) -> frozenset[str]:
    """The keys of a word of ``words_of``."""
    less = {word[:place] + word[place + 1 :] for place in range(len(word))} if len(word) > 2 else set()
    return frozenset({word, *less, f"~{sound(word)}", f"^{word[:_BEGINNING]}"})


def likeness(asked: str, word: str) -> float:
    """How well a word is what was asked for, 1 for the same, 0 for no typing error of it."""
    if asked == word:
        return 1.0
    if word.startswith(asked) and len(asked) >= _BEGINNING:
        return 0.95
    alike = JaroWinkler.similarity(asked, word)
    slips = OSA.distance(asked, word)
    if slips <= (1 if len(asked) < 6 else 2) and min(len(asked), len(word)) > 2:
        return float(max(alike, 0.9 - 0.04 * slips))
    return float(alike - 0.1) if alike >= _LIKE + 0.1 else 0.0
