"""Written words into the form in which they are compared: ASCII where a script has a plain transliteration.

Pure functions of a string. They are remembered within a process because names and places repeat.
"""

import re
import unicodedata
from functools import lru_cache

import jellyfish

from graph_schema.bundled_files import bundled_lines

_LETTERS = {line[0]: line[2:] for line in bundled_lines("letters.txt")}
_KANA = {chr(katakana): chr(katakana - 0x60) for katakana in range(0x30A1, 0x30F7)}
_PLAIN = str.maketrans({**_LETTERS, **_KANA, **dict.fromkeys("'’‘`´ʼ", ""), "_": " "})
_LEFT_OUT = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c7\u0640\u064b-\u065f\u0670\xad\u200b-\u200f\ufe00-\ufe0f]"
)
"""Accents; the points of Hebrew and Arabic, and the stroke that makes a word longer, which may as well be
missing; what is not seen."""
_EASTERN = *range(0x0483, 0x1D00), *range(0xA800, 0xAC00)
_MARKS = "".join(sign for sign in map(chr, _EASTERN) if unicodedata.category(sign)[0] == "M")
"""What scripts from the Syrian to the Javanese write on or below a letter, in their places: no gap."""
_GAP = re.compile(rf"[^\w{_MARKS}]+")
_FLOAT = re.compile(r"^(\d+)\.0$")
_LONGEST = 1_000
"""Of a longer text so many characters are folded: accents in a row take their number squared."""


def fold(text: str) -> str:
    """Lower case, accents and apostrophes off, Cyrillic and Greek in Latin letters, katakana in hiragana, one
    space between words.

    "Müller-Lüdenscheidt" is "muller ludenscheidt", "Ольга" is "olga", "O'Neill" is "oneill". Other scripts
    stay as they are: what stands on or below a letter of Hindi, Thai or Japanese is no accent, but a vowel,
    or makes it another letter.
    """
    return _folded(text[:_LONGEST])


@lru_cache(maxsize=1 << 16)
def _folded(text: str) -> str:
    if not text.isascii():
        apart = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
        text = unicodedata.normalize("NFC", _LEFT_OUT.sub("", apart))
    return _GAP.sub(" ", text.lower().translate(_PLAIN)).strip()


@lru_cache(maxsize=1 << 16)
def scripts(text: str) -> frozenset[str]:
    """Of which scripts a folded text has letters, as Unicode's names of these begin."""
    return frozenset(unicodedata.name(sign, "").split(" ")[0] for sign in text if sign.isalpha())


def of_two_scripts(one: str, two: str) -> bool:
    """Whether two folded texts have no script in common: "山田" may be "yamada" or not."""
    mine, other = scripts(one), scripts(two)
    return bool(mine and other) and mine.isdisjoint(other)


def unfloat(text: str) -> str:
    """The text without the ".0" that a spreadsheet puts behind whole numbers."""
    return _FLOAT.sub(r"\1", text.strip())


@lru_cache(maxsize=1 << 16)
def sound(word: str) -> str:
    """How a word sounds in English ears (Soundex); words of other scripts sound like their first two
    letters."""
    plain = "".join(letter for letter in word if "a" <= letter <= "z")
    return str(jellyfish.soundex(plain)) if plain else word[:2]


def plain_digits(text: str) -> str:
    """The text with 0 to 9 for the digits of every script, for raised ones and those in circles too."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(mark, mark)) for mark in text)


def digits(text: str) -> str:
    """Only the digits of a text, of any script."""
    return "".join(filter(str.isdigit, plain_digits(text)))
